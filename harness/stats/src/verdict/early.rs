//! What is left of a gap that was called at an early look, once it is known that it was called there.

use super::Estimate;
use crate::distribution::{normal_cdf, normal_density, normal_survival};

/// A gap that is called as soon as it is large enough is larger than the true one on average. This is what is left of it, given
/// that its interval excluded 0; `None` if it does not.
///
/// # Units
/// Percentage points.
/// # Source
/// The compromise of Zhong and Prentice 2008: the mean of the estimate and of its conditional maximum likelihood. With z the
/// estimate in standard errors and c what the interval needed, the latter solves E[Z | |Z| > c] = z for Z normal about it; alone
/// it leaves too little of a gap that was barely called. That earlier looks did not call it is not used.
pub fn corrected_for_an_early_call(gap: &Estimate) -> Option<f64> {
    let (low, high) = gap.low_pp.zip(gap.high_pp)?;
    let error = gap.standard_error_pp.filter(|error| *error > 0.0)?;
    if low <= 0.0 && high >= 0.0 {
        return None;
    }
    let size = gap.mean_pp.abs() / error;
    let critical = (high - low) / (2.0 * error);
    // The conditional mean rises with μ, so that halving finds where it is the size observed.
    let (mut below, mut above) = (0.0, size);
    for _ in 0..80 {
        let middle = f64::midpoint(below, above);
        if conditional_mean(middle, critical) < size { below = middle } else { above = middle }
    }
    Some(gap.mean_pp.signum() * f64::midpoint(size, above) * error)
}

/// E[|Z| sign | |Z| > c] for Z ~ N(μ, 1), on the side of μ.
fn conditional_mean(mean: f64, critical: f64) -> f64 {
    let called = normal_survival(critical - mean) + normal_cdf(-critical - mean);
    mean + (normal_density(critical - mean) - normal_density(-critical - mean)) / called
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::distribution::normal_quantile;
    use crate::verdict::{Method, Scope};

    /// A gap of so many standard errors of one point, whose interval extends `critical` of them.
    fn called(size: f64, critical: f64) -> Estimate {
        Estimate {
            mean_pp: size,
            low_pp: Some(size - critical),
            high_pp: Some(size + critical),
            level: 0.95,
            standard_error_pp: Some(1.0),
            df: None,
            no_spread: None,
            method: Method::Crossed,
            scope: Scope::default(),
            num_replicates: 8,
            num_examples: 100,
        }
    }

    #[test]
    fn what_was_barely_called_shrinks_most_and_what_is_plain_hardly_at_all() {
        let corrected = |size: f64| corrected_for_an_early_call(&called(size, 2.8)).unwrap();
        assert!(corrected(2.9) < 2.0 && corrected(4.0) > 3.3, "{} {}", corrected(2.9), corrected(4.0));
        assert!((corrected(8.0) - 8.0).abs() < 1e-3);
        assert!((corrected_for_an_early_call(&called(-4.0, 2.8)).unwrap() + corrected(4.0)).abs() < 1e-12);
        assert_eq!(corrected_for_an_early_call(&called(2.0, 2.8)), None, "nothing was called");
    }

    #[test]
    fn it_takes_most_of_the_excess_away_on_average() {
        // 4,000 gaps about each true one, at even quantiles: no luck in the test.
        for truth in [2.0, 3.0, 4.0] {
            let sizes = (0..4_000).map(|at| truth + normal_quantile((f64::from(at) + 0.5) / 4_000.0));
            let called: Vec<Estimate> = sizes.filter(|size| *size > 2.8).map(|size| called(size, 2.8)).collect();
            let mean = |of: &dyn Fn(&Estimate) -> f64| called.iter().map(of).sum::<f64>() / called.len() as f64;
            let raw = mean(&|gap| gap.mean_pp) - truth;
            let corrected = mean(&|gap| corrected_for_an_early_call(gap).unwrap()) - truth;
            println!("true {truth}: called at {raw:+.2} too much, corrected {corrected:+.2}");
            assert!(raw > 0.1 && corrected.abs() < 0.6 * raw, "true {truth}: {raw} and {corrected}");
        }
    }
}
