//! Maximum mean discrepancy with a Gaussian kernel.

use super::measured::Measured;
use super::sample::Pair;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use rayon::prelude::*;

/// The squared discrepancy, its bandwidth, and how often chance alone gives as large a value.
#[derive(Debug, Clone, PartialEq)]
pub struct Mmd {
    /// MMD², unbiased; no unit, at most 2. The interval takes the bandwidth as given.
    pub squared: Measured,
    /// The kernel's bandwidth: the median distance of two different images of both samples together.
    pub bandwidth: f64,
    /// Share of relabellings (the observed one included) whose MMD² is as large: small where the distributions differ.
    pub p_value: f64,
}

/// Relabellings done at a time, so that each row of the kernel is used for all of them.
const BATCH: usize = 16;

/// The squared maximum mean discrepancy of two samples.
///
/// # Source
/// Gretton, Borgwardt, Rasch, Schölkopf and Smola, *A kernel two-sample test*, JMLR 2012, lemma 6 (unbiased), with
/// k(x, y) = exp(−‖x − y‖² / 2σ²) and σ the median distance. `num_permutations` relabellings, number *b* drawn from the
/// stream *b* of ChaCha8: the same bits whatever the thread count.
pub fn maximum_mean_discrepancy(pair: &Pair, num_permutations: usize, seed: u64) -> Mmd {
    let num_rows = 2 * pair.size();
    let squares = square_distances(pair);
    let bandwidth = median_distance(&squares, num_rows);
    let kernel = kernel(squares, bandwidth);
    Mmd { squared: unbiased(pair, &kernel), bandwidth, p_value: p_value(pair, &kernel, num_permutations, seed) }
}

/// ‖row i − row j‖², the whole square.
fn square_distances(pair: &Pair) -> Vec<f64> {
    let num_rows = 2 * pair.size();
    let mut squares = vec![0.0; num_rows * num_rows];
    squares.par_chunks_exact_mut(num_rows).enumerate().for_each(|(i, row)| {
        for (j, square) in row.iter_mut().enumerate() {
            // From the smaller index to the larger, so that both halves have the same bits.
            let (first, second) = (pair.row(i.min(j)), pair.row(i.max(j)));
            *square = first.iter().zip(second).map(|(x, y)| (x - y) * (x - y)).sum();
        }
    });
    squares
}

/// The median over pairs of rows; where half of all pairs are equal, the root mean square distance.
fn median_distance(squares: &[f64], num_rows: usize) -> f64 {
    let mut above: Vec<f64> = (0..num_rows)
        .flat_map(|i| squares[i * num_rows + i + 1..(i + 1) * num_rows].iter().map(|s| s.sqrt()))
        .collect();
    above.sort_unstable_by(f64::total_cmp);
    let median = crate::sample::quantile(&above, 0.5).unwrap_or(0.0);
    if median > 0.0 {
        return median;
    }
    (above.iter().map(|distance| distance * distance).sum::<f64>() / above.len().max(1) as f64).sqrt()
}

fn kernel(mut squares: Vec<f64>, bandwidth: f64) -> Vec<f64> {
    let scale = 2.0 * bandwidth * bandwidth;
    // Where all rows are equal there is no distance for scaling, and every similarity is 1.
    squares.par_iter_mut().for_each(|square| *square = if scale > 0.0 { libm::exp(-*square / scale) } else { 1.0 });
    squares
}

/// MMD² from sums of the kernel over blocks.
fn unbiased(pair: &Pair, kernel: &[f64]) -> Measured {
    let (blocks, size) = (pair.blocks(), pair.size());
    let num_rows = 2 * size;
    let block_sum = |first: (usize, usize), second: (usize, usize)| -> f64 {
        let columns = blocks.range(second.1);
        let columns = second.0 * size + columns.start..second.0 * size + columns.end;
        blocks
            .range(first.1)
            .map(|row| (first.0 * size + row) * num_rows)
            .map(|start| kernel[start + columns.start..start + columns.end].iter().sum::<f64>())
            .sum()
    };
    let count = blocks.count();
    let sums = |first: usize, second: usize| -> Vec<Vec<f64>> {
        let row = |g| (0..count).map(|h| block_sum((first, g), (second, h))).collect();
        (0..count).map(row).collect()
    };
    let (own, its, cross) = (sums(0, 0), sums(1, 1), sums(0, 1));
    let without = |sums: &[Vec<f64>], block: Option<usize>| -> f64 {
        let kept = |at: &usize| Some(*at) != block;
        (0..count).filter(kept).map(|g| (0..count).filter(kept).map(|h| sums[g][h]).sum::<f64>()).sum()
    };
    let value = |block: Option<usize>| {
        let n = (size - block.map_or(0, |block| blocks.len(block))) as f64;
        // Every row is its own neighbour with similarity 1, which the unbiased estimate leaves out.
        let within = without(&own, block) - n + without(&its, block) - n;
        within / (n * (n - 1.0)) - 2.0 * without(&cross, block) / (n * n)
    };
    Measured {
        plug_in: value(None),
        without_block: (0..count).map(|block| value(Some(block))).collect(),
        is_biased: false,
        least_standard_error: 0.0,
    }
}

/// The share of relabellings with as large a discrepancy. It grows with Σ_i≠j w_i w_j k_ij, w = ±1 for the samples, so
/// that sum is all that is compared.
fn p_value(pair: &Pair, kernel: &[f64], num_permutations: usize, seed: u64) -> f64 {
    let num_rows = 2 * pair.size();
    let observed: Vec<f64> = (0..num_rows).map(|row| if row < pair.size() { 1.0 } else { -1.0 }).collect();
    let statistics = |labels: &[Vec<f64>]| -> Vec<f64> {
        let mut sums = vec![0.0; labels.len()];
        for i in 1..num_rows {
            let row = &kernel[i * num_rows..i * num_rows + i];
            for (sum, labels) in sums.iter_mut().zip(labels) {
                *sum += labels[i] * row.iter().zip(labels).map(|(k, label)| k * label).sum::<f64>();
            }
        }
        sums
    };
    let threshold = statistics(std::slice::from_ref(&observed))[0];
    // Relabellings that give the same partition must not fall on either side by rounding.
    let tolerance = 1e-9 * (num_rows * num_rows) as f64;
    let as_large: usize = (0..num_permutations)
        .collect::<Vec<_>>()
        .par_chunks(BATCH)
        .map(|batch| {
            let labels: Vec<Vec<f64>> = batch.iter().map(|&draw| shuffled(&observed, seed, draw as u64)).collect();
            statistics(&labels).into_iter().filter(|&sum| sum >= threshold - tolerance).count()
        })
        .sum();
    (1 + as_large) as f64 / (1 + num_permutations) as f64
}

fn shuffled(labels: &[f64], seed: u64, draw: u64) -> Vec<f64> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    random.set_stream(draw);
    let mut labels = labels.to_vec();
    for last in (1..labels.len()).rev() {
        // The high half of a 32-bit number times the count: uniform to count / 2³².
        let other = ((u64::from(random.next_u32()) * (last as u64 + 1)) >> 32) as usize;
        labels.swap(last, other);
    }
    labels
}
