//! Training and evaluation: the straight line of kernels, the loop that drives it, and the lock on the test set.

mod backend;
#[cfg(feature = "cuda")]
pub mod cuda;
mod error;
mod evaluate;
mod gradients;
mod network;
mod probe;
mod sgd_loop;
mod step;
#[cfg(test)]
mod tests;
mod trained;

pub use backend::{Backend, Cpu};
pub use error::TrainError;
pub use evaluate::{Prediction, Score, classify};
pub use gradients::Gradients;
pub use network::{DropoutAt, Network, Span};
pub use probe::Probe;
pub use sgd_loop::Setup;
pub use step::Trainer;
pub use trained::{CurvePoint, ForTest, ForTuning, Outcome, Purpose, Trained, Training, train};
