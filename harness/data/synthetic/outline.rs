//! Outlines: the shapes of the vocabulary as signed distances.

use super::field::direction;
use nt_kernels::philox::Cursor;

/// An outline in object coordinates: centred on the origin, within the unit circle or a little beyond it, `y` down.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Outline {
    /// Straight edges, in order; need not be convex.
    Edges(Vec<[f32; 2]>),
    Ellipse {
        radii: [f32; 2],
    },
    Ring {
        radius: f32,
        half_width: f32,
    },
    /// The unit disc less a disc of this radius, moved right by `offset`.
    Crescent {
        radius: f32,
        offset: f32,
    },
    Heart,
    /// A disc with a tip above it.
    Drop {
        radius: f32,
    },
    HalfDisc,
    /// `r(θ) = radius · (1 + Σ_k Re(c_k · e^{ikθ}))`, `k` from 1.
    Blob {
        radius: f32,
        harmonics: [[f32; 2]; NUM_HARMONICS],
    },
}

/// Harmonics of a blob: enough for the seven lobes of a cloud.
const NUM_HARMONICS: usize = 7;

/// How far right the disc is moved, so that what the crescent leaves of it lies about the origin.
const CRESCENT_SHIFT: f32 = 0.25;

/// Amplitude of a blob's harmonics 1 … 7; their phases are drawn.
fn blob_amplitudes(name: &str) -> Option<[f32; NUM_HARMONICS]> {
    Some(match name {
        "amoeba" => [0.0, 0.10, 0.12, 0.0, 0.11, 0.0, 0.0],
        "bean" => [0.14, 0.20, 0.10, 0.0, 0.0, 0.0, 0.0],
        "cloud" => [0.0, 0.10, 0.05, 0.0, 0.0, 0.05, 0.09],
        "lump" => [0.0, 0.06, 0.11, 0.13, 0.0, 0.0, 0.0],
        "peanut" => [0.06, 0.27, 0.0, 0.06, 0.0, 0.0, 0.0],
        "pear" => [0.16, 0.17, 0.08, 0.0, 0.0, 0.0, 0.0],
        "pebble" => [0.0, 0.08, 0.06, 0.08, 0.0, 0.04, 0.0],
        "potato" => [0.05, 0.13, 0.10, 0.04, 0.03, 0.0, 0.0],
        _ => return None,
    })
}

impl Outline {
    /// The outline of this name, with its free proportions drawn from `draws`; `None` for a word that is no shape.
    pub(super) fn draw(name: &str, draws: &mut Cursor) -> Option<Self> {
        // Always the same count of numbers, so that what is drawn next does not depend on the shape.
        let free: [f32; NUM_HARMONICS] = core::array::from_fn(|_| draws.uniform_f32());
        let between = |i: usize, low: f32, high: f32| low + (high - low) * free[i];
        if let Some(amplitudes) = blob_amplitudes(name) {
            let harmonics = core::array::from_fn(|i| direction(free[i]).map(|component| amplitudes[i] * component));
            return Some(Self::Blob { radius: 0.82, harmonics });
        }
        let arm = between(0, 0.22, 0.30);
        Some(match name {
            "polygon" => polygon(3 + (free[0] * 3.0) as usize),
            "ellipse" => Self::Ellipse { radii: [between(0, 0.92, 1.0), between(1, 0.55, 0.75)] },
            "star" => star(between(0, 0.40, 0.48)),
            "ring" => Self::Ring { radius: 0.74, half_width: between(0, 0.16, 0.22) },
            "cross" => cross(0.95, arm),
            "letter-l" => letter_l(arm),
            "letter-h" => letter_h(arm),
            "crescent" => Self::Crescent { radius: between(0, 0.78, 0.86), offset: between(1, 0.48, 0.58) },
            "arrow" => arrow(arm),
            "heart" => Self::Heart,
            "letter-t" => letter_t(arm),
            "letter-u" => letter_u(arm),
            "letter-z" => letter_z(arm),
            "hourglass" => hourglass(between(0, 0.12, 0.22)),
            "drop" => Self::Drop { radius: between(0, 0.52, 0.62) },
            "half-disc" => Self::HalfDisc,
            _ => return None,
        })
    }

