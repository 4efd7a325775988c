//! Fisher's exact test: do runs of one arm fail more often than those of another?

use crate::distribution::beta::ln_beta;

/// Two-sided p of "both arms fail equally often", with `failed` of `runs` in each.
///
/// With few runs a large p shows nothing: no failure of 8 against 1 of 8 cannot be told apart.
///
/// # Units
/// Counts, at most `runs` of them; 1 where an arm has no runs.
/// # Source
/// Fisher 1935: the probability of all tables with the same margins that are no likelier than this one; SciPy's
/// `fisher_exact`, tables that are likelier by one part in 10¹⁴ counted as equal.
pub fn fisher_exact([failed, runs]: [u64; 2], [other_failed, other_runs]: [u64; 2]) -> f64 {
    let (failed, other_failed) = (failed.min(runs), other_failed.min(other_runs));
    let all_failed = failed + other_failed;
    let least = all_failed.saturating_sub(other_runs);
    let most = all_failed.min(runs);
    let log_probability = |first: u64| {
        ln_choose(runs, first) + ln_choose(other_runs, all_failed - first) - ln_choose(runs + other_runs, all_failed)
    };
    let observed = log_probability(failed) + 1e-14;
    let as_unlikely = (least..=most).map(log_probability).filter(|&probability| probability <= observed);
    as_unlikely.map(libm::exp).sum::<f64>().min(1.0)
}

/// Logarithm of the number of ways to choose `chosen` of `all`.
fn ln_choose(all: u64, chosen: u64) -> f64 {
    let (all, chosen) = (all as f64, chosen as f64);
    -libm::log(all + 1.0) - ln_beta(chosen + 1.0, all - chosen + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_scipy() {
        for (first, second, p) in [
            ([3, 8], [0, 32], 0.005_668_016_194_331_984),
            ([8, 8], [1, 32], 1.170_279_808_050_705_8e-7),
            ([0, 8], [0, 32], 1.0),
            ([2, 8], [2, 8], 1.0),
            ([1, 3], [30, 96], 1.0),
            ([40, 100], [20, 90], 0.012_083_476_060_273_504),
            ([5, 12], [0, 12], 0.037_267_080_745_341_61),
        ] {
            let got = fisher_exact(first, second);
            assert!((got - p).abs() <= 1e-9 * p, "{first:?} {second:?}: {got}, SciPy says {p}");
            assert!((fisher_exact(second, first) - got).abs() <= 1e-12, "whichever comes first");
        }
    }

    #[test]
    fn an_arm_without_runs_shows_nothing() {
        assert_eq!(fisher_exact([0, 0], [3, 8]), 1.0);
    }
}
