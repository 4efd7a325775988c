//! The rectified linear unit.

#[cfg(feature = "cuda")]
use super::cuda;
use super::operand::{self, copy, elements};
use crate::relu;
#[cfg(feature = "cuda")]
use candle_core::CudaStorage;
use candle_core::{CpuStorage, CustomOp1, Device, Layout, Result, Shape, Tensor};

const OPERATION: &str = "relu";

/// `max(x, 0)`, element by element.
///
/// # Shape
/// `x`: any → the same.
/// # Errors
/// An [`OperandError`](super::OperandError) for a tensor that does not fit.
/// # Source
/// As [`relu::forward_in_place`] and [`relu::gradient_in_place`].
pub fn relu(x: &Tensor) -> Result<Tensor> {
    operand::checked(OPERATION, "the input", x)?.apply_op1(Rectifier)
}

struct Rectifier;

impl CustomOp1 for Rectifier {
    fn name(&self) -> &'static str {
        OPERATION
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let mut y = elements(OPERATION, x, layout)?.to_vec();
        relu::forward_in_place(&mut y);
        Ok((CpuStorage::F32(y), layout.shape().clone()))
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(&self, x: &CudaStorage, layout: &Layout) -> Result<(CudaStorage, Shape)> {
        cuda::relu(cuda::Operand::new(OPERATION, x, layout))
    }

    fn bwd(&self, x: &Tensor, y: &Tensor, dy: &Tensor) -> Result<Option<Tensor>> {
        if !x.track_op() {
            return Ok(None);
        }
        #[cfg(feature = "cuda")]
        if x.device().is_cuda() {
            return cuda::relu_gradient(OPERATION, y, dy).map(Some);
        }
        let mut dx = copy(OPERATION, dy)?;
        relu::gradient_in_place(&copy(OPERATION, y)?, &mut dx);
        Tensor::from_vec(dx, x.shape(), &Device::Cpu).map(Some)
    }
}
