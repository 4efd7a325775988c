//! Dropout.

#[cfg(feature = "cuda")]
use super::cuda;
use super::operand::{self, batch_innermost, copy_batch_innermost, stored};
use crate::dropout::{self, Dropout};
use crate::philox::Stream;
#[cfg(feature = "cuda")]
use candle_core::CudaStorage;
use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor};

const OPERATION: &str = "dropout";

/// Inverted dropout, as in training step `step`. Leave the call out for evaluation.
///
/// # Shape
/// `x`: `(N, …)` → the same; an image's elements after the first dimension are its features.
/// # Errors
/// An [`OperandError`](super::OperandError) for a tensor that does not fit.
/// # Source
/// As [`Dropout`].
pub fn dropout(x: &Tensor, dropout: Dropout, stream: Stream, step: u64) -> Result<Tensor> {
    let x = operand::checked(OPERATION, "the input", x)?;
    if x.rank() == 0 {
        return Err(operand::shape_error(OPERATION, "the input", &x, "(N, …)"));
    }
    x.apply_op1(Dropping { dropout, stream, step })
}

/// The mask is drawn again for the gradient, so that it need not be kept in between.
struct Dropping {
    dropout: Dropout,
    stream: Stream,
    step: u64,
}

impl Dropping {
    /// Multiplies a batch, batch-innermost, by the step's mask.
    fn multiply(&self, elements: &mut [f32], batch: usize) {
        let mut mask = vec![0.0; elements.len()];
        self.dropout.mask(&self.stream, self.step, elements.len() / batch, batch, &mut mask);
        dropout::forward_in_place(&mask, elements);
    }
}

impl CustomOp1 for Dropping {
    fn name(&self) -> &'static str {
        OPERATION
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let mut y = batch_innermost(OPERATION, x, layout)?;
        self.multiply(&mut y, layout.dims()[0]);
        Ok(stored(&y, layout.shape().clone()))
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(&self, x: &CudaStorage, layout: &Layout) -> Result<(CudaStorage, Shape)> {
        cuda::dropout((self.dropout, self.stream, self.step), cuda::Operand::new(OPERATION, x, layout))
    }

    fn bwd(&self, x: &Tensor, _y: &Tensor, dy: &Tensor) -> Result<Option<Tensor>> {
        if !x.track_op() {
            return Ok(None);
        }
        #[cfg(feature = "cuda")]
        if x.device().is_cuda() {
            return cuda::dropout_gradient(OPERATION, (self.dropout, self.stream, self.step), dy).map(Some);
        }
        let mut dx = copy_batch_innermost(OPERATION, dy)?;
        self.multiply(&mut dx, x.dim(0)?);
        operand::tensor(&dx, x.shape()).map(Some)
    }
}
