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
    /// The gap alone, at [`super::RUNG_LEVEL`].
    pub gap: Estimate,
    /// Whether that scratch does better on validation than the scratch of usual length.
    pub is_better_baseline: bool,
    /// What is left of the verdict against it; `None` if the verdict claims nothing.
    pub survival: Option<Survival>,
}

/// What is left of a verdict against another baseline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Survival {
    /// All that it claims.
    Whole,
    /// Its sign, but not that the gap is MATERIAL, or EQUIVALENT beside it.
    Sign,
    /// Nothing.
    Lost,
}
