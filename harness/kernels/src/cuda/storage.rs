//! The types that activations are stored in, and the weights in them.

use super::launch::LayerKernels;
use super::sgd::{self, Sgd};
use super::{CudaError, CudaSlice, CudaView, CudaViewMut, Gpu, State};
use candle_core::cuda_backend::cudarc::cublas::sys::cudaDataType;
use candle_core::cuda_backend::cudarc::cudnn::CudnnDataType;
use candle_core::cuda_backend::cudarc::driver::{DeviceRepr, ValidAsZeroBits};
use half::bf16;
use std::ops::Range;

/// A type that activations, weights in products and gradients are stored in.
pub trait Storage: sealed::Sealed {}

impl Storage for f32 {}
impl Storage for bf16 {}

/// Weights and biases one after another, in single precision, with a copy in the type that products take.
pub struct Weights<T: Storage> {
    master: CudaSlice<f32>,
    copy: T::Copy,
}

impl<T: Storage> Weights<T> {
    /// Weights of these values.
    ///
    /// # Errors
    /// [`CudaError::OutOfMemory`].
    pub fn new(gpu: &Gpu, values: &[f32]) -> Result<Self, CudaError> {
        Ok(Self { master: gpu.upload(values)?, copy: T::copy(gpu, values)? })
    }

    /// A stretch of them for products.
    pub fn in_products(&self, range: Range<usize>) -> CudaView<'_, T> {
        T::in_products(self).slice(range)
    }

    /// A stretch of them in single precision.
    pub fn in_full(&self, range: Range<usize>) -> CudaView<'_, f32> {
        self.master.slice(range)
    }

    /// Takes a step with the weights from `first` on; see [`sgd::step`].
    ///
    /// # Errors
    /// [`CudaError::Driver`].
    pub fn step(
        &mut self,
        gpu: &Gpu,
        sgd: Sgd,
        first: usize,
        (velocity, gradient): (&mut CudaSlice<f32>, &CudaSlice<T>),
        rates: &CudaSlice<f32>,
        state: &CudaSlice<State>,
    ) -> Result<(), CudaError> {
        let mut weight = self.master.slice_mut(first..);
        let mut copy = T::copy_from(&mut self.copy, first);
        let (mut velocity, gradient) = (velocity.as_view_mut(), gradient.as_view());
        sgd::step(gpu, sgd, &mut weight, &mut velocity, &gradient, copy.as_mut(), rates, state)
    }

    /// Waits, and reads them all in single precision.
    ///
    /// # Errors
    /// [`CudaError::Driver`].
    pub fn read(&self, gpu: &Gpu) -> Result<Vec<f32>, CudaError> {
        let mut values = vec![0.0; self.master.len()];
        gpu.read(&self.master, &mut values)?;
        Ok(values)
    }
}

pub(super) mod sealed {
    use super::*;

    /// What the kernels need of such a type.
    pub trait Sealed: DeviceRepr + ValidAsZeroBits + CudnnDataType + Copy + Send + Sync + Sized + 'static {
        /// Numbers that a thread loads or stores at once: 16 bytes (`PACK` in the kernels).
        const PACK: usize = 16 / size_of::<Self>();

        /// cuBLAS's name of it.
        const BLAS: cudaDataType;

        /// The kernels for it.
        fn kernels(gpu: &Gpu) -> &LayerKernels;

        /// The copy of weights for products: nothing where those take single precision.
        type Copy: Send;

        /// The copy of weights of these values.
        fn copy(gpu: &Gpu, values: &[f32]) -> Result<Self::Copy, CudaError>;

        /// The copy from its element `first` on.
        fn copy_from(copy: &mut Self::Copy, first: usize) -> Option<CudaViewMut<'_, Self>>;

        /// The weights in this type.
        fn in_products(weights: &Weights<Self>) -> &CudaSlice<Self>
        where
            Self: Storage;
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

        fn in_products(weights: &Weights<f32>) -> &CudaSlice<f32> {
            &weights.master
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

        fn in_products(weights: &Weights<bf16>) -> &CudaSlice<bf16> {
            &weights.copy
        }
    }
}
