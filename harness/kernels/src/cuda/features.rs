//! How the features of an example lie in memory.

/// The order of an activation's features, as PyTorch names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MemoryFormat {
    /// `(N, C, H, W)`, and weights of convolutions `(O, C / groups, k, k)`.
    ChannelsFirst,
    /// `(N, H, W, C)`, and weights of convolutions `(O, k, k, C / groups)`.
    ChannelsLast,
}

/// The features of an example: so many channels at each of so many positions, P = H W.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Features {
    /// C.
    pub channels: usize,
    /// P; 1 for those of a fully connected layer.
    pub positions: usize,
    /// `(C, P)` or `(P, C)`.
    pub format: MemoryFormat,
}

impl Features {
    /// Features without positions, as a fully connected layer has them.
    pub fn flat(channels: usize) -> Self {
        Self { channels, positions: 1, format: MemoryFormat::ChannelsFirst }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.channels * self.positions
    }

    /// Whether channels are innermost. Features with one position lie the same in both formats, and count as channels
    /// first.
    pub fn is_channels_last(&self) -> bool {
        self.format == MemoryFormat::ChannelsLast && self.positions > 1
    }

    /// Elements from one channel to the next, at the same position.
    pub(super) fn channel_stride(&self) -> usize {
        if self.is_channels_last() { 1 } else { self.positions }
    }

    /// Number of examples of a tensor with this many elements.
    ///
    /// # Panics
    /// If the elements are not a whole number of examples.
    pub(super) fn examples(&self, what: &str, elements: usize) -> usize {
        assert_eq!(elements % self.count(), 0, "{what}: whole examples of {self:?}");
        elements / self.count()
    }
}
