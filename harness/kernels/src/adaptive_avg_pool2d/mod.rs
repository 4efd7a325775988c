//! Adaptive average pooling.

mod cpu;
#[cfg(test)]
mod tests;

use crate::geometry::{GeometryError, check_positive};
use crate::parallel;
use crate::tile::Simd;

/// Average pooling to a given number of rows and columns, whatever the input has.
///
/// Output row `oy` is the mean of the input rows from `⌊oy H / s⌋` to `⌈(oy + 1) H / s⌉`, and columns likewise: windows
/// differ by at most one row, and may overlap. An input with as many rows and columns is kept as it is; one with fewer is
/// spread.
///
/// # Shape
/// `x`: `[C][H][W][N]` f32 → `y`: `[C][s][s][N]`.
/// # Source
/// PyTorch's `nn.AdaptiveAvgPool2d`, which torchvision's AlexNet has before its first fully connected layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AdaptiveAvgPool2d {
    /// C.
    pub channels: usize,
    /// H, rows of the input.
    pub height: usize,
    /// W, columns of the input.
    pub width: usize,
    /// s, rows and columns of the output.
    pub side: usize,
}

impl AdaptiveAvgPool2d {
    /// The pooling of this geometry.
    ///
    /// # Errors
    /// [`GeometryError::Zero`] if a dimension is 0.
    pub fn new(channels: usize, height: usize, width: usize, side: usize) -> Result<Self, GeometryError> {
        let dimensions = [("channels", channels), ("height", height), ("width", width), ("side", side)];
        check_positive("adaptive_avg_pool2d", &dimensions)?;
        Ok(Self { channels, height, width, side })
    }

    /// Elements of one image's input.
    pub fn in_features(&self) -> usize {
        self.channels * self.height * self.width
    }

    /// Elements of one image's output.
    pub fn out_features(&self) -> usize {
        self.channels * self.side * self.side
    }

    /// Whether the output is the input.
    pub fn is_identity(&self) -> bool {
        self.height == self.side && self.width == self.side
    }

    /// `y[c][oy][ox][n] = mean of x[c][iy][ix][n] over the window, iy then ix ascending`
    ///
    /// # Shape
    /// `x`: `[C][H][W][batch]`; `y`: `[C][side][side][batch]`, overwritten.
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

    /// `dx[c][iy][ix][n] = Σ of dy[c][oy][ox][n] / (elements of the window) over the windows with (iy, ix), oy then ox
    /// ascending`
    ///
    /// # Shape
    /// `dy`: `[C][side][side][batch]`; `dx`: `[C][H][W][batch]`, overwritten.
    /// # Panics
    /// If a slice has another length.
    pub fn input_gradient(&self, dy: &[f32], dx: &mut [f32], batch: usize) {
        self.check_lengths(dx.len(), dy.len(), batch);
        let simd = Simd::current();
        let (in_plane, out_plane) = self.planes(batch);
        parallel::for_units(dx, in_plane, |first, dx| {
            let channels = dx.len() / in_plane;
            let dy = &dy[first * out_plane..][..channels * out_plane];
            cpu::input_gradient(simd, self, dy, dx, batch);
        });
    }

    /// Elements of a channel of the whole batch: input, output.
    fn planes(&self, batch: usize) -> (usize, usize) {
        (self.height * self.width * batch, self.side * self.side * batch)
    }

    fn check_lengths(&self, input: usize, output: usize, batch: usize) {
        assert_eq!(input, self.in_features() * batch, "adaptive_avg_pool2d: an input has C H W batch elements");
        assert_eq!(
            output,
            self.out_features() * batch,
            "adaptive_avg_pool2d: an output has C side side batch elements"
        );
    }
}
