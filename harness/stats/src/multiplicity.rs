//! Many contrasts at once: adjusted p-values, and intervals that agree with the tests.

use crate::estimate::StudentEstimate;
use crate::tail::Quantiles;

/// Holm's adjusted p-values, in the order given. They bound the chance of any false alarm.
///
/// # Units
/// Probabilities; a missing p counts as 1, so that it keeps its place in the family.
/// # Source
/// Holm 1979; statsmodels' `multipletests(method="holm")`.
pub fn holm(p_values: &[Option<f64>]) -> Vec<f64> {
    let p = known(p_values);
    let mut adjusted = vec![1.0; p.len()];
    let mut running = 0.0_f64;
    for (rank, index) in ascending(&p).into_iter().enumerate() {
        running = running.max(((p.len() - rank) as f64 * p[index]).min(1.0));
        adjusted[index] = running;
    }
    adjusted
}

/// Benjamini and Hochberg's adjusted p-values, in the order given. They are for screens labelled exploratory, never for
/// a verdict.
///
/// # Units
/// Probabilities; a missing p counts as 1.
/// # Source
/// Benjamini and Hochberg 1995; SciPy's `false_discovery_control`.
pub fn benjamini_hochberg(p_values: &[Option<f64>]) -> Vec<f64> {
    let p = known(p_values);
    let mut adjusted = vec![1.0; p.len()];
    let mut running = 1.0_f64;
    for (rank, index) in ascending(&p).into_iter().enumerate().rev() {
        running = running.min((p.len() as f64 / (rank + 1) as f64 * p[index]).min(1.0));
        adjusted[index] = running;
    }
    adjusted
}

/// Levels at which each contrast's two-sided *t* interval agrees with Holm's procedure, at every margin at once.
///
/// An interval at level `levels[i]` excludes 0 exactly when Holm's test of "no gap" rejects contrast *i* at `alpha`,
/// and lies wholly beyond ±c exactly when Holm's test of "|gap| ≤ c" rejects it. So NEGATIVE and MATERIAL NEGATIVE can
/// be read off one interval, each with family-wise error at most `alpha`. Contrasts that are not rejected all get 1 −
/// α/k, with k the number of them.
///
/// The statement "all intervals cover" is not controlled at `alpha`: rejected contrasts have narrower intervals than
/// Bonferroni's. That is the price of Holm's power, and why verdicts rest on bounds, not on coverage.
///
/// # Units
/// `alpha` and levels are probabilities. Contrasts without a spread keep their place in the family and get 1 − α/k.
/// # Source
/// Inversion of Holm's test at the shifted nulls |gap| ≤ c, c from ∞ down to 0. With k contrasts left, the bound of the
/// next is c = |mean| − t(1 − α/2k)·SE (with the tails of each estimate), and no more than the bound before it; the
/// level is the one whose interval ends at that bound.
pub fn matching_levels(estimates: &[StudentEstimate], alpha: f64) -> Vec<f64> {
    let mut open: Vec<usize> = (0..estimates.len()).collect();
    let mut levels = vec![1.0 - alpha; estimates.len()];
    let mut bound = f64::INFINITY;
    while !open.is_empty() {
        let tail = alpha / open.len() as f64;
        let mut quantiles = Quantiles::new(tail / 2.0);
        let next = open
            .iter()
            .enumerate()
            .filter_map(|(at, index)| {
                let spread = estimates[*index].spread.ok()?;
                let margin = spread.tail.critical_value(&mut quantiles) * spread.standard_error;
                Some((at, estimates[*index].mean.abs() - margin))
            })
            .max_by(|a, b| a.1.total_cmp(&b.1))
            .filter(|(_, candidate)| *candidate > 0.0);
        let Some((at, candidate)) = next else {
            for index in &open {
                levels[*index] = 1.0 - tail;
            }
            break;
        };
        let index = open.swap_remove(at);
        levels[index] = if candidate < bound { 1.0 - tail } else { level_ending_at(&estimates[index], bound, tail) };
        bound = bound.min(candidate);
    }
    levels
}

/// The level of the interval whose end nearer to zero is `bound` away from zero.
fn level_ending_at(estimate: &StudentEstimate, bound: f64, tail: f64) -> f64 {
    match estimate.spread {
        Ok(spread) => {
            let t = (estimate.mean.abs() - bound) / spread.standard_error;
            1.0 - (2.0 * spread.tail.survival(t)).min(tail)
        }
        Err(_) => 1.0 - tail,
    }
}

fn known(p_values: &[Option<f64>]) -> Vec<f64> {
    p_values.iter().map(|p| p.filter(|p| !p.is_nan()).unwrap_or(1.0)).collect()
}

fn ascending(p: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|a, b| p[*a].total_cmp(&p[*b]));
    order
}
