//! Training and evaluation on the CPU.

mod curve;
mod dropout;
mod gradients;
mod layer;
mod memory;
mod network;
mod outputs;
mod sgd_loop;
mod step;
mod visitor;

use super::geometry::conv_geometry;
use super::{Backend, Setup, Span, TrainError, Training};
use crate::data::Inputs;
use crate::model::Parameters;
pub use dropout::DropoutAt;
pub use gradients::Gradients;
pub use memory::{available, bytes_of_training};
pub use network::Network;
use nt_kernels::conv2d::WINOGRAD_VERSION;
use nt_kernels::tile::Simd;
use nt_scenario::network::{NetworkShape, Product};
pub use step::Trainer;

/// Backend, precision and version of the arithmetic that every network is computed with on the CPU.
pub(super) const CPU_NUMERICS: &str = "cpu-f32-1";

/// The CPU, on the threads of the rayon pool that calls it. The same bits on any x86-64 machine.
#[derive(Clone, Copy, Debug)]
pub struct Cpu;

impl Backend for Cpu {
    /// `cpu-f32-1`, or `cpu-f32-1-winograd-2` where the network's shape calls for Winograd's algorithm, with its
    /// version. A golden-bits test fails where bits change and the version does not.
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

    fn check(&self, shape: &NetworkShape, batch: usize, images: usize) -> Result<(), TrainError> {
        memory::check(shape, batch, images)
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
        outputs::outputs(shape, span, parameters, examples)
    }
}
