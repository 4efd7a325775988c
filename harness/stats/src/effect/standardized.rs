//! The paired difference in units of its standard deviation.

use crate::distribution::noncentral_t_cdf;
use crate::sample::{mean, standard_deviation};

/// A standardised paired difference d_z with Hedges' correction.
///
/// # Units
/// Standard deviations (ddof = 1) of the paired difference.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StandardizedDifference {
    /// mean / sd, uncorrected.
    pub cohen_d: f64,
    /// The same without its upward bias in small samples.
    pub hedges_g: f64,
    /// Lower end of the interval of g.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Level of the interval, such as .95.
    pub level: f64,
}

/// Standardised paired difference; `None` below two replicates or without variance.
///
/// # Source
/// Hedges 1981, exact correction Γ(ν/2) / (√(ν/2) Γ((ν − 1)/2)); the interval inverts the noncentral *t* (Steiger and
/// Fouladi 1997) and is corrected likewise.
pub fn standardized_difference(gaps: &[f64], level: f64) -> Option<StandardizedDifference> {
    let spread = standard_deviation(gaps).filter(|spread| *spread > 0.0)?;
    let cohen_d = mean(gaps)? / spread;
    let df = (gaps.len() - 1) as f64;
    let root = (gaps.len() as f64).sqrt();
    let correction = hedges_correction(df);
    let tail = (1.0 - level) / 2.0;
    let t = cohen_d * root;
    Some(StandardizedDifference {
        cohen_d,
        hedges_g: correction * cohen_d,
        low: correction * noncentrality_at(t, df, 1.0 - tail) / root,
        high: correction * noncentrality_at(t, df, tail) / root,
        level,
    })
}

fn hedges_correction(df: f64) -> f64 {
    if df <= 1.0 {
        // Γ(0) is infinite, so with two replicates the bias has no finite correction, and the interval is not
        // corrected.
        return 1.0;
    }
    libm::exp(libm::lgamma(df / 2.0) - libm::lgamma((df - 1.0) / 2.0)) / (df / 2.0).sqrt()
}

/// The noncentrality for which P(T ≤ t) = `probability`; it falls as the noncentrality grows.
fn noncentrality_at(t: f64, df: f64, probability: f64) -> f64 {
    let (mut low, mut high, mut reach) = (t, t, 1.0 + t.abs());
    while noncentral_t_cdf(t, df, low) < probability && reach < 1e9 {
        low -= reach;
        reach *= 2.0;
    }
    reach = 1.0 + t.abs();
    while noncentral_t_cdf(t, df, high) > probability && reach < 1e9 {
        high += reach;
        reach *= 2.0;
    }
    for _ in 0..200 {
        let middle = low + (high - low) / 2.0;
        if middle <= low || middle >= high {
            break;
        }
        if noncentral_t_cdf(t, df, middle) > probability {
            low = middle;
        } else {
            high = middle;
        }
    }
    high
}
