//! The regularised incomplete beta function.

/// Enough terms for parameters up to about 10⁸: the fraction converges in O(√max(a, b)).
const MAX_TERMS: u32 = 20_000;
const TINY: f64 = 1e-300;

/// The regularised incomplete beta function I_x(a, b), from `x` and its complement `y = 1 − x`.
///
/// Both are arguments because the caller usually knows the smaller one exactly, and computing it as a difference from
/// one would lose digits.
///
/// # Units
/// `x` and `y` are probabilities in \[0, 1\] that sum to one; the result is one too.
/// # Source
/// Lentz's evaluation of the continued fraction, DLMF 8.17.22; parameters must be positive.
pub fn regularized_beta(a: f64, b: f64, x: f64, y: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if y <= 0.0 {
        return 1.0;
    }
    if x > (a + 1.0) / (a + b + 2.0) { 1.0 - lower_tail(b, a, y, x) } else { lower_tail(a, b, x, y) }
}

/// x^a y^b / (a B(a, b)): the step of the recurrence I_x(a + 1, b) = I_x(a, b) − step.
pub fn beta_step(a: f64, b: f64, x: f64, y: f64) -> f64 {
    if x <= 0.0 || y <= 0.0 {
        return 0.0;
    }
    libm::exp(a * log_of_part(x, y) + b * log_of_part(y, x) - ln_beta(a, b)) / a
}

/// ln B(a, b), without the cancellation of three large logarithms when one parameter is large.
pub fn ln_beta(a: f64, b: f64) -> f64 {
    let (small, large) = if a < b { (a, b) } else { (b, a) };
    libm::lgamma(small) - ln_gamma_ratio(large, small)
}

/// ln Γ(a + b) − ln Γ(a) for a ≥ b > 0.
fn ln_gamma_ratio(a: f64, b: f64) -> f64 {
    if a < 20.0 {
        return libm::lgamma(a + b) - libm::lgamma(a);
    }
    (a + b - 0.5) * libm::log1p(b / a) + b * (libm::log(a) - 1.0) + stirling_tail(a + b) - stirling_tail(a)
}

/// Stirling's series after its leading terms; below 1e-17 off for z ≥ 20.
fn stirling_tail(z: f64) -> f64 {
    let w = 1.0 / (z * z);
    (1.0 / 12.0 - w * (1.0 / 360.0 - w * (1.0 / 1260.0 - w * (1.0 / 1680.0 - w / 1188.0)))) / z
}

/// ln `part`, from the smaller of the part and its complement.
fn log_of_part(part: f64, rest: f64) -> f64 {
    if part < 0.5 { libm::log(part) } else { libm::log1p(-rest) }
}

fn lower_tail(a: f64, b: f64, x: f64, y: f64) -> f64 {
    beta_step(a, b, x, y) * continued_fraction(a, b, x)
}

fn continued_fraction(a: f64, b: f64, x: f64) -> f64 {
    let away_from_zero = |value: f64| if value.abs() < TINY { TINY } else { value };
    let mut c = 1.0;
    let mut d = 1.0 / away_from_zero(1.0 - (a + b) * x / (a + 1.0));
    let mut fraction = d;
    for term in 1..MAX_TERMS {
        let m = f64::from(term);
        let even = m * (b - m) * x / ((a - 1.0 + 2.0 * m) * (a + 2.0 * m));
        d = 1.0 / away_from_zero(1.0 + even * d);
        c = away_from_zero(1.0 + even / c);
        fraction *= d * c;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 1.0 + 2.0 * m));
        d = 1.0 / away_from_zero(1.0 + odd * d);
        c = away_from_zero(1.0 + odd / c);
        fraction *= d * c;
        // What is no number any more does not become one.
        if (d * c - 1.0).abs() < f64::EPSILON || !fraction.is_finite() {
            break;
        }
    }
    fraction
}
