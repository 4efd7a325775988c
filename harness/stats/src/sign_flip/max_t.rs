//! The joint test: studentised maximum, step-down.

use super::{Flips, ReplicateGaps};

/// Statistics closer than this are ties: the same sum in another order.
const TIE: f64 = 1e-12;

/// The result of joint sign flips for every cell.
///
/// # Units
/// Probabilities, in the order of the cells.
#[derive(Debug, Clone, PartialEq)]
pub struct MaxT {
    /// Two-sided p of each cell alone.
    pub p_values: Vec<f64>,
    /// The same adjusted over all cells by the step-down maximum: the family-wise error is controlled strongly.
    pub p_adjusted: Vec<f64>,
    /// Cells from the largest |t| down.
    pub order: Vec<usize>,
    /// The smallest p, adjusted or not, that was possible.
    pub attainable_p: f64,
    /// Whether all distinct flips were tried.
    pub exact: bool,
}

/// For each cell, how many flips were at least as extreme as the observed signs.
struct Hits {
    /// The cell's own statistic.
    alone: Vec<u64>,
    /// The largest statistic among it and all less extreme cells.
    joint: Vec<u64>,
}

impl Hits {
    /// Those of both.
    fn with(mut self, other: Self) -> Self {
        let add =
            |own: &mut Vec<u64>, other: Vec<u64>| own.iter_mut().zip(other).for_each(|(own, other)| *own += other);
        add(&mut self.alone, other.alone);
        add(&mut self.joint, other.joint);
        self
    }
}

/// The smallest two-sided p of a sign-flip test: 2^−(n−1), or 1/(flips + 1) if that is larger.
///
/// Six replicates reach .031; five cannot reach .05 at all.
pub fn attainable_p(num_replicates: usize, flips: &Flips) -> f64 {
    match flips.exact(num_replicates) {
        Some(distinct) => 1.0 / distinct as f64,
        None => 1.0 / (flips.num_flips + 1) as f64,
    }
}

/// Sign-flip test of every cell, jointly.
///
/// # Shape
/// `gaps`: `num_cells × num_replicates`.
/// # Source
/// Westfall and Young 1993, algorithm 2.8 (step-down max-T), on sign flips of replicate vectors. Exact where all
/// 2^(n−1) flips are tried; else p = (1 + hits) / (1 + flips), after Phipson and Smyth 2010. The same bits whatever the
/// thread count.
pub fn max_t(gaps: &ReplicateGaps, flips: &Flips) -> MaxT {
    let rows = gaps.standardized(false);
    let num_cells = gaps.cells().len();
    let observed: Vec<f64> = (0..num_cells).map(|cell| rows.iter().map(|row| row[cell]).sum::<f64>().abs()).collect();
    let mut order: Vec<usize> = (0..num_cells).collect();
    order.sort_by(|a, b| observed[*b].total_cmp(&observed[*a]));

    let start = || Hits { alone: vec![0; num_cells], joint: vec![0; num_cells] };
    let hits = flips.fold(
        &rows,
        start,
        |hits, statistics| {
            // The largest statistic among this cell and all that are less extreme.
            let mut successive = 0.0_f64;
            for cell in order.iter().rev() {
                successive = successive.max(statistics[*cell]);
                hits.alone[*cell] += u64::from(statistics[*cell] >= observed[*cell] - TIE);
                hits.joint[*cell] += u64::from(successive >= observed[*cell] - TIE);
            }
        },
        Hits::with,
    );
    let Hits { alone, joint } = hits.unwrap_or_else(start);
    let exact = flips.exact(gaps.num_replicates());
    let to_p = |hits: u64| match exact {
        Some(distinct) => hits as f64 / distinct as f64,
        None => (hits + 1) as f64 / (flips.num_flips + 1) as f64,
    };
    let mut p_adjusted = vec![1.0; num_cells];
    let mut running = 0.0_f64;
    for cell in &order {
        running = running.max(to_p(joint[*cell]));
        p_adjusted[*cell] = running;
    }
    MaxT {
        p_values: alone.into_iter().map(to_p).collect(),
        p_adjusted,
        order,
        attainable_p: attainable_p(gaps.num_replicates(), flips),
        exact: exact.is_some(),
    }
}
