//! A mean with its standard error, as every *t* procedure of this crate returns it.

use crate::tail::{Quantiles, Tail};
use std::fmt;

/// Why a mean has no standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NoSpread {
    /// One replicate: nothing shows how far another would lie from it.
    OneReplicate,
    /// One test example, or per-run values only: nothing shows how far other examples would lie from it.
    OneExample,
    /// The test examples lie in one cluster, or nearly all of them do: nothing shows how far another cluster would lie.
    OneCluster,
    /// The standard error is exactly zero, as when all differences are equal. The sample then shows no variation to
    /// judge by.
    NoVariance,
}

impl fmt::Display for NoSpread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OneReplicate => "one replicate has no interval; run at least two",
            Self::OneExample => "no per-example values, so no interval for the population; record predictions",
            Self::OneCluster => {
                "the test examples lie in fewer than two clusters, as far as their sizes tell, so no interval for new clusters"
            }
            Self::NoVariance => {
                "all differences are equal, so their variation is unknown; add test images or replicates"
            }
        })
    }
}

/// A standard error and the distribution of its *t*.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// The standard error, in the unit of the mean; above zero.
    pub standard_error: f64,
    /// Degrees of freedom of the standard error, at least one. They need not be a whole number.
    pub degrees_of_freedom: f64,
    /// The tails in which (mean − null) / standard error is looked up.
    pub tail: Tail,
}

impl Spread {
    /// A spread with the tails of Student's *t*.
    pub fn student(standard_error: f64, degrees_of_freedom: f64) -> Self {
        Self { standard_error, degrees_of_freedom, tail: Tail::Student { degrees_of_freedom } }
    }

    /// Standard errors beyond which one tail holds probability `tail`, at most .5.
    pub fn critical_value(&self, tail: f64) -> f64 {
        self.tail.critical_value(&mut Quantiles::new(tail))
    }

    /// Half the width of the two-sided interval whose two tails hold `alpha` together.
    pub fn margin(&self, alpha: f64) -> f64 {
        self.critical_value(alpha / 2.0) * self.standard_error
    }
}

/// A mean, with a *t*-distributed error where the sample gives one.
///
/// # Units
/// Those of the sample; differences of accuracy are fractions here and become points in [`crate::verdict`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StudentEstimate {
    /// The sample mean.
    pub mean: f64,
    /// Its spread, or why there is none.
    pub spread: Result<Spread, NoSpread>,
}

impl StudentEstimate {
    /// (mean − null) / standard error.
    pub fn t_statistic(&self, null: f64) -> Option<f64> {
        self.spread.ok().map(|spread| (self.mean - null) / spread.standard_error)
    }

    /// Two-sided p of "the mean is `null`".
    pub fn p_two_sided(&self, null: f64) -> Option<f64> {
        let spread = self.spread.ok()?;
        let t = self.t_statistic(null)?;
        Some((2.0 * spread.tail.survival(t.abs())).min(1.0))
    }

    /// One-sided p against "the mean is `null` or more": small when it is below.
    pub fn p_below(&self, null: f64) -> Option<f64> {
        Some(self.spread.ok()?.tail.survival(-self.t_statistic(null)?))
    }

    /// One-sided p against "the mean is `null` or less": small when it is above.
    pub fn p_above(&self, null: f64) -> Option<f64> {
        Some(self.spread.ok()?.tail.survival(self.t_statistic(null)?))
    }

    /// The two-sided interval at `level`, such as .95.
    pub fn interval(&self, level: f64) -> Option<(f64, f64)> {
        let margin = self.spread.ok()?.margin(1.0 - level);
        Some((self.mean - margin, self.mean + margin))
    }
}
