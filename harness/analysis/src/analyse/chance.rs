//! Is an accuracy above chance? The exact binomial test.

/// Level of the test on a single run, which is how often a run stuck at chance passes for a live one.
const LIVENESS_ALPHA: f64 = 0.01;

/// Whether `hits` of `n` are more than guessing with success `chance` would give, by the exact one-sided test.
pub(super) fn is_above_chance(hits: u64, n: u64, chance: f64) -> bool {
    upper_tail(hits, n, chance) <= LIVENESS_ALPHA
}

/// P(X ≥ `hits`) for X binomial.
fn upper_tail(hits: u64, n: u64, chance: f64) -> f64 {
    if hits == 0 || chance >= 1.0 {
        return 1.0;
    }
    if chance <= 0.0 {
        return 0.0;
    }
    let log_choose = |k: f64| libm::lgamma(n as f64 + 1.0) - libm::lgamma(k + 1.0) - libm::lgamma(n as f64 - k + 1.0);
    let log_mass = |k: f64| log_choose(k) + k * libm::log(chance) + (n as f64 - k) * libm::log1p(-chance);
    let odds = chance / (1.0 - chance);
    let mut mass = libm::exp(log_mass(hits as f64));
    let mut tail = 0.0;
    for k in hits..=n {
        tail += mass;
        // P(X = k + 1) = P(X = k) · (n − k) / (k + 1) · odds
        mass *= (n - k) as f64 / (k + 1) as f64 * odds;
        if k as f64 > n as f64 * chance && mass < tail * f64::EPSILON {
            break;
        }
    }
    tail.min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SciPy 1.17.1: `binomtest(k, n, p, alternative="greater").pvalue`.
    #[test]
    fn the_tail_agrees_with_scipy() {
        for (hits, n, chance, expected) in [
            (8, 10, 0.5, 0.0546875),
            (100, 640, 0.125, 0.011_560_130_368_929_198),
            (1, 3, 1.0 / 3.0, 0.703_703_703_703_703_7),
            (0, 5, 0.2, 1.0),
        ] {
            let tail = upper_tail(hits, n, chance);
            assert!((tail - expected).abs() <= 1e-9 * expected, "{hits}/{n} at {chance}: {tail} against {expected}");
        }
    }
}
