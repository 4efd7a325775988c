//! The loops of [`super`], over some of its channels.

use super::MaxPool2d;
use crate::vector_width::{for_every_width, lanes};

/// Images treated side by side.
const LANES: usize = 16;

for_every_width! {
    /// `y[c][oy][ox][n] = max over ky, kx of x[c][oy s + ky][ox s + kx][n]`
    pub(super) fn forward(pool: &MaxPool2d, x: &[f32], y: &mut [f32], batch: usize) {
        let (in_row, windows) = (pool.width * batch, pool.out_height() * pool.out_width());
        for (x, y) in x.chunks_exact(pool.height * in_row).zip(y.chunks_exact_mut(windows * batch)) {
            for (window, y) in y.chunks_exact_mut(batch).enumerate() {
                let (oy, ox) = (window / pool.out_width(), window % pool.out_width());
                let window = &x[oy * pool.stride * in_row + ox * pool.stride * batch..];
                let (tiles, rest) = y.as_chunks_mut::<LANES>();
                let tiled = tiles.len() * LANES;
                for (tile, y) in tiles.iter_mut().enumerate() {
                    *y = window_maximum(pool, &window[tile * LANES..], batch);
                }
                for (n, y) in rest.iter_mut().enumerate() {
                    [*y] = window_maximum(pool, &window[tiled + n..], batch);
                }
            }
        }
    }
}

for_every_width! {
    /// `dx[c][iy][ix][n] = Σ of dy[c][oy][ox][n] over the windows whose first maximum is (iy, ix)`
    pub(super) fn input_gradient(pool: &MaxPool2d, x: &[f32], y: &[f32], dy: &[f32], dx: &mut [f32], batch: usize) {
        dx.fill(0.0);
        let (in_row, windows) = (pool.width * batch, pool.out_height() * pool.out_width());
        let (in_plane, out_plane) = (pool.height * in_row, windows * batch);
        for (c, (x, dx)) in x.chunks_exact(in_plane).zip(dx.chunks_exact_mut(in_plane)).enumerate() {
            for window in 0..windows {
                let (oy, ox) = (window / pool.out_width(), window % pool.out_width());
                let at = oy * pool.stride * in_row + ox * pool.stride * batch;
                let (x, dx) = (&x[at..], &mut dx[at..]);
                let out = c * out_plane + window * batch;
                let (y, dy) = (&y[out..][..batch], &dy[out..][..batch]);
                let tiled = batch - batch % LANES;
                for n in (0..tiled).step_by(LANES) {
                    spread::<LANES>(pool, &x[n..], lanes(y, n), lanes(dy, n), &mut dx[n..], batch);
                }
                for n in tiled..batch {
                    spread(pool, &x[n..], [y[n]], [dy[n]], &mut dx[n..], batch);
                }
            }
        }
    }
}

/// The maxima of `L` neighbouring images' windows, which `x` begins with.
#[inline(always)]
fn window_maximum<const L: usize>(pool: &MaxPool2d, x: &[f32], batch: usize) -> [f32; L] {
    let mut maximum = lanes::<L>(x, 0);
    for ky in 0..pool.kernel {
        for kx in 0..pool.kernel {
            let tap = lanes::<L>(x, (ky * pool.width + kx) * batch);
            for (maximum, tap) in maximum.iter_mut().zip(tap) {
                // A NaN tap replaces the maximum, and no later tap is above NaN. Without branches, so that the lanes
                // become one vector.
                let replaces = (tap > *maximum) | tap.is_nan();
                *maximum = if replaces { tap } else { *maximum };
            }
        }
    }
    maximum
}

/// Adds `L` neighbouring images' `dy` to `dx` at the first tap of the window that equals `y`.
#[inline(always)]
fn spread<const L: usize>(pool: &MaxPool2d, x: &[f32], y: [f32; L], dy: [f32; L], dx: &mut [f32], batch: usize) {
    // Each gradient is added at the first hit and is 0 afterwards. Masks replace branches, as above.
    let mut unspent = dy.map(f32::to_bits);
    for ky in 0..pool.kernel {
        for kx in 0..pool.kernel {
            let at = (ky * pool.width + kx) * batch;
            let tap = lanes::<L>(x, at);
            let mut sum = lanes::<L>(dx, at);
            for l in 0..L {
                let hit = (tap[l] == y[l]) | (tap[l].is_nan() & y[l].is_nan());
                let mask = u32::from(hit).wrapping_neg();
                sum[l] += f32::from_bits(unspent[l] & mask);
                unspent[l] &= !mask;
            }
            dx[at..at + L].copy_from_slice(&sum);
        }
    }
}
