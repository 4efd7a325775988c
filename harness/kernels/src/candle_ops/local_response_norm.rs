//! Local response normalisation.

use super::OperandError;
#[cfg(feature = "cuda")]
use super::cuda;
use super::operand::{self, batch_innermost, copy_batch_innermost, stored};
use crate::local_response_norm::LocalResponseNorm;
#[cfg(feature = "cuda")]
use candle_core::CudaStorage;
use candle_core::{CpuStorage, CustomOp1, Error, Layout, Result, Shape, Tensor};

const OPERATION: &str = "local_response_norm";

/// Local response normalisation across channels.
///
/// # Shape
/// `x`: `(N, C, H, W)` → the same.
/// # Errors
/// An [`OperandError`](super::OperandError) for a tensor that does not fit; a
/// [`GeometryError`](crate::geometry::GeometryError) for an empty window.
/// # Source
/// As [`LocalResponseNorm`], whose α is the paper's, not PyTorch's.
pub fn local_response_norm(x: &Tensor, norm: LocalResponseNorm) -> Result<Tensor> {
    let x = operand::checked(OPERATION, "the input", x)?;
    operand::image_dimensions(OPERATION, "the input", &x)?;
    norm.check().map_err(Error::wrap)?;
    if x.device().is_cuda() && norm.beta != 0.75 {
        let lacking = "on a GPU the exponent is 0.75";
        return Err(Error::wrap(OperandError::NotOnGpu { operation: OPERATION, lacking }));
    }
    x.apply_op1(Normalisation(norm))
}

struct Normalisation(LocalResponseNorm);

impl CustomOp1 for Normalisation {
    fn name(&self) -> &'static str {
        OPERATION
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let shape = layout.shape().clone();
        let (batch, channels, height, width) = shape.dims4()?;
        let mut y = vec![0.0; shape.elem_count()];
        self.0.forward(&batch_innermost(OPERATION, x, layout)?, &mut y, channels, height * width, batch);
        Ok(stored(&y, shape))
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(&self, x: &CudaStorage, layout: &Layout) -> Result<(CudaStorage, Shape)> {
        cuda::local_response_norm(self.0, cuda::Operand::new(OPERATION, x, layout))
    }

    fn bwd(&self, x: &Tensor, y: &Tensor, dy: &Tensor) -> Result<Option<Tensor>> {
        if !x.track_op() {
            return Ok(None);
        }
        #[cfg(feature = "cuda")]
        if x.device().is_cuda() {
            return cuda::local_response_norm_gradient(OPERATION, self.0, x, dy).map(Some);
        }
        let (batch, channels, height, width) = x.dims4()?;
        let [x_elements, y, dy] = [x, y, dy].map(|tensor| copy_batch_innermost(OPERATION, tensor));
        let mut dx = vec![0.0; x.elem_count()];
        self.0.input_gradient(&x_elements?, &y?, &dy?, &mut dx, channels, height * width, batch);
        operand::tensor(&dx, x.shape()).map(Some)
    }
}
