//! Local response normalisation across channels.

mod cpu;
#[cfg(test)]
mod tests;

use crate::geometry::{GeometryError, check_positive};
use crate::parallel;
use crate::tile::Simd;

thread_local! {
    /// What a thread needs to compute a gradient, kept from call to call.
    static SCRATCH: std::cell::RefCell<Vec<f32>> = const { std::cell::RefCell::new(Vec::new()) };
}

/// Local response normalisation: `y[c] = x[c] / s[c]^β`, `s[c] = k + α Σ x[c']²` over the `size` channels around `c`.
///
/// # Shape
/// `x`: `[C][P][N]` f32 with P = H W positions → `y`: the same. The window holds the channels `c - size/2` to `c +
/// (size-1)/2` that exist, so that an odd window is centred.
/// # Source
/// Krizhevsky et al. 2012, section 3.3: α multiplies the *sum* of squares. PyTorch multiplies their *mean* over the
/// window (missing channels count as 0), so its α is `size` times the paper's: [`Self::from_pytorch`] converts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LocalResponseNorm {
    /// Channels in the window.
    pub size: usize,
    /// α, the weight of the sum of squares.
    pub alpha: f32,
    /// β, the exponent.
    pub beta: f32,
    /// k, what keeps the denominator from 0.
    pub k: f32,
}

impl LocalResponseNorm {
    /// The paper's: n = 5, k = 2, α = 1e-4, β = 0.75.
    pub const KRIZHEVSKY_2012: Self = Self { size: 5, alpha: 1e-4, beta: 0.75, k: 2.0 };

    /// The normalisation of PyTorch's `local_response_norm(size, alpha, beta, k)`.
    pub fn from_pytorch(size: usize, alpha: f32, beta: f32, k: f32) -> Self {
        Self { size, alpha: alpha / size as f32, beta, k }
    }

    /// Checks that the window is not empty.
    ///
    /// # Errors
    /// [`GeometryError::Zero`] if `size` is 0.
    pub fn check(&self) -> Result<(), GeometryError> {
        check_positive("local_response_norm", &[("size", self.size)])
    }

    /// `y[c][p][n] = x[c][p][n] (k + α Σ over c' of x[c'][p][n]²)^-β`, c' ascending.
    ///
    /// # Shape
    /// `x`, `y`: `[channels][positions][batch]`; `y` is overwritten.
    /// # Panics
    /// If a slice has another length.
    /// # Source
    /// `s^0.75` is `√s · √√s`, three correctly rounded operations; other exponents are libm's.
    pub fn forward(&self, x: &[f32], y: &mut [f32], channels: usize, positions: usize, batch: usize) {
        let plane = positions * batch;
        check_lengths(&[x.len(), y.len()], channels * plane);
        let simd = Simd::current();
        parallel::for_units(y, plane, |first, y| cpu::forward(simd, self, x, y, first, plane));
    }

    /// `dx[c] = dy[c] s[c]^-β − 2αβ x[c] Σ over c' of dy[c'] y[c'] / s[c']`, c' the channels whose window holds c,
    /// ascending.
    ///
    /// # Shape
    /// `x`, `y`, `dy`, `dx`: `[channels][positions][batch]`, `y` as [`Self::forward`] made it; `dx` is overwritten.
    /// # Panics
    /// If a slice has another length.
    #[allow(clippy::too_many_arguments, reason = "the operation's operands, in the order of its formula")]
    pub fn input_gradient(
        &self,
        x: &[f32],
        y: &[f32],
        dy: &[f32],
        dx: &mut [f32],
        channels: usize,
        positions: usize,
        batch: usize,
    ) {
        let plane = positions * batch;
        check_lengths(&[x.len(), y.len(), dy.len(), dx.len()], channels * plane);
        let simd = Simd::current();
        parallel::for_units(dx, plane, |first, dx| {
            SCRATCH.with_borrow_mut(|scratch| {
                cpu::input_gradient(simd, self, x, y, dy, dx, first, plane, scratch);
            });
        });
    }
}

fn check_lengths(lengths: &[usize], expected: usize) {
    for length in lengths {
        assert_eq!(*length, expected, "local_response_norm: a tensor has channels × positions × batch elements");
    }
}
