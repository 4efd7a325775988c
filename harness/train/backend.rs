//! What networks are computed with.

use super::network::conv_geometry;
use super::{Setup, Span, TrainError, Training, evaluate, sgd_loop};
use crate::data::Inputs;
use crate::model::Parameters;
use nt_kernels::conv2d::WINOGRAD_VERSION;
use nt_kernels::tile::Simd;
use nt_scenario::network::{NetworkShape, Product};

/// A device with its kernels: the CPU, or a GPU. Both take parameters and examples from the host's memory and leave their
/// results there.
pub trait Backend: Send + Sync {
    /// Backend, precision and version of the arithmetic that makes a network's results. It enters every job's identity, so
    /// that results of two kinds of arithmetic are never taken for the same.
    fn numerics(&self, shape: &NetworkShape) -> String;

    /// What it is, for people.
    fn device(&self) -> String;

    /// Whether training this network on so many images, with batches of this size, fits into its memory.
    ///
    /// # Errors
    /// What does not fit, and what would.
    fn check(&self, shape: &NetworkShape, batch: usize, images: usize) -> Result<(), TrainError>;

    /// Trains the layers above `setup.span.frozen` on the examples, from the parameters given; the layers below
    /// `setup.span.first` are not looked at.
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

/// Backend, precision and version of the arithmetic that every network is computed with on the CPU.
pub(super) const CPU_NUMERICS: &str = "cpu-f32-1";

/// The CPU, on the threads of the rayon pool that calls it. The same bits on any x86-64 machine.
#[derive(Clone, Copy, Debug)]
pub struct Cpu;

impl Backend for Cpu {
    /// With the version of an algorithm of its own that the network's shape calls for: `cpu-f32-1`,
    /// `cpu-f32-1-winograd-2`. A golden-bits test fails where the bits change and the version does not.
    fn numerics(&self, shape: &NetworkShape) -> String {
        let is_by_winograd = shape.layers.iter().any(|layer| match layer.product {
            Product::Conv(conv) => conv_geometry(conv).is_by_winograd(),
            Product::Linear { .. } => false,
        });
        if is_by_winograd { format!("{CPU_NUMERICS}-winograd-{WINOGRAD_VERSION}") } else { CPU_NUMERICS.to_owned() }
    }

    fn device(&self) -> String {
        format!("cpu ({})", Simd::current().name())
    }

    fn check(&self, _: &NetworkShape, _: usize, _: usize) -> Result<(), TrainError> {
        Ok(())
    }

    fn train(&self, setup: &Setup<'_>, parameters: Parameters, examples: Inputs<'_>) -> Result<Training, TrainError> {
        sgd_loop::train(setup, parameters, examples)
    }

    fn outputs(
        &self,
        shape: &NetworkShape,
        span: Span,
        parameters: &Parameters,
        examples: Inputs<'_>,
    ) -> Result<Vec<f32>, TrainError> {
        evaluate::outputs(shape, span, parameters, examples)
    }
}
