//! The jackknife, which turns scores that are not means over examples into such means.

use crate::sample::mean;

/// A statistic with and without each example.
#[derive(Debug, Clone, PartialEq)]
pub struct Jackknife {
    /// On all examples.
    pub statistic: f64,
    /// Without each example.
    pub leave_one_out: Vec<f64>,
}

impl Jackknife {
    /// Computes `statistic` on all of `num_examples` examples (`None`), then without each of them.
    pub fn new(num_examples: usize, statistic: impl Fn(Option<usize>) -> f64) -> Self {
        Self {
            statistic: statistic(None),
            leave_one_out: (0..num_examples).map(|example| statistic(Some(example))).collect(),
        }
    }

    /// N·θ − (N − 1)·θ without i: one value for each example. Their mean is the statistic without its bias of order
    /// 1/N.
    ///
    /// Pseudo-values of mean average precision take the place that hits have for accuracy: the differences of two arms
    /// go into [`crate::differences::Differences::from_scores`], one row for each replicate.
    ///
    /// # Source
    /// Tukey 1958.
    pub fn pseudo_values(&self) -> Vec<f64> {
        let count = self.leave_one_out.len() as f64;
        self.leave_one_out.iter().map(|without| count * self.statistic - (count - 1.0) * without).collect()
    }

    /// Standard error √((N − 1)/N · Σ (θ without i − their mean)²); `None` below two examples.
    pub fn standard_error(&self) -> Option<f64> {
        if self.leave_one_out.len() < 2 {
            return None;
        }
        let centre = mean(&self.leave_one_out)?;
        let count = self.leave_one_out.len() as f64;
        let squares: f64 = self.leave_one_out.iter().map(|value| (value - centre) * (value - centre)).sum();
        Some(((count - 1.0) / count * squares).sqrt())
    }
}
