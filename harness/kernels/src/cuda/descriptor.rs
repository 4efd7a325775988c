//! cuDNN's handle and descriptors, each freed with its owner.

use super::{CudaError, MemoryFormat};
use candle_core::cuda_backend::cudarc::cudnn::sys::{
    cudnnConvolutionDescriptor_t, cudnnConvolutionMode_t, cudnnDataType_t, cudnnFilterDescriptor_t, cudnnHandle_t,
    cudnnMathType_t, cudnnTensorDescriptor_t, cudnnTensorFormat_t,
};
use candle_core::cuda_backend::cudarc::cudnn::{CudnnDataType, result};
use candle_core::cuda_backend::cudarc::driver::CudaStream;
use std::sync::Arc;

fn tensor_format(format: MemoryFormat) -> cudnnTensorFormat_t {
    match format {
        MemoryFormat::ChannelsFirst => cudnnTensorFormat_t::CUDNN_TENSOR_NCHW,
        MemoryFormat::ChannelsLast => cudnnTensorFormat_t::CUDNN_TENSOR_NHWC,
    }
}

/// A handle whose work goes to one stream.
pub(super) struct DnnHandle(pub(super) cudnnHandle_t);

impl DnnHandle {
    pub(super) fn new(stream: &Arc<CudaStream>) -> Result<Self, CudaError> {
        stream.context().bind_to_thread()?;
        let handle = Self(result::create_handle()?);
        // SAFETY: handle and stream live, and the stream outlives the handle in the Gpu that owns both.
        unsafe { result::set_stream(handle.0, stream.cu_stream() as *mut _) }?;
        Ok(handle)
    }
}

impl Drop for DnnHandle {
    fn drop(&mut self) {
        // SAFETY: made by create_handle, and nobody uses it after this. A failure leaves nothing to be done.
        let _ = unsafe { result::destroy_handle(self.0) };
    }
}

/// The shape of an activation, its sizes given as `(N, C, H, W)`.
pub(super) struct TensorShape(pub(super) cudnnTensorDescriptor_t);

impl TensorShape {
    pub(super) fn new<T: CudnnDataType>(sizes: [usize; 4], format: MemoryFormat) -> Result<Self, CudaError> {
        let shape = Self(result::create_tensor_descriptor()?);
        let format = tensor_format(format);
        // SAFETY: the descriptor lives.
        unsafe { result::set_tensor4d_descriptor(shape.0, format, T::DATA_TYPE, sizes.map(|size| size as i32)) }?;
        Ok(shape)
    }
}

impl Drop for TensorShape {
    fn drop(&mut self) {
        // SAFETY: made by create_tensor_descriptor, and nobody uses it after this.
        let _ = unsafe { result::destroy_tensor_descriptor(self.0) };
    }
}

/// The shape of a convolution's weights, its sizes given as `(O, C / groups, k, k)`.
pub(super) struct FilterShape(pub(super) cudnnFilterDescriptor_t);

impl FilterShape {
    pub(super) fn new<T: CudnnDataType>(sizes: [usize; 4], format: MemoryFormat) -> Result<Self, CudaError> {
        let shape = Self(result::create_filter_descriptor()?);
        let format = tensor_format(format);
        // SAFETY: the descriptor lives.
        unsafe { result::set_filter4d_descriptor(shape.0, T::DATA_TYPE, format, sizes.map(|size| size as i32)) }?;
        Ok(shape)
    }
}

impl Drop for FilterShape {
    fn drop(&mut self) {
        // SAFETY: made by create_filter_descriptor, and nobody uses it after this.
        let _ = unsafe { result::destroy_filter_descriptor(self.0) };
    }
}

/// Padding, stride, groups and arithmetic of a convolution, which sums in single precision.
pub(super) struct Convolving(pub(super) cudnnConvolutionDescriptor_t);

impl Convolving {
    pub(super) fn new(
        padding: usize,
        stride: usize,
        groups: usize,
        arithmetic: cudnnMathType_t,
    ) -> Result<Self, CudaError> {
        let convolving = Self(result::create_convolution_descriptor()?);
        let (padding, stride) = (padding as i32, stride as i32);
        let (mode, sums) = (cudnnConvolutionMode_t::CUDNN_CROSS_CORRELATION, cudnnDataType_t::CUDNN_DATA_FLOAT);
        // SAFETY: the descriptor lives.
        unsafe {
            result::set_convolution2d_descriptor(convolving.0, padding, padding, stride, stride, 1, 1, mode, sums)?;
            result::set_convolution_group_count(convolving.0, groups as i32)?;
        }
        convolving.set_arithmetic(arithmetic)?;
        Ok(convolving)
    }

    pub(super) fn set_arithmetic(&self, arithmetic: cudnnMathType_t) -> Result<(), CudaError> {
        // SAFETY: the descriptor lives.
        Ok(unsafe { result::set_convolution_math_type(self.0, arithmetic) }?)
    }
}

impl Drop for Convolving {
    fn drop(&mut self) {
        // SAFETY: made by create_convolution_descriptor, and nobody uses it after this.
        let _ = unsafe { result::destroy_convolution_descriptor(self.0) };
    }
}