    /// The largest distance of a point of the outline from the origin.
    pub(super) fn reach(&self) -> f32 {
        match self {
            Self::Edges(vertices) => vertices.iter().map(|[x, y]| (x * x + y * y).sqrt()).fold(0.0, f32::max),
            Self::Ellipse { radii } => radii[0].max(radii[1]),
            Self::Ring { radius, half_width } => radius + half_width,
            Self::Blob { radius, harmonics } => {
                radius * (1.0 + harmonics.iter().map(|[re, im]| (re * re + im * im).sqrt()).sum::<f32>())
            }
            Self::Crescent { .. } => 1.0 + CRESCENT_SHIFT,
            Self::Heart | Self::Drop { .. } | Self::HalfDisc => 1.1,
        }
    }

    /// Signed distance (negative inside) of each point `(u[x], v[x])` of a row; exact near straight edges and circles,
    /// first order elsewhere.
    ///
    /// # Units
    /// Object radii.
    pub(super) fn distances(&self, u: &[f32], v: &[f32], out: &mut [f32]) {
        match self {
            Self::Edges(vertices) => edge_distances(vertices, u, v, out),
            Self::Ellipse { radii: [a, b] } => each(u, v, out, |x, y| {
                let (p, q) = (x / a, y / b);
                let k0 = (p * p + q * q).sqrt();
                let (p, q) = (p / a, q / b);
                k0 * (k0 - 1.0) / (p * p + q * q).sqrt().max(1e-6)
            }),
            Self::Ring { radius, half_width } => {
                each(u, v, out, |x, y| ((x * x + y * y).sqrt() - radius).abs() - half_width)
            }
            Self::Crescent { radius, offset } => each(u, v, out, |x, y| {
                let x = x - CRESCENT_SHIFT;
                let (outer, dx) = ((x * x + y * y).sqrt() - 1.0, x - offset);
                outer.max(radius - (dx * dx + y * y).sqrt())
            }),
            Self::Heart => each(u, v, out, heart_distance),
            Self::Drop { radius } => {
                let drop = Tip::new(*radius);
                each(u, v, out, |x, y| drop.distance(x, y));
            }
            Self::HalfDisc => {
                each(u, v, out, |x, y| (((y + 0.42) * (y + 0.42) + x * x).sqrt() - 1.0).max(-0.42 - y));
            }
            Self::Blob { radius, harmonics } => each(u, v, out, |x, y| blob_distance(*radius, harmonics, x, y)),
        }
    }
}

/// `out[x] = f(u[x], v[x])`.
fn each(u: &[f32], v: &[f32], out: &mut [f32], f: impl Fn(f32, f32) -> f32) {
    for ((out, &x), &y) in out.iter_mut().zip(u).zip(v) {
        *out = f(x, y);
    }
}

/// Distance to the nearest edge, its sign by the parity of edges crossed.
fn edge_distances(vertices: &[[f32; 2]], u: &[f32], v: &[f32], out: &mut [f32]) {
    out.fill(f32::MAX);
    let mut inside = vec![1.0f32; out.len()];
    for (edge, &[ax, ay]) in vertices.iter().enumerate() {
        let [bx, by] = vertices[(edge + 1) % vertices.len()];
        let (ex, ey) = (bx - ax, by - ay);
        let per_length = 1.0 / (ex * ex + ey * ey);
        let slope = if ey == 0.0 { 0.0 } else { ex / ey };
        for (((out, inside), &x), &y) in out.iter_mut().zip(&mut inside).zip(u).zip(v) {
            let (px, py) = (x - ax, y - ay);
            let along = ((px * ex + py * ey) * per_length).clamp(0.0, 1.0);
            let (dx, dy) = (px - ex * along, py - ey * along);
            *out = out.min(dx * dx + dy * dy);
            let crossed = ((ay > y) != (by > y)) & (px < slope * py);
            *inside = if crossed { -*inside } else { *inside };
        }
    }
    for (out, inside) in out.iter_mut().zip(&inside) {
        *out = out.sqrt() * inside;
    }
}

/// `r - r(θ)`, shortened by the outline's steepness; the powers of `e^{iθ}` by multiplication.
fn blob_distance(radius: f32, harmonics: &[[f32; 2]; NUM_HARMONICS], x: f32, y: f32) -> f32 {
    let r = (x * x + y * y).sqrt();
    let (cos, sin) = if r > 1e-6 { (x / r, y / r) } else { (1.0, 0.0) };
    let (mut re, mut im, mut sum, mut slope) = (1.0, 0.0, 1.0, 0.0);
    for (k, [a, b]) in harmonics.iter().enumerate() {
        (re, im) = (re * cos - im * sin, re * sin + im * cos);
        sum += a * re - b * im;
        slope -= (k + 1) as f32 * (a * im + b * re);
    }
    (r - radius * sum) / (1.0 + slope * slope).sqrt()
}

