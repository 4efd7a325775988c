//! The standard normal distribution.

use libm::erfc;
use statrs::function::erf::erfc_inv;
use std::f64::consts::SQRT_2;

/// The density at z.
pub fn normal_density(z: f64) -> f64 {
    libm::exp(-z * z / 2.0) / libm::sqrt(2.0 * std::f64::consts::PI)
}

/// P(Z ≤ z).
pub fn normal_cdf(z: f64) -> f64 {
    erfc(-z / SQRT_2) / 2.0
}

/// P(Z > z), exact in the upper tail.
pub fn normal_survival(z: f64) -> f64 {
    erfc(z / SQRT_2) / 2.0
}

/// The `p`-quantile; −∞ at 0 and +∞ at 1.
pub fn normal_quantile(p: f64) -> f64 {
    -SQRT_2 * erfc_inv(2.0 * p)
}
