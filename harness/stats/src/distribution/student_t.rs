//! Student's *t*.

use super::beta::{ln_beta, regularized_beta};
use super::normal_quantile;
use std::f64::consts::PI;

/// Above this many degrees of freedom *t* and the normal differ by less than rounding.
const NORMAL_FROM: f64 = 1e12;

/// P(T > t) with `df` degrees of freedom, exact in the upper tail.
///
/// # Units
/// `df` > 0 need not be a whole number; `t` may be infinite.
pub fn student_t_survival(t: f64, df: f64) -> f64 {
    if t < 0.0 {
        return 1.0 - student_t_survival(-t, df);
    }
    if t == f64::INFINITY {
        return 0.0;
    }
    if df > NORMAL_FROM {
        return super::normal_survival(t);
    }
    let square = t * t;
    let near_one = df / (df + square);
    let near_zero = square / (df + square);
    regularized_beta(df / 2.0, 0.5, near_one, near_zero) / 2.0
}

/// P(T ≤ t) with `df` degrees of freedom, exact in the lower tail.
pub fn student_t_cdf(t: f64, df: f64) -> f64 {
    student_t_survival(-t, df)
}

/// The `p`-quantile with `df` degrees of freedom; −∞ at 0 and +∞ at 1.
///
/// # Source
/// Newton's method on ln P(T > t) against ln t, which is concave, from a Cornish–Fisher start (Hill 1970).
pub fn student_t_quantile(p: f64, df: f64) -> f64 {
    if p < 0.5 { -upper_quantile(p, df) } else { upper_quantile(1.0 - p, df) }
}

/// The t with P(T > t) = `tail`, for `tail` ≤ .5.
pub(crate) fn upper_quantile(tail: f64, df: f64) -> f64 {
    if tail <= 0.0 {
        return f64::INFINITY;
    }
    if tail >= 0.5 {
        return 0.0;
    }
    let z = -normal_quantile(tail);
    if df > NORMAL_FROM {
        return z;
    }
    let mut log_t = libm::log(first_guess(z, tail, df));
    for _ in 0..60 {
        let t = libm::exp(log_t);
        let survival = student_t_survival(t, df);
        let step = (libm::log(survival / tail) * survival / (t * density(t, df))).clamp(-2.0, 2.0);
        log_t += step;
        // Newton's method squares the error, so only rounding is left after a step this small.
        if step.abs() < 1e-9 {
            break;
        }
    }
    libm::exp(log_t)
}

fn first_guess(z: f64, tail: f64, df: f64) -> f64 {
    if df < 3.0 {
        // The tail of df = 1 is 1/(πt) and of df = 2 is 1/(2t²): close enough on a log scale for what lies between.
        return libm::pow(1.0 / (PI * tail), 1.0 / df).max(0.1);
    }
    let cubic = (z * z * z + z) / (4.0 * df);
    let quintic = (5.0 * libm::pow(z, 5.0) + 16.0 * z * z * z + 3.0 * z) / (96.0 * df * df);
    z + cubic + quintic
}

fn density(t: f64, df: f64) -> f64 {
    libm::exp(-(df + 1.0) / 2.0 * libm::log1p(t * t / df) - ln_beta(df / 2.0, 0.5)) / df.sqrt()
}
