//! Painting: a scene through the lens onto the sensor.

use super::{
    field::{edge, lerp, smooth, triangle},
    look::Look,
    scene::{Background, Backdrop, Body, Scene},
};
use nt_kernels::philox::Cursor;

/// Reach of a shadow and width of a rim.
///
/// # Units
/// Half sides of the picture.
const SHADOW_REACH: f32 = 0.16;
const RIM_WIDTH: f32 = 0.10;

/// A square picture in the making: a plane a channel, rows from the top.
pub(super) struct Canvas {
    side: usize,
    planes: [Vec<f32>; 3],
}

/// One row of a body's surroundings.
struct Row {
    u: Vec<f32>,
    v: Vec<f32>,
    distance: Vec<f32>,
    tone: Vec<f32>,
}

impl Canvas {
    /// Paints a scene without the lens: background, clutter, object.
    pub(super) fn paint(side: usize, scene: &Scene, look: &Look) -> Self {
        let mut canvas = Self { side, planes: core::array::from_fn(|_| vec![0.0; side * side]) };
        canvas.lay_background(&scene.background);
        let mut row =
            Row { u: vec![0.0; side], v: vec![0.0; side], distance: vec![0.0; side], tone: vec![0.0; side] };
        for body in scene.clutter.iter().chain([&scene.object]) {
            canvas.add_body(body, scene.light, look, &mut row);
        }
        canvas
    }

    /// The middle of pixel `i` of a row or column.
    fn position(&self, i: usize) -> f32 {
        (2 * i + 1) as f32 / self.side as f32 - 1.0
    }

    fn pixel(&self) -> f32 {
        2.0 / self.side as f32
    }

    fn lay_background(&mut self, background: &Background) {
        for y in 0..self.side {
            for x in 0..self.side {
                let t = background.tone(self.position(x), self.position(y));
                for (c, plane) in self.planes.iter_mut().enumerate() {
                    plane[y * self.side + x] = lerp(background.tones[0][c], background.tones[1][c], t);
                }
            }
        }
    }

    /// Lays a body and its shadow over what is there.
    fn add_body(&mut self, body: &Body, light: [f32; 2], look: &Look, row: &mut Row) {
        let reach = body.radius * body.outline.reach() + if look.shadow > 0.0 { SHADOW_REACH } else { self.pixel() };
        let [columns, rows] = [0, 1].map(|axis| self.span(body.centre[axis] - reach, body.centre[axis] + reach));
        let width = columns.len();
        let [cos, sin] = body.turn.map(|t| t / body.radius);
        let pixel = self.pixel();
        for y in rows {
            let dy = self.position(y) - body.centre[1];
            let (u, v) = (&mut row.u[..width], &mut row.v[..width]);
            for ((u, v), x) in u.iter_mut().zip(v.iter_mut()).zip(columns.clone()) {
                let dx = self.position(x) - body.centre[0];
                (*u, *v) = (cos * dx + sin * dy, cos * dy - sin * dx);
            }
            let (distance, tone) = (&mut row.distance[..width], &mut row.tone[..width]);
            body.outline.distances(u, v, distance);
            if distance.iter().all(|d| d * body.radius > SHADOW_REACH) {
                continue;
            }
            body.filling.tones(u, v, pixel / body.radius, tone);
            for ((x, &d), &t) in columns.clone().zip(distance.iter()).zip(tone.iter()) {
                let offset = [self.position(x) - body.centre[0], dy];
                let lit = (light[0] * offset[0] + light[1] * offset[1]) / body.radius;
                self.blend(y * self.side + x, body, Sample { d: d * body.radius, t, lit }, look);
            }
        }
    }

    /// The pixels between two coordinates.
    fn span(&self, low: f32, high: f32) -> core::ops::Range<usize> {
        let index = |at: f32| ((at + 1.0) / self.pixel()).clamp(0.0, self.side as f32);
        index(low) as usize..index(high).ceil() as usize
    }

