//! Verdicts and attributions, as the protocol defines them.
//!
//! [`decide`] takes a family of [`Contrast`]s and [`Settings`] fixed beforehand, and gives one [`Decision`] each.

mod attribution;
mod cause;
mod collapse;
mod contrast;
mod decide;
mod decision;
mod early;
mod estimate;
mod family;
mod gate;
mod rule;
mod runs;
mod scope;
mod verdicts;
mod words;

pub use attribution::Attribution;
pub use cause::{Cause, Counterfactuals, cause};
pub use collapse::{Collapse, Collapsed, FEWEST_TRAINED, vanishing_rate};
pub use contrast::{Contrast, Reference};
pub use decide::{FamilyError, decide};
pub use decision::Decision;
pub use early::corrected_for_an_early_call;
pub use estimate::{Estimate, Method};
pub use family::{Family, estimate_at};
pub use gate::{Bias, Consequence, Gate, GateFailure};
pub use rule::{Claim, RuleVerdict, judge_rule};
pub use runs::{decide_resampled, decide_runs, estimate_runs_at};
pub use scope::{Reach, Scope, SettingsFound};
pub use verdicts::{UnknownVerdict, Verdict};
pub use words::GapUnit;

/// The settings, fixed before anything runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// The margin δ of material harm and of equivalence, in percentage points; above zero.
    pub margin_pp: f64,
    /// Family-wise error of the two-sided tests.
    pub alpha: f64,
    /// Level of the two one-sided tests of equivalence, Holm-adjusted over the family.
    pub equivalence_alpha: f64,
    /// Power at which the minimum detectable effect is stated.
    pub power: f64,
    /// The tails in which the population scope's *t* is looked up.
    pub tails: Tails,
    /// What the result is a statement about. `test_images` decides the method.
    pub scope: Scope,
    /// Joint sign flips when there are too many replicates to try them all (fixed test set only).
    pub num_flips: usize,
    /// Seed of those flips.
    pub seed: u64,
}

/// The tails in which crossed random effects are looked up. [`crate::crossed::crossed`] compares them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tails {
    /// Between the *t* of the replicates and the *t* of the examples: family-wise error at most α from two replicates
    /// on.
    Mixed,
    /// Satterthwaite's *t*: too many false alarms in a family of 8 below 10 replicates, in one of 56 at 10 too (.08).
    Satterthwaite,
}

impl Default for Settings {
    /// δ = 1 point, α = .05, power .80, population scope, 10,000 flips.
    fn default() -> Self {
        Self {
            margin_pp: 1.0,
            alpha: 0.05,
            equivalence_alpha: 0.05,
            power: 0.80,
            tails: Tails::Mixed,
            scope: Scope::default(),
            num_flips: 10_000,
            seed: 0,
        }
    }
}
