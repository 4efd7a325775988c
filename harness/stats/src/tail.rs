//! The distribution in which a mean over its standard error is looked up.

use crate::distribution::{student_t_survival, upper_tail_quantile};

/// The distribution of (mean − null) / standard error.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Tail {
    /// Student's *t*.
    Student {
        /// Degrees of freedom.
        degrees_of_freedom: f64,
    },
    /// Critical values between those of two Student's *t*: the root of their mean square, weighted by each part's share
    /// of the squared standard error.
    ///
    /// ```text
    /// c² = share · t(replicate_df)² + (1 − share) · t(example_df)²
    /// ```
    Mixed {
        /// The replicates' share of the squared standard error, in \[0, 1\].
        replicate_share: f64,
        /// Degrees of freedom of the replicates' part.
        replicate_df: f64,
        /// Degrees of freedom of the examples' part.
        example_df: f64,
    },
}

impl Tail {
    /// Standard errors beyond which one tail holds the probability of `quantiles`.
    pub(crate) fn critical_value(&self, quantiles: &mut Quantiles) -> f64 {
        match *self {
            Self::Student { degrees_of_freedom } => quantiles.of(degrees_of_freedom),
            Self::Mixed { replicate_share, replicate_df, example_df } => {
                let (replicate, example) = (quantiles.of(replicate_df), quantiles.of(example_df));
                (replicate_share * replicate * replicate + (1.0 - replicate_share) * example * example).sqrt()
            }
        }
    }

    /// The probability beyond `t` standard errors: the tail whose critical value is `t`.
    pub fn survival(&self, t: f64) -> f64 {
        if t < 0.0 {
            return 1.0 - self.survival(-t);
        }
        match *self {
            Self::Student { degrees_of_freedom } => student_t_survival(t, degrees_of_freedom),
            Self::Mixed { replicate_df, example_df, .. } => {
                let (one, other) = (student_t_survival(t, replicate_df), student_t_survival(t, example_df));
                self.tail_between(one.min(other), one.max(other), t)
            }
        }
    }

    /// Regula falsi (Illinois) on the logarithm of the tail; its critical value falls as it grows.
    fn tail_between(&self, low: f64, high: f64, t: f64) -> f64 {
        if low <= f64::MIN_POSITIVE || high - low <= 1e-15 * high {
            return high;
        }
        let excess = |log_tail: f64| self.critical_value(&mut Quantiles::new(libm::exp(log_tail))) - t;
        let (mut low, mut high) = (libm::log(low), libm::log(high));
        let (mut at_low, mut at_high) = (excess(low), excess(high));
        for _ in 0..100 {
            if at_low - at_high <= 0.0 {
                break;
            }
            let middle = (high * at_low - low * at_high) / (at_low - at_high);
            let at_middle = excess(middle);
            if at_middle.abs() <= 1e-14 * t || high - low <= 1e-14 {
                return libm::exp(middle);
            }
            if at_middle > 0.0 {
                (low, at_low) = (middle, at_middle);
                at_high /= 2.0;
            } else {
                (high, at_high) = (middle, at_middle);
                at_low /= 2.0;
            }
        }
        libm::exp(high)
    }
}

/// Quantiles of Student's *t* at one tail probability. A family shares its degrees of freedom, so most are computed
/// once.
pub(crate) struct Quantiles {
    tail: f64,
    known: Vec<(f64, f64)>,
}

impl Quantiles {
    /// Beyond this many, looking up costs more than computing.
    const MOST_KNOWN: usize = 16;

    pub(crate) fn new(tail: f64) -> Self {
        Self { tail, known: Vec::new() }
    }

    fn of(&mut self, degrees_of_freedom: f64) -> f64 {
        if let Some((_, quantile)) = self.known.iter().find(|(df, _)| *df == degrees_of_freedom) {
            return *quantile;
        }
        let quantile = upper_tail_quantile(self.tail, degrees_of_freedom);
        if self.known.len() < Self::MOST_KNOWN {
            self.known.push((degrees_of_freedom, quantile));
        }
        quantile
    }
}
