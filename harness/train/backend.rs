//! The interface of the devices that networks are computed on.

use super::{Setup, Span, TrainError, Training};
use crate::data::Inputs;
use crate::model::Parameters;
use nt_scenario::network::NetworkShape;

/// A device with its kernels: the CPU, or GPUs. Parameters, examples and results lie in the host's memory.
pub trait Backend: Send + Sync {
    /// Backend, precision and version of the arithmetic that makes a network's results. It is part of every job's
    /// identity, so that results of two kinds of arithmetic are never confused.
    fn numerics(&self, shape: &NetworkShape) -> String;

    /// The device's name, for people.
    fn device(&self) -> String;

    /// Checks that a training of this network on this many images, with batches of this size, fits into the device's
    /// memory.
    ///
    /// # Errors
    /// What does not fit, and what would.
    fn check(&self, shape: &NetworkShape, batch: usize, images: usize) -> Result<(), TrainError>;

    /// Trains the layers above `setup.span.frozen` on the examples, from the parameters given; the layers below
    /// `setup.span.first` are not read.
    ///
    /// # Errors
    /// As [`train`](super::train).
    fn train(&self, setup: &Setup<'_>, parameters: Parameters, examples: Inputs<'_>) -> Result<Training, TrainError>;

    /// The values of the examples after depth `span.last`, computed as in evaluation, `(N, num_outputs)`.
    ///
    /// # Errors
    /// [`TrainError::Geometry`] where a layer's shape is impossible.
    fn outputs(
        &self,
        shape: &NetworkShape,
        span: Span,
        parameters: &Parameters,
        examples: Inputs<'_>,
    ) -> Result<Vec<f32>, TrainError>;
}
