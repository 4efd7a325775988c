//! What dropout masks are drawn from.

use nt_kernels::dropout::Dropout;
use nt_kernels::philox::Stream;

/// What a training step's dropout masks are drawn from. A mask depends on the stream, the step and the position in the
/// batch, and never on the treatment.
#[derive(Clone, Copy)]
pub struct DropoutAt<'a> {
    /// Stream of each learned layer's mask.
    pub streams: &'a [Stream],
    /// Step of the training.
    pub step: u64,
    /// The operation with its probability.
    pub op: Dropout,
}
