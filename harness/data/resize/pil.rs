//! Pillow's arithmetic: whole numbers, rounded after each axis.
//!
//! # Source
//! Pillow 13, `src/libImaging/Resample.c`: `precompute_coeffs`, `normalize_coeffs_8bpc`, `ImagingResampleHorizontal_8bpc`,
//! `ImagingResampleInner` (which axis comes first).

use image::RgbImage;

/// Binary places of a weight.
const PLACES: u32 = 22;

/// Which input positions an output position is made of, along one axis.
pub(super) struct Axis {
    /// The first input position of each output position, and its weights from there on.
    taps: Vec<(usize, Vec<i32>)>,
}

impl Axis {
    /// Positions `skip .. skip + count` of `input` positions scaled to `output`.
    pub(super) fn new(input: usize, output: usize, skip: usize, count: usize) -> Self {
        let scale = input as f64 / output as f64;
        // A triangle of half-width one output step, but no narrower than one input step.
        let half_width = scale.max(1.0);
        let step = 1.0 / half_width;
        let taps = (skip..skip + count).map(|position| {
            let centre = (position as f64 + 0.5) * scale;
            let first = (centre - half_width + 0.5).max(0.0) as usize;
            let end = ((centre + half_width + 0.5) as usize).min(input);
            let weight = |x: usize| (1.0 - ((x as f64 - centre + 0.5) * step).abs()).max(0.0);
            let weights: Vec<f64> = (first..end).map(weight).collect();
            let total: f64 = weights.iter().sum();
            let whole = |weight: &f64| (0.5 + weight / total * f64::from(1 << PLACES)) as i32;
            (first, weights.iter().map(whole).collect())
        });
        Self { taps: taps.collect() }
    }
}

/// A weighted sum, rounded to a byte.
fn rounded(terms: impl Iterator<Item = (u8, i32)>) -> u8 {
    let sum = terms.fold(1 << (PLACES - 1), |sum, (value, weight)| sum + i32::from(value) * weight);
    (sum >> PLACES).clamp(0, 255) as u8
}

/// Scales a picture along both axes, in the order that Pillow 13 takes; before it, rows always came first.
///
/// # Shape
/// `picture`: `(H, W, 3)`, scaled to `scaled` = (width, height), of which `columns` and `rows` are kept → `pixels`: `(rows, columns, 3)`.
pub(super) fn resize(picture: &RgbImage, scaled: (usize, usize), columns: &Axis, rows: &Axis, pixels: &mut [u8]) {
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    let side = columns.taps.len();
    if loses_mostly_height(height, scaled.1, width, scaled.0) {
        let mut low = vec![0u8; rows.taps.len() * width * 3];
        along_columns(picture.as_raw(), width, rows, &mut low);
        along_rows(&low, width, columns, pixels);
    } else {
        let mut narrow = vec![0u8; height * side * 3];
        along_rows(picture.as_raw(), width, columns, &mut narrow);
        along_columns(&narrow, side, rows, pixels);
    }
}

/// Whether the height loses more than twice the pixels that the width loses: then Pillow scales columns first.
fn loses_mostly_height(height: usize, to_height: usize, width: usize, to_width: usize) -> bool {
    let lost = |from: usize, to: usize| from as i64 - to as i64;
    lost(height, to_height) > 0 && lost(height, to_height) > 2 * lost(width, to_width)
}

/// `to[y, o, c] = Σ_x axis[o, x] · from[y, x, c]`.
///
/// # Shape
/// `from`: `(H, width, 3)` → `to`: `(H, axis, 3)`.
fn along_rows(from: &[u8], width: usize, axis: &Axis, to: &mut [u8]) {
    for (from, to) in from.chunks_exact(width * 3).zip(to.chunks_exact_mut(axis.taps.len() * 3)) {
        for ((first, weights), pixel) in axis.taps.iter().zip(to.chunks_exact_mut(3)) {
            for (channel, value) in pixel.iter_mut().enumerate() {
                let values = from[first * 3 + channel..].iter().step_by(3).copied();
                *value = rounded(values.zip(weights.iter().copied()));
            }
        }
    }
}

/// `to[o, x, c] = Σ_y axis[o, y] · from[y, x, c]`.
///
/// # Shape
/// `from`: `(H, width, 3)` → `to`: `(axis, width, 3)`.
fn along_columns(from: &[u8], width: usize, axis: &Axis, to: &mut [u8]) {
    for ((first, weights), to) in axis.taps.iter().zip(to.chunks_exact_mut(width * 3)) {
        for (at, value) in to.iter_mut().enumerate() {
            let values = from[first * width * 3 + at..].iter().step_by(width * 3).copied();
            *value = rounded(values.zip(weights.iter().copied()));
        }
    }
}
