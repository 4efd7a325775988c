//! Effect sizes: a gap in other units that a reader may prefer.

mod classes;
mod flip_rates;
mod interquartile;
mod standardized;

pub use classes::{ClassGap, class_gaps};
pub use flip_rates::{FlipRates, flip_rates, probability_of_improvement};
pub use interquartile::interquartile_mean;
pub use standardized::{StandardizedDifference, standardized_difference};

/// Difference in log-odds of being right, treatment minus reference.
///
/// # Units
/// Accuracies are fractions of `num_examples`; the result is in nats, below zero for harm.
/// # Source
/// Half an example is added to hits and misses (Haldane 1956, Anscombe 1956), so that accuracies of 0 and 1 have odds.
pub fn log_odds_difference(treatment: f64, reference: f64, num_examples: usize) -> f64 {
    let log_odds = |accuracy: f64| {
        let hits = accuracy * num_examples as f64;
        libm::log((hits + 0.5) / (num_examples as f64 - hits + 0.5))
    };
    log_odds(treatment) - log_odds(reference)
}

/// Change of the error relative to the reference's error: +.5 means half as many errors more. `None` for a reference
/// without errors.
///
/// # Units
/// Accuracies and result are fractions; above zero is harm.
pub fn relative_error_change(treatment: f64, reference: f64) -> Option<f64> {
    let error = 1.0 - reference;
    (error > 0.0).then(|| (reference - treatment) / error)
}
