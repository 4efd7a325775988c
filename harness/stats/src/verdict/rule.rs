//! Verdicts on rules of thumb.

use super::Decision;
use std::fmt;

/// What a rule claims of one contrast.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Claim {
    /// The recommended arm is better.
    Better,
    /// The recommended arm is at least as good.
    AtLeastAsGood,
}

/// The verdict on a rule, always "on this data, with this network".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RuleVerdict {
    /// Every contrast came out as claimed.
    Supported,
    /// A contrast came out NEGATIVE.
    Refuted,
    /// Neither.
    Undecided,
    /// A contrast that it needs was not run.
    NotTested,
}

impl fmt::Display for RuleVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Supported => "SUPPORTED",
            Self::Refuted => "REFUTED",
            Self::Undecided => "UNDECIDED",
            Self::NotTested => "NOT TESTED",
        })
    }
}

/// Judges a rule by the contrasts that test it, each "recommended arm minus alternative"; `None` for one that was not
/// run.
///
/// SUPPORTED when every contrast is POSITIVE, or EQUIVALENT where the rule claims no more; REFUTED when one is
/// NEGATIVE, and not so slightly that it is equivalent where the rule claims no more than that.
pub fn judge_rule(contrasts: &[(Claim, Option<&Decision>)]) -> RuleVerdict {
    let mut is_supported = !contrasts.is_empty();
    let mut is_refuted = false;
    for (claim, decision) in contrasts {
        let Some(decision) = decision else { return RuleVerdict::NotTested };
        let equivalent_is_enough = *claim == Claim::AtLeastAsGood && decision.equivalent;
        is_refuted |= decision.verdict.is_negative() && !equivalent_is_enough;
        is_supported &= decision.verdict.is_positive() || equivalent_is_enough;
    }
    match (contrasts.is_empty(), is_refuted, is_supported) {
        (true, ..) => RuleVerdict::NotTested,
        (_, true, _) => RuleVerdict::Refuted,
        (_, _, true) => RuleVerdict::Supported,
        _ => RuleVerdict::Undecided,
    }
}
