//! The kernels by name, and their launch.

use super::CudaError;
use candle_core::cuda_backend::cudarc::driver::{CudaContext, CudaFunction, CudaModule, DriverError, LaunchConfig};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

include!(concat!(env!("OUT_DIR"), "/ptx.rs"));

/// Threads of a block. Kernels whose threads wait for each other rely on it (`BLOCK` in `prelude.cuh`).
pub(super) const BLOCK: u32 = 256;

/// Columns that a block sums side by side, where its threads form a table (`LANES` in `prelude.cuh`).
pub(super) const LANES: u32 = 8;

/// Blocks of a kernel that strides over its elements.
const STRIDING_BLOCKS: u32 = 1024;

/// The kernels of a set, loaded from the module under their own names and a suffix.
macro_rules! kernels {
    ($(#[$doc:meta])* $set:ident { $($name:ident),+ $(,)? }) => {
        $(#[$doc])*
        pub struct $set { $(pub(super) $name: CudaFunction),+ }

        impl $set {
            fn load(module: &Arc<CudaModule>, suffix: &str) -> Result<Self, DriverError> {
                Ok(Self { $($name: module.load_function(&format!("{}{suffix}", stringify!($name)))?),+ })
            }
        }
    };
}

kernels! {
    /// Those of `layers.cuh`, for one type of storage.
    LayerKernels {
        standardise_images, gather_images, gather_codes, widen, add_bias, relu_gradient, bias_gradient,
        bias_gradient_channels_last, sum_parts, dropout, local_response_norm, local_response_norm_gradient, max_pool,
        max_pool_packed, max_pool_gradient, max_pool_gradient_packed, cross_entropy, sgd, sum_of_squares,
    }
}

kernels! {
    /// Those of `augmentation.cuh` and `progress.cuh`.
    PlainKernels {
        copy_images, shift_images, mirror_images, grey_means, jitter_images, judge_step, end_step, first_batch, next_batch,
        clip_factor,
    }
}

/// All kernels.
pub(super) struct Kernels {
    pub(super) plain: PlainKernels,
    pub(super) f32: LayerKernels,
    pub(super) bf16: LayerKernels,
}

/// The kernels of each GPU in use, by its number. The driver translates them for the GPU, which takes a second unless
/// they are in its cache. Every stream of the GPU can launch them.
static LOADED: Mutex<BTreeMap<usize, Weak<Kernels>>> = Mutex::new(BTreeMap::new());

impl Kernels {
    /// The kernels of a GPU, loaded when they are first asked for.
    pub(super) fn of(context: &Arc<CudaContext>) -> Result<Arc<Self>, DriverError> {
        let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = loaded.get(&context.ordinal()).and_then(Weak::upgrade) {
            return Ok(known);
        }
        let kernels = Arc::new(Self::load(&context.load_module(KERNELS.into())?)?);
        loaded.insert(context.ordinal(), Arc::downgrade(&kernels));
        Ok(kernels)
    }

    fn load(module: &Arc<CudaModule>) -> Result<Self, DriverError> {
        Ok(Self {
            plain: PlainKernels::load(module, "")?,
            f32: LayerKernels::load(module, "_f32")?,
            bf16: LayerKernels::load(module, "_bf16")?,
        })
    }
}

/// A number of elements as the kernels take it.
pub(super) fn count(elements: usize) -> Result<u32, CudaError> {
    // An index past the end by less than a block of packs must not wrap around.
    u32::try_from(elements).ok().filter(|&count| count <= u32::MAX - 16 * BLOCK).ok_or(CudaError::TooLarge { elements })
}

/// A thread for each of so many elements.
pub(super) fn elementwise(elements: u32) -> LaunchConfig {
    blockwise(elements.div_ceil(BLOCK))
}

/// This many blocks, whose threads may wait for each other.
pub(super) fn blockwise(blocks: u32) -> LaunchConfig {
    LaunchConfig { grid_dim: (blocks, 1, 1), block_dim: (BLOCK, 1, 1), shared_mem_bytes: 0 }
}

/// Threads that stride over so many elements.
pub(super) fn striding(elements: usize) -> LaunchConfig {
    let blocks = elements.div_ceil(BLOCK as usize).min(STRIDING_BLOCKS as usize);
    blockwise(blocks as u32)
}

/// One thread.
pub(super) fn single() -> LaunchConfig {
    LaunchConfig { grid_dim: (1, 1, 1), block_dim: (1, 1, 1), shared_mem_bytes: 0 }
}

/// Queues a kernel with its arguments. The caller checks that the tensors hold what the kernel reads and writes.
macro_rules! launch {
    ($gpu:expr, $kernel:expr, $config:expr, $($argument:expr),+ $(,)?) => {{
        use candle_core::cuda_backend::cudarc::driver::PushKernelArg;
        let mut launch = $gpu.stream().launch_builder($kernel);
        $(launch.arg($argument);)+
        // SAFETY: the arguments are those that the kernel's parameters ask for, in their order and of their types, and the
        // function around this call has checked that each tensor holds the elements that the kernel touches.
        unsafe { launch.launch($config) }?;
    }};
}
pub(super) use launch;
