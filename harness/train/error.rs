//! Errors of trainings and evaluations.

use crate::data::NotOneClass;
use nt_kernels::cross_entropy::CrossEntropyError;
use nt_kernels::dropout::DropoutError;
use nt_kernels::geometry::GeometryError;

/// A training that cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// The user asked to stop.
    #[error("interrupted: run the same command again to go on")]
    Interrupted,
    /// It has learned nothing after a tenth of its steps, and was not to go on.
    #[error("still at chance after {step} steps: its loss is {loss:.2} nats, and guessing has {chance:.2}")]
    AtChance {
        /// Steps done.
        step: u64,
        /// Its loss, nats.
        loss: f64,
        /// The loss of guessing by frequency, nats.
        chance: f64,
    },
    /// The examples' labels are of another kind than the method can learn from.
    #[error(transparent)]
    Labels(#[from] NotOneClass),
    /// A layer's shape is impossible.
    #[error(transparent)]
    Geometry(#[from] GeometryError),
    /// The dropout is impossible.
    #[error(transparent)]
    Dropout(#[from] DropoutError),
    /// The network's outputs are not numbers, or a label is not one of its classes.
    #[error(transparent)]
    Outputs(#[from] CrossEntropyError),
    /// The memory that is free is too small.
    #[error(
        "a training takes about {needed_gb:.1} GB of memory, and {available_gb:.1} GB are free: choose a smaller training.batch, \
         model.width or model.input, train on fewer images, or close other programs"
    )]
    Memory {
        /// What it takes, gigabytes.
        needed_gb: f64,
        /// What is free.
        available_gb: f64,
    },
    /// The network has an operation that GPUs do not have yet.
    #[cfg(feature = "cuda")]
    #[error(
        "on a GPU there is no average pool from {side} × {side} to {out_side} × {out_side} positions yet: choose model.input = 224, \
         where it changes nothing, or --device cpu"
    )]
    AveragePool {
        /// Height and width of its input, pixels.
        side: usize,
        /// Height and width of its output, pixels.
        out_side: usize,
    },
    /// A GPU, its driver or a library reports an error.
    #[cfg(feature = "cuda")]
    #[error(transparent)]
    Cuda(#[from] nt_kernels::cuda::CudaError),
    /// The GPU's memory is too small.
    #[cfg(feature = "cuda")]
    #[error(transparent)]
    DoesNotFit(#[from] super::DoesNotFit),
    /// The GPU's memory is too small for the images.
    #[cfg(feature = "cuda")]
    #[error(transparent)]
    ImagesDoNotFit(#[from] super::ImagesDoNotFit),
}
