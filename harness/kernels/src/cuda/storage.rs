//! The types that activations are stored in.

use super::Gpu;
use super::launch::LayerKernels;
use candle_core::cuda_backend::cudarc::cublas::sys::cudaDataType;
use candle_core::cuda_backend::cudarc::cudnn::CudnnDataType;
use candle_core::cuda_backend::cudarc::driver::{DeviceRepr, ValidAsZeroBits};
use half::bf16;

/// A type that activations, weights in products and gradients are stored in.
pub trait Storage: sealed::Sealed {}

impl Storage for f32 {}
impl Storage for bf16 {}

pub(super) mod sealed {
    use super::*;

    /// What the kernels need of such a type.
    pub trait Sealed: DeviceRepr + ValidAsZeroBits + CudnnDataType + Copy + Send + Sync + 'static {
        /// cuBLAS's name of it.
        const BLAS: cudaDataType;

        /// The kernels for it.
        fn kernels(gpu: &Gpu) -> &LayerKernels;
    }

    impl Sealed for f32 {
        const BLAS: cudaDataType = cudaDataType::CUDA_R_32F;

        fn kernels(gpu: &Gpu) -> &LayerKernels {
            &gpu.kernels.f32
        }
    }

    impl Sealed for bf16 {
        const BLAS: cudaDataType = cudaDataType::CUDA_R_16BF;

        fn kernels(gpu: &Gpu) -> &LayerKernels {
            &gpu.kernels.bf16
        }
    }
}
