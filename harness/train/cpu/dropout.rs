//! Where a training stands in the streams of its dropout masks.

use nt_kernels::dropout::Dropout;
use nt_kernels::philox::Stream;

/// Where a training step stands in the dropout streams: a mask depends on the stream, the step and the position in the
/// batch, never on the treatment.
#[derive(Clone, Copy)]
pub struct DropoutAt<'a> {
    /// Stream of each learned layer's mask.
    pub streams: &'a [Stream],
    /// Step of the training.
    pub step: u64,
    /// The operation with its probability.
    pub op: Dropout,
}
