//! Inverted dropout, whose masks come from a named stream.

mod cpu;
#[cfg(test)]
mod tests;

use crate::parallel;
use crate::philox::Stream;
use crate::tile::Simd;

/// An impossible dropout.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DropoutError {
    /// The probability is not in [0, 1). With 1 nothing would be left.
    #[error("dropout: the probability of dropping is {probability}; give one in [0, 1)")]
    Probability {
        /// What was given.
        probability: f64,
    },
}

/// Inverted dropout: an element is set to 0 with probability p, else multiplied by `1 / (1 − p)`.
///
/// # Source
/// Hinton et al. 2012 (arXiv:1207.0580); scaled in training, as in PyTorch, where Krizhevsky et al. 2012 (section 4.2)
/// halve the outputs at test time instead.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dropout {
    probability: f64,
}

impl Dropout {
    /// Dropout of this probability.
    ///
    /// # Errors
    /// [`DropoutError::Probability`] unless `0 ≤ probability < 1`.
    pub fn new(probability: f64) -> Result<Self, DropoutError> {
        if (0.0..1.0).contains(&probability) {
            Ok(Self { probability })
        } else {
            Err(DropoutError::Probability { probability })
        }
    }

    /// The probability that an element is dropped.
    pub fn probability(&self) -> f64 {
        self.probability
    }

    /// The words below which an element is dropped: P(word < threshold) = p to within 2⁻³².
    pub(crate) fn threshold(&self) -> u32 {
        (self.probability * 4_294_967_296.0) as u32
    }

    /// What an element that is kept is multiplied by.
    pub(crate) fn scale(&self) -> f32 {
        (1.0 / (1.0 - self.probability)) as f32
    }

    /// What each element is multiplied by in training step `step`: 0 or `1 / (1 − p)`.
    ///
    /// The factor of feature f of the batch's image n depends on the stream, the step, f and n only: not on the batch's
    /// size, the number of features, or the threads.
    ///
    /// # Shape
    /// `mask`: `[features][batch]`, overwritten.
    /// # Panics
    /// If the slice has another length, or there are more steps (2²⁴), images (2²⁰) or features (2²²) than a stream
    /// has words for.
    pub fn mask(&self, stream: &Stream, step: u64, features: usize, batch: usize, mask: &mut [f32]) {
        assert_eq!(mask.len(), features * batch, "dropout: a mask has features × batch elements");
        assert!(step < cpu::MAX_STEPS, "dropout: a stream has masks for {} steps", cpu::MAX_STEPS);
        check_stream(features, batch);
        let (simd, threshold, scale) = (Simd::current(), self.threshold(), self.scale());
        parallel::for_units(mask, cpu::FEATURES_PER_BLOCK * batch, |first, mask| {
            cpu::mask(simd, stream, step, first, threshold, scale, mask, batch);
        });
    }
}

/// Panics unless a stream has words for this many features and images.
#[track_caller]
pub(crate) fn check_stream(features: usize, batch: usize) {
    assert!(batch <= cpu::MAX_BATCH, "dropout: a stream has masks for {} images a step", cpu::MAX_BATCH);
    assert!(features <= cpu::MAX_FEATURES, "dropout: a stream has masks for {} features", cpu::MAX_FEATURES);
}

/// `y[i] = mask[i] x[i]`
///
/// # Shape
/// `x`, `mask`, `y`: the same, any; `y` is overwritten.
/// # Panics
/// If a slice has another length.
pub fn forward(x: &[f32], mask: &[f32], y: &mut [f32]) {
    assert_eq!(x.len(), y.len(), "dropout: argument and result have the same length");
    y.copy_from_slice(x);
    forward_in_place(mask, y);
}

/// `y[i] ← mask[i] y[i]`
///
/// After a ReLU this is safe in place: where `y` becomes 0 the mask is 0 too, so the ReLU's gradient, taken from `y`,
/// stays right.
///
/// # Shape
/// `mask`, `y`: the same, any.
/// # Panics
/// If a slice has another length.
pub fn forward_in_place(mask: &[f32], y: &mut [f32]) {
    assert_eq!(mask.len(), y.len(), "dropout: a mask has the length of what it masks");
    parallel::for_chunk_pairs(y, mask, |y, mask| cpu::multiply(mask, y));
}

/// `dy[i] ← mask[i] dy[i]`: the gradient of the argument from that of the result.
///
/// # Shape
/// `mask`, `dy`: the same, any.
/// # Panics
/// If a slice has another length.
pub fn gradient_in_place(mask: &[f32], dy: &mut [f32]) {
    forward_in_place(mask, dy);
}
