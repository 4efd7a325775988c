//! Fréchet distance of two Gaussians with the samples' moments.

use super::linear::{cholesky, congruent, eigenvalues};
use super::measured::Measured;
use super::moments::BlockMoments;
use super::sample::Pair;
use rayon::prelude::*;

/// ‖μ₁ − μ₂‖² + tr(C₁ + C₂ − 2 (C₁ C₂)^½): the squared 2-Wasserstein distance of two normal distributions.
///
/// The formula's value is too large by a term of order d²/n, so that sets of different sizes could not be compared. The
/// estimate does not have it ([`Measured::is_biased`]).
///
/// # Units
/// Those of the codes, squared.
/// # Source
/// Dowson and Landau 1982; as FID, Heusel et al. 2017 (there of Inception's codes: other numbers). Covariances with
/// n − 1. The trace of the root is the sum of the roots of the eigenvalues of Lᵀ C₁ L with C₂ = L Lᵀ, which needs no
/// root of a matrix.
pub fn frechet_distance(pair: &Pair) -> Measured {
    let moments = BlockMoments::new(pair);
    let num_features = pair.num_features();
    let value = |left_out: &[usize]| {
        let [first, second] = [0, 1].map(|sample| moments.without(sample, left_out));
        let [own, its] = [&first, &second].map(|moments| moments.covariance(1.0));
        let between: f64 = first.mean().iter().zip(second.mean()).map(|(x, y)| (x - y) * (x - y)).sum();
        let trace = |matrix: &[f64]| (0..num_features).map(|i| matrix[i * num_features + i]).sum::<f64>();
        // A feature without variance has a pivot that is only rounding, and its column is zero.
        let factor = cholesky(&its, num_features, 1e-14);
        let values = eigenvalues(congruent(&factor, &own, num_features), num_features);
        let root: f64 = values.into_iter().map(|value| value.max(0.0).sqrt()).sum();
        between + trace(&own) + trace(&its) - 2.0 * root
    };
    let without_block = (0..moments.num_blocks()).into_par_iter().map(|block| value(&[block])).collect();
    Measured { plug_in: value(&[]), without_block, is_biased: true, least_standard_error: 0.0 }
}
