//! The types that activations are stored in.

use super::launch::LayerKernels;
use super::{CudaError, CudaSlice, CudaViewMut, Gpu};
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

    /// What the kernels need to know of such a type.
    pub trait Sealed: DeviceRepr + ValidAsZeroBits + CudnnDataType + Copy + Send + Sync + Sized + 'static {
        /// Numbers that a thread loads or stores at once: 16 bytes (`PACK` in the kernels).
        const PACK: usize = 16 / size_of::<Self>();

        /// cuBLAS's name for it.
        const BLAS: cudaDataType;

        /// The kernels for it.
        fn kernels(gpu: &Gpu) -> &LayerKernels;

        /// The copy of weights for products: nothing where those take single precision.
        type Copy: Send;

        /// The copy of weights of these values.
        fn copy(gpu: &Gpu, values: &[f32]) -> Result<Self::Copy, CudaError>;

        /// The copy from its element `first` on.
        fn copy_from(copy: &mut Self::Copy, first: usize) -> Option<CudaViewMut<'_, Self>>;

        /// The weights in this type, of those in single precision and their copy.
        fn in_products<'a>(full: &'a CudaSlice<f32>, copy: &'a Self::Copy) -> &'a CudaSlice<Self>;
    }

    impl Sealed for f32 {
        const BLAS: cudaDataType = cudaDataType::CUDA_R_32F;

        fn kernels(gpu: &Gpu) -> &LayerKernels {
            &gpu.kernels.f32
        }

        type Copy = ();

        fn copy(_: &Gpu, _: &[f32]) -> Result<(), CudaError> {
            Ok(())
        }

        fn copy_from((): &mut (), _: usize) -> Option<CudaViewMut<'_, f32>> {
            None
        }

        fn in_products<'a>(full: &'a CudaSlice<f32>, (): &'a ()) -> &'a CudaSlice<f32> {
            full
        }
    }

    impl Sealed for bf16 {
        const BLAS: cudaDataType = cudaDataType::CUDA_R_16BF;

        fn kernels(gpu: &Gpu) -> &LayerKernels {
            &gpu.kernels.bf16
        }

        type Copy = CudaSlice<bf16>;

        fn copy(gpu: &Gpu, values: &[f32]) -> Result<CudaSlice<bf16>, CudaError> {
            gpu.upload(&values.iter().map(|&value| bf16::from_f32(value)).collect::<Vec<_>>())
        }

        fn copy_from(copy: &mut CudaSlice<bf16>, first: usize) -> Option<CudaViewMut<'_, bf16>> {
            Some(copy.slice_mut(first..))
        }

        fn in_products<'a>(_: &'a CudaSlice<f32>, copy: &'a CudaSlice<bf16>) -> &'a CudaSlice<bf16> {
            copy
        }
    }
}
