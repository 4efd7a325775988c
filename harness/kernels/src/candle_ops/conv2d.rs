//! Convolution.

#[cfg(feature = "cuda")]
use super::cuda;
use super::operand::{self, batch_innermost, copy, copy_batch_innermost, elements, stored};
use crate::conv2d::{Activation, Conv2d, Conv2dGeometry};
use crate::workspace::Workspace;
#[cfg(feature = "cuda")]
use candle_core::CudaStorage;
use candle_core::{CpuStorage, CustomOp3, Device, Error, Layout, Result, Shape, Tensor};

const OPERATION: &str = "conv2d";

/// Convolution with bias.
///
/// # Shape
/// `x`: `(N, C, H, W)`; `weight`: `(O, C / groups, k, k)`; `bias`: `(O)` →
/// `(N, O, (H + 2p - k)/s + 1, (W + 2p - k)/s + 1)`, floor division, with s the `stride` and p the `padding`.
/// # Errors
/// An [`OperandError`](super::OperandError) for a tensor that does not fit; a
/// [`GeometryError`](crate::geometry::GeometryError) for a geometry that does not exist.
/// # Source
/// As [`Conv2d`].
pub fn conv2d(
    x: &Tensor,
    weight: &Tensor,
    bias: &Tensor,
    stride: usize,
    padding: usize,
    groups: usize,
) -> Result<Tensor> {
    let x = operand::checked(OPERATION, "the input", x)?;
    let weight = operand::checked(OPERATION, "the weight", weight)?;
    let bias = operand::checked(OPERATION, "the bias", bias)?;
    let (_, in_channels, height, width) = operand::image_dimensions(OPERATION, "the input", &x)?;
    let (out_channels, _, kernel, _) = operand::image_dimensions(OPERATION, "the weight", &weight)?;
    let geometry = Conv2dGeometry { in_channels, out_channels, height, width, kernel, stride, padding, groups };
    let convolution = Conv2d::new(geometry).map_err(Error::wrap)?;
    let expected = [out_channels, in_channels / groups, kernel, kernel];
    if weight.dims() != expected {
        return Err(operand::shape_error(OPERATION, "the weight", &weight, format!("{expected:?}")));
    }
    operand::check_vector(OPERATION, "the bias", &bias, out_channels)?;
    x.apply_op3(&weight, &bias, Convolution(convolution))
}

struct Convolution(Conv2d);

impl CustomOp3 for Convolution {
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
        let geometry = self.0.geometry();
        let batch = x_layout.dims()[0];
        let shape = Shape::from((batch, geometry.out_channels, geometry.out_height(), geometry.out_width()));
        let x = batch_innermost(OPERATION, x, x_layout)?;
        let weight = elements(OPERATION, weight, weight_layout)?;
        let bias = elements(OPERATION, bias, bias_layout)?;
        let mut y = vec![0.0; shape.elem_count()];
        self.0.forward(&x, weight, bias, &mut y, batch, Activation::None, &mut Workspace::new());
        Ok(stored(&y, shape))
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
        cuda::conv2d(&self.0, operand(x, x_layout), operand(weight, weight_layout), operand(bias, bias_layout))
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
            return cuda::conv2d_gradients(OPERATION, &self.0, [x, weight, bias], dy);
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
