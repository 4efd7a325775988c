//! Trainable operations that candle lacks. They give the same bits on any x86-64 machine.

/// Version of the numbers that these operations compute. It is raised with every change that alters a bit of a result.
/// It is part of every job's identity, so that results of two versions are never confused.
pub const NUMERICS_VERSION: u32 = 1;

pub mod adaptive_avg_pool2d;
pub mod candle_ops;
pub mod conv2d;
pub mod cross_entropy;
#[cfg(feature = "cuda")]
pub mod cuda;
pub mod driver;
pub mod dropout;
#[cfg(test)]
mod fixture;
pub mod geometry;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod golden_step;
pub mod layout;
pub mod linear;
pub mod local_response_norm;
pub mod max_pool2d;
mod parallel;
pub mod philox;
pub mod relu;
pub mod sgd;
pub mod tile;
#[cfg(test)]
mod tolerance;
mod vector_width;
pub mod workspace;
