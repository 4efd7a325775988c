//! McNemar's test: two arms on the same examples, in one replicate.

use crate::binomial::below_chance;
use crate::differences::Differences;

/// Exact two-sided p that examples lost and won are equally likely.
///
/// It compares two networks on this test population, not two recipes: one replicate shows no variation between runs.
///
/// # Units
/// Counts of examples on which exactly one arm is right.
/// # Source
/// McNemar 1947, exact binomial; statsmodels' `mcnemar(exact=True)`.
pub fn mcnemar(lost: u64, won: u64) -> f64 {
    (2.0 * below_chance(lost.min(won), lost + won, 0.5)).min(1.0)
}

/// [`mcnemar`] of one replicate; `None` where the differences are not of correctness, or the replicate does not exist.
pub fn mcnemar_of_replicate(differences: &Differences, replicate: usize) -> Option<f64> {
    if replicate >= differences.num_replicates() {
        return None;
    }
    let row = differences.correctness_row(replicate)?;
    let count = |wanted: i8| row.iter().filter(|value| **value == wanted).count() as u64;
    Some(mcnemar(count(-1), count(1)))
}
