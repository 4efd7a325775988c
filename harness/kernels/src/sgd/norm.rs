//! The norm of a gradient, and how far it is scaled down.

use crate::tile::Simd;
use crate::vector_width::for_every_width;
use rayon::prelude::*;

/// Elements summed by themselves, whatever the threads.
const CHUNK: usize = 1 << 14;

/// Sums that the elements of a chunk go to in turn.
const LANES: usize = 16;

/// Σ x², in double precision: in chunks of 2¹⁴ elements, in each sixteen sums, element i to sum i mod 16, added from first
/// to last, as the chunks are.
pub fn sum_of_squares(values: &[f32]) -> f64 {
    let simd = Simd::current();
    let of_chunk = |chunk: &[f32]| {
        let mut sum = 0.0;
        chunk_sum(simd, chunk, &mut sum);
        sum
    };
    if values.len() <= CHUNK {
        return of_chunk(values);
    }
    let sums: Vec<f64> = values.par_chunks(CHUNK).map(of_chunk).collect();
    sums.into_iter().fold(0.0, |sum, chunk| sum + chunk)
}

/// What a gradient of this norm is multiplied by, so that it is no longer than `longest`.
///
/// # Source
/// PyTorch's `clip_grad_norm_`: min(1, longest / (norm + 10⁻⁶)). A norm that is not a number scales nothing, and the
/// parameters that it leads to are no numbers.
pub fn clip_factor(longest: f64, norm: f64) -> f32 {
    (longest / (norm + 1e-6)).min(1.0) as f32
}

for_every_width! {
    /// `sum = Σ x²`, in sixteen sums.
    pub(crate) fn chunk_sum(values: &[f32], sum: &mut f64) {
        let mut lanes = [0.0f64; LANES];
        let (chunks, rest) = values.as_chunks::<LANES>();
        for chunk in chunks {
            for (lane, &value) in lanes.iter_mut().zip(chunk) {
                *lane += f64::from(value) * f64::from(value);
            }
        }
        for (lane, &value) in lanes.iter_mut().zip(rest) {
            *lane += f64::from(value) * f64::from(value);
        }
        *sum = lanes.into_iter().fold(0.0, |sum, lane| sum + lane);
    }
}
