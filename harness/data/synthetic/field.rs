//! The arithmetic that outlines, textures and backgrounds are made of.

use nt_kernels::philox::Cursor;

/// Points of a [`Lattice`] along each axis; a power of two.
const LATTICE_SIDE: usize = 8;

/// Smooth noise in 0..=1: random values on a periodic integer grid, blended between.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Lattice([f32; LATTICE_SIDE * LATTICE_SIDE]);

impl Lattice {
    pub(super) fn draw(draws: &mut Cursor) -> Self {
        Self(core::array::from_fn(|_| draws.uniform_f32()))
    }

    /// The value at a point within 256 of the origin.
    pub(super) fn at(&self, x: f32, y: f32) -> f32 {
        const MASK: usize = LATTICE_SIDE - 1;
        let (column, across) = split(x);
        let (row, down) = split(y);
        let (across, down) = (smooth(across), smooth(down));
        let value = |row: usize, column: usize| self.0[(row & MASK) * LATTICE_SIDE + (column & MASK)];
        let top = lerp(value(row, column), value(row, column + 1), across);
        let bottom = lerp(value(row + 1, column), value(row + 1, column + 1), across);
        lerp(top, bottom, down)
    }
}

/// Whole and fractional part, for `x` above -256. (A cast truncates: cheaper than `floor` without SSE4.1.)
fn split(x: f32) -> (usize, f32) {
    let x = x + 256.0;
    let whole = x as u32;
    (whole as usize, x - whole as f32)
}

/// A wave of period 1 that rises from 0 to 1 and falls back in straight lines.
pub(super) fn triangle(x: f32) -> f32 {
    let (_, fraction) = split(x);
    1.0 - (2.0 * fraction - 1.0).abs()
}

/// From 0 to 1 as `x` passes 0, over a stretch of `width`.
pub(super) fn edge(x: f32, width: f32) -> f32 {
    (x / width + 0.5).clamp(0.0, 1.0)
}

/// Hermite's blend: 0 at 0, 1 at 1, level at both.
pub(super) fn smooth(x: f32) -> f32 {
    x * x * (3.0 - 2.0 * x)
}

/// From `a` to `b` as `t` goes from 0 to 1.
pub(super) fn lerp(a: f32, b: f32, t: f32) -> f32 {
    a + (b - a) * t
}

/// The unit vector at an angle in turns.
pub(super) fn direction(turns: f32) -> [f32; 2] {
    let (sin, cos) = libm::sincosf(core::f32::consts::TAU * turns);
    [cos, sin]
}

#[cfg(test)]
mod tests {
    use super::*;
    use nt_kernels::philox::Stream;

    #[test]
    fn a_lattice_is_continuous_and_periodic() {
        let noise = Lattice::draw(&mut Stream::named(1, "lattice", "", 0).cursor());
        for i in 0..200 {
            let (x, y) = (i as f32 * 0.0625, 3.0 - i as f32 * 0.03125);
            assert_eq!(noise.at(x, y), noise.at(x + 8.0, y - 8.0));
            assert!((noise.at(x, y) - noise.at(x + 1e-3, y)).abs() < 2e-3);
        }
    }

    #[test]
    fn a_triangle_wave_has_period_one() {
        for (x, expected) in [(0.0, 0.0), (0.25, 0.5), (0.5, 1.0), (0.75, 0.5), (1.0, 0.0), (-0.25, 0.5), (-3.5, 1.0)] {
            assert_eq!(triangle(x), expected, "{x}");
        }
    }
}
