//! The flips that are tried.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use rayon::prelude::*;

/// Flips in a chunk. Each chunk has a random stream of its own, so that threads change nothing.
const CHUNK: usize = 256;

/// How many sign flips to try, and the seed of random ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flips {
    /// Random flips, the observed signs not counted. If all 2^(n−1) distinct ones are no more than this, they are all
    /// tried instead.
    pub num_flips: usize,
    /// Seed of the random ones.
    pub seed: u64,
}

impl Flips {
    /// Distinct two-sided flips of `num_replicates`, if they are few enough to try all.
    pub fn exact(&self, num_replicates: usize) -> Option<usize> {
        let distinct = 1_usize.checked_shl(num_replicates.saturating_sub(1) as u32)?;
        (distinct <= self.num_flips).then_some(distinct)
    }

    /// Flips actually tried.
    pub fn count(&self, num_replicates: usize) -> usize {
        self.exact(num_replicates).unwrap_or(self.num_flips)
    }

    /// Runs `visit` on |Σ_r s\[r\] rows\[r\]| of every flip, in parallel by chunks, and merges the chunks' states in
    /// order; `None` if there is no flip. Only a few states are held at a time.
    ///
    /// # Shape
    /// `rows`: one a replicate, one value a cell; `visit` sees one value a cell.
    pub(super) fn fold<S: Send>(
        &self,
        rows: &[Vec<f64>],
        start: impl Fn() -> S + Sync,
        visit: impl Fn(&mut S, &[f64]) + Sync,
        merge: impl Fn(S, S) -> S + Sync + Send,
    ) -> Option<S> {
        let exact = self.exact(rows.len());
        let total = self.count(rows.len());
        (0..total.div_ceil(CHUNK))
            .into_par_iter()
            .map(|chunk| {
                let mut random = ChaCha8Rng::seed_from_u64(self.seed);
                random.set_stream(chunk as u64);
                let mut state = start();
                let mut statistics = vec![0.0; rows.first().map_or(0, Vec::len)];
                for flip in chunk * CHUNK..((chunk + 1) * CHUNK).min(total) {
                    let mut bits =
                        SignBits { pattern: exact.map(|_| flip as u64), random: &mut random, left: 0, word: 0 };
                    statistics.fill(0.0);
                    // statistics[cell] = Σ_r s[r] rows[r][cell]
                    for row in rows {
                        let sign = if bits.next() { -1.0 } else { 1.0 };
                        for (sum, value) in statistics.iter_mut().zip(row) {
                            *sum += sign * value;
                        }
                    }
                    statistics.iter_mut().for_each(|sum| *sum = sum.abs());
                    visit(&mut state, &statistics);
                }
                state
            })
            .reduce_with(merge)
    }
}

/// Signs of one flip: the bits of its number, or random ones.
struct SignBits<'a> {
    pattern: Option<u64>,
    random: &'a mut ChaCha8Rng,
    left: u32,
    word: u64,
}

impl SignBits<'_> {
    fn next(&mut self) -> bool {
        if self.left == 0 {
            self.word = self.pattern.unwrap_or_else(|| self.random.next_u64());
            self.left = 64;
        }
        let bit = self.word & 1 == 1;
        self.word >>= 1;
        self.left -= 1;
        bit
    }
}
