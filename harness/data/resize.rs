//! Antialiased bilinear resizing, in a fixed order of operations.

mod pil;

use image::RgbImage;
use nt_scenario::{PictureFit, Resampler, Resizing};

/// Resizes to `side × side` by a triangle filter, widened where the picture shrinks.
///
/// # Shape
/// `picture`: `(H, W, 3)` → `pixels`: `(side, side, 3)`; both at least one pixel.
/// # Source
/// [`Resampler::Tensor`]: torchvision's `Resize(…, antialias=True)` of a tensor, with the same weights. It filters along columns
/// last; here they come first, since rows are contiguous. Sums are in f32 and rounded once, halves to even, so a value may differ by
/// one level of 255. [`Resampler::Pil`]: Pillow 13's `resize(…, BILINEAR)`, bit for bit.
pub fn resize(picture: &RgbImage, side: usize, how: Resizing, pixels: &mut [u8]) {
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    let (scaled_width, scaled_height) = match how.fit {
        PictureFit::Stretch => (side, side),
        PictureFit::CentreCrop => {
            let (shorter, to) = (width.min(height), how.shorter_side.unwrap_or(side).max(side));
            (to * width / shorter, to * height / shorter)
        }
    };
    if how.resampler == Resampler::Pil {
        let of = |length, scaled| pil::Axis::new(length, scaled, crop_offset(scaled, side), side);
        let (columns, rows) = (of(width, scaled_width), of(height, scaled_height));
        return pil::resize(picture, (scaled_width, scaled_height), &columns, &rows, pixels);
    }
    let columns = Axis::new(width, scaled_width, crop_offset(scaled_width, side), side);
    let rows = Axis::new(height, scaled_height, crop_offset(scaled_height, side), side);
    let mut row = vec![0f32; width * 3];
    // row[x, c] = Σ_y rows[oy, y] · picture[y, x, c];  pixels[oy, ox, c] = Σ_x columns[ox, x] · row[x, c]
    for (oy, target) in pixels.chunks_exact_mut(side * 3).enumerate() {
        let (first_y, weights) = rows.taps(oy);
        row.fill(0.0);
        for (y, &weight) in (first_y..).zip(weights) {
            let source = &picture.as_raw()[y * width * 3..(y + 1) * width * 3];
            for (sum, &value) in row.iter_mut().zip(source) {
                *sum += weight * f32::from(value);
            }
        }
        for (ox, pixel) in target.chunks_exact_mut(3).enumerate() {
            let (first_x, weights) = columns.taps(ox);
            let mut sums = [0f32; 3];
            for (value, &weight) in row[first_x * 3..].chunks_exact(3).zip(weights) {
                for (sum, &channel) in sums.iter_mut().zip(value) {
                    *sum += weight * channel;
                }
            }
            for (channel, sum) in pixel.iter_mut().zip(sums) {
                *channel = sum.round_ties_even().clamp(0.0, 255.0) as u8;
            }
        }
    }
}

/// Pixels cut off before the kept middle: half of the rest, halves rounded to even, as in torchvision.
fn crop_offset(scaled: usize, side: usize) -> usize {
    let rest = scaled - side;
    let half = rest / 2;
    if rest % 2 == 1 { half + half % 2 } else { half }
}

/// Which input positions an output position is made of, along one axis.
struct Axis {
    first: Vec<usize>,
    starts: Vec<usize>,
    weights: Vec<f32>,
}

impl Axis {
    /// Positions `skip .. skip + count` of `input` positions scaled to `output`.
    fn new(input: usize, output: usize, skip: usize, count: usize) -> Self {
        let scale = input as f64 / output as f64;
        // A triangle of half-width one output step, but no narrower than one input step.
        let half_width = scale.max(1.0);
        let mut axis = Self { first: Vec::with_capacity(count), starts: vec![0], weights: Vec::new() };
        for position in skip..skip + count {
            let centre = scale * (position as f64 + 0.5);
            let first = (centre - half_width + 0.5).max(0.0) as usize;
            let end = ((centre + half_width + 0.5) as usize).min(input);
            let weight = |x: usize| (1.0 - ((x as f64 + 0.5 - centre) / half_width).abs()).max(0.0);
            let total: f64 = (first..end).map(weight).sum();
            axis.first.push(first);
            axis.weights.extend((first..end).map(|x| (weight(x) / total) as f32));
            axis.starts.push(axis.weights.len());
        }
        axis
    }

    /// The first input position of an output position, and the weights from there on.
    fn taps(&self, position: usize) -> (usize, &[f32]) {
        (self.first[position], &self.weights[self.starts[position]..self.starts[position + 1]])
    }
}

#[cfg(test)]
mod tests;
