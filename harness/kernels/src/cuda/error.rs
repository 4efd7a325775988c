//! Errors of a GPU, its driver and its libraries.

use candle_core::cuda_backend::cudarc::cublas::result::CublasError;
use candle_core::cuda_backend::cudarc::cudnn::CudnnError;
use candle_core::cuda_backend::cudarc::driver::DriverError;
use candle_core::cuda_backend::cudarc::driver::sys::CUresult;

/// What a GPU, its driver or one of its libraries cannot do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CudaError {
    /// The GPU's memory is used up.
    #[error(
        "the GPU's memory is used up: give fewer --jobs, a smaller training.batch or fewer images, or see whether another \
         program uses the GPU (nvidia-smi)"
    )]
    OutOfMemory,
    /// The driver reports an error.
    #[error("the CUDA driver reports an error: {0}; look at the GPU with nvidia-smi")]
    Driver(DriverError),
    /// cuDNN reports an error.
    #[error("cuDNN reports an error: {0:?}; check that its version fits the driver")]
    Dnn(CudnnError),
    /// cuDNN has no algorithm for this that gives the same bits every time.
    #[error(
        "cuDNN has no deterministic algorithm for {operation} of {shape}; give another shape, or compute it on the CPU"
    )]
    NoDeterministicAlgorithm {
        /// Which pass.
        operation: &'static str,
        /// Of what.
        shape: String,
    },
    /// cuBLAS reports an error.
    #[error("cuBLAS reports an error: {0:?}; check that its version fits the driver")]
    Blas(CublasError),
    /// The device could not be opened.
    #[error("CUDA device {ordinal} cannot be opened: {reason}")]
    Open {
        /// Its number.
        ordinal: usize,
        /// Why.
        reason: String,
    },
    /// Two GPUs would not give the same bits.
    #[error(
        "the GPUs differ, and a study never mixes two kinds of arithmetic; choose GPUs of one model ({first}, {second})"
    )]
    Mixed {
        /// Numerics of the first.
        first: String,
        /// Numerics of another.
        second: String,
    },
    /// A tensor has more elements than a kernel counts.
    #[error("a tensor of {elements} elements is too large for the GPU kernels; give a smaller training.batch")]
    TooLarge {
        /// How many.
        elements: usize,
    },
}

impl From<DriverError> for CudaError {
    fn from(error: DriverError) -> Self {
        if error.0 == CUresult::CUDA_ERROR_OUT_OF_MEMORY { Self::OutOfMemory } else { Self::Driver(error) }
    }
}

impl From<CudnnError> for CudaError {
    fn from(error: CudnnError) -> Self {
        Self::Dnn(error)
    }
}

impl From<CublasError> for CudaError {
    fn from(error: CublasError) -> Self {
        Self::Blas(error)
    }
}
