//! Examples lost and won, and replicates lost and won.

use crate::differences::Differences;

/// Shares of (replicate, example) pairs on which the two arms disagree.
///
/// # Units
/// Fractions. `positive − negative` is the gap.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FlipRates {
    /// Right under the reference, wrong under the treatment.
    pub negative: f64,
    /// Wrong under the reference, right under the treatment.
    pub positive: f64,
}

/// Flip rates; `None` where the differences are not of correctness.
///
/// # Source
/// Yan et al., CVPR 2021 (negative flip rate).
pub fn flip_rates(differences: &Differences) -> Option<FlipRates> {
    let (mut lost, mut won) = (0_u64, 0_u64);
    for replicate in 0..differences.num_replicates() {
        for value in differences.correctness_row(replicate)? {
            lost += u64::from(*value < 0);
            won += u64::from(*value > 0);
        }
    }
    let cells = (differences.num_replicates() * differences.num_examples()) as f64;
    Some(FlipRates { negative: lost as f64 / cells, positive: won as f64 / cells })
}

/// Share of replicates in which the treatment is better than the reference, with ties counted half; `None` without replicates.
///
/// # Units
/// `gaps`: treatment minus reference, one a replicate.
/// # Source
/// McGraw and Wong 1992's common-language effect size, for pairs.
pub fn probability_of_improvement(gaps: &[f64]) -> Option<f64> {
    let score = |gap: &f64| if *gap > 0.0 { 1.0 } else { f64::from(u8::from(*gap == 0.0)) / 2.0 };
    crate::sample::mean(&gaps.iter().map(score).collect::<Vec<_>>())
}
