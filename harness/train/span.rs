//! A stretch of the network's learned layers.

/// Which learned layers are computed, and which of them are frozen. Depths count from 0 to 8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Layers below this depth are not computed, since the input holds their activations (0: the input is images).
    pub first: usize,
    /// Depth after which the network is cut (8: logits).
    pub last: usize,
    /// Layers up to this depth get no gradient.
    pub frozen: usize,
}

impl Span {
    /// The whole network, all of it trainable.
    pub const WHOLE: Self = Self { first: 0, last: 8, frozen: 0 };
}
