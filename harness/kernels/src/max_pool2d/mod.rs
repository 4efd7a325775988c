//! Overlapping max pooling.

mod cpu;
#[cfg(test)]
mod tests;

use crate::geometry::{GeometryError, check_positive};
use crate::parallel;
use crate::tile::Simd;

/// Overlapping max pooling with a square window, without padding.
///
/// # Shape
/// `x`: `[C][H][W][N]` f32 → `y`: `[C][(H-k)/s + 1][(W-k)/s + 1][N]`, floor division.
/// # Source
/// Krizhevsky et al. 2012, section 3.4 (k = 3, s = 2). Ties: the gradient goes to the first maximum in row order, as in
/// PyTorch. A NaN in a window makes its result NaN; its gradient goes to the first NaN (in PyTorch, to the last).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MaxPool2d {
    /// C.
    pub channels: usize,
    /// H, rows of the input.
    pub height: usize,
    /// W, columns of the input.
    pub width: usize,
    /// k, side of the window.
    pub kernel: usize,
    /// s, rows and columns from one window to the next.
    pub stride: usize,
}

impl MaxPool2d {
    /// The pooling of this geometry.
    ///
    /// # Errors
    /// [`GeometryError::Zero`] if a dimension is 0; [`GeometryError::KernelTooLarge`] if `kernel > height` or
    /// `kernel > width`.
    pub fn new(
        channels: usize,
        height: usize,
        width: usize,
        kernel: usize,
        stride: usize,
    ) -> Result<Self, GeometryError> {
        let operation = "max_pool2d";
        check_positive(operation, &[("channels", channels), ("kernel", kernel), ("stride", stride)])?;
        if kernel > height || kernel > width {
            return Err(GeometryError::KernelTooLarge { operation, kernel, height, width, padding: 0 });
        }
        Ok(Self { channels, height, width, kernel, stride })
    }

    /// Rows of the output.
    pub fn out_height(&self) -> usize {
        (self.height - self.kernel) / self.stride + 1
    }

    /// Columns of the output.
    pub fn out_width(&self) -> usize {
        (self.width - self.kernel) / self.stride + 1
    }

    /// Elements of one image's input.
    pub fn in_features(&self) -> usize {
        self.channels * self.height * self.width
    }

    /// Elements of one image's output.
    pub fn out_features(&self) -> usize {
        self.channels * self.out_height() * self.out_width()
    }

    /// `y[c][oy][ox][n] = max over ky, kx of x[c][oy s + ky][ox s + kx][n]`
    ///
    /// # Shape
    /// `x`: `[C][H][W][batch]`; `y`: `[C][out_height][out_width][batch]`, overwritten.
    /// # Panics
    /// If a slice has another length.
    pub fn forward(&self, x: &[f32], y: &mut [f32], batch: usize) {
        self.check_lengths(x.len(), y.len(), batch);
        let simd = Simd::current();
        let (in_plane, out_plane) = self.planes(batch);
        parallel::for_units(y, out_plane, |first, y| {
            let channels = y.len() / out_plane;
            let x = &x[first * in_plane..][..channels * in_plane];
            cpu::forward(simd, self, x, y, batch);
        });
    }

    /// `dx[c][iy][ix][n] = Σ of dy[c][oy][ox][n] over the windows whose first maximum is (iy, ix), oy then ox
    /// ascending`
    ///
    /// The maximum is found again in `x`, so that no index needs to be kept.
    ///
    /// # Shape
    /// `x`, `dx`: `[C][H][W][batch]`; `y`, `dy`: `[C][out_height][out_width][batch]`, `y` as [`Self::forward`] made it;
    /// `dx` is overwritten.
    /// # Panics
    /// If a slice has another length.
    pub fn input_gradient(&self, x: &[f32], y: &[f32], dy: &[f32], dx: &mut [f32], batch: usize) {
        self.check_lengths(x.len(), y.len(), batch);
        self.check_lengths(dx.len(), dy.len(), batch);
        let simd = Simd::current();
        let (in_plane, out_plane) = self.planes(batch);
        parallel::for_units(dx, in_plane, |first, dx| {
            let channels = dx.len() / in_plane;
            let x = &x[first * in_plane..][..channels * in_plane];
            let y = &y[first * out_plane..][..channels * out_plane];
            let dy = &dy[first * out_plane..][..channels * out_plane];
            cpu::input_gradient(simd, self, x, y, dy, dx, batch);
        });
    }

    /// Elements of a channel of the whole batch: input, output.
    fn planes(&self, batch: usize) -> (usize, usize) {
        (self.height * self.width * batch, self.out_height() * self.out_width() * batch)
    }

    fn check_lengths(&self, input: usize, output: usize, batch: usize) {
        assert_eq!(input, self.in_features() * batch, "max_pool2d: an input has C H W batch elements");
        assert_eq!(
            output,
            self.out_features() * batch,
            "max_pool2d: an output has C out_height out_width batch elements"
        );
    }
}
