//! Scratch trained longer, and a cell against it.

use nt_scenario::JobId;
use nt_stats::verdict::Estimate;

/// Scratch at one length.
#[derive(Debug, Clone, PartialEq)]
pub struct Rung {
    /// Its steps, as a multiple of the other arms' steps.
    pub budget: f64,
    /// Runs that ended well.
    pub num_done: usize,
    /// One of them. All cost the same.
    pub job: Option<JobId>,
    /// Mean of the deciding metric, in its unit.
    pub mean: Option<f64>,
    /// Mean of the deciding metric on validation images, such that higher is better. It decides which baseline is
    /// better.
    pub validation_score: Option<f64>,
}

/// A cell against scratch at one length.
#[derive(Debug, Clone, PartialEq)]
pub struct RungGap {
    /// The steps of that scratch, as a multiple of the other arms' steps.
    pub budget: f64,
    /// The gap, at the level of the cell's own interval.
    pub gap: Estimate,
    /// Whether that scratch does better on validation than the scratch of usual length.
    pub is_better_baseline: bool,
    /// Whether the verdict's sign holds against it; `None` if the verdict has no sign.
    pub holds: Option<bool>,
}
