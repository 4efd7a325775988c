//! What a verdict is given on: the differences, and the weaknesses that are known.

use super::{Collapse, Family};
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
    /// Treatment minus reference.
    pub gap: Differences,
    /// Treatment minus the same treatment from an untrained source. `None` where it was not run, or where nothing is
    /// frozen, so that it coincides with the gap to scratch.
    pub source_gap: Option<Differences>,
    /// Runs that collapsed, and the gap with them; `None` where none did.
    pub collapse: Option<Collapse>,
    /// Runs that diverged or never left chance.
    pub failed_runs: Vec<FailedRun>,
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

/// A run that did not train. It is never evidence of harm, nor of help.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FailedRun {
    /// The arm whose run it was.
    pub arm: Side,
    /// Its row in the differences; `None` if it left no predictions and so has none.
    pub row: Option<usize>,
    /// What happened.
    pub reason: FailureReason,
}

/// The arms of a contrast.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// The treatment.
    Treatment,
    /// Scratch, or the arm in its place.
    Reference,
    /// The same treatment from an untrained source. Its failure does not change the verdict, and makes the attribution
    /// UNDECIDED.
    UntrainedSource,
}

/// How a run failed to train.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FailureReason {
    /// The loss stopped being a number, or exploded.
    Diverged,
    /// Accuracy never left chance.
    AtChance,
}

/// The gates of the protocol, in its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Gate {
    /// Each arm tries the same number of settings, and none is best on the grid's edge.
    EqualSearch,
    /// Verdicts are not given on tuning replicates.
    FreshReplicates,
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
        Self::FreshReplicates,
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
            Self::FreshReplicates => "fresh replicates",
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
