//! Whether a training has learned nothing so far.

use super::{CurvePoint, TrainError};
use nt_scenario::Recipe;

/// What becomes of a training that is still at chance after a tenth of its steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AtChance {
    /// It goes on.
    GoesOn,
    /// It ends with [`TrainError::AtChance`](super::TrainError::AtChance).
    Ends,
}

/// Fewest steps at full rate after which a training is judged. Before, a tenth of a short training is noise.
const FEWEST_STEPS: u64 = 100;

/// Share of the loss of guessing that a training which has learned nothing stays above.
const LOSS_SHARE: f64 = 0.99;

/// Standard deviations that a share of right answers may lie above that of the most frequent class by luck.
const DEVIATIONS: f64 = 3.0;

/// Watches for a training that learns nothing. It is judged once, after the warm-up and a tenth of all steps (at least
/// [`FEWEST_STEPS`] of them), or at its end if that comes first. Over the second half of that tenth its loss is that of guessing
/// by frequency, and it is right no more often than one who always names the most frequent class.
pub(super) struct Watch {
    /// Steps after which it is judged.
    pub(super) at: u64,
    /// Steps before those that it is judged by.
    from: u64,
    batch: usize,
    /// Entropy of the labels, nats, and share of the most frequent one.
    chance: (f64, f64),
}

/// What a training that has learned nothing has come to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Nothing {
    /// Mean loss, nats.
    pub(super) loss: f64,
    /// Loss of guessing by frequency, nats.
    pub(super) chance: f64,
}

impl Nothing {
    /// The end of a training that has come to this after so many steps.
    pub(super) fn after(self, step: u64) -> TrainError {
        TrainError::AtChance { step, loss: self.loss, chance: self.chance }
    }
}

impl Watch {
    /// `None` for a training that is too short to be judged at all.
    pub(super) fn new(recipe: &Recipe, labels: &[u32]) -> Option<Self> {
        if recipe.steps < FEWEST_STEPS {
            return None;
        }
        let judged_by = recipe.steps.div_ceil(10).max(FEWEST_STEPS);
        let at = recipe.settings.warmup.steps(recipe.steps).saturating_add(judged_by).min(recipe.steps);
        let (from, batch) = (at - judged_by / 2, recipe.settings.batch.min(labels.len()));
        Some(Self { at, from, batch, chance: chance(labels) })
    }

    /// What a training has come to that has learned nothing, by the curve's points so far; `None` if it has learned.
    pub(super) fn judge(&self, curve: &[CurvePoint]) -> Option<Nothing> {
        let points = || curve.iter().filter(|point| point.step > self.from);
        let count = points().count() as f64;
        let mean = |of: fn(&CurvePoint) -> f64| points().map(of).sum::<f64>() / count;
        let (loss, right) = (mean(|point| point.train_loss), mean(|point| point.train_top1));
        let (entropy, most_frequent) = self.chance;
        let images = self.batch as f64 * (self.at - self.from) as f64;
        let luck = DEVIATIONS * (most_frequent * (1.0 - most_frequent) / images).sqrt();
        let has_learned = loss < LOSS_SHARE * entropy || right > most_frequent + luck;
        (count > 0.0 && !has_learned).then_some(Nothing { loss, chance: entropy })
    }
}

/// The entropy of labels, nats, and the share of the most frequent one.
fn chance(labels: &[u32]) -> (f64, f64) {
    let mut counts = vec![0u32; labels.iter().max().map_or(0, |&most| most as usize + 1)];
    labels.iter().for_each(|&label| counts[label as usize] += 1);
    let shares = || counts.iter().filter(|&&count| count > 0).map(|&count| f64::from(count) / labels.len() as f64);
    (shares().map(|share| -share * libm::log(share)).sum(), shares().fold(0.0, f64::max))
}

#[cfg(test)]
mod tests {
    use super::*;
    use nt_scenario::{Schedule, Settings, Warmup};

    fn watch(steps: u64, warmup: Warmup) -> Option<Watch> {
        let settings = Settings { warmup, ..Settings::sgd(20, 0.9, 0.0, Schedule::Constant) };
        let labels: Vec<u32> = (0..100).map(|index| index % 5).collect();
        Watch::new(&Recipe { settings, dropout: 0.0, steps }, &labels)
    }

    fn curve(points: &[(u64, f64, f64)]) -> Vec<CurvePoint> {
        let point = |&(step, train_loss, train_top1)| CurvePoint { step, learning_rate: 0.1, train_loss, train_top1 };
        points.iter().map(point).collect()
    }

    #[test]
    fn it_is_judged_after_the_warm_up_and_a_tenth_of_its_steps() {
        assert_eq!(watch(5000, Warmup::Off).unwrap().at, 500);
        assert_eq!(watch(5000, Warmup::Steps(300)).unwrap().at, 800);
        assert_eq!(watch(600, Warmup::Off).unwrap().at, 100);
        assert_eq!(watch(390, Warmup::Steps(300)).unwrap().at, 390, "at its end, which comes first");
        assert_eq!(watch(150, Warmup::Steps(u64::MAX)).unwrap().at, 150);
        assert!(watch(99, Warmup::Off).is_none(), "so few steps may learn nothing yet");
    }

    #[test]
    fn a_flat_loss_is_nothing_learned_and_a_falling_one_is_something() {
        let (watch, chance) = (watch(1000, Warmup::Off).unwrap(), libm::log(5.0));
        let flat = curve(&[(25, 9.0, 0.2), (50, 1.7, 0.2), (75, chance, 0.19), (100, chance + 0.01, 0.21)]);
        let nothing = watch.judge(&flat).unwrap();
        assert!((nothing.loss - chance - 0.005).abs() < 1e-12 && (nothing.chance - chance).abs() < 1e-12);
        assert_eq!(watch.judge(&curve(&[(75, 0.98 * chance, 0.2), (100, 0.98 * chance, 0.2)])), None);
        assert_eq!(watch.judge(&curve(&[(75, 2.0, 0.28), (100, 2.0, 0.28)])), None, "right, though not sure of it");
        assert_eq!(watch.judge(&[]), None);
    }

    #[test]
    fn guessing_knows_how_frequent_each_class_is() {
        let (entropy, most) = chance(&[0, 0, 0, 2]);
        assert!((entropy - 0.562_335_144_618_8).abs() < 1e-12);
        assert_eq!(most, 0.75);
    }
}
