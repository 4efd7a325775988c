//! The way from candle's tensors to the kernels' slices and back.

use super::OperandError;
use crate::layout;
use candle_core::{CpuStorage, DType, Device, Error, Layout, Result, Shape, Storage, Tensor};

/// The tensor, contiguous, if an operation can take it as this operand.
pub(super) fn checked(operation: &'static str, operand: &'static str, tensor: &Tensor) -> Result<Tensor> {
    checked_as(operation, operand, tensor, DType::F32)
}

/// As [`checked`], for elements of type `expected`.
pub(super) fn checked_as(
    operation: &'static str,
    operand: &'static str,
    tensor: &Tensor,
    expected: DType,
) -> Result<Tensor> {
    let is_there = tensor.device().is_cpu() || cfg!(feature = "cuda") && tensor.device().is_cuda();
    if !is_there {
        return Err(Error::wrap(OperandError::Device { operation, operand }));
    }
    if tensor.dtype() != expected {
        return Err(Error::wrap(OperandError::DType { operation, operand, expected, got: tensor.dtype() }));
    }
    if tensor.elem_count() == 0 {
        return Err(Error::wrap(OperandError::Empty { operation, operand }));
    }
    tensor.contiguous()
}

/// The error of a tensor whose shape is not the `expected` one.
pub(super) fn shape_error(
    operation: &'static str,
    operand: &'static str,
    tensor: &Tensor,
    expected: impl Into<String>,
) -> Error {
    Error::wrap(OperandError::Shape { operation, operand, expected: expected.into(), got: tensor.shape().clone() })
}

/// The four dimensions of a batch of images.
pub(super) fn image_dimensions(
    operation: &'static str,
    operand: &'static str,
    tensor: &Tensor,
) -> Result<(usize, usize, usize, usize)> {
    tensor.dims4().map_err(|_| shape_error(operation, operand, tensor, "(N, C, H, W)"))
}

/// Checks that `tensor` is a vector of this length.
pub(super) fn check_vector(
    operation: &'static str,
    operand: &'static str,
    tensor: &Tensor,
    length: usize,
) -> Result<()> {
    if tensor.dims() == [length] { Ok(()) } else { Err(shape_error(operation, operand, tensor, format!("({length})"))) }
}

/// The elements of a contiguous operand.
pub(super) fn elements<'a>(operation: &'static str, storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    let (start, end) =
        layout.contiguous_offsets().ok_or_else(|| Error::wrap(OperandError::NotContiguous { operation }))?;
    Ok(&storage.as_slice::<f32>()?[start..end])
}

/// The elements of an operand whose first dimension is the batch, batch-innermost.
pub(super) fn batch_innermost(operation: &'static str, storage: &CpuStorage, layout: &Layout) -> Result<Vec<f32>> {
    Ok(transpose_in(elements(operation, storage, layout)?, layout.dims()[0]))
}

/// A copy of a tensor's elements, in row-major order.
pub(super) fn copy(operation: &'static str, tensor: &Tensor) -> Result<Vec<f32>> {
    map(operation, tensor, <[f32]>::to_vec)
}

/// A copy of the elements of a tensor whose first dimension is the batch, batch-innermost.
pub(super) fn copy_batch_innermost(operation: &'static str, tensor: &Tensor) -> Result<Vec<f32>> {
    map(operation, tensor, |elements| transpose_in(elements, tensor.dims()[0]))
}

/// `read` of a tensor's elements.
fn map<T>(operation: &'static str, tensor: &Tensor, read: impl FnOnce(&[f32]) -> T) -> Result<T> {
    let tensor = tensor.contiguous()?;
    let (storage, layout) = tensor.storage_and_layout();
    let Storage::Cpu(storage) = &*storage else {
        return Err(Error::wrap(OperandError::OnAnotherDevice { operation }));
    };
    Ok(read(elements(operation, storage, layout)?))
}

/// A result from its elements, batch-innermost.
pub(super) fn stored(batch_innermost: &[f32], shape: Shape) -> (CpuStorage, Shape) {
    (CpuStorage::F32(transpose_out(batch_innermost, shape.dims()[0])), shape)
}

/// A tensor from its elements, batch-innermost.
pub(super) fn tensor(batch_innermost: &[f32], shape: &Shape) -> Result<Tensor> {
    Tensor::from_vec(transpose_out(batch_innermost, shape.dims()[0]), shape, &Device::Cpu)
}

fn transpose_in(elements: &[f32], batch: usize) -> Vec<f32> {
    let mut transposed = vec![0.0; elements.len()];
    layout::nchw_to_chwn(elements, &mut transposed, elements.len() / batch, batch);
    transposed
}

fn transpose_out(elements: &[f32], batch: usize) -> Vec<f32> {
    let mut transposed = vec![0.0; elements.len()];
    layout::chwn_to_nchw(elements, &mut transposed, elements.len() / batch, batch);
    transposed
}
