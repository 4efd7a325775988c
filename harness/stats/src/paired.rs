//! The paired *t* over replicate means.

use crate::estimate::{NoSpread, Spread, StudentEstimate};
use crate::sample::{mean, variance};

/// Mean of paired differences, one for each replicate, with n − 1 degrees of freedom; `None` without replicates.
///
/// The test set is taken as fixed. As a statement on the population it was drawn from, the interval is too narrow (a
/// nominal 95 % covers .69 with ten replicates). [`crate::crossed::crossed`] is for that.
///
/// # Units
/// Those of the differences.
/// # Source
/// Student 1908; SciPy's `ttest_rel`. Standard deviation with ddof = 1.
pub fn paired(differences: &[f64]) -> Option<StudentEstimate> {
    let count = differences.len() as f64;
    let spread = match variance(differences) {
        None => Err(NoSpread::OneReplicate),
        Some(0.0) => Err(NoSpread::NoVariance),
        Some(variance) => Ok(Spread::student((variance / count).sqrt(), count - 1.0)),
    };
    Some(StudentEstimate { mean: mean(differences)?, spread })
}
