//! The loops of [`super`].

use crate::philox::Stream;
use crate::vector_width::for_every_width;

/// A Philox block gives four words: those of four neighbouring features of one image.
pub(super) const FEATURES_PER_BLOCK: usize = 4;

/// A block's index is made of the image (20 bits), the four features (20 bits) and the step (24 bits).
const IMAGE_BITS: u32 = 20;
const BLOCK_BITS: u32 = 40;
pub(super) const MAX_BATCH: usize = 1 << IMAGE_BITS;
pub(super) const MAX_FEATURES: usize = FEATURES_PER_BLOCK << (BLOCK_BITS - IMAGE_BITS);
pub(super) const MAX_STEPS: u64 = 1 << (u64::BITS - BLOCK_BITS);

/// Images treated side by side.
const LANES: usize = 16;

for_every_width! {
    /// `mask[f][n] = word[f][n] < threshold ? 0 : scale`, for the features from `FEATURES_PER_BLOCK · first` on that
    /// `mask` holds.
    pub(super) fn mask(
        stream: &Stream,
        step: u64,
        first: usize,
        threshold: u32,
        scale: f32,
        mask: &mut [f32],
        batch: usize,
    ) {
        for (block, rows) in mask.chunks_mut((FEATURES_PER_BLOCK * batch).max(1)).enumerate() {
            let index = (step << BLOCK_BITS) | (((first + block) as u64) << IMAGE_BITS);
            for start in (0..batch).step_by(LANES) {
                let mut words = [[0; LANES]; FEATURES_PER_BLOCK];
                let [first, second, third, fourth] = &mut words;
                for lane in 0..LANES {
                    let block = stream.block(index + (start + lane) as u64);
                    [first[lane], second[lane], third[lane], fourth[lane]] = block;
                }
                for (row, words) in rows.chunks_exact_mut(batch).zip(&words) {
                    for (factor, word) in row[start..].iter_mut().zip(words) {
                        *factor = if *word < threshold { 0.0 } else { scale };
                    }
                }
            }
        }
    }
}

/// `y[i] ← mask[i] y[i]`
pub(super) fn multiply(mask: &[f32], y: &mut [f32]) {
    for (mask, y) in mask.iter().zip(y) {
        *y *= *mask;
    }
}
