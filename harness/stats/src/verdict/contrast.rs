//! What a verdict is given on: the differences, and the weaknesses that are known.

use super::{Collapse, Counterfactuals, Family};
use crate::differences::Differences;
use std::fmt;

/// One comparison of a family: a treatment against a reference, on the same replicates and test examples.
#[derive(Debug, Clone, PartialEq)]
pub struct Contrast {
    /// Its name in errors, such as `near/small/(7,7)`.
    pub name: String,
    /// What the treatment is compared with.
    pub reference: Reference,
    /// The family that it is decided in.
    pub family: Family,
    /// Frozen layers of the treatment. With none, FREEZING cannot be the cause.
    pub frozen: usize,
    /// Treatment minus reference, in the replicates in which both trained.
    pub gap: Differences,
    /// What the same treatment does from elsewhere, by which a cause is named.
    pub counterfactuals: Counterfactuals,
    /// Runs that collapsed, and the gap with them; `None` where none did.
    pub collapse: Option<Collapse>,
    /// The largest gap that is possible beside this reference, in percentage points; infinite for a loss.
    pub largest_gap_pp: f64,
    /// Gates that did not hold.
    pub failed_gates: Vec<GateFailure>,
}

/// The arm a treatment is compared with.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Reference {
    /// Training from scratch: the only reference for which "negative transfer" can be said.
    Scratch,
    /// Another arm, by its name in the report.
    Arm(String),
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scratch => f.write_str("scratch"),
            Self::Arm(name) => f.write_str(name),
        }
    }
}

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
