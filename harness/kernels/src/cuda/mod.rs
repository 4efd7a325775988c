//! The operations on an NVIDIA GPU: convolutions by cuDNN, products by cuBLAS, everything else by kernels of our own
//! (`device/`), all on the stream of a candle CUDA device.
//!
//! Tensors are batch-outermost: an activation is `(N, features)`, the features in either [`MemoryFormat`]. Work is
//! queued, and calls return before it is done. What a step leaves behind (its loss, the curve, whether it diverged)
//! stays in the GPU's memory, in a [`State`], so that a whole step can be captured as a graph and launched by one call.
//!
//! Every algorithm is deterministic: on one model of GPU, with the same driver and libraries, results have the same
//! bits every time. A GPU's bits differ from the CPU's where sums have another order (products, biases, losses) and
//! where exponentials and logarithms come from another library. The random numbers are the same.

mod activation;
mod augmentation;
mod batch;
mod conv2d;
mod cross_entropy;
mod descriptor;
mod dropout;
mod error;
mod features;
mod gpu;
mod graph;
mod launch;
mod linear;
mod local_response_norm;
mod max_pool2d;
mod plan;
mod precision;
mod progress;
mod sgd;
mod state;
mod storage;
#[cfg(test)]
mod tests;
mod weights;

pub use activation::{add_bias, bias_gradient, bias_gradient_scratch, relu_and_bias_gradient, relu_gradient};
pub use augmentation::{Change, change};
pub use batch::{Chosen, copy_images, gather_codes, gather_images, standardise_images, widen};
pub use candle_core::cuda_backend::cudarc::driver::{CudaSlice, CudaView, CudaViewMut};
pub use conv2d::Convolution;
pub use cross_entropy::{CrossEntropy, cross_entropy};
pub use dropout::dropout;
pub use error::CudaError;
pub use features::{Features, MemoryFormat};
pub use gpu::{CUDA_NUMERICS_VERSION, Gpu};
pub use graph::Graph;
pub use half::bf16;
pub use linear::FullyConnected;
pub use local_response_norm::ResponseNorm;
pub use max_pool2d::Pool;
pub use precision::Precision;
pub use progress::{end_step, first_batch, judge_step, next_batch};
pub use sgd::Clipping;
pub use state::{CurvePoint, State};
pub use storage::Storage;
pub use weights::Weights;