    fn blend(&mut self, at: usize, body: &Body, sample: Sample, look: &Look) {
        let cover = edge(-sample.d, self.pixel()) * look.opacity;
        let fade = (1.0 - sample.d.max(0.0) / SHADOW_REACH).max(0.0);
        let away = (0.5 - 0.5 * sample.lit).clamp(0.0, 1.0);
        let shadow = 1.0 - look.shadow * fade * fade * away;
        let rim = look.rim * smooth((1.0 + sample.d / RIM_WIDTH).clamp(0.0, 1.0));
        let shade = 1.0 + look.shading * sample.lit - rim;
        for (c, plane) in self.planes.iter_mut().enumerate() {
            let ink = lerp(body.tones[0][c], body.tones[1][c], sample.t) * shade;
            plane[at] = lerp(plane[at] * shadow, ink, cover);
        }
    }

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
        for y in 0..self.side {
            let v = self.position(y);
            for x in 0..self.side {
                let u = self.position(x);
                let patch = scene.background.noise.at(1.3 * u + 0.5, 1.3 * v + 0.5) - 0.5;
                let slope = scene.light[0] * u + scene.light[1] * v;
                let illumination =
                    1.0 + look.unevenness * (slope + 1.5 * patch) - look.vignette * 0.5 * (u * u + v * v);
                for plane in &mut self.planes {
                    plane[y * self.side + x] *= illumination;
                }
            }
        }
    }

    /// Gain, noise and eight bits: RGB, rows from the top. One word of `draws` a pixel.
    pub(super) fn onto_the_sensor(&self, scene: &Scene, draws: &mut Cursor, pixels: &mut [u8]) {
        const CHROMA_SHARE: f32 = 0.5;
        let per_step = scene.noise / 255.0;
        for (at, rgb) in pixels.chunks_exact_mut(3).enumerate() {
            // Two bytes make triangular noise of brightness, two more lean it to red or to blue.
            let bytes = draws.next_u32().to_le_bytes().map(f32::from);
            let luma = bytes[0] + bytes[1] - 255.0;
            let (red, blue) = (bytes[2] - 127.5, bytes[3] - 127.5);
            let noise = [red, -0.5 * (red + blue), blue].map(|chroma| per_step * (luma + CHROMA_SHARE * chroma));
            for ((value, plane), noise) in rgb.iter_mut().zip(&self.planes).zip(noise) {
                let light = scene.gain * plane[at] + noise;
                *value = (255.0 * light.clamp(0.0, 1.0) + 0.5) as u8;
            }
        }
    }
}

/// A pixel seen from a body.
struct Sample {
    /// Signed distance to the outline, in half sides.
    d: f32,
    /// Tone of the filling.
    t: f32,
    /// -1 on the far side from the light, 1 on the near side.
    lit: f32,
}

impl Background {
    /// How far from the first tone to the second at a point.
    fn tone(&self, x: f32, y: f32) -> f32 {
        let [a, b] = self.offset;
        match self.backdrop {
            Backdrop::Wall => (0.5 + 0.6 * (x * (a - 0.5) + y * (b - 0.5)) * 2.0).clamp(0.0, 1.0),
            Backdrop::Horizon => {
                let ground = edge(y - 0.9 * (a - 0.4) - 0.1 * (self.noise.at(2.0 * x + 8.0 * b, 0.5) - 0.5), 0.1);
                lerp(0.15 * (y + 1.0), 0.75 + 0.25 * self.noise.at(4.0 * x, 9.0 * y), ground)
            }
            Backdrop::Foliage => {
                0.6 * self.noise.at(3.5 * x + 8.0 * a, 3.5 * y) + 0.4 * self.noise.at(8.0 * y + 8.0 * b, 8.0 * x)
            }
            Backdrop::Boards => {
                let along = 2.2 * x + 4.0 + 3.0 * a;
                let groove = edge(0.10 - triangle(along), 0.1);
                let board = self.noise.at((along as u32) as f32, 0.0);
                lerp(0.75 * board + 0.25 * self.noise.at(9.0 * x, 1.5 * y), 1.0, groove)
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
        for (x, out) in out.iter_mut().enumerate() {
            let mut sum = taps[0] * padded[x + reach];
            for (i, tap) in taps.iter().enumerate().skip(1) {
                sum += tap * (padded[x + reach - i] + padded[x + reach + i]);
            }
            *out = sum;
        }
    }
}

/// out[y, x] = Σ_i taps[|i|] · plane[y + i, x], the edge repeated.
fn blur_along_columns(plane: &[f32], out: &mut [f32], side: usize, taps: &[f32]) {
    for (y, out) in out.chunks_exact_mut(side).enumerate() {
        for (x, out) in out.iter_mut().enumerate() {
            *out = taps[0] * plane[y * side + x];
        }
        for (i, tap) in taps.iter().enumerate().skip(1) {
            let (above, below) = (y.saturating_sub(i) * side, (y + i).min(side - 1) * side);
            for (x, out) in out.iter_mut().enumerate() {
                *out += tap * (plane[above + x] + plane[below + x]);
            }
        }
    }
}
