//! Training and evaluation: the straight line of kernels, the loop that drives it, and the lock on the test set.

mod evaluate;
mod gradients;
mod network;
mod probe;
mod sgd_loop;
mod step;
#[cfg(test)]
mod tests;

pub use evaluate::{Prediction, Score, classify, codes};
pub use gradients::Gradients;
pub use network::{DropoutAt, Network, Span};
pub use probe::Probe;
pub use sgd_loop::{CurvePoint, ForTest, ForTuning, Outcome, Purpose, Setup, TrainError, Trained, train};
pub use step::Trainer;

use nt_kernels::conv2d::WINOGRAD_VERSION;
use nt_scenario::network::{NetworkShape, Product};

/// Backend, precision and version of the arithmetic that every network is computed with.
const NUMERICS: &str = "cpu-f32-1";

/// Backend, precision and version of the arithmetic that makes a network's results, with the version of an algorithm of
/// its own that its shape calls for: `cpu-f32-1`, `cpu-f32-1-winograd-1`. It enters every job's identity, so raising a
/// version runs the jobs it touches again; a golden-bits test fails where the bits change and the version does not.
pub fn numerics(shape: &NetworkShape) -> String {
    let is_by_winograd = shape.layers.iter().any(|layer| match layer.product {
        Product::Conv(conv) => network::conv_geometry(conv).is_by_winograd(),
        Product::Linear { .. } => false,
    });
    if is_by_winograd { format!("{NUMERICS}-winograd-{WINOGRAD_VERSION}") } else { NUMERICS.to_owned() }
}
