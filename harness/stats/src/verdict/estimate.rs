//! A gap with its interval.

use super::Scope;
use crate::estimate::{NoSpread, StudentEstimate};
use std::fmt;

/// How an interval was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// Crossed random effects, *t* tails as the settings say, Holm over the family, level to match.
    Crossed,
    /// Joint sign flips of whole replicates, studentised maximum, step-down.
    SignFlip,
    /// The paired *t* over replicates, Holm over the family, level to match.
    PairedT,
    /// The same over folds or resampled splits of one data set, corrected for the training examples that they share.
    ResampledT,
}

impl Method {
    /// Its name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Crossed => "crossed random effects, Holm",
            Self::SignFlip => "joint sign flips, step-down max-T",
            Self::PairedT => "paired t over units, Holm",
            Self::ResampledT => "paired t corrected for shared training examples (Nadeau–Bengio), Holm",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A gap with its adjusted interval.
///
/// # Units
/// Percentage points (`_pp`); below zero is harm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The mean gap.
    pub mean_pp: f64,
    /// Lower end of the interval; `None` where there is none ([`Self::no_spread`] says why).
    pub low_pp: Option<f64>,
    /// Upper end.
    pub high_pp: Option<f64>,
    /// Level of the interval, adjusted for the family.
    pub level: f64,
    /// Standard error.
    pub standard_error_pp: Option<f64>,
    /// Degrees of freedom.
    pub df: Option<f64>,
    /// Why there is no interval.
    pub no_spread: Option<NoSpread>,
    /// How it was made.
    pub method: Method,
    /// What it is a statement about.
    pub scope: Scope,
    /// Replicates.
    pub num_replicates: usize,
    /// Test examples; 1 where only per-run values are known.
    pub num_examples: usize,
}

impl Estimate {
    /// Whether the interval lies wholly below `value_pp`.
    pub fn lies_below(&self, value_pp: f64) -> bool {
        self.high_pp.is_some_and(|high| high < value_pp)
    }

    /// Whether the interval lies wholly above `value_pp`.
    pub fn lies_above(&self, value_pp: f64) -> bool {
        self.low_pp.is_some_and(|low| low > value_pp)
    }

    pub(super) fn standard_error_of(estimate: &StudentEstimate) -> (Option<f64>, Option<f64>, Option<NoSpread>) {
        match estimate.spread {
            Ok(spread) => (Some(100.0 * spread.standard_error), Some(spread.degrees_of_freedom), None),
            Err(reason) => (None, None, Some(reason)),
        }
    }
}
