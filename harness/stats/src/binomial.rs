//! The exact binomial test: is a network above chance?

use crate::distribution::beta::regularized_beta;

/// P(X ≥ hits) for X ~ Binomial(trials, chance): small when accuracy is above chance.
///
/// # Units
/// Counts and a probability; more hits than trials have probability 0.
/// # Source
/// Clopper and Pearson 1934's tail, through the incomplete beta function; SciPy's `binomtest(alternative="greater")`.
pub fn above_chance(hits: u64, trials: u64, chance: f64) -> f64 {
    if hits == 0 {
        return 1.0;
    }
    if hits > trials {
        return 0.0;
    }
    regularized_beta(hits as f64, (trials - hits) as f64 + 1.0, chance, 1.0 - chance)
}

/// P(X ≤ hits): small when accuracy is below chance.
///
/// # Units
/// As [`above_chance`].
pub fn below_chance(hits: u64, trials: u64, chance: f64) -> f64 {
    if hits >= trials {
        return 1.0;
    }
    regularized_beta((trials - hits) as f64, hits as f64 + 1.0, 1.0 - chance, chance)
}
