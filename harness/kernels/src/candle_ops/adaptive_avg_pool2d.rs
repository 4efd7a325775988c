//! Adaptive average pooling.

use super::OperandError;
use super::operand::{self, batch_innermost, copy_batch_innermost, stored};
use crate::adaptive_avg_pool2d::AdaptiveAvgPool2d;
use candle_core::{CpuStorage, CustomOp1, Error, Layout, Result, Shape, Tensor};

const OPERATION: &str = "adaptive_avg_pool2d";

/// Average pooling to `side` rows and columns.
///
/// # Shape
/// `x`: `(N, C, H, W)` → `(N, C, side, side)`.
/// # Errors
/// An [`OperandError`] for a tensor that does not fit, or lies on a GPU; a
/// [`GeometryError`](crate::geometry::GeometryError) for a side of 0.
/// # Source
/// As [`AdaptiveAvgPool2d`].
pub fn adaptive_avg_pool2d(x: &Tensor, side: usize) -> Result<Tensor> {
    let x = operand::checked(OPERATION, "the input", x)?;
    let (_, channels, height, width) = operand::image_dimensions(OPERATION, "the input", &x)?;
    if x.device().is_cuda() {
        let lacking = "it runs on the CPU alone";
        return Err(Error::wrap(OperandError::NotOnGpu { operation: OPERATION, lacking }));
    }
    x.apply_op1(Pooling(AdaptiveAvgPool2d::new(channels, height, width, side).map_err(Error::wrap)?))
}

struct Pooling(AdaptiveAvgPool2d);

impl CustomOp1 for Pooling {
    fn name(&self) -> &'static str {
        OPERATION
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let batch = layout.dims()[0];
        let shape = Shape::from((batch, self.0.channels, self.0.side, self.0.side));
        let mut y = vec![0.0; shape.elem_count()];
        self.0.forward(&batch_innermost(OPERATION, x, layout)?, &mut y, batch);
        Ok(stored(&y, shape))
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, dy: &Tensor) -> Result<Option<Tensor>> {
        if !x.track_op() {
            return Ok(None);
        }
        let dy = copy_batch_innermost(OPERATION, dy)?;
        let mut dx = vec![0.0; x.elem_count()];
        self.0.input_gradient(&dy, &mut dx, x.dim(0)?);
        operand::tensor(&dx, x.shape()).map(Some)
    }
}
