//! Painting: a scene's bodies, back to front, on its background.

use super::{
    field::{edge, lerp, smooth, triangle},
    look::Look,
    scene::{Backdrop, Background, Body, Scene},
};

/// Reach of a shadow and width of a rim.
///
/// # Units
/// Half sides of the picture.
const SHADOW_REACH: f32 = 0.16;
const RIM_WIDTH: f32 = 0.10;

/// A square picture in the making: a plane a channel, rows from the top.
pub(super) struct Canvas {
    pub(super) side: usize,
    pub(super) planes: [Vec<f32>; 3],
}

/// One row of pixels as a body sees it.
struct Row {
    /// Object coordinates.
    u: Vec<f32>,
    v: Vec<f32>,
    /// Signed distance to the outline: in object radii, then in half sides.
    distance: Vec<f32>,
    /// Tone of the filling.
    tone: Vec<f32>,
    /// What the body hides of what lies behind, what its shadow leaves of that, and how bright its own ink is.
    cover: Vec<f32>,
    shadow: Vec<f32>,
    shade: Vec<f32>,
}

impl Row {
    fn new(side: usize) -> Self {
        let zeros = || vec![0.0; side];
        Self {
            u: zeros(),
            v: zeros(),
            distance: zeros(),
            tone: zeros(),
            cover: zeros(),
            shadow: zeros(),
            shade: zeros(),
        }
    }

    /// Keeps this many pixels.
    fn resize(&mut self, width: usize) {
        let Self { u, v, distance, tone, cover, shadow, shade } = self;
        for values in [u, v, distance, tone, cover, shadow, shade] {
            values.resize(width, 0.0);
        }
    }
}

impl Canvas {
    /// Paints a scene as it is before the lens: background, clutter, object.
    pub(super) fn paint(side: usize, scene: &Scene, look: &Look) -> Self {
        let mut canvas = Self { side, planes: core::array::from_fn(|_| vec![0.0; side * side]) };
        canvas.lay_background(&scene.background);
        let mut row = Row::new(side);
        for body in scene.clutter.iter().chain([&scene.object]) {
            canvas.add_body(body, scene.light, look, &mut row);
        }
        canvas
    }

    /// The middle of pixel `i` of a row or column, in half sides from the picture's middle.
    pub(super) fn position(&self, i: usize) -> f32 {
        (2 * i + 1) as f32 / self.side as f32 - 1.0
    }

    /// A pixel's width.
    pub(super) fn pixel(&self) -> f32 {
        2.0 / self.side as f32
    }

    fn lay_background(&mut self, background: &Background) {
        let mut tones = vec![0.0; self.side];
        for y in 0..self.side {
            for (x, tone) in tones.iter_mut().enumerate() {
                *tone = background.tone(self.position(x), self.position(y));
            }
            let [first, second] = background.tones;
            for ((plane, a), b) in self.planes.iter_mut().zip(first).zip(second) {
                for (value, &tone) in plane[y * self.side..][..self.side].iter_mut().zip(&tones) {
                    *value = lerp(a, b, tone);
                }
            }
        }
    }

    /// Lays a body and its shadow over what is there.
    fn add_body(&mut self, body: &Body, light: [f32; 2], look: &Look, row: &mut Row) {
        let reach = body.radius * body.outline.reach() + if look.shadow > 0.0 { SHADOW_REACH } else { self.pixel() };
        let [columns, rows] = [0, 1].map(|axis| self.span(body.centre[axis] - reach, body.centre[axis] + reach));
        row.resize(columns.len());
        let [cos, sin] = body.turn.map(|t| t / body.radius);
        for y in rows {
            let dy = self.position(y) - body.centre[1];
            for ((u, v), x) in row.u.iter_mut().zip(&mut row.v).zip(columns.clone()) {
                let dx = self.position(x) - body.centre[0];
                (*u, *v) = (cos * dx + sin * dy, cos * dy - sin * dx);
            }
            body.outline.distances(&row.u, &row.v, &mut row.distance);
            row.distance.iter_mut().for_each(|d| *d *= body.radius);
            body.filling.tones(&row.u, &row.v, self.pixel() / body.radius, &mut row.tone);
            // The row's own frame turned back: where it lies towards the light.
            let [along, across] =
                [body.turn[0] * light[0] + body.turn[1] * light[1], body.turn[0] * light[1] - body.turn[1] * light[0]];
            self.shade_row(along, across, look, row);
            self.blend_row(y * self.side + columns.start, body, row);
        }
    }

    /// The pixels between two coordinates.
    fn span(&self, low: f32, high: f32) -> core::ops::Range<usize> {
        let index = |at: f32| ((at + 1.0) / self.pixel()).clamp(0.0, self.side as f32);
        index(low) as usize..index(high).ceil() as usize
    }

    /// Cover, shadow and shade from distance and direction; the light's direction is given in object coordinates.
    fn shade_row(&self, light_u: f32, light_v: f32, look: &Look, row: &mut Row) {
        let pixel = self.pixel();
        let places = row.u.iter().zip(&row.v).zip(&row.distance);
        let effects = row.cover.iter_mut().zip(&mut row.shadow).zip(&mut row.shade);
        for (((cover, shadow), shade), ((&u, &v), &d)) in effects.zip(places) {
            let lit = light_u * u + light_v * v;
            *cover = edge(-d, pixel) * look.opacity;
            let fade = (1.0 - d.max(0.0) / SHADOW_REACH).max(0.0);
            *shadow = 1.0 - look.shadow * fade * fade * (0.5 - 0.5 * lit).clamp(0.0, 1.0);
            let rim = look.rim * smooth((1.0 + d / RIM_WIDTH).clamp(0.0, 1.0));
            *shade = 1.0 + look.shading * lit - rim;
        }
    }

    fn blend_row(&mut self, start: usize, body: &Body, row: &Row) {
        let [first, second] = body.tones;
        for ((plane, a), b) in self.planes.iter_mut().zip(first).zip(second) {
            let inks = row.tone.iter().zip(&row.shade).map(|(&tone, shade)| lerp(a, b, tone) * shade);
            let behind = plane[start..][..row.cover.len()].iter_mut().zip(&row.shadow);
            for (((value, shadow), ink), &cover) in behind.zip(inks).zip(&row.cover) {
                *value = lerp(*value * shadow, ink, cover);
            }
        }
    }
}

impl Background {
    /// How far from the first tone to the second at a point.
    fn tone(&self, x: f32, y: f32) -> f32 {
        let [a, b] = self.offset;
        match self.backdrop {
            Backdrop::Wall => (0.5 + 1.2 * (x * (a - 0.5) + y * (b - 0.5))).clamp(0.0, 1.0),
            Backdrop::Horizon => {
                let ground = edge(y - 0.9 * (a - 0.4) - 0.1 * (self.noise.at(2.0 * x + 8.0 * b, 0.5) - 0.5), 0.1);
                let grass = if ground > 0.0 { self.noise.at(4.0 * x, 9.0 * y) } else { 0.0 };
                lerp(0.15 * (y + 1.0), 0.75 + 0.25 * grass, ground)
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
