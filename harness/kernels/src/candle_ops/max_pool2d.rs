//! Max pooling.

use super::OperandError;
#[cfg(feature = "cuda")]
use super::cuda;
use super::operand::{self, batch_innermost, copy_batch_innermost, stored};
use crate::max_pool2d::MaxPool2d;
#[cfg(feature = "cuda")]
use candle_core::CudaStorage;
use candle_core::{CpuStorage, CustomOp1, Error, Layout, Result, Shape, Tensor};

const OPERATION: &str = "max_pool2d";

/// Overlapping max pooling with a square window. Networks cannot be trained through candle's own.
///
/// # Shape
/// `x`: `(N, C, H, W)` → `(N, C, (H - kernel)/stride + 1, (W - kernel)/stride + 1)`, floor division.
/// # Errors
/// An [`OperandError`](super::OperandError) for a tensor that does not fit; a
/// [`GeometryError`](crate::geometry::GeometryError) for a window that does not.
/// # Source
/// As [`MaxPool2d`].
pub fn max_pool2d(x: &Tensor, kernel: usize, stride: usize) -> Result<Tensor> {
    let x = operand::checked(OPERATION, "the input", x)?;
    let (_, channels, height, width) = operand::image_dimensions(OPERATION, "the input", &x)?;
    if x.device().is_cuda() && kernel > 16 {
        let lacking = "on a GPU a window has at most 16 × 16 taps";
        return Err(Error::wrap(OperandError::NotOnGpu { operation: OPERATION, lacking }));
    }
    x.apply_op1(Pooling(MaxPool2d::new(channels, height, width, kernel, stride).map_err(Error::wrap)?))
}

struct Pooling(MaxPool2d);

impl CustomOp1 for Pooling {
    fn name(&self) -> &'static str {
        OPERATION
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let batch = layout.dims()[0];
        let shape = Shape::from((batch, self.0.channels, self.0.out_height(), self.0.out_width()));
        let mut y = vec![0.0; shape.elem_count()];
        self.0.forward(&batch_innermost(OPERATION, x, layout)?, &mut y, batch);
        Ok(stored(&y, shape))
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(&self, x: &CudaStorage, layout: &Layout) -> Result<(CudaStorage, Shape)> {
        cuda::max_pool2d(self.0, cuda::Operand::new(OPERATION, x, layout))
    }

    fn bwd(&self, x: &Tensor, y: &Tensor, dy: &Tensor) -> Result<Option<Tensor>> {
        if !x.track_op() {
            return Ok(None);
        }
        #[cfg(feature = "cuda")]
        if x.device().is_cuda() {
            return cuda::max_pool2d_gradient(OPERATION, self.0, x, dy).map(Some);
        }
        let [x_elements, y, dy] = [x, y, dy].map(|tensor| copy_batch_innermost(OPERATION, tensor));
        let mut dx = vec![0.0; x.elem_count()];
        self.0.input_gradient(&x_elements?, &y?, &dy?, &mut dx, x.dim(0)?);
        operand::tensor(&dx, x.shape()).map(Some)
    }
}
