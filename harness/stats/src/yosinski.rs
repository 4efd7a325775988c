//! Yosinski's decomposition of the drop at each depth.

use crate::sign_flip::{Bands, Flips, ReplicateGaps, ReplicateGapsError, simultaneous_bands};

/// Scores of the four families of networks, depth by depth.
///
/// # Shape
/// `base`: one a replicate; the others: `num_depths × num_replicates`, replicates in the same order.
/// # Units
/// Fractions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DepthScores<'a> {
    /// The target trained from scratch.
    pub base: &'a [f64],
    /// Copied from a network of the target itself, frozen: BnB.
    pub selffer: &'a [Vec<f64>],
    /// Copied from the source, frozen: AnB.
    pub transfer: &'a [Vec<f64>],
    /// Copied from the source, fine-tuned: AnB+.
    pub fine_tuned: &'a [Vec<f64>],
}

/// The three parts, each a curve over depths with a band of its own that covers all depths at once.
///
/// # Units
/// Fractions; co-adaptation and specificity below zero are drops.
#[derive(Debug, Clone, PartialEq)]
pub struct Decomposition {
    /// BnB − base: the cost of splitting co-adapted layers.
    pub co_adaptation: Bands,
    /// AnB − BnB: the cost of features that belong to another task.
    pub specificity: Bands,
    /// AnB+ − AnB: the part that fine-tuning recovers.
    pub recovery: Bands,
}

/// Splits the drop at every depth into its parts.
///
/// # Errors
/// [`ReplicateGapsError`] if replicates are missing or a score is not finite.
/// # Source
/// Yosinski et al., NIPS 2014, section 4; bands by [`simultaneous_bands`], for the fixed test set.
pub fn decompose(scores: &DepthScores<'_>, level: f64, flips: &Flips) -> Result<Decomposition, ReplicateGapsError> {
    let base: Vec<Vec<f64>> = scores.selffer.iter().map(|_| scores.base.to_vec()).collect();
    Ok(Decomposition {
        co_adaptation: component(scores.selffer, &base, level, flips)?,
        specificity: component(scores.transfer, scores.selffer, level, flips)?,
        recovery: component(scores.fine_tuned, scores.transfer, level, flips)?,
    })
}

/// One part alone, for a study that lacks the networks of the others: `upper` less `lower`, depth by depth.
///
/// # Shape
/// Both `num_depths × num_replicates`, replicates in the same order.
/// # Units
/// Fractions.
/// # Errors
/// As [`decompose`].
pub fn component(
    upper: &[Vec<f64>],
    lower: &[Vec<f64>],
    level: f64,
    flips: &Flips,
) -> Result<Bands, ReplicateGapsError> {
    Ok(simultaneous_bands(&differences_by_depth(upper, lower)?, level, flips))
}

fn differences_by_depth(upper: &[Vec<f64>], lower: &[Vec<f64>]) -> Result<ReplicateGaps, ReplicateGapsError> {
    if upper.len() != lower.len() {
        return Err(ReplicateGapsError::UnequalReplicates {
            cell: upper.len().min(lower.len()),
            expected: lower.len(),
            got: upper.len(),
        });
    }
    let mut cells = Vec::with_capacity(upper.len());
    for (cell, (ours, theirs)) in upper.iter().zip(lower).enumerate() {
        if ours.len() != theirs.len() {
            return Err(ReplicateGapsError::UnequalReplicates { cell, expected: theirs.len(), got: ours.len() });
        }
        cells.push(ours.iter().zip(theirs).map(|(a, b)| a - b).collect());
    }
    ReplicateGaps::new(cells)
}
