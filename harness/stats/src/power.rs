//! Power of the adjusted test, from variance components: never from an observed gap.

use crate::crossed::VarianceComponents;
use crate::distribution::{noncentral_t_cdf, student_t_survival};
use crate::estimate::Spread;

/// No more replicates than this are ever suggested.
const MOST_REPLICATES: usize = 1_000;
const MOST_EXAMPLES: usize = 100_000_000;

/// What is asked of a design: its test, and the wanted probability of rejecting.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PowerTarget {
    /// Two-sided level of the adjusted test; α/m for the first step of Holm over m contrasts.
    pub alpha: f64,
    /// Wanted probability of rejecting, such as .80.
    pub power: f64,
}

/// What a test needs in order to find an effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// This many replicates on the same number of test examples.
    Replicates(usize),
    /// This many test examples with the same replicates. No number of replicates would be enough.
    TestExamples(usize),
    /// More of both. Neither alone would be enough within 1,000 replicates.
    Both,
}

impl Need {
    /// The number of replicates, where replicates are needed.
    pub fn replicates(self) -> Option<usize> {
        match self {
            Self::Replicates(count) => Some(count),
            Self::TestExamples(_) | Self::Both => None,
        }
    }

    /// The number of test examples, where no number of replicates would be enough.
    pub fn test_examples(self) -> Option<usize> {
        match self {
            Self::TestExamples(count) => Some(count),
            Self::Replicates(_) | Self::Both => None,
        }
    }
}

impl PowerTarget {
    /// The first step of Holm's procedure over `family_size` contrasts: the level that a lone effect has to pass.
    pub fn first_holm_step(alpha: f64, family_size: usize, power: f64) -> Self {
        Self { alpha: alpha / family_size.max(1) as f64, power }
    }

    /// The smallest true mean that this test rejects with the wanted power, in the unit of the standard error.
    pub fn minimum_detectable_effect(&self, spread: Spread) -> f64 {
        spread.standard_error * self.noncentrality(spread)
    }

    /// Whether the minimum detectable effect is at most `effect`. The power at `effect` decides, since power grows with
    /// the effect.
    fn detects(&self, effect: f64, spread: Spread) -> bool {
        power(effect, spread, self.alpha) >= self.power
    }

    /// Replicates (or test examples, where replicates cannot) that bring the minimum detectable effect down to
    /// `effect`.
    ///
    /// `None` where the components show no variation at all.
    ///
    /// # Units
    /// `effect` in the unit of the components' square root.
    pub fn needed(
        &self,
        components: &VarianceComponents,
        effect: f64,
        num_replicates: usize,
        num_examples: usize,
    ) -> Option<Need> {
        let detects = |replicates: usize, examples: usize| {
            let spread = components.spread_of_design(replicates, examples)?;
            Some(self.detects(effect, spread))
        };
        if detects(MOST_REPLICATES, num_examples)? {
            let fits = |replicates| detects(replicates, num_examples).unwrap_or(false);
            return Some(Need::Replicates(smallest(2, MOST_REPLICATES, fits)));
        }
        let replicates = num_replicates.max(2);
        if detects(replicates, MOST_EXAMPLES)? {
            let fits = |examples| detects(replicates, examples).unwrap_or(false);
            return Some(Need::TestExamples(smallest(num_examples.max(2), MOST_EXAMPLES, fits)));
        }
        Some(Need::Both)
    }

    /// Replicates that bring it down to `effect` where the test set is fixed and differences have this standard
    /// deviation.
    ///
    /// They are also enough for the sign-flip test to reject at all: 2^−(n−1) is at most α. The effect is that of the
    /// *t* test at the same level, which the sign-flip test approaches from above.
    pub fn needed_on_fixed_test_set(&self, standard_deviation: f64, effect: f64) -> Need {
        let detects = |replicates: usize| {
            let count = replicates as f64;
            let spread = Spread::student(standard_deviation / count.sqrt(), count - 1.0);
            libm::exp2(1.0 - count) <= self.alpha && self.detects(effect, spread)
        };
        if detects(MOST_REPLICATES) { Need::Replicates(smallest(2, MOST_REPLICATES, detects)) } else { Need::Both }
    }

    /// The noncentrality at which the test reaches the wanted power: regula falsi (Illinois) on the noncentral *t*.
    fn noncentrality(&self, spread: Spread) -> f64 {
        let (critical, df) = (spread.critical_value(self.alpha / 2.0), spread.degrees_of_freedom);
        let excess = |noncentrality: f64| power_at(noncentrality, critical, df) - self.power;
        let (mut low, mut at_low) = (0.0, self.alpha - self.power);
        if at_low >= 0.0 {
            return 0.0;
        }
        let (mut high, mut at_high) = (critical + 1.0, excess(critical + 1.0));
        while at_high < 0.0 && high < 1e12 {
            (low, at_low) = (high, at_high);
            high *= 1.5;
            at_high = excess(high);
        }
        for _ in 0..100 {
            let middle = (low * at_high - high * at_low) / (at_high - at_low);
            let at_middle = excess(middle);
            if at_middle.abs() < 1e-10 || high - low < 1e-12 * high {
                return middle;
            }
            if at_middle < 0.0 {
                (low, at_low) = (middle, at_middle);
                at_high /= 2.0;
            } else {
                (high, at_high) = (middle, at_middle);
                at_low /= 2.0;
            }
        }
        high
    }
}

/// Power of a two-sided test at level `alpha` against a true mean of `effect`: its own critical value, under a
/// noncentral *t*.
///
/// # Units
/// `effect` in the unit of the standard error.
/// # Source
/// Noncentral *t*; statsmodels' `TTestPower` for the paired *t*.
pub fn power(effect: f64, spread: Spread, alpha: f64) -> f64 {
    let critical = spread.critical_value(alpha / 2.0);
    power_at((effect / spread.standard_error).abs(), critical, spread.degrees_of_freedom)
}

/// Probability that two one-sided tests at `alpha` show equivalence within ±`margin` when the true mean is 0.
///
/// # Units
/// `margin` in the unit of the standard error. Below .5 an EQUIVALENT is hardly attainable, and `nt plan` warns.
/// # Source
/// 2 P(T < margin/SE − t(1 − α)) − 1, which takes the standard error as known: Phillips 1990's first approximation.
pub fn equivalence_power(margin: f64, spread: Spread, alpha: f64) -> f64 {
    let room = margin / spread.standard_error - spread.critical_value(alpha);
    (1.0 - 2.0 * student_t_survival(room, spread.degrees_of_freedom)).max(0.0)
}

fn power_at(noncentrality: f64, critical: f64, df: f64) -> f64 {
    // P(T < −t) is below Φ(−noncentrality): nothing beyond seven.
    let wrong_side = if noncentrality > 7.0 { 0.0 } else { noncentral_t_cdf(-critical, df, noncentrality) };
    1.0 - noncentral_t_cdf(critical, df, noncentrality) + wrong_side
}

/// The smallest number in `low..=high` for which `fits` holds, given that it holds at `high` and never stops holding.
fn smallest(mut low: usize, mut high: usize, fits: impl Fn(usize) -> bool) -> usize {
    while low < high {
        let middle = low + (high - low) / 2;
        if fits(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    high
}
