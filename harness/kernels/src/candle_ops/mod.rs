//! The kernels as candle operations with gradients, for code that trains through candle's autograd.
//!
//! Tensors are candle's: batch-outermost, f32, on the CPU or, with the feature `cuda`, on a GPU. Tensors that are not
//! contiguous are copied. Each call on the CPU transposes to the kernels' batch-innermost layout and back, and candle's
//! autograd allocates and adds tensors. The training loop of `nt` avoids both, since it calls the kernels directly.
//! Values and gradients are the kernels' own, bit for bit.
//!
//! A gradient is computed only for operands that candle tracks: give frozen weights as plain tensors, not as
//! [`Var`](candle_core::Var)s.

mod adaptive_avg_pool2d;
mod conv2d;
mod cross_entropy;
#[cfg(feature = "cuda")]
mod cuda;
mod dropout;
mod error;
mod linear;
mod local_response_norm;
mod max_pool2d;
mod operand;
mod relu;
#[cfg(test)]
mod tests;

pub use adaptive_avg_pool2d::adaptive_avg_pool2d;
pub use conv2d::conv2d;
pub use cross_entropy::cross_entropy;
pub use dropout::dropout;
pub use error::OperandError;
pub use linear::linear;
pub use local_response_norm::local_response_norm;
pub use max_pool2d::max_pool2d;
pub use relu::relu;
