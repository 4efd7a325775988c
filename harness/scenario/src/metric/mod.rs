//! What a network is judged by: accuracies, losses, average precisions.
//!
//! Each metric is one file that states its facts. Code that needs to tell metrics apart matches on [`Metric`] without a
//! wildcard, so that the compiler names every place that a new metric concerns.

mod log_loss;
mod mean_average_precision;
mod mean_average_precision_11;
mod mean_per_class;
mod top1;
mod top5;

use std::fmt;

use crate::choice::choice;
use crate::labels::LabelKind;

choice! {
    /// A metric that verdicts can be given on, and that settings are chosen by.
    #[derive(PartialOrd, Ord)]
    pub enum Metric {
        /// Fraction of test images whose first guess is right.
        Top1 = "top1",
        /// Fraction of test images with the class among the first five guesses.
        Top5 = "top5",
        /// Mean over classes of the fraction of each class's test images whose first guess is right.
        MeanPerClass = "mean-per-class",
        /// Mean cross-entropy of the true classes, nats.
        LogLoss = "log-loss",
        /// Mean over classes of the area under the interpolated precision–recall curve.
        MeanAveragePrecision = "mean-average-precision",
        /// Mean over classes of the interpolated precision at the recalls 0, .1 … 1.
        MeanAveragePrecision11 = "mean-average-precision-11",
    }
}

/// What is known of a metric before anything is measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facts {
    /// Its name in records and tables.
    pub name: &'static str,
    /// Its name in a sentence.
    pub words: &'static str,
    /// What it is measured in.
    pub unit: Unit,
    /// Which way is better.
    pub direction: Direction,
    /// What one value of it belongs to.
    pub grain: Grain,
    /// What a guesser who looks at no image scores, where `shares[c]` of the test images have class c.
    pub chance: fn(shares: &[f64]) -> f64,
    /// Labels that it can be measured on.
    pub labels: &'static [LabelKind],
}

/// What a metric is measured in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A share of one; a difference of .01 is a percentage point.
    Fraction,
    /// Natural units of information; a difference of .01 is a hundredth of a nat.
    Nats,
}

/// Which way a metric is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Higher is better.
    HigherIsBetter,
    /// Lower is better.
    LowerIsBetter,
}

/// What one value of a metric belongs to, which decides how a gap in it can be judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grain {
    /// One test image: the metric is a mean over images, so that a gap can be judged for the population of images.
    Image,
    /// One class of a test set, over whose images it is a mean: as for an image, each weighted by its class's size.
    Class,
    /// A whole run: only replicates vary, and a gap is judged for this test set.
    Run,
}

impl Metric {
    fn facts(self) -> Facts {
        match self {
            Self::Top1 => top1::FACTS,
            Self::Top5 => top5::FACTS,
            Self::MeanPerClass => mean_per_class::FACTS,
            Self::LogLoss => log_loss::FACTS,
            Self::MeanAveragePrecision => mean_average_precision::FACTS,
            Self::MeanAveragePrecision11 => mean_average_precision_11::FACTS,
        }
    }

    /// Its name in records and tables.
    pub fn name(self) -> &'static str {
        self.facts().name
    }

    /// Its name in a sentence: "top-1 accuracy".
    pub fn words(self) -> &'static str {
        self.facts().words
    }

    /// What it is measured in.
    pub fn unit(self) -> Unit {
        self.facts().unit
    }

    /// Which way is better.
    pub fn direction(self) -> Direction {
        self.facts().direction
    }

    /// What one value of it belongs to.
    pub fn grain(self) -> Grain {
        self.facts().grain
    }

    /// What a guesser who looks at no image scores.
    ///
    /// # Shape
    /// `shares`: one fraction a class, the share of the test images that have it.
    /// # Units
    /// Those of the metric.
    pub fn chance(self, shares: &[f64]) -> f64 {
        (self.facts().chance)(shares)
    }

    /// Whether it can be measured on such labels.
    pub fn fits(self, labels: LabelKind) -> bool {
        self.facts().labels.contains(&labels)
    }

    /// A value such that higher is better: the value itself, or its negative.
    pub fn oriented(self, value: f64) -> f64 {
        match self.direction() {
            Direction::HigherIsBetter => value,
            Direction::LowerIsBetter => -value,
        }
    }
}

impl Unit {
    /// What a hundred times a value of it is given in: "%".
    pub fn of_hundred(self) -> &'static str {
        match self {
            Self::Fraction => "%",
            Self::Nats => "hundredths of a nat",
        }
    }
}

impl fmt::Display for Metric {
    /// Its name in records and tables.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The mean of the shares: what a random order of the images scores in average precision.
fn mean_share(shares: &[f64]) -> f64 {
    if shares.is_empty() { 0.0 } else { shares.iter().sum::<f64>() / shares.len() as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_has_a_word_and_a_name_of_its_own() {
        let names: std::collections::BTreeSet<_> = Metric::ALL.iter().map(|metric| metric.name()).collect();
        let words: std::collections::BTreeSet<_> = Metric::ALL.iter().map(|metric| metric.word()).collect();
        assert_eq!((names.len(), words.len()), (Metric::ALL.len(), Metric::ALL.len()));
    }

    #[test]
    fn chance_is_what_the_best_guess_without_an_image_scores() {
        let shares = [0.5, 0.2, 0.1, 0.1, 0.05, 0.05];
        assert_eq!(Metric::Top1.chance(&shares), 0.5);
        assert!((Metric::Top5.chance(&shares) - 0.95).abs() < 1e-12);
        assert!((Metric::MeanPerClass.chance(&shares) - 1.0 / 6.0).abs() < 1e-12);
        assert!((Metric::LogLoss.chance(&[0.25; 4]) - libm::log(4.0)).abs() < 1e-12);
        assert!((Metric::MeanAveragePrecision.chance(&[0.5, 0.1]) - 0.3).abs() < 1e-12);
    }

    #[test]
    fn lower_is_better_of_a_loss_alone() {
        let lower: Vec<Metric> =
            Metric::ALL.iter().copied().filter(|metric| metric.direction() == Direction::LowerIsBetter).collect();
        assert_eq!(lower, [Metric::LogLoss]);
        assert_eq!((Metric::LogLoss.oriented(2.0), Metric::Top1.oriented(0.5)), (-2.0, 0.5));
    }
}
