//! What a verdict needs of a matrix of differences.

use crate::crossed::{CrossedEstimate, crossed};
use crate::differences::Differences;

/// A gap as a verdict needs it: its estimate and the mean of every replicate, without the differences they come from.
///
/// A matrix has a value for each replicate and test image, and a family may have a hundred thousand of them. This has a value
/// for each replicate.
///
/// # Units
/// Fractions, as the differences.
#[derive(Debug, Clone, PartialEq)]
pub struct PairedGap {
    crossed: CrossedEstimate,
    replicate_means: Vec<f64>,
    is_in_clusters: bool,
}

impl PairedGap {
    /// What these differences say.
    pub fn new(differences: &Differences) -> Self {
        Self {
            crossed: crossed(differences),
            replicate_means: differences.replicate_means(),
            is_in_clusters: differences.clusters().is_some(),
        }
    }

    /// Mean over replicates and test examples, with crossed random effects.
    pub fn crossed(&self) -> &CrossedEstimate {
        &self.crossed
    }

    /// Mean difference.
    pub fn mean(&self) -> f64 {
        self.crossed.estimate.mean
    }

    /// Mean difference of each replicate.
    pub fn replicate_means(&self) -> &[f64] {
        &self.replicate_means
    }

    /// Replicates.
    pub fn num_replicates(&self) -> usize {
        self.crossed.num_replicates
    }

    /// Test examples.
    pub fn num_examples(&self) -> usize {
        self.crossed.num_examples
    }

    /// Whether the examples were drawn in clusters.
    pub fn is_in_clusters(&self) -> bool {
        self.is_in_clusters
    }
}

impl From<Differences> for PairedGap {
    fn from(differences: Differences) -> Self {
        Self::new(&differences)
    }
}

impl From<&Differences> for PairedGap {
    fn from(differences: &Differences) -> Self {
        Self::new(differences)
    }
}
