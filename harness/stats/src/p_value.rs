//! Rounding and printing of p-values.

use std::fmt;

/// A p-value as the reports print it: three decimals, without the zero before the point, `<.001` below that.
///
/// A p-value has no more digits worth printing. Some go through functions of the platform whose last bits differ
/// between machines; the printed value does not.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PrintedP(pub f64);

impl fmt::Display for PrintedP {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rounded = round_p(self.0);
        if self.0.is_nan() {
            f.pad("–")
        } else if self.0 < 0.001 {
            f.pad("<.001")
        } else if rounded >= 1.0 {
            f.pad("1.000")
        } else {
            f.pad(format!("{rounded:.3}").trim_start_matches('0'))
        }
    }
}

/// A p-value to three decimals, as in CSV and JSON. Only 0 rounds to 0, and what is above a usual level does not round to it: a
/// p printed as .05 is at most .05.
///
/// The result is the number nearest to its decimal, so that it prints as `5e-5`, not as `4.9999999999999996e-5`.
pub fn round_p(p: f64) -> f64 {
    if p < 0.001 {
        return round_to_significant(p);
    }
    let thousandths = (p * 1000.0).round();
    let falls_on_a_level = p * 1000.0 > thousandths && LEVELS.contains(&thousandths);
    (thousandths + if falls_on_a_level { 1.0 } else { 0.0 }) / 1000.0
}

/// Levels that p-values are held against, in thousandths.
const LEVELS: [f64; 4] = [10.0, 25.0, 50.0, 100.0];

/// One significant digit, upwards, so that a printed p is never smaller than the p.
fn round_to_significant(p: f64) -> f64 {
    if p <= 0.0 {
        return p;
    }
    let exponent = libm::floor(libm::log10(p));
    // An excess of the last bit over a whole digit is rounding, not a larger p.
    let digit = (p / libm::pow(10.0, exponent) - 1e-9).ceil();
    // A product of digit and power would have the power's error. Below the smallest normal number no digit is reliable.
    format!("{digit}e{exponent}").parse().ok().filter(|rounded: &f64| rounded.is_finite()).unwrap_or(p)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rounded_p_prints_as_its_shortest_decimal() {
        let mut p = 1e-300;
        while p < 1.0 {
            let text = round_p(p).to_string();
            let digits = text.trim_start_matches(['0', '.']).trim_end_matches('0');
            assert!(digits.len() <= 3, "{p:e} prints as {text}");
            assert!(round_p(p) >= p * (1.0 - 1e-9) || p >= 0.001, "{p:e} became smaller: {text}");
            p *= 1.37;
        }
        assert_eq!(format!("{:?}", round_p(4.2e-5)), "5e-5");
        assert_eq!(format!("{:?}", round_p(5e-5)), "5e-5");
        assert_eq!(round_p(0.0), 0.0);
        assert!(round_p(f64::from_bits(1)) > 0.0);
    }
}
