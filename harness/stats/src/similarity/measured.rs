//! A measure with its jackknife.

use crate::estimate::{NoSpread, Spread, StudentEstimate};
use crate::sample::mean;

/// A measure of two samples, on all images and without each block of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// On all images, by the textbook's formula.
    pub plug_in: f64,
    /// Without each block.
    pub without_block: Vec<f64>,
    /// Whether the formula's value is too large by a term of order 1/n, which the jackknife then removes.
    pub is_biased: bool,
    /// The least standard error. It is above 0 where the statistic can be at its limit without any spread.
    pub least_standard_error: f64,
}

impl Measured {
    /// The estimate: the formula's value, or G·θ − (G − 1)·mean of θ without a block where that is biased.
    ///
    /// An estimate of a distance of zero may come out below zero.
    ///
    /// # Source
    /// Quenouille 1956 for the bias, Tukey 1958 for the standard error √((G − 1)/G · Σ (θ without g − their mean)²).
    pub fn estimate(&self) -> StudentEstimate {
        let count = self.without_block.len() as f64;
        let centre = mean(&self.without_block).unwrap_or(self.plug_in);
        let value = if self.is_biased { count * self.plug_in - (count - 1.0) * centre } else { self.plug_in };
        let squares: f64 = self.without_block.iter().map(|value| (value - centre) * (value - centre)).sum();
        let standard_error = ((count - 1.0) / count * squares).sqrt().max(self.least_standard_error);
        let spread = if standard_error > 0.0 {
            Ok(Spread::student(standard_error, count - 1.0))
        } else {
            Err(NoSpread::NoVariance)
        };
        StudentEstimate { mean: value, spread }
    }

    /// This measure less another with a sample in common, cut into the same blocks: `None` where the numbers of blocks
    /// differ.
    pub fn minus(&self, other: &Self) -> Option<Self> {
        (self.without_block.len() == other.without_block.len()).then(|| Self {
            plug_in: self.plug_in - other.plug_in,
            without_block: self.without_block.iter().zip(&other.without_block).map(|(own, its)| own - its).collect(),
            is_biased: self.is_biased || other.is_biased,
            least_standard_error: self.least_standard_error.max(other.least_standard_error),
        })
    }
}
