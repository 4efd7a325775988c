//! The pigeonhole bootstrap: replicates and examples resampled independently.

use crate::clusters::Clusters;
use crate::differences::Differences;
use crate::sample::{quantile, standard_deviation};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use rayon::prelude::*;

/// Resampled values of one statistic.
#[derive(Debug, Clone, PartialEq)]
pub struct TwoWayBootstrap {
    /// One a draw, in order of size.
    pub sorted: Vec<f64>,
}

impl TwoWayBootstrap {
    /// The percentile interval; `None` without draws.
    pub fn interval(&self, level: f64) -> Option<(f64, f64)> {
        let tail = (1.0 - level) / 2.0;
        Some((quantile(&self.sorted, tail)?, quantile(&self.sorted, 1.0 - tail)?))
    }

    /// Standard deviation (ddof = 1) of the draws; `None` below two.
    pub fn standard_error(&self) -> Option<f64> {
        standard_deviation(&self.sorted)
    }
}

/// Resamples replicates and examples with replacement, independently, and takes the mean difference of every cell on
/// the same draws. Where examples form clusters, whole clusters are resampled in their place.
///
/// Its variance exceeds the true one by a residual term, so it errs on the wide side. With few replicates (under eight)
/// its percentiles are nevertheless too close together, as with any bootstrap. It is a cross-check, not a verdict.
///
/// # Shape
/// `cells`: matrices of one shape and with the same clusters, with one result each. Cells of another shape than the first, or
/// with other clusters, have no result.
/// # Units
/// Those of the differences.
/// # Source
/// Owen 2007, the pigeonhole bootstrap. Draw *b* has the random stream *b* of ChaCha8: the same bits whatever the
/// thread count.
pub fn two_way_bootstrap(cells: &[&Differences], num_draws: usize, seed: u64) -> Vec<Option<TwoWayBootstrap>> {
    let Some(first) = cells.first() else { return Vec::new() };
    let (num_replicates, num_examples) = (first.num_replicates(), first.num_examples());
    let clusters = first.clusters();
    let fits = |cell: &Differences| {
        (cell.num_replicates(), cell.num_examples()) == (num_replicates, num_examples) && cell.clusters() == clusters
    };
    let num_units = clusters.map_or(num_examples, Clusters::num_clusters);
    let draws = two_way_resample(num_replicates, num_units, num_draws, seed, |replicates, units| {
        // Sixteen bits hold any count that occurs in practice, and make the products four times as fast.
        let narrow = |count: &i32| i16::try_from(*count).unwrap_or(i16::MAX);
        let narrow: Vec<i16> = match clusters {
            None => units.iter().map(narrow).collect(),
            Some(clusters) => clusters.of_examples().iter().map(|&cluster| narrow(&units[cluster])).collect(),
        };
        cells.iter().map(|cell| if fits(cell) { weighted_mean(cell, replicates, &narrow) } else { 0.0 }).collect()
    });
    cells
        .iter()
        .enumerate()
        .map(|(cell, differences)| {
            fits(differences).then(|| {
                let mut sorted: Vec<f64> = draws.iter().map(|draw: &Vec<f64>| draw[cell]).collect();
                sorted.sort_by(f64::total_cmp);
                TwoWayBootstrap { sorted }
            })
        })
        .collect()
}

/// Calls `statistic` once for each draw, with how often each replicate and each example was drawn. This is for scores
/// that are not means.
///
/// # Shape
/// The two slices have `num_replicates` and `num_examples` counts, which sum to as much. The result has a value a draw,
/// in order.
pub fn two_way_resample<S: Send>(
    num_replicates: usize,
    num_examples: usize,
    num_draws: usize,
    seed: u64,
    statistic: impl Fn(&[i32], &[i32]) -> S + Sync,
) -> Vec<S> {
    (0..num_draws)
        .into_par_iter()
        .map(|draw| {
            let mut random = ChaCha8Rng::seed_from_u64(seed);
            random.set_stream(draw as u64);
            let replicates = counts(num_replicates, &mut random);
            let examples = counts(num_examples, &mut random);
            statistic(&replicates, &examples)
        })
        .collect()
}

/// How often each of `size` items comes up in `size` draws with replacement.
fn counts(size: usize, random: &mut ChaCha8Rng) -> Vec<i32> {
    let mut counts = vec![0; size];
    for _ in 0..size {
        // The high half of a 32-bit number times the size: uniform to size / 2³².
        counts[((u64::from(random.next_u32()) * size as u64) >> 32) as usize] += 1;
    }
    counts
}

/// Σ_i v[i] d[i]
fn weighted_count(row: &[i8], examples: &[i16]) -> i32 {
    row.iter().zip(examples).map(|(value, count)| i32::from(*value) * i32::from(*count)).sum()
}

/// Σ_i v[i] d[r, i] of every row, each summed in the order of examples. Four rows are summed side by side, since a sum waits for
/// the one before it.
fn weighted_sums<'a>(rows: impl Iterator<Item = &'a [f64]>, examples: &[i16]) -> Vec<f64> {
    let rows: Vec<&[f64]> = rows.collect();
    let mut sums = Vec::with_capacity(rows.len());
    let (fours, rest) = rows.as_chunks::<4>();
    for [first, second, third, fourth] in fours {
        let mut four = [0.0; 4];
        for ((((count, first), second), third), fourth) in
            examples.iter().zip(*first).zip(*second).zip(*third).zip(*fourth)
        {
            let count = f64::from(*count);
            four[0] += first * count;
            four[1] += second * count;
            four[2] += third * count;
            four[3] += fourth * count;
        }
        sums.extend(four);
    }
    let sum = |row: &&[f64]| row.iter().zip(examples).map(|(value, count)| value * f64::from(*count)).sum::<f64>();
    sums.extend(rest.iter().map(sum));
    sums
}

/// Σ_r w[r] Σ_i v[i] d[r, i] / (n Σ_i v[i]), where Σ_i v[i] is N unless clusters of unequal size were drawn.
fn weighted_mean(cell: &Differences, replicates: &[i32], examples: &[i16]) -> f64 {
    let drawn_replicates: Vec<(usize, i32)> =
        replicates.iter().copied().enumerate().filter(|(_, weight)| *weight > 0).collect();
    let correctness = |&(replicate, _): &(usize, i32)| cell.correctness_row(replicate);
    let rows: Vec<f64> = match drawn_replicates.iter().map(correctness).collect::<Option<Vec<_>>>() {
        Some(rows) => rows.into_iter().map(|row| f64::from(weighted_count(row, examples))).collect(),
        None => {
            weighted_sums(drawn_replicates.iter().filter_map(|&(replicate, _)| cell.score_row(replicate)), examples)
        }
    };
    let sum = drawn_replicates.iter().zip(rows).fold(0.0, |sum, ((_, weight), row)| sum + f64::from(*weight) * row);
    let drawn: i64 = examples.iter().map(|&count| i64::from(count)).sum();
    sum / (replicates.len() as f64 * drawn as f64)
}
