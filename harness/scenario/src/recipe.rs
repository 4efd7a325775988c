//! How a network is trained: length, schedule, augmentation, and the rest that a recipe fixes.

use serde::{Deserialize, Serialize};

/// Length of a training, in the author's unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Length {
    /// Updates of the weights.
    Steps(u64),
    /// Passes over the training images; the last batch of a pass may be smaller, as in PyTorch's `DataLoader`.
    Epochs(u64),
    /// Training images shown, rounded up to whole batches.
    Examples(u64),
}

impl Length {
    /// Updates that this length takes on `train_images` images (validation images left out) with this batch size.
    ///
    /// # Units
    /// Steps; a batch of 0 counts as 1.
    pub fn steps(self, train_images: u64, batch: u64) -> u64 {
        let batch = batch.max(1);
        match self {
            Self::Steps(steps) => steps,
            Self::Epochs(epochs) => epochs.saturating_mul(train_images.div_ceil(batch)),
            Self::Examples(examples) => examples.div_ceil(batch),
        }
    }

    /// The scenario's key and its value.
    pub fn key_and_count(self) -> (&'static str, u64) {
        match self {
            Self::Steps(count) => ("steps", count),
            Self::Epochs(count) => ("epochs", count),
            Self::Examples(count) => ("examples", count),
        }
    }
}

/// How the learning rate moves over a training.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Schedule {
    /// It stays.
    Constant,
    /// Half a cosine, from the full rate to zero, without warm-up or restarts.
    Cosine,
    /// It is multiplied by `factor` after every interval.
    Step {
        /// The interval.
        every: StepInterval,
        /// What the rate is multiplied by, above 0 and at most 1.
        factor: f64,
    },
}

/// Interval of a step schedule.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StepInterval {
    /// This fraction of the training.
    Fraction(f64),
    /// This many steps.
    Steps(u64),
}

impl Schedule {
    /// What the learning rate is multiplied by at step `step` (from 0) of `total`.
    ///
    /// # Source
    /// Cosine: Loshchilov and Hutter, ICLR 2017, equation 5, one period, minimum 0, per step and not per epoch.
    pub fn multiplier(self, step: u64, total: u64) -> f64 {
        match self {
            Self::Constant => 1.0,
            Self::Cosine => {
                let progress = step as f64 / total.max(1) as f64;
                0.5 * (1.0 + libm::cos(std::f64::consts::PI * progress))
            }
            Self::Step { every, factor } => {
                let interval = match every {
                    StepInterval::Fraction(fraction) => fraction * total as f64,
                    StepInterval::Steps(steps) => steps as f64,
                };
                libm::pow(factor, (step as f64 / interval.max(1.0)).floor())
            }
        }
    }
}

/// A random change of a training image.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Augmentation {
    /// Pad, then cut a window of the original size at a random place.
    RandomCrop {
        /// Padding on every side, pixels.
        padding_px: u32,
    },
    /// Mirror left and right.
    HorizontalFlip {
        /// Probability of a mirrored image.
        probability: f64,
    },
    /// Multiply brightness, contrast and saturation, each by a factor from 1 − value to 1 + value.
    ColourJitter {
        /// Largest relative change of brightness.
        brightness: f64,
        /// Largest relative change of contrast.
        contrast: f64,
        /// Largest relative change of saturation.
        saturation: f64,
    },
}

impl Augmentation {
    /// The scenario's words for the kinds.
    pub const KINDS: &'static [&'static str] = &["random-crop", "horizontal-flip", "colour-jitter"];

    /// The scenario's word for this kind.
    pub fn kind(self) -> &'static str {
        match self {
            Self::RandomCrop { .. } => Self::KINDS[0],
            Self::HorizontalFlip { .. } => Self::KINDS[1],
            Self::ColourJitter { .. } => Self::KINDS[2],
        }
    }

    /// The augmentation of this kind with its default parameters.
    pub fn from_kind(kind: &str) -> Option<Self> {
        match kind {
            "random-crop" => Some(Self::RandomCrop { padding_px: 4 }),
            "horizontal-flip" => Some(Self::HorizontalFlip { probability: 0.5 }),
            "colour-jitter" => Some(Self::ColourJitter { brightness: 0.2, contrast: 0.2, saturation: 0.2 }),
            _ => None,
        }
    }
}

/// What of a training does not depend on its length: the optimizer (stochastic gradient descent with momentum, weight
/// decay added to the gradient as in PyTorch's `SGD`), the batch, the schedule and the augmentation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Images a step.
    pub batch: usize,
    /// Momentum, 0 ≤ m < 1.
    pub momentum: f64,
    /// Weight decay.
    pub weight_decay: f64,
    /// Learning-rate schedule.
    pub schedule: Schedule,
    /// Changes of the training images, in this order.
    pub augmentation: Vec<Augmentation>,
}

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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_counted_in_steps() {
        assert_eq!(Length::Steps(150).steps(80, 32), 150);
        assert_eq!(Length::Epochs(40).steps(100, 64), 80);
        assert_eq!(Length::Epochs(2).steps(128, 64), 4);
        assert_eq!(Length::Examples(1000).steps(7, 64), 16);
    }

    #[test]
    fn a_cosine_starts_at_one_and_ends_at_zero() {
        assert_eq!(Schedule::Cosine.multiplier(0, 100), 1.0);
        assert!((Schedule::Cosine.multiplier(50, 100) - 0.5).abs() < 1e-15);
        assert!(Schedule::Cosine.multiplier(100, 100).abs() < 1e-15);
    }

    #[test]
    fn a_step_schedule_falls_at_each_interval() {
        let by_fraction = Schedule::Step { every: StepInterval::Fraction(0.5), factor: 0.1 };
        let by_steps = Schedule::Step { every: StepInterval::Steps(50), factor: 0.1 };
        for schedule in [by_fraction, by_steps] {
            let rates: Vec<f64> = [0, 49, 50, 99].iter().map(|&step| schedule.multiplier(step, 100)).collect();
            assert_eq!(rates, [1.0, 1.0, 0.1, 0.1]);
        }
    }

    #[test]
    fn every_kind_of_augmentation_has_its_word() {
        for kind in Augmentation::KINDS {
            assert_eq!(Augmentation::from_kind(kind).map(Augmentation::kind), Some(*kind));
        }
    }
}
