//! Means and covariances with one or two blocks left out, from sums that are computed once.

use super::sample::Pair;
use rayon::prelude::*;

/// Number, sum and second moments of some rows, about the centre of both samples.
#[derive(Debug, Clone)]
pub(super) struct Moments {
    pub count: f64,
    pub sum: Vec<f64>,
    /// Σ x xᵀ, the whole square, row by row.
    pub squares: Vec<f64>,
}

impl Moments {
    fn zero(num_features: usize) -> Self {
        Self { count: 0.0, sum: vec![0.0; num_features], squares: vec![0.0; num_features * num_features] }
    }

    fn add(&mut self, row: &[f64]) {
        self.count += 1.0;
        let num_features = row.len();
        // squares[i][j] += row[i] row[j]
        for (i, &value) in row.iter().enumerate() {
            self.sum[i] += value;
            for (square, &other) in self.squares[i * num_features..(i + 1) * num_features].iter_mut().zip(row) {
                *square += value * other;
            }
        }
    }

    fn accumulate(&mut self, other: &Self, sign: f64) {
        self.count += sign * other.count;
        self.sum.iter_mut().zip(&other.sum).for_each(|(own, its)| *own += sign * its);
        self.squares.iter_mut().zip(&other.squares).for_each(|(own, its)| *own += sign * its);
    }

    /// The mean, from the centre of both samples.
    pub fn mean(&self) -> Vec<f64> {
        self.sum.iter().map(|sum| sum / self.count).collect()
    }

    /// The covariance with `ddof` taken from the count.
    pub fn covariance(&self, ddof: f64) -> Vec<f64> {
        let num_features = self.sum.len();
        let mut covariance = self.squares.clone();
        for i in 0..num_features {
            for j in 0..num_features {
                let square = &mut covariance[i * num_features + j];
                *square = (*square - self.sum[i] * self.sum[j] / self.count) / (self.count - ddof);
            }
        }
        covariance
    }
}

/// Moments of both samples by block.
pub(super) struct BlockMoments {
    /// The centre that rows are taken from, so that little is lost by subtraction.
    pub centre: Vec<f64>,
    blocks: [Vec<Moments>; 2],
    whole: [Moments; 2],
}

impl BlockMoments {
    pub fn new(pair: &Pair) -> Self {
        let num_features = pair.num_features();
        let mut centre = vec![0.0; num_features];
        for row in 0..2 * pair.size() {
            centre.iter_mut().zip(pair.row(row)).for_each(|(sum, value)| *sum += value);
        }
        centre.iter_mut().for_each(|sum| *sum /= (2 * pair.size()) as f64);
        let of_block = |sample: usize, block: usize| {
            let mut moments = Moments::zero(num_features);
            let mut row = vec![0.0; num_features];
            for at in pair.blocks().range(block) {
                row.iter_mut()
                    .zip(pair.row_of(sample, at).iter().zip(&centre))
                    .for_each(|(from, (value, centre))| *from = value - centre);
                moments.add(&row);
            }
            moments
        };
        let blocks = [0, 1].map(|sample| {
            (0..pair.blocks().count()).into_par_iter().map(|block| of_block(sample, block)).collect::<Vec<_>>()
        });
        let whole = [0, 1].map(|sample: usize| {
            let mut whole = Moments::zero(num_features);
            blocks[sample].iter().for_each(|block| whole.accumulate(block, 1.0));
            whole
        });
        Self { centre, blocks, whole }
    }

    pub fn num_blocks(&self) -> usize {
        self.blocks[0].len()
    }

    /// A sample's moments without these blocks, each named once.
    pub fn without(&self, sample: usize, blocks: &[usize]) -> Moments {
        let mut moments = self.whole[sample].clone();
        blocks.iter().for_each(|&block| moments.accumulate(&self.blocks[sample][block], -1.0));
        moments
    }
}
