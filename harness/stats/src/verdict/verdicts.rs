//! The verdicts and their names.

use super::{Consequence, GateFailure};
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
    /// A gate failed without which there is nothing to judge.
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

    /// What gates that failed leave of the verdict. Several that take it one step down take it down by one step in all.
    pub fn after_gates(self, failed: &[GateFailure]) -> Self {
        let has = |consequence: Consequence| failed.iter().any(|gate| gate.consequence == consequence);
        if self == Self::Invalid || has(Consequence::Invalid) {
            Self::Invalid
        } else if has(Consequence::Undecided) && self != Self::InconclusiveOptimisation {
            Self::Inconclusive
        } else if has(Consequence::Downgrade) {
            self.downgraded()
        } else {
            self
        }
    }

    /// The verdict one step down, after a gate that downgrades it.
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

/// A word that is not the name of a verdict.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{word:?} is not a verdict; write one of NEGATIVE, MATERIAL NEGATIVE, POSITIVE, MATERIAL POSITIVE, EQUIVALENT, \
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
