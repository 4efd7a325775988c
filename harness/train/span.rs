//! A stretch of the network's learned layers.

use nt_scenario::network::NetworkShape;

/// Which learned layers are computed, and which of them are frozen. Depths count from 0 to the number of its
/// layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Layers below this depth are not computed, since the input holds their activations (0: the input is images).
    pub first: usize,
    /// Depth after which the network is cut (the last one: logits).
    pub last: usize,
    /// Layers up to this depth get no gradient.
    pub frozen: usize,
}

impl Span {
    /// The whole network, all of it trainable.
    pub fn whole(shape: &NetworkShape) -> Self {
        Self { first: 0, last: shape.layers.len(), frozen: 0 }
    }

    /// The network from a depth on, none of it trainable.
    pub fn evaluated_from(shape: &NetworkShape, first: usize) -> Self {
        Self { first, last: shape.layers.len(), frozen: shape.layers.len() }
    }
}
