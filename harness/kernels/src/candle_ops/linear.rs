//! The fully connected layer.

#[cfg(feature = "cuda")]
use super::cuda;
use super::operand::{self, batch_innermost, copy, copy_batch_innermost, elements, stored};
use crate::linear::Linear;
use crate::tile::Activation;
use crate::workspace::Workspace;
#[cfg(feature = "cuda")]
use candle_core::CudaStorage;
use candle_core::{CpuStorage, CustomOp3, Device, Error, Layout, Result, Shape, Tensor};

const OPERATION: &str = "linear";

/// A fully connected layer.
///
/// # Shape
/// `x`: `(N, I)`; `weight`: `(O, I)`; `bias`: `(O)` → `(N, O)`.
/// # Errors
/// An [`OperandError`](super::OperandError) for a tensor that does not fit.
/// # Source
/// As [`Linear`].
pub fn linear(x: &Tensor, weight: &Tensor, bias: &Tensor) -> Result<Tensor> {
    let x = operand::checked(OPERATION, "the input", x)?;
    let weight = operand::checked(OPERATION, "the weight", weight)?;
    let bias = operand::checked(OPERATION, "the bias", bias)?;
    let (_, inputs) = x.dims2().map_err(|_| operand::shape_error(OPERATION, "the input", &x, "(N, I)"))?;
    let (outputs, columns) =
        weight.dims2().map_err(|_| operand::shape_error(OPERATION, "the weight", &weight, "(O, I)"))?;
    if columns != inputs {
        return Err(operand::shape_error(OPERATION, "the weight", &weight, format!("({outputs}, {inputs})")));
    }
    operand::check_vector(OPERATION, "the bias", &bias, outputs)?;
    x.apply_op3(&weight, &bias, FullyConnected(Linear::new(inputs, outputs).map_err(Error::wrap)?))
}

struct FullyConnected(Linear);

impl CustomOp3 for FullyConnected {
    fn name(&self) -> &'static str {
        OPERATION
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        weight: &CpuStorage,
        weight_layout: &Layout,
        bias: &CpuStorage,
        bias_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let batch = x_layout.dims()[0];
        let x = batch_innermost(OPERATION, x, x_layout)?;
        let weight = elements(OPERATION, weight, weight_layout)?;
        let bias = elements(OPERATION, bias, bias_layout)?;
        let mut y = vec![0.0; self.0.out_features * batch];
        self.0.forward(&x, weight, bias, &mut y, batch, Activation::None, &mut Workspace::new());
        Ok(stored(&y, Shape::from((batch, self.0.out_features))))
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(
        &self,
        x: &CudaStorage,
        x_layout: &Layout,
        weight: &CudaStorage,
        weight_layout: &Layout,
        bias: &CudaStorage,
        bias_layout: &Layout,
    ) -> Result<(CudaStorage, Shape)> {
        let operand = |storage, layout| cuda::Operand::new(OPERATION, storage, layout);
        cuda::linear(self.0, operand(x, x_layout), operand(weight, weight_layout), operand(bias, bias_layout))
    }

    fn bwd(
        &self,
        x: &Tensor,
        weight: &Tensor,
        bias: &Tensor,
        _y: &Tensor,
        dy: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        #[cfg(feature = "cuda")]
        if x.device().is_cuda() {
            return cuda::linear_gradients(OPERATION, self.0, [x, weight, bias], dy);
        }
        let batch = x.dim(0)?;
        let dy = copy_batch_innermost(OPERATION, dy)?;
        let mut workspace = Workspace::new();
        let (mut dx, mut dweight, mut dbias) = (None, None, None);
        if x.track_op() {
            let mut gradient = vec![0.0; x.elem_count()];
            self.0.input_gradient(&dy, &copy(OPERATION, weight)?, &mut gradient, batch, &mut workspace);
            dx = Some(operand::tensor(&gradient, x.shape())?);
        }
        if weight.track_op() {
            let mut gradient = vec![0.0; weight.elem_count()];
            let x = copy_batch_innermost(OPERATION, x)?;
            self.0.weight_gradient(&x, &dy, &mut gradient, batch, &mut workspace);
            dweight = Some(Tensor::from_vec(gradient, weight.shape(), &Device::Cpu)?);
        }
        if bias.track_op() {
            let mut gradient = vec![0.0; bias.elem_count()];
            self.0.bias_gradient(&dy, &mut gradient, batch);
            dbias = Some(Tensor::from_vec(gradient, bias.shape(), &Device::Cpu)?);
        }
        Ok((dx, dweight, dbias))
    }
}
