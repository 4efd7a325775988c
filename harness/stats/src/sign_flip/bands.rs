//! Simultaneous bands, for curves that a reader scans for their worst point.

use std::ops::Range;

use super::{Flips, ReplicateGaps};
use crate::paired::paired;

/// Maxima that are held at a time, over all flips and some steps: 64 MB.
const MOST_MAXIMA: usize = 16_000_000;

/// A simultaneous band over cells, such as the depths of a curve.
///
/// # Units
/// Those of the gaps.
#[derive(Debug, Clone, PartialEq)]
pub struct Bands {
    /// The mean of each cell.
    pub means: Vec<f64>,
    /// Lower and upper end of each cell; `None` below two replicates. A cell without variance has a band of zero width.
    pub limits: Option<Vec<(f64, f64)>>,
    /// Standard errors that the band extends to either side: the simultaneous critical value.
    pub critical_value: Option<f64>,
    /// Probability of covering all cells at once.
    pub level: f64,
}

/// Bands that cover the means of all cells at once with probability `level`, for the fixed test set.
///
/// # Shape
/// `gaps`: `num_cells × num_replicates`.
/// # Units
/// `level` is a probability, such as .95.
/// # Source
/// Max-|t| over sign flips of the residuals (the wild bootstrap-*t* with Rademacher weights, Wu 1986), the residuals
/// scaled by √(n/(n−1)) for the mean taken out of them. With so few flips that the maximum is reached with a
/// probability above 1 − `level` (five replicates or fewer at .95), the critical value is the largest one and the level
/// is not reached.
pub fn simultaneous_bands(gaps: &ReplicateGaps, level: f64, flips: &Flips) -> Bands {
    let order: Vec<usize> = (0..gaps.cells().len()).collect();
    let critical_value = if gaps.num_replicates() < 2 {
        None
    } else {
        step_down_critical_values(gaps, &order, 1, 1.0 - level, flips).first().copied()
    };
    let estimates: Vec<_> = gaps.cells().iter().filter_map(|cell| paired(cell)).collect();
    let limits = critical_value.map(|critical| {
        estimates
            .iter()
            .map(|estimate| {
                let margin = estimate.spread.map_or(0.0, |spread| critical * spread.standard_error);
                (estimate.mean - margin, estimate.mean + margin)
            })
            .collect()
    });
    Bands { means: estimates.iter().map(|estimate| estimate.mean).collect(), limits, critical_value, level }
}

/// Critical |t| of the cells `order[k..]` taken together, for k below `num_steps`: quantiles of the maximum over
/// flipped residuals.
pub(crate) fn step_down_critical_values(
    gaps: &ReplicateGaps,
    order: &[usize],
    num_steps: usize,
    alpha: f64,
    flips: &Flips,
) -> Vec<f64> {
    let rows = gaps.standardized(true);
    let num_steps = num_steps.min(order.len());
    let num_flips = flips.count(gaps.num_replicates());
    // The flips are the same each time, so that it does not matter how many steps are taken at once.
    let at_once = (MOST_MAXIMA / num_flips.max(1)).max(1);
    let steps = |first: usize| first..(first + at_once).min(num_steps);
    (0..num_steps)
        .step_by(at_once)
        .flat_map(|first| critical_values_of_steps(gaps.num_replicates(), &rows, order, steps(first), alpha, flips))
        .collect()
}

/// The critical values of some steps.
fn critical_values_of_steps(
    num_replicates: usize,
    rows: &[Vec<f64>],
    order: &[usize],
    steps: Range<usize>,
    alpha: f64,
    flips: &Flips,
) -> Vec<f64> {
    let num_steps = steps.len();
    let maxima_of = |maxima: &mut Vec<f32>, statistics: &[f64]| {
        let start = maxima.len();
        maxima.resize(start + num_steps, 0.0);
        let mut successive = 0.0_f64;
        for (step, cell) in order.iter().enumerate().skip(steps.start).rev() {
            successive = successive.max(statistics[*cell]);
            if step < steps.end {
                maxima[start + step - steps.start] = successive as f32;
            }
        }
    };
    let merge = |mut first: Vec<f32>, second: Vec<f32>| {
        first.extend(second);
        first
    };
    let all = flips.fold(rows, Vec::<f32>::new, maxima_of, merge).unwrap_or_default();
    let count = num_replicates as f64;
    (0..num_steps)
        .map(|step| {
            let mut maxima: Vec<f32> = all.iter().skip(step).step_by(num_steps).copied().collect();
            if maxima.is_empty() {
                return f64::INFINITY;
            }
            let rank = (((1.0 - alpha) * maxima.len() as f64).ceil() as usize).clamp(1, maxima.len()) - 1;
            let (_, quantile, _) = maxima.select_nth_unstable_by(rank, f32::total_cmp);
            // t of u, and the correction for centring.
            let u = f64::from(*quantile).min(1.0);
            u * ((count - 1.0) / (1.0 - u * u).max(f64::MIN_POSITIVE)).sqrt() * (count / (count - 1.0)).sqrt()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_that_are_taken_some_at_a_time_are_those_that_are_taken_at_once() {
        let gap = |cell: usize, replicate: usize| ((7 * cell + 3 * replicate * replicate + 1) % 11) as f64 - 4.0;
        for num_replicates in [6, 16] {
            let cells =
                (0..7).map(|cell| (0..num_replicates).map(|replicate| gap(cell, replicate)).collect()).collect();
            let gaps = ReplicateGaps::new(cells).unwrap();
            let flips = Flips { num_flips: 600, seed: 5 };
            let order = [3, 0, 6, 1, 5, 2, 4];
            let at_once = step_down_critical_values(&gaps, &order, 7, 0.05, &flips);
            let rows = gaps.standardized(true);
            let some = |steps| critical_values_of_steps(num_replicates, &rows, &order, steps, 0.05, &flips);
            assert_eq!([some(0..1), some(1..4), some(4..7)].concat(), at_once);
        }
    }
}
