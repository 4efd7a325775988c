//! CORAL distance: how far the covariances differ, whatever the means.

use super::measured::Measured;
use super::moments::BlockMoments;
use super::sample::Pair;

/// ‖C₁ − C₂‖²_F / 4d².
///
/// The formula's value is too large by a term of order 1/n, which the estimate does not have ([`Measured::is_biased`]).
///
/// # Units
/// Those of the codes, to the fourth power.
/// # Source
/// Sun and Saenko, *Deep CORAL*, ECCV 2016 workshops, equation 1. Covariances with n − 1.
pub fn coral_distance(pair: &Pair) -> Measured {
    let moments = BlockMoments::new(pair);
    let num_features = pair.num_features() as f64;
    let value = |left_out: &[usize]| {
        let [own, its] = [0, 1].map(|sample| moments.without(sample, left_out).covariance(1.0));
        let squares: f64 = own.iter().zip(&its).map(|(x, y)| (x - y) * (x - y)).sum();
        squares / (4.0 * num_features * num_features)
    };
    let without_block = (0..moments.num_blocks()).map(|block| value(&[block])).collect();
    Measured { plug_in: value(&[]), without_block, is_biased: true, least_standard_error: 0.0 }
}
