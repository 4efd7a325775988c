//! What comes out of a verdict.

use super::{Attribution, Consequence, FailedRun, GateFailure, Reference, Scope};
use crate::crossed::VarianceComponents;
use crate::estimate::{NoSpread, StudentEstimate};
use crate::power::Need;
use std::fmt;
use std::str::FromStr;

/// The verdicts of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// The adjusted interval lies below 0.
    Negative,
    /// It lies below −δ.
    MaterialNegative,
    /// It lies above 0.
    Positive,
    /// It lies above +δ.
    MaterialPositive,
    /// Two one-sided tests show the gap to be inside ±δ, and its sign is open.
    Equivalent,
    /// None of these. Not evidence of absence.
    Inconclusive,
    /// A run of either arm did not train.
    InconclusiveOptimisation,
    /// A gate failed that leaves nothing to judge.
    Invalid,
}

impl Verdict {
    /// All verdicts.
    pub const ALL: [Self; 8] = [
        Self::Negative,
        Self::MaterialNegative,
        Self::Positive,
        Self::MaterialPositive,
        Self::Equivalent,
        Self::Inconclusive,
        Self::InconclusiveOptimisation,
        Self::Invalid,
    ];

    /// Its name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Negative => "NEGATIVE",
            Self::MaterialNegative => "MATERIAL NEGATIVE",
            Self::Positive => "POSITIVE",
            Self::MaterialPositive => "MATERIAL POSITIVE",
            Self::Equivalent => "EQUIVALENT",
            Self::Inconclusive => "INCONCLUSIVE",
            Self::InconclusiveOptimisation => "INCONCLUSIVE (OPTIMISATION)",
            Self::Invalid => "INVALID",
        }
    }

    /// NEGATIVE or MATERIAL NEGATIVE.
    pub fn is_negative(self) -> bool {
        matches!(self, Self::Negative | Self::MaterialNegative)
    }

    /// POSITIVE or MATERIAL POSITIVE.
    pub fn is_positive(self) -> bool {
        matches!(self, Self::Positive | Self::MaterialPositive)
    }

    /// MATERIAL NEGATIVE or MATERIAL POSITIVE.
    pub fn is_material(self) -> bool {
        matches!(self, Self::MaterialNegative | Self::MaterialPositive)
    }

    /// One step down: what a gate that downgrades leaves of it.
    pub fn downgraded(self) -> Self {
        match self {
            Self::MaterialNegative => Self::Negative,
            Self::MaterialPositive => Self::Positive,
            Self::Negative | Self::Positive | Self::Equivalent => Self::Inconclusive,
            Self::Inconclusive | Self::InconclusiveOptimisation | Self::Invalid => self,
        }
    }

    /// The verdict of the swapped contrast.
    pub fn mirrored(self) -> Self {
        match self {
            Self::Negative => Self::Positive,
            Self::MaterialNegative => Self::MaterialPositive,
            Self::Positive => Self::Negative,
            Self::MaterialPositive => Self::MaterialNegative,
            Self::Equivalent | Self::Inconclusive | Self::InconclusiveOptimisation | Self::Invalid => self,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A word that names no verdict.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{word:?} is no verdict; write one of NEGATIVE, MATERIAL NEGATIVE, POSITIVE, MATERIAL POSITIVE, EQUIVALENT, \
     INCONCLUSIVE, INCONCLUSIVE (OPTIMISATION), INVALID"
)]
pub struct UnknownVerdict {
    /// The word found.
    pub word: String,
}

impl FromStr for Verdict {
    type Err = UnknownVerdict;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|verdict| verdict.name() == word)
            .ok_or_else(|| UnknownVerdict { word: word.to_owned() })
    }
}

/// How an interval was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// Crossed random effects, *t* tails as the settings say, Holm over the family, level to match.
    Crossed,
    /// Joint sign flips of whole replicates, studentised maximum, step-down.
    SignFlip,
}

