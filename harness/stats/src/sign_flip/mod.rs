//! Sign flips of whole replicates, jointly over all cells: the test for the fixed test set.
//!
//! If a treatment does nothing, its paired difference in a replicate is as likely to be d as −d. Random numbers are
//! common to all cells of a replicate, so a flip changes the sign of the replicate's whole vector, and the maximum over
//! cells keeps their dependence, whatever it is.

mod bands;
mod flips;
mod looks;
mod max_t;

pub use bands::{Bands, simultaneous_bands};
pub use flips::Flips;
pub use looks::{LookResult, Looks, LooksError, Spending, sequential_max_t};
pub use max_t::{MaxT, attainable_p, max_t};

use thiserror::Error;

pub(crate) use bands::step_down_critical_values;

/// Why replicate gaps were refused.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum ReplicateGapsError {
    /// Cells with different replicates cannot be flipped together.
    #[error(
        "cell {cell} has {got} replicates where the first has {expected}; flip cells together only when they share all \
         replicates, or judge them as separate families"
    )]
    UnequalReplicates {
        /// The cell's index.
        cell: usize,
        /// Replicates of the first cell.
        expected: usize,
        /// Replicates of this one.
        got: usize,
    },
    /// Nothing to test.
    #[error("there are no replicates to flip; pass at least one cell with at least one replicate")]
    Empty,
    /// A gap that is not a finite number.
    #[error(
        "cell {cell}, replicate {replicate}: the gap is {value}, not a finite number; drop the replicate from all cells"
    )]
    NotFinite {
        /// The cell's index.
        cell: usize,
        /// The replicate.
        replicate: usize,
        /// The value found.
        value: f64,
    },
}

/// Paired differences, one a replicate, for cells that share their replicates.
///
/// # Shape
/// `num_cells × num_replicates`.
/// # Units
/// Any: the tests are scale-free.
#[derive(Debug, Clone, PartialEq)]
pub struct ReplicateGaps {
    num_replicates: usize,
    cells: Vec<Vec<f64>>,
}

impl ReplicateGaps {
    /// One vector a cell, replicates in the same order in each.
    ///
    /// # Errors
    /// [`ReplicateGapsError`] if there is nothing, the lengths differ, or a value is not finite.
    pub fn new(cells: Vec<Vec<f64>>) -> Result<Self, ReplicateGapsError> {
        let expected = cells.first().map_or(0, Vec::len);
        if expected == 0 {
            return Err(ReplicateGapsError::Empty);
        }
        for (cell, gaps) in cells.iter().enumerate() {
            if gaps.len() != expected {
                return Err(ReplicateGapsError::UnequalReplicates { cell, expected, got: gaps.len() });
            }
            if let Some(replicate) = gaps.iter().position(|gap| !gap.is_finite()) {
                return Err(ReplicateGapsError::NotFinite { cell, replicate, value: gaps[replicate] });
            }
        }
        Ok(Self { num_replicates: expected, cells })
    }

    /// Replicates of every cell.
    pub fn num_replicates(&self) -> usize {
        self.num_replicates
    }

    /// The cells, each a value a replicate.
    pub fn cells(&self) -> &[Vec<f64>] {
        &self.cells
    }

    /// Row by row, one row a replicate, each cell scaled so that |Σ_r s\[r\] z\[r\]| lies in \[0, 1\] for any signs s.
    ///
    /// Σ d² does not change under flips, so Student's *t* is a growing function of u = |Σ s d| / √(n Σ d²), the same
    /// function for every cell: t = u √(n − 1) / √(1 − u²). The maximum of u finds the maximum of *t*, with no division
    /// a flip.
    fn standardized(&self, centred: bool) -> Vec<Vec<f64>> {
        let count = self.num_replicates as f64;
        let mut rows = vec![vec![0.0; self.cells.len()]; self.num_replicates];
        for (cell, gaps) in self.cells.iter().enumerate() {
            let centre = if centred { gaps.iter().sum::<f64>() / count } else { 0.0 };
            let squares: f64 = gaps.iter().map(|gap| (gap - centre) * (gap - centre)).sum();
            let negligible = gaps.iter().map(|gap| gap * gap).sum::<f64>() * 1e-28;
            let scale = if squares > negligible { 1.0 / (count * squares).sqrt() } else { 0.0 };
            for (row, gap) in rows.iter_mut().zip(gaps) {
                row[cell] = (gap - centre) * scale;
            }
        }
        rows
    }
}
