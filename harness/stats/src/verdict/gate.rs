//! Gates: weaknesses of a comparison that are known, and what they do to a verdict.

use std::fmt;

/// The gates of the protocol, in its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Gate {
    /// Each arm tries the same number of settings, and none is best on the grid's edge.
    EqualSearch,
    /// What is judged is a fresh run: settings and choices rest on others.
    FreshRuns,
    /// Scratch is above chance, its loss fell, and the verdict survives a longer-trained scratch.
    LiveBaseline,
    /// Nothing is chosen on test.
    ValidationOnly,
    /// Test labels are opened once in a run.
    TestLock,
    /// Training and test images do not overlap.
    Overlap,
    /// The measured similarity agrees with the scenario's word.
    Similarity,
    /// Size and similarity are not confounded.
    Confounding,
}

impl Gate {
    /// All gates, in the protocol's order.
    pub const ALL: [Self; 8] = [
        Self::EqualSearch,
        Self::FreshRuns,
        Self::LiveBaseline,
        Self::ValidationOnly,
        Self::TestLock,
        Self::Overlap,
        Self::Similarity,
        Self::Confounding,
    ];

    /// Its number in the protocol, 1 … 8.
    pub fn number(self) -> usize {
        self as usize + 1
    }

    /// Its short name.
    pub fn name(self) -> &'static str {
        match self {
            Self::EqualSearch => "equal search",
            Self::FreshRuns => "fresh runs",
            Self::LiveBaseline => "live baseline",
            Self::ValidationOnly => "validation only",
            Self::TestLock => "test lock",
            Self::Overlap => "overlap",
            Self::Similarity => "similarity",
            Self::Confounding => "confounding",
        }
    }
}

impl fmt::Display for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "gate {} ({})", self.number(), self.name())
    }
}

/// A gate that did not hold.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct GateFailure {
    /// Which.
    pub gate: Gate,
    /// What it does to the verdict.
    pub consequence: Consequence,
    /// Which way the weakness pushes the gap, where that is known.
    pub bias: Option<Bias>,
    /// What was found, for the report.
    pub detail: String,
}

impl GateFailure {
    /// "gate 3 (live baseline) failed, which hides harm"; without the last part where the direction is not known.
    pub fn words(&self) -> String {
        match self.bias {
            Some(bias) => format!("{} failed, which {bias}", self.gate),
            None => format!("{} failed", self.gate),
        }
    }
}

/// What a failed gate does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Consequence {
    /// There is no verdict.
    Invalid,
    /// The verdict goes one step down: from MATERIAL to plain, from plain to INCONCLUSIVE. Several such gates are still
    /// one step.
    Downgrade,
    /// The verdict is INCONCLUSIVE: without the weakness, what it claims is not given.
    Undecided,
    /// The verdict keeps its sign, and is not EQUIVALENT beside it.
    NotEquivalent,
}

/// Which way a weakness pushes the gap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Bias {
    /// Harm looks smaller than it is, as with an undertrained scratch, a depth chosen on test, or overlap.
    HidesHarm,
    /// Harm looks larger than it is, as with an untuned learning rate of the transfer.
    ExaggeratesHarm,
}

impl fmt::Display for Bias {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::HidesHarm => "hides harm",
            Self::ExaggeratesHarm => "exaggerates harm",
        })
    }
}
