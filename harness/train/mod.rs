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

/// Backend, precision and version of the arithmetic that makes results. It enters every job's identity, so raising the
/// version runs every job again; a golden-bits test fails where the bits change and the version does not.
pub const NUMERICS: &str = "cpu-f32-1";
