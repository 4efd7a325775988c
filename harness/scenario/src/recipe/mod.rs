//! How a network is trained: length, schedule, augmentation, and the rest that a recipe fixes.

mod augmentation;
mod length;
mod named;
mod schedule;
mod settings;
mod warmup;
mod written;

use serde::{Deserialize, Serialize};

use crate::identity::{Meaning, Part};

pub use augmentation::Augmentation;
pub use length::Length;
pub use named::Named;
pub use schedule::{Schedule, StepInterval};
pub use settings::Settings;
pub use warmup::Warmup;
pub(crate) use written::{MOST_LEARNING_RATE, WrittenSettings, learning_rate, learning_rate_in_range};

/// One training, but for its learning rate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recipe {
    /// Optimizer, batch, schedule, augmentation.
    #[serde(flatten)]
    pub settings: Settings,
    /// Probability that dropout zeroes a feature; only in the trainable part.
    pub dropout: f64,
    /// Updates of the weights; 0 where nothing is trained.
    pub steps: u64,
}

impl Recipe {
    /// Steps that the streams of dropout masks and augmentations have numbers for.
    pub const MOST_STEPS: u64 = 1 << 24;

    /// What it means.
    pub(crate) fn meaning(&self) -> Part {
        let meaning = Meaning::of("recipe").count("steps", self.steps).real("dropout", self.dropout);
        self.settings.meaning(meaning).finish()
    }
}
