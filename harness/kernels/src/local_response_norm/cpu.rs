//! The loops of [`super`]: channel by channel over short stretches of a plane, so that a window's channels stay cached.

use super::LocalResponseNorm;
use crate::vector_width::for_every_width;
use std::ops::Range;

/// Elements of a plane (positions × batch) treated at a time.
const STRETCH: usize = 256;

for_every_width! {
    /// `y[c][j] = x[c][j] / s[c][j]^β` for the channels from `first` on that `y` holds; j = (p, n).
    pub(super) fn forward(norm: &LocalResponseNorm, x: &[f32], y: &mut [f32], first: usize, plane: usize) {
        let channels = x.len() / plane.max(1);
        let mut scale = [0.0; STRETCH];
        for start in (0..plane).step_by(STRETCH) {
            let scale = &mut scale[..STRETCH.min(plane - start)];
            for (out, y) in y.chunks_exact_mut(plane).enumerate() {
                let c = first + out;
                sum_of_squares(norm, x, window(norm, c, channels), start, plane, scale);
                let x = &x[c * plane + start..][..scale.len()];
                divide_by_power(x, scale, norm.beta, &mut y[start..][..scale.len()]);
            }
        }
    }
}

for_every_width! {
    /// `dx[c][j] = dy[c][j] / s[c][j]^β − 2αβ x[c][j] Σ over c' of ratio[c'][j]`, `ratio[c'] = dy[c'] y[c'] / s[c']`,
    /// for the channels from `first` on that `dx` holds; j = (p, n).
    pub(super) fn input_gradient(
        norm: &LocalResponseNorm,
        x: &[f32],
        y: &[f32],
        dy: &[f32],
        dx: &mut [f32],
        first: usize,
        plane: usize,
        scratch: &mut Vec<f32>,
    ) {
        let channels = x.len() / plane.max(1);
        let last = first + dx.len() / plane.max(1);
        // Ratios are needed for every channel whose window reaches ours.
        let reach = mirrored_window(norm, first, channels).start..mirrored_window(norm, last - 1, channels).end;
        scratch.resize(2 * reach.len() * STRETCH, 0.0);
        let (ratios, scales) = scratch.split_at_mut(reach.len() * STRETCH);
        let factor = 2.0 * norm.alpha * norm.beta;
        for start in (0..plane).step_by(STRETCH) {
            let length = STRETCH.min(plane - start);
            for (row, c) in reach.clone().enumerate() {
                let scale = &mut scales[row * STRETCH..][..length];
                sum_of_squares(norm, x, window(norm, c, channels), start, plane, scale);
                let at = c * plane + start;
                let (y, dy) = (&y[at..][..length], &dy[at..][..length]);
                let ratio = &mut ratios[row * STRETCH..][..length];
                for (((ratio, scale), y), dy) in ratio.iter_mut().zip(scale).zip(y).zip(dy) {
                    *ratio = *dy * *y / *scale;
                }
            }
            for (out, dx) in dx.chunks_exact_mut(plane).enumerate() {
                let c = first + out;
                let at = c * plane + start;
                let dx = &mut dx[start..][..length];
                let mut sum = [0.0; STRETCH];
                for other in mirrored_window(norm, c, channels) {
                    let ratio = &ratios[(other - reach.start) * STRETCH..][..length];
                    for (sum, ratio) in sum.iter_mut().zip(ratio) {
                        *sum += *ratio;
                    }
                }
                divide_by_power(&dy[at..][..length], &scales[(c - reach.start) * STRETCH..][..length], norm.beta, dx);
                for ((dx, x), sum) in dx.iter_mut().zip(&x[at..][..length]).zip(&sum) {
                    *dx -= factor * *x * *sum;
                }
            }
        }
    }
}

/// The channels that normalise channel `c`.
#[inline(always)]
fn window(norm: &LocalResponseNorm, c: usize, channels: usize) -> Range<usize> {
    c.saturating_sub(norm.size / 2)..(c + norm.size.saturating_sub(1) / 2 + 1).min(channels)
}

/// The channels that channel `c` normalises.
#[inline(always)]
fn mirrored_window(norm: &LocalResponseNorm, c: usize, channels: usize) -> Range<usize> {
    c.saturating_sub(norm.size.saturating_sub(1) / 2)..(c + norm.size / 2 + 1).min(channels)
}

/// `scale[j] = k + α Σ over c of x[c][start + j]²`, c ascending.
#[inline(always)]
fn sum_of_squares(
    norm: &LocalResponseNorm,
    x: &[f32],
    window: Range<usize>,
    start: usize,
    plane: usize,
    scale: &mut [f32],
) {
    scale.fill(0.0);
    for c in window {
        for (scale, x) in scale.iter_mut().zip(&x[c * plane + start..]) {
            *scale += *x * *x;
        }
    }
    for scale in scale {
        *scale = norm.k + norm.alpha * *scale;
    }
}

/// `quotient[j] = dividend[j] / scale[j]^β`
#[inline(always)]
fn divide_by_power(dividend: &[f32], scale: &[f32], beta: f32, quotient: &mut [f32]) {
    let terms = quotient.iter_mut().zip(dividend).zip(scale);
    if beta == 0.75 {
        for ((quotient, dividend), scale) in terms {
            let root = scale.sqrt();
            *quotient = *dividend / (root * root.sqrt());
        }
    } else {
        for ((quotient, dividend), scale) in terms {
            *quotient = *dividend / libm::powf(*scale, beta);
        }
    }
}
