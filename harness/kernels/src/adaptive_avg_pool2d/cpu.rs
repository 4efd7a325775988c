//! The loops of [`super`], over some of its channels.

use super::AdaptiveAvgPool2d;
use crate::vector_width::for_every_width;
use std::ops::Range;

/// The positions of `length` that output position `at` of `side` is the mean of.
fn window(at: usize, length: usize, side: usize) -> Range<usize> {
    at * length / side..((at + 1) * length).div_ceil(side)
}

for_every_width! {
    /// `y[c][oy][ox][n] = (Σ of x[c][iy][ix][n] over the window) / (its elements)`
    pub(super) fn forward(pool: &AdaptiveAvgPool2d, x: &[f32], y: &mut [f32], batch: usize) {
        let (height, width, side) = (pool.height, pool.width, pool.side);
        for (x, y) in x.chunks_exact(height * width * batch).zip(y.chunks_exact_mut(side * side * batch)) {
            for (at, y) in y.chunks_exact_mut(batch).enumerate() {
                let (rows, columns) = (window(at / side, height, side), window(at % side, width, side));
                let count = (rows.len() * columns.len()) as f32;
                y.fill(0.0);
                for iy in rows {
                    for ix in columns.clone() {
                        let x = &x[(iy * width + ix) * batch..][..batch];
                        y.iter_mut().zip(x).for_each(|(y, x)| *y += x);
                    }
                }
                y.iter_mut().for_each(|y| *y /= count);
            }
        }
    }
}

for_every_width! {
    /// `dx[c][iy][ix][n] = Σ of dy[c][oy][ox][n] / (elements of the window) over the windows with (iy, ix)`
    pub(super) fn input_gradient(pool: &AdaptiveAvgPool2d, dy: &[f32], dx: &mut [f32], batch: usize) {
        let (height, width, side) = (pool.height, pool.width, pool.side);
        dx.fill(0.0);
        for (dy, dx) in dy.chunks_exact(side * side * batch).zip(dx.chunks_exact_mut(height * width * batch)) {
            for (at, dy) in dy.chunks_exact(batch).enumerate() {
                let (rows, columns) = (window(at / side, height, side), window(at % side, width, side));
                let count = (rows.len() * columns.len()) as f32;
                for iy in rows {
                    for ix in columns.clone() {
                        let dx = &mut dx[(iy * width + ix) * batch..][..batch];
                        dx.iter_mut().zip(dy).for_each(|(dx, dy)| *dx += dy / count);
                    }
                }
            }
        }
    }
}
