//! What a verdict is given on: the differences, and the weaknesses that are known.

use super::{Collapse, Counterfactuals, Family, GateFailure};
use crate::paired_gap::PairedGap;
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
    pub gap: PairedGap,
    /// What the same treatment does from elsewhere, by which a cause is named.
    pub counterfactuals: Counterfactuals,
    /// Runs that collapsed, and the gap with them; `None` where none did.
    pub collapse: Option<Collapse>,
    /// The largest gap that is possible beside this reference, in percentage points; infinite for a loss.
    pub largest_gap_pp: f64,
    /// Gates that did not hold.
    pub failed_gates: Vec<GateFailure>,
}

impl Contrast {
    /// The gap over all runs, those that collapsed among them.
    pub fn gap_of_all_runs(&self) -> &PairedGap {
        self.collapse.as_ref().and_then(|collapse| collapse.gap_of_all.as_ref()).unwrap_or(&self.gap)
    }
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
