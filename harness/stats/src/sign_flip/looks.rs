//! Looking early: interim analyses at numbers of replicates declared beforehand.

use super::{Flips, ReplicateGaps};
use crate::distribution::{normal_quantile, normal_survival};
use std::f64::consts::E;
use thiserror::Error;

/// Statistics closer than this are ties: the same sum in another order.
const TIE: f64 = 1e-12;

/// How much of α may be spent, as a function of the share of replicates seen.
///
/// # Source
/// Lan and DeMets 1983.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Spending {
    /// 2 − 2Φ(z / √share), z at 1 − α/2: hardly anything early.
    ObrienFleming,
    /// α ln(1 + (e − 1) share): nearly even.
    Pocock,
}

/// Looks declared before the first run, such as 8, 12 and 16 replicates.
#[derive(Debug, Clone, PartialEq)]
pub struct Looks {
    replicates: Vec<usize>,
    alpha: f64,
    spending: Spending,
}

/// Why looks were refused.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum LooksError {
    /// They do not ascend from at least two replicates.
    #[error("looks at {replicates:?} replicates do not ascend from 2 or more; declare them so, such as 8, 12, 16")]
    Order {
        /// The replicates given.
        replicates: Vec<usize>,
    },
    /// α is not a probability.
    #[error("alpha is {alpha}; set it between 0 and 1, such as .05")]
    Alpha {
        /// The value given.
        alpha: f64,
    },
}

impl Looks {
    /// Declares looks at these numbers of replicates.
    ///
    /// # Errors
    /// [`LooksError`] if they do not ascend from 2 or more, or `alpha` is no probability.
    pub fn new(replicates: Vec<usize>, alpha: f64, spending: Spending) -> Result<Self, LooksError> {
        let ascends = replicates.windows(2).all(|pair| pair[0] < pair[1]);
        if !ascends || replicates.first().is_none_or(|first| *first < 2) {
            return Err(LooksError::Order { replicates });
        }
        if !(alpha > 0.0 && alpha < 1.0) {
            return Err(LooksError::Alpha { alpha });
        }
        Ok(Self { replicates, alpha, spending })
    }

    /// The declared numbers of replicates.
    pub fn replicates(&self) -> &[usize] {
        &self.replicates
    }

    /// α that may have been used up to and including look `look` (from 0); all of it from the last look on.
    pub fn cumulative_alpha(&self, look: usize) -> f64 {
        let (Some(seen), Some(last)) = (self.replicates.get(look), self.replicates.last()) else { return self.alpha };
        if seen == last {
            return self.alpha;
        }
        let share = *seen as f64 / *last as f64;
        match self.spending {
            Spending::ObrienFleming => 2.0 * normal_survival(normal_quantile(1.0 - self.alpha / 2.0) / share.sqrt()),
            Spending::Pocock => self.alpha * libm::log1p((E - 1.0) * share),
        }
    }

    /// α for look `look` alone. Any test at this level, and [`crate::verdict::decide`] with it, keeps `alpha` over all
    /// looks by the union bound; equivalence has looks of its own.
    pub fn alpha_at(&self, look: usize) -> f64 {
        let before = if look == 0 { 0.0 } else { self.cumulative_alpha(look - 1) };
        self.cumulative_alpha(look) - before
    }
}

/// What one look finds.
#[derive(Debug, Clone, PartialEq)]
pub struct LookResult {
    /// Replicates seen.
    pub num_replicates: usize,
    /// For each cell, whether this look rejects "no gap".
    pub rejected: Vec<bool>,
    /// Whether it could reject at all: the share of flips that it may use is above zero.
    pub can_reject: bool,
}

/// Max-T by sign flips, jointly over cells and over the looks taken so far: the chance of any false alarm at any look
/// stays within what is spent.
///
/// # Shape
/// `gaps`: `num_cells × num_replicates`, in the fixed order in which replicates were added; one result for each look
/// that these replicates reach.
/// # Source
/// Flips of the whole sequence; at each look the largest rejection region that, with the regions of the looks before,
/// holds no more flips than have been paid for. Monte Carlo flips count the observed signs as one.
pub fn sequential_max_t(gaps: &ReplicateGaps, looks: &Looks, flips: &Flips) -> Vec<LookResult> {
    let reached: Vec<usize> =
        looks.replicates.iter().copied().filter(|replicates| *replicates <= gaps.num_replicates()).collect();
    let num_cells = gaps.cells().len();
    let rows = rows_by_look(gaps, &reached);
    let observed: Vec<f64> =
        (0..reached.len() * num_cells).map(|column| rows.iter().map(|row| row[column]).sum::<f64>().abs()).collect();
    let largest = |statistics: &[f64]| -> Vec<f64> {
        statistics.chunks(num_cells).map(|look| look.iter().fold(0.0, |most: f64, one| most.max(*one))).collect()
    };
    let mut open: Vec<Vec<f64>> =
        flips.fold(&rows, Vec::new, |maxima, statistics| maxima.push(largest(statistics)), joined).unwrap_or_default();
    if flips.exact(gaps.num_replicates()).is_none() {
        open.push(largest(&observed));
    }
    let total = open.len() as f64;
    let mut used = 0;
    let mut results = Vec::with_capacity(reached.len());
    for (look, num_replicates) in reached.into_iter().enumerate() {
        // Falling short of a whole number of flips by the last bit is rounding.
        let paid = (looks.cumulative_alpha(look) * total + 1e-9).floor() as usize;
        let threshold = threshold(&open, look, paid.saturating_sub(used));
        let cells = &observed[look * num_cells..(look + 1) * num_cells];
        results.push(LookResult {
            num_replicates,
            rejected: cells.iter().map(|statistic| *statistic > threshold + TIE).collect(),
            can_reject: paid > used,
        });
        let before = open.len();
        open.retain(|maxima| maxima[look] <= threshold + TIE);
        used += before - open.len();
    }
    results
}

fn joined<T>(mut first: Vec<T>, second: Vec<T>) -> Vec<T> {
    first.extend(second);
    first
}

/// The value that at most `budget` of the open flips exceed at this look.
fn threshold(open: &[Vec<f64>], look: usize, budget: usize) -> f64 {
    let mut maxima: Vec<f64> = open.iter().map(|maxima| maxima[look]).collect();
    maxima.sort_by(|a, b| b.total_cmp(a));
    maxima.get(budget).copied().unwrap_or(0.0)
}

/// One row a replicate, the cells of each look side by side, zero for replicates that the look has not seen.
fn rows_by_look(gaps: &ReplicateGaps, reached: &[usize]) -> Vec<Vec<f64>> {
    let mut rows = vec![Vec::new(); gaps.num_replicates()];
    for seen in reached {
        let prefix = ReplicateGaps {
            num_replicates: *seen,
            cells: gaps.cells().iter().map(|cell| cell[..*seen].to_vec()).collect(),
        };
        let standardized = prefix.standardized(false);
        for (replicate, row) in rows.iter_mut().enumerate() {
            match standardized.get(replicate) {
                Some(values) => row.extend_from_slice(values),
                None => row.resize(row.len() + gaps.cells().len(), 0.0),
            }
        }
    }
    rows
}
