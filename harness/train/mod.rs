//! Training and evaluation: the networks of each backend, the loop that drives them, and the lock on the test set.

mod at_chance;
mod backend;
mod cpu;
#[cfg(feature = "cuda")]
pub mod cuda;
#[cfg(feature = "cuda")]
mod does_not_fit;
mod error;
mod evaluate;
mod geometry;
mod prediction;
mod probe;
mod score;
mod setup;
mod span;
#[cfg(test)]
mod tests;
mod trained;
mod training;

pub use at_chance::AtChance;
pub use backend::Backend;
pub use cpu::{Cpu, DropoutAt, Gradients, Network, Trainer, available, bytes_of_training};
#[cfg(feature = "cuda")]
pub use does_not_fit::{DoesNotFit, ImagesDoNotFit};
pub use error::TrainError;
pub use evaluate::classify;
pub use prediction::Prediction;
pub use probe::Probe;
pub use score::Score;
pub use setup::Setup;
pub use span::Span;
pub use trained::{ForTest, ForTuning, Purpose, Trained, train};
pub use training::{CurvePoint, Outcome, Training};
