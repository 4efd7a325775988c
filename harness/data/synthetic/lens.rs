//! The camera: a painted canvas through the lens, onto the sensor.

use super::{look::Look, paint::Canvas, scene::Scene};
use nt_kernels::philox::Cursor;

impl Canvas {
    /// The lens's blur, then the uneven illumination and its fall towards the corners.
    pub(super) fn through_the_lens(&mut self, scene: &Scene, look: &Look) {
        if look.blur > 0.0 {
            let taps = blur_taps(look.blur / self.pixel());
            let mut scratch = vec![0.0; self.side * self.side];
            for plane in &mut self.planes {
                blur_along_rows(plane, &mut scratch, self.side, &taps);
                blur_along_columns(&scratch, plane, self.side, &taps);
            }
        }
        let mut illumination = vec![0.0; self.side];
        for y in 0..self.side {
            let v = self.position(y);
            for (x, value) in illumination.iter_mut().enumerate() {
                let u = self.position(x);
                *value = 1.0 - 0.5 * look.vignette * (u * u + v * v);
                if look.unevenness > 0.0 {
                    let patch = scene.background.noise.at(1.3 * u + 0.5, 1.3 * v + 0.5) - 0.5;
                    *value += look.unevenness * (scene.light[0] * u + scene.light[1] * v + 1.5 * patch);
                }
            }
            for plane in &mut self.planes {
                for (value, factor) in plane[y * self.side..][..self.side].iter_mut().zip(&illumination) {
                    *value *= factor;
                }
            }
        }
    }

    /// Gain, noise and eight bits: RGB, rows from the top. One word of `draws` a pixel.
    pub(super) fn onto_the_sensor(&self, scene: &Scene, draws: &mut Cursor, pixels: &mut [u8]) {
        const CHROMA_SHARE: f32 = 0.5;
        let per_step = scene.noise / 255.0;
        let [red, green, blue] = &self.planes;
        for (((rgb, &r), &g), &b) in pixels.chunks_exact_mut(3).zip(red).zip(green).zip(blue) {
            // Two bytes make triangular noise of brightness, two more lean it to red or to blue.
            let bytes = draws.next_u32().to_le_bytes().map(f32::from);
            let luma = bytes[0] + bytes[1] - 255.0;
            let (to_red, to_blue) = (bytes[2] - 127.5, bytes[3] - 127.5);
            let leaning = [to_red, -0.5 * (to_red + to_blue), to_blue];
            for ((value, light), chroma) in rgb.iter_mut().zip([r, g, b]).zip(leaning) {
                let light = scene.gain * light + per_step * (luma + CHROMA_SHARE * chroma);
                *value = (255.0 * light.clamp(0.0, 1.0) + 0.5) as u8;
            }
        }
    }
}

/// Weights of a Gaussian cut at two standard deviations, the middle first; they sum to one over both sides.
fn blur_taps(sigma_pixels: f32) -> Vec<f32> {
    let reach = (2.0 * sigma_pixels).ceil() as usize;
    let weight = |i: usize| {
        let z = i as f32 / sigma_pixels;
        libm::expf(-0.5 * z * z)
    };
    let total = weight(0) + 2.0 * (1..=reach).map(weight).sum::<f32>();
    (0..=reach).map(|i| weight(i) / total).collect()
}

/// out[y, x] = Σ_i taps[|i|] · plane[y, x + i], the edge repeated.
fn blur_along_rows(plane: &[f32], out: &mut [f32], side: usize, taps: &[f32]) {
    let reach = taps.len() - 1;
    let mut padded = vec![0.0; side + 2 * reach];
    for (row, out) in plane.chunks_exact(side).zip(out.chunks_exact_mut(side)) {
        padded[..reach].fill(row[0]);
        padded[reach..reach + side].copy_from_slice(row);
        padded[reach + side..].fill(row[side - 1]);
        out.iter_mut().zip(row).for_each(|(out, value)| *out = taps[0] * value);
        for (i, tap) in taps.iter().enumerate().skip(1) {
            let (left, right) = (&padded[reach - i..][..side], &padded[reach + i..][..side]);
            for ((out, left), right) in out.iter_mut().zip(left).zip(right) {
                *out += tap * (left + right);
            }
        }
    }
}

/// out[y, x] = Σ_i taps[|i|] · plane[y + i, x], the edge repeated.
fn blur_along_columns(plane: &[f32], out: &mut [f32], side: usize, taps: &[f32]) {
    for (y, out) in out.chunks_exact_mut(side).enumerate() {
        let row = |y: usize| &plane[y * side..][..side];
        out.iter_mut().zip(row(y)).for_each(|(out, value)| *out = taps[0] * value);
        for (i, tap) in taps.iter().enumerate().skip(1) {
            let (above, below) = (row(y.saturating_sub(i)), row((y + i).min(side - 1)));
            for ((out, above), below) in out.iter_mut().zip(above).zip(below) {
                *out += tap * (above + below);
            }
        }
    }
}
