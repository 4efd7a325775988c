//! How a p-value is printed.

use std::fmt;

/// A p-value as the reports print it: three decimals, without the zero before the point, `<.001` below that.
///
/// Tail probabilities of the normal distribution go through the platform's functions, whose last bits differ; what is
/// printed does not, and a p-value has no more digits worth printing.
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

/// A p-value to three decimals, as CSV and JSON hold it; nothing rounds to 0 but 0.
pub fn round_p(p: f64) -> f64 {
    if p < 0.001 { round_to_significant(p) } else { (p * 1000.0).round() / 1000.0 }
}

/// One significant digit, upwards, so that a printed p is never smaller than the p.
fn round_to_significant(p: f64) -> f64 {
    if p <= 0.0 {
        return p;
    }
    let unit = libm::pow(10.0, libm::floor(libm::log10(p)));
    // A last-bit excess over a whole digit is rounding, not a larger p.
    (p / unit - 1e-9).ceil() * unit
}