/// Two lobes, and below their middles the wedge between the tangents that meet in the tip.
fn heart_distance(x: f32, y: f32) -> f32 {
    const DIAGONAL: f32 = core::f32::consts::FRAC_1_SQRT_2;
    const RADIUS: f32 = 0.50;
    // From the right lobe's middle; the left half is its mirror image.
    let (right, down) = (x.abs() - 0.42, y + 0.40);
    let lobe = (right * right + down * down).sqrt() - RADIUS;
    let tangent = (right + down) * DIAGONAL - RADIUS;
    let touches = (right - down) * DIAGONAL;
    lobe.min(tangent.max(touches).max(-down))
}

/// A disc and the tip its two tangents meet in.
struct Tip {
    radius: f32,
    centre: f32,
    apex: f32,
    normal: [f32; 2],
}

impl Tip {
    fn new(radius: f32) -> Self {
        let (centre, apex) = (0.95 - radius, -1.0);
        let sine = radius / (centre - apex);
        Self { radius, centre, apex, normal: [(1.0 - sine * sine).sqrt(), -sine] }
    }

    fn distance(&self, x: f32, y: f32) -> f32 {
        let (x, below) = (x.abs(), y - self.centre);
        let disc = (x * x + below * below).sqrt() - self.radius;
        let [nx, ny] = self.normal;
        let flank = x * nx + (y - self.apex) * ny;
        // The tangent holds above the chord between the two points where it touches.
        disc.min(flank.max(below - self.radius * ny))
    }
}

/// A regular polygon in the unit circle, a corner up.
fn polygon(sides: usize) -> Outline {
    Outline::Edges((0..sides).map(|corner| clockwise_from_up(corner as f32 / sides as f32)).collect())
}

/// Five tips, the first one up, and between two of them a notch at this radius.
fn star(notch: f32) -> Outline {
    const TIP: f32 = 1.05;
    let corner = |i: u8| {
        let radius = if i.is_multiple_of(2) { TIP } else { notch };
        clockwise_from_up(f32::from(i) / 10.0).map(|component| radius * component)
    };
    Outline::Edges((0..10).map(corner).collect())
}

fn clockwise_from_up(turns: f32) -> [f32; 2] {
    let [cos, sin] = direction(turns);
    [sin, -cos]
}

fn cross(reach: f32, arm: f32) -> Outline {
    let quarter = [[arm, -reach], [arm, -arm], [reach, -arm]];
    let turned = |turns: usize| {
        quarter.into_iter().map(move |[x, y]| match turns {
            0 => [x, y],
            1 => [-y, x],
            2 => [-x, -y],
            _ => [y, -x],
        })
    };
    Outline::Edges((0..4).flat_map(turned).collect())
}

fn letter_l(arm: f32) -> Outline {
    let (left, right, top, bottom) = (-0.65, 0.65, -0.9, 0.9);
    let (stem, foot) = (left + 2.0 * arm, bottom - 2.0 * arm);
    Outline::Edges(vec![[left, top], [stem, top], [stem, foot], [right, foot], [right, bottom], [left, bottom]])
}

fn letter_h(arm: f32) -> Outline {
    let (w, h, stem) = (0.75, 0.85, 0.75 - 1.8 * arm);
    let a = 0.85 * arm;
    Outline::Edges(vec![
        [-w, -h],
        [-stem, -h],
        [-stem, -a],
        [stem, -a],
        [stem, -h],
        [w, -h],
        [w, h],
        [stem, h],
        [stem, a],
        [-stem, a],
        [-stem, h],
        [-w, h],
    ])
}

fn letter_t(arm: f32) -> Outline {
    let (w, top, bottom) = (0.8, -0.85, 0.9);
    let bar = top + 2.0 * arm;
    Outline::Edges(vec![
        [-w, top],
        [w, top],
        [w, bar],
        [arm, bar],
        [arm, bottom],
        [-arm, bottom],
        [-arm, bar],
        [-w, bar],
    ])
}

