//! Whether this machine has an NVIDIA driver and a GPU, asked without linking anything of CUDA.

use std::ffi::{c_int, c_uint};

/// Why no GPU can be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoGpu {
    /// There is no driver.
    #[error("this machine has no NVIDIA driver (libcuda.so.1 is not found): install it, or leave --device out")]
    Driver,
    /// The driver does not start.
    #[error("the NVIDIA driver does not start (cuInit says {code}): see what nvidia-smi says, or leave --device out")]
    Start {
        /// What it says.
        code: c_int,
    },
    /// The driver finds no GPU.
    #[error("the NVIDIA driver finds no GPU: see what nvidia-smi says, or leave --device out")]
    Device,
}

const SUCCESS: c_int = 0;
/// CUDA_ERROR_NO_DEVICE: what the driver says where there is no GPU.
const NO_DEVICE: c_int = 100;

/// How many GPUs the driver finds.
///
/// # Errors
/// What is missing.
pub fn number_of_gpus() -> Result<usize, NoGpu> {
    // SAFETY: the driver's library runs its own initialisers, as it does for every program that uses it.
    let library = unsafe { libloading::Library::new("libcuda.so.1") }.map_err(|_| NoGpu::Driver)?;
    // SAFETY: the signature is that of cuda.h, the same in every version: CUresult cuInit(unsigned int).
    let init = unsafe { library.get::<unsafe extern "C" fn(c_uint) -> c_int>(b"cuInit\0") };
    let init = init.map_err(|_| NoGpu::Driver)?;
    // SAFETY: its one flag must be 0.
    match unsafe { init(0) } {
        SUCCESS => {}
        NO_DEVICE => return Err(NoGpu::Device),
        code => return Err(NoGpu::Start { code }),
    }
    // SAFETY: as above: CUresult cuDeviceGetCount(int *).
    let count = unsafe { library.get::<unsafe extern "C" fn(*mut c_int) -> c_int>(b"cuDeviceGetCount\0") };
    let (count, mut found) = (count.map_err(|_| NoGpu::Driver)?, 0);
    // SAFETY: the pointer is to a number that lives across the call.
    match unsafe { count(&mut found) } {
        SUCCESS if found > 0 => Ok(found as usize),
        SUCCESS => Err(NoGpu::Device),
        code => Err(NoGpu::Start { code }),
    }
}
