//! The loops of [`super`], over some of its channels.

use super::MaxPool2d;
use crate::vector_width::{for_every_width, lanes};

/// Images treated side by side.
const LANES: usize = 16;

for_every_width! {
    /// `y[c][oy][ox][n] = max over ky, kx of x[c][oy s + ky][ox s + kx][n]`
    pub(super) fn forward(pool: &MaxPool2d, x: &[f32], y: &mut [f32], batch: usize) {
        for_each_window(pool, x.len(), batch, |window, out| {
            for_each_tile(batch, |n, full| {
                if full {
                    let maximum = window_maximum::<LANES>(pool, x, window + n, batch);
                    y[out + n..][..LANES].copy_from_slice(&maximum);
                } else {
                    y[out + n] = window_maximum::<1>(pool, x, window + n, batch)[0];
                }
            });
        });
    }
}

for_every_width! {
    /// `dx[c][iy][ix][n] = Σ of dy[c][oy][ox][n] over the windows whose first maximum is (iy, ix)`
    pub(super) fn input_gradient(pool: &MaxPool2d, x: &[f32], y: &[f32], dy: &[f32], dx: &mut [f32], batch: usize) {
        dx.fill(0.0);
        for_each_window(pool, x.len(), batch, |window, out| {
            for_each_tile(batch, |n, full| {
                let (window, out) = (window + n, out + n);
                if full {
                    spread::<LANES>(pool, x, window, lanes(y, out), lanes(dy, out), dx, batch);
                } else {
                    spread::<1>(pool, x, window, lanes(y, out), lanes(dy, out), dx, batch);
                }
            });
        });
    }
}

/// `visit(index of the window's first element, index of its result)`, channels, rows, columns ascending.
#[inline(always)]
fn for_each_window(pool: &MaxPool2d, input_len: usize, batch: usize, mut visit: impl FnMut(usize, usize)) {
    let plane = pool.height * pool.width * batch;
    let mut out = 0;
    for channel in (0..input_len).step_by(plane.max(1)) {
        for oy in 0..pool.out_height() {
            for ox in 0..pool.out_width() {
                visit(channel + (oy * pool.width + ox) * pool.stride * batch, out);
                out += batch;
            }
        }
    }
}

/// `visit(first image, true)` for every [`LANES`] images, then `visit(image, false)` for each of the rest.
#[inline(always)]
fn for_each_tile(batch: usize, mut visit: impl FnMut(usize, bool)) {
    let tiled = batch - batch % LANES;
    for n in (0..tiled).step_by(LANES) {
        visit(n, true);
    }
    for n in tiled..batch {
        visit(n, false);
    }
}

/// The maxima of `L` neighbouring images' windows.
#[inline(always)]
fn window_maximum<const L: usize>(pool: &MaxPool2d, x: &[f32], window: usize, batch: usize) -> [f32; L] {
    let mut maximum = lanes::<L>(x, window);
    for ky in 0..pool.kernel {
        for kx in 0..pool.kernel {
            let tap = lanes::<L>(x, window + (ky * pool.width + kx) * batch);
            for l in 0..L {
                // A NaN tap replaces the maximum, and no later tap is above NaN.
                let replaces = tap[l] > maximum[l] || tap[l].is_nan();
                maximum[l] = if replaces { tap[l] } else { maximum[l] };
            }
        }
    }
    maximum
}

/// Adds `L` neighbouring images' `dy` to `dx` at the first tap of the window that equals `y`.
#[inline(always)]
fn spread<const L: usize>(
    pool: &MaxPool2d,
    x: &[f32],
    window: usize,
    y: [f32; L],
    dy: [f32; L],
    dx: &mut [f32],
    batch: usize,
) {
    // Each gradient is spent at the first hit; what is left of it afterwards is 0.
    let mut unspent = dy;
    for ky in 0..pool.kernel {
        for kx in 0..pool.kernel {
            let at = window + (ky * pool.width + kx) * batch;
            let tap = lanes::<L>(x, at);
            let mut sum = lanes::<L>(dx, at);
            for l in 0..L {
                let hit = tap[l] == y[l] || (tap[l].is_nan() && y[l].is_nan());
                sum[l] += if hit { unspent[l] } else { 0.0 };
                unspent[l] = if hit { 0.0 } else { unspent[l] };
            }
            dx[at..at + L].copy_from_slice(&sum);
        }
    }
}