fn letter_u(arm: f32) -> Outline {
    let (w, top, bottom) = (0.75, -0.85, 0.85);
    let (stem, floor) = (w - 1.8 * arm, bottom - 1.8 * arm);
    Outline::Edges(vec![
        [-w, top],
        [-stem, top],
        [-stem, floor],
        [stem, floor],
        [stem, top],
        [w, top],
        [w, bottom],
        [-w, bottom],
    ])
}

fn letter_z(arm: f32) -> Outline {
    let (w, h) = (0.8, 0.85);
    let (bar, slant) = (h - 1.6 * arm, 2.4 * arm);
    Outline::Edges(vec![
        [-w, -h],
        [w, -h],
        [w, -bar],
        [slant - w, bar],
        [w, bar],
        [w, h],
        [-w, h],
        [-w, bar],
        [w - slant, -bar],
        [-w, -bar],
    ])
}

fn arrow(arm: f32) -> Outline {
    Outline::Edges(vec![[0.0, -1.0], [0.8, -0.1], [arm, -0.1], [arm, 0.9], [-arm, 0.9], [-arm, -0.1], [-0.8, -0.1]])
}

fn hourglass(waist: f32) -> Outline {
    let (w, h) = (0.75, 0.92);
    Outline::Edges(vec![[-w, -h], [w, -h], [waist, 0.0], [w, h], [-w, h], [-waist, 0.0]])
}

#[cfg(test)]
mod tests {
    use super::Outline;
    use crate::data::synthetic::tests::object_rows;
    use nt_kernels::philox::Stream;
    use nt_scenario::vocabulary::{NEUTRAL_SHAPES, OTHER_SHAPES, SHAPES};

    fn draw(name: &str, index: u32) -> Outline {
        Outline::draw(name, &mut Stream::named(1, "outline", name, index).cursor()).unwrap()
    }

    /// Each point of the object's square with its distance.
    fn distances(outline: &Outline) -> Vec<([f32; 2], f32)> {
        let mut points = Vec::new();
        for (u, v) in object_rows() {
            let mut distance = vec![0.0; u.len()];
            outline.distances(&u, &v, &mut distance);
            points.extend(u.iter().zip(&v).map(|(&u, &v)| [u, v]).zip(distance));
        }
        points
    }

    #[test]
    fn no_neutral_shape_covers_what_a_class_covers_and_no_two_classes_do() {
        let names = [SHAPES, OTHER_SHAPES, NEUTRAL_SHAPES].concat();
        for index in 0..20 {
            let inside = |name: &&str| -> Vec<bool> {
                distances(&draw(name, index)).iter().map(|(_, distance)| *distance < 0.0).collect()
            };
            let masks: Vec<_> = names.iter().map(inside).collect();
            for (i, a) in masks[..16].iter().enumerate() {
                for (j, b) in masks.iter().enumerate().skip(i + 1) {
                    let both = a.iter().zip(b).filter(|(a, b)| **a && **b).count();
                    let either = a.iter().zip(b).filter(|(a, b)| **a || **b).count();
                    let overlap = both as f64 / either as f64;
                    assert!(overlap < 0.93, "{} and {} overlap by {overlap:.2}", names[i], names[j]);
                }
            }
        }
    }

    #[test]
    fn a_distance_changes_as_a_distance_does_and_ends_within_reach() {
        for name in [SHAPES, OTHER_SHAPES, NEUTRAL_SHAPES].concat() {
            for index in 0..10 {
                let outline = draw(name, index);
                let (points, reach) = (distances(&outline), outline.reach());
                for pair in points.windows(2) {
                    let ([u, v], d) = pair[0];
                    assert!(d >= 0.0 || u * u + v * v <= reach * reach, "{name} passes its reach at ({u}, {v})");
                    let step = pair[1].0[0] - u;
                    if step > 0.0 && d.abs() < 0.05 {
                        // Edges are one pixel wide where the slope is 1; first-order distances may be steeper.
                        let slope = (pair[1].1 - d).abs() / step;
                        assert!(slope < 1.6, "{name}: slope {slope} at ({u}, {v})");
                    }
                }
            }
        }
    }

    #[test]
    fn a_word_that_is_no_shape_is_refused() {
        assert_eq!(Outline::draw("teapot", &mut Stream::named(1, "outline", "", 0).cursor()), None);
    }
}