impl Method {
    /// Its name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Crossed => "crossed random effects, Holm",
            Self::SignFlip => "joint sign flips, step-down max-T",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A gap with its adjusted interval.
///
/// # Units
/// Percentage points (`_pp`); below zero is harm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The mean gap.
    pub mean_pp: f64,
    /// Lower end of the interval; `None` where there is none ([`Self::no_spread`] says why).
    pub low_pp: Option<f64>,
    /// Upper end.
    pub high_pp: Option<f64>,
    /// Level of the interval, adjusted for the family.
    pub level: f64,
    /// Standard error.
    pub standard_error_pp: Option<f64>,
    /// Degrees of freedom.
    pub df: Option<f64>,
    /// Why there is no interval.
    pub no_spread: Option<NoSpread>,
    /// How it was made.
    pub method: Method,
    /// What it is about.
    pub scope: Scope,
    /// Replicates.
    pub num_replicates: usize,
    /// Test examples; 1 where only per-run values are known.
    pub num_examples: usize,
}

impl Estimate {
    /// Whether the interval lies wholly below `value_pp`.
    pub fn lies_below(&self, value_pp: f64) -> bool {
        self.high_pp.is_some_and(|high| high < value_pp)
    }

    /// Whether the interval lies wholly above `value_pp`.
    pub fn lies_above(&self, value_pp: f64) -> bool {
        self.low_pp.is_some_and(|low| low > value_pp)
    }

    pub(super) fn standard_error_of(estimate: &StudentEstimate) -> (Option<f64>, Option<f64>, Option<NoSpread>) {
        match estimate.spread {
            Ok(spread) => (Some(100.0 * spread.standard_error), Some(spread.degrees_of_freedom), None),
            Err(reason) => (None, None, Some(reason)),
        }
    }
}

impl Decision {
    /// Takes the verdict down for a gate that showed not to hold after it was given: one step, however many gates.
    pub fn downgrade(&mut self, failure: GateFailure) {
        let is_first = self.failed_gates.iter().all(|failed| failed.consequence != Consequence::Downgrade);
        if is_first {
            self.verdict = self.verdict.downgraded();
            self.equivalent = false;
        }
        if !self.verdict.is_negative() && !self.verdict.is_positive() {
            self.attribution = None;
        }
        self.failed_gates.push(failure);
    }
}

/// The verdict on one contrast, with everything a report prints beside it.
///
/// # Units
/// Gaps and effects in percentage points (`_pp`); p-values are probabilities.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// The contrast's name.
    pub name: String,
    /// What the treatment was compared with.
    pub reference: Reference,
    /// The practical gap.
    pub gap: Estimate,
    /// The practical gap without the replicates in which a run did not train; `None` if there are none, or none other.
    pub gap_without_failed: Option<Estimate>,
    /// The source gap, adjusted over the family of source gaps.
    pub source_gap: Option<Estimate>,
    /// Two-sided p of "no gap".
    pub p_value: Option<f64>,
    /// The same, adjusted over the family; 1 for a contrast that cannot be judged.
    pub p_adjusted: f64,
    /// Benjamini and Hochberg's q over the family: an exploratory screen for what to look at next, never a verdict.
    pub screen_q: f64,
    /// Two-sided p of "|gap| ≤ δ", adjusted over the family: at most α exactly when the verdict is MATERIAL. `None`
    /// with sign flips.
    pub material_p_adjusted: Option<f64>,
    /// p of "|gap| ≥ δ" by two one-sided tests.
    pub equivalence_p_value: Option<f64>,
    /// The same, Holm-adjusted over the family.
    pub equivalence_p_adjusted: f64,
    /// The verdict.
    pub verdict: Verdict,
    /// What it would be if every gate had held.
    pub verdict_before_gates: Verdict,
    /// Whether the gap is shown to be inside ±δ: may stand beside NEGATIVE or POSITIVE.
    pub equivalent: bool,
    /// What the gap comes from; `None` without a NEGATIVE or POSITIVE against scratch.
    pub attribution: Option<Attribution>,
    /// Variance components of the practical gap, in squared fractions.
    pub components: Option<VarianceComponents>,
    /// True gap that the adjusted test finds with the power set, computed from the spread and not from the gap. `None`
    /// where the test cannot reject.
    pub minimum_detectable_effect_pp: Option<f64>,
    /// The smallest adjusted p that this test can give with these replicates.
    pub attainable_p: f64,
    /// Whether `attainable_p` is at most α. Where not, the verdict says nothing.
    pub can_reject: bool,
    /// What brings the minimum detectable effect down to δ, or brought it there; `None` where the test cannot reject.
    pub need: Option<Need>,
    /// The margin δ.
    pub margin_pp: f64,
    /// Runs that did not train.
    pub failed_runs: Vec<FailedRun>,
    /// Gates that did not hold.
    pub failed_gates: Vec<GateFailure>,
}
