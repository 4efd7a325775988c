//! What an architecture's file says of its network, before width, input and classes are known.

/// A straight-line network: learned layers one after the other, convolutions first.
#[derive(Debug)]
pub(crate) struct Design {
    /// What a person calls it: `AlexNet`.
    pub(crate) name: &'static str,
    /// The scenario's word for it.
    pub(crate) word: &'static str,
    /// The learned layers that come first.
    pub(crate) convolutions: &'static [Convolution],
    /// What torchvision calls the learned layers; nothing where it has no such network.
    pub(crate) torchvision_names: &'static [&'static str],
    /// Rows and columns that an adaptive average pool gives the first fully connected layer; `None` where there is no such pool.
    pub(crate) average_pool: Option<usize>,
    /// The learned layers that come after them; the last tells the classes apart.
    pub(crate) linear: &'static [Linear],
}

/// A convolution with its bias, and the ReLU after it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Convolution {
    pub(crate) name: &'static str,
    /// Channels out, at width 1.
    pub(crate) out_channels: usize,
    /// Height and width of the kernel, pixels.
    pub(crate) kernel: usize,
    pub(crate) stride: usize,
    pub(crate) padding: usize,
    pub(crate) groups: usize,
    /// Whether local response normalisation follows.
    pub(crate) response_norm: bool,
    /// Whether a max pool follows, 3 × 3 with stride 2.
    pub(crate) pool: bool,
    /// Whether Krizhevsky et al. (2012) begin its biases at one.
    pub(crate) bias_2012: bool,
}

/// A fully connected layer with its bias; a ReLU follows all but the last.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Linear {
    pub(crate) name: &'static str,
    pub(crate) out: Out,
    /// Whether dropout acts on its input.
    pub(crate) dropout_before: bool,
}

/// How many features a fully connected layer gives.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Out {
    /// So many, at width 1.
    Features(usize),
    /// One a class.
    Classes,
}

impl Convolution {
    /// A convolution with stride 1 in one group, nothing after its ReLU, and biases that begin at zero.
    pub(crate) const fn new(name: &'static str, out_channels: usize, kernel: usize, padding: usize) -> Self {
        Self {
            name,
            out_channels,
            kernel,
            stride: 1,
            padding,
            groups: 1,
            response_norm: false,
            pool: false,
            bias_2012: false,
        }
    }

    pub(crate) const fn stride(self, stride: usize) -> Self {
        Self { stride, ..self }
    }

    pub(crate) const fn groups(self, groups: usize) -> Self {
        Self { groups, ..self }
    }

    pub(crate) const fn response_norm(self) -> Self {
        Self { response_norm: true, ..self }
    }

    pub(crate) const fn pool(self) -> Self {
        Self { pool: true, ..self }
    }

    pub(crate) const fn bias_2012(self) -> Self {
        Self { bias_2012: true, ..self }
    }
}

impl Design {
    /// Number of learned layers.
    pub(crate) fn num_layers(&self) -> usize {
        self.convolutions.len() + self.linear.len()
    }

    /// Names of the learned layers, in order.
    pub(crate) fn layer_names(&self) -> impl Iterator<Item = &'static str> {
        let convolutions = self.convolutions.iter().map(|layer| layer.name);
        convolutions.chain(self.linear.iter().map(|layer| layer.name))
    }
}
