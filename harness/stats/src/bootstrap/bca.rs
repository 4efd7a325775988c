//! The bias-corrected and accelerated interval.

use crate::distribution::{normal_cdf, normal_quantile};
use crate::sample::{mean, quantile};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// BCa interval from resampled values of a statistic and its leave-one-out values.
///
/// `None` where it is not defined: nothing resampled, all resampled values on one side of the observed one, or no
/// variation in the leave-one-out values.
///
/// # Units
/// Those of the statistic; `level` is a probability.
/// # Source
/// Efron 1987; SciPy's `bootstrap(method="BCa")`, ties counted half, percentiles linear between order statistics.
pub fn bca_interval(observed: f64, resampled: &[f64], leave_one_out: &[f64], level: f64) -> Option<(f64, f64)> {
    let mut sorted = resampled.to_vec();
    sorted.sort_by(f64::total_cmp);
    let below = sorted.partition_point(|value| *value < observed);
    let through = sorted.partition_point(|value| *value <= observed);
    let bias = normal_quantile((below + through) as f64 / (2 * sorted.len()) as f64);
    let acceleration = acceleration(leave_one_out)?;
    let end = |tail: f64| {
        let shifted = bias + normal_quantile(tail);
        let p = normal_cdf(bias + shifted / (1.0 - acceleration * shifted));
        p.is_finite().then(|| quantile(&sorted, p)).flatten()
    };
    let tail = (1.0 - level) / 2.0;
    if bias.is_finite() { Some((end(tail)?, end(1.0 - tail)?)) } else { None }
}

/// Σ u³ / (6 (Σ u²)^(3/2)), with u the leave-one-out values below their mean.
fn acceleration(leave_one_out: &[f64]) -> Option<f64> {
    let centre = mean(leave_one_out)?;
    let moment = |power: i32| leave_one_out.iter().map(|value| (centre - value).powi(power)).sum::<f64>();
    let squares = moment(2);
    (squares > 0.0).then(|| moment(3) / (6.0 * squares * squares.sqrt()))
}

/// BCa interval of the mean of independent values, such as the images of a fixed pair of networks; not of a few
/// replicates.
///
/// `None` below two values, or where [`bca_interval`] is not defined.
///
/// # Units
/// Those of the values; `level` is a probability.
/// # Source
/// As [`bca_interval`], with `num_draws` resamples from ChaCha8 seeded with `seed`.
pub fn bca_mean(values: &[f64], level: f64, num_draws: usize, seed: u64) -> Option<(f64, f64)> {
    if values.len() < 2 {
        return None;
    }
    let size = values.len();
    let sum: f64 = values.iter().sum();
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut draw = || values[((u64::from(random.next_u32()) * size as u64) >> 32) as usize];
    let resampled: Vec<f64> = (0..num_draws).map(|_| (0..size).map(|_| draw()).sum::<f64>() / size as f64).collect();
    let leave_one_out: Vec<f64> = values.iter().map(|value| (sum - value) / (size - 1) as f64).collect();
    bca_interval(sum / size as f64, &resampled, &leave_one_out, level)
}
