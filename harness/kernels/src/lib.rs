//! Trainable operations that candle lacks, for nt: the same bits on any x86-64 machine.

pub mod philox;
pub mod cross_entropy;
pub mod dropout;
pub mod geometry;
pub mod layout;
pub mod local_response_norm;
pub mod max_pool2d;
pub mod relu;
pub mod sgd;
mod parallel;
mod vector_width;
#[cfg(test)]
mod tolerance;
