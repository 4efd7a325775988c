//! Recipes by name. `scenarios/recipes.md` says what was shown of each.

use crate::choice::choice;

use super::schedule::Schedule;
use super::settings::Settings;
use super::warmup::Warmup;

choice! {
    /// A recipe.
    pub enum Named {
        /// Images of 64 pixels a side.
        AlexNet64 = "alexnet-64px",
        /// Images of 224 pixels a side.
        AlexNet224 = "alexnet-224px",
    }
}

impl Named {
    /// All that a training's length does not change.
    pub fn settings(self) -> Settings {
        match self {
            Self::AlexNet64 | Self::AlexNet224 => Settings {
                clip_norm: Some(1.0),
                warmup: Warmup::Steps(300),
                ..Settings::sgd(64, 0.9, 5e-4, Schedule::Cosine)
            },
        }
    }

    /// The learning rate, where none is tuned or given.
    pub fn learning_rate(self) -> f64 {
        match self {
            Self::AlexNet64 => 0.03,
            Self::AlexNet224 => 0.01,
        }
    }
}
