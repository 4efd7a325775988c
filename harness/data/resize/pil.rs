//! Pillow's arithmetic: whole numbers, rounded after rows and after columns.
//!
//! # Source
//! Pillow 13, `src/libImaging/Resample.c`: `precompute_coeffs`, `normalize_coeffs_8bpc`, `ImagingResampleHorizontal_8bpc`.

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

/// Scales a picture along both axes, rows first.
///
/// # Shape
/// `picture`: `(H, W, 3)` → `pixels`: `(rows, columns, 3)`.
pub(super) fn resize(picture: &RgbImage, columns: &Axis, rows: &Axis, pixels: &mut [u8]) {
    let (width, side) = (picture.width() as usize, columns.taps.len());
    let mut narrow = vec![0u8; picture.height() as usize * side * 3];
    for (from, to) in picture.as_raw().chunks_exact(width * 3).zip(narrow.chunks_exact_mut(side * 3)) {
        for ((first, weights), pixel) in columns.taps.iter().zip(to.chunks_exact_mut(3)) {
            for (channel, value) in pixel.iter_mut().enumerate() {
                let values = from[first * 3 + channel..].iter().step_by(3).copied();
                *value = rounded(values.zip(weights.iter().copied()));
            }
        }
    }
    for ((first, weights), to) in rows.taps.iter().zip(pixels.chunks_exact_mut(side * 3)) {
        for (at, value) in to.iter_mut().enumerate() {
            let values = narrow[first * side * 3 + at..].iter().step_by(side * 3).copied();
            *value = rounded(values.zip(weights.iter().copied()));
        }
    }
}
