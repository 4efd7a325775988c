//! Two one-sided tests: is the gap smaller than the margin?

use crate::estimate::StudentEstimate;

/// p of "the mean lies outside (−margin, +margin)": small when the mean is shown to lie inside. `None` without a
/// spread.
///
/// # Units
/// `margin` in the unit of the mean.
/// # Source
/// Schuirmann 1987: the larger of the two one-sided p-values; statsmodels' `ttost_paired` on one sample.
pub fn tost(estimate: &StudentEstimate, margin: f64) -> Option<f64> {
    let above_lower = estimate.p_above(-margin)?;
    let below_upper = estimate.p_below(margin)?;
    Some(above_lower.max(below_upper))
}
