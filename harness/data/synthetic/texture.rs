//! Textures: the fillings of the vocabulary as fields between two tones.

use super::field::{Lattice, edge, triangle};
use nt_kernels::philox::Cursor;

/// A texture in object coordinates: at each point how far, from 0 to 1, from the body's first tone to its second.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Texture {
    Plain,
    /// From one side to the other.
    Ramp,
    /// One half each.
    Halves,
    /// Grain near the pixel's size.
    Speckle(Lattice),
    /// Soft clouds of two sizes.
    Marble(Lattice),
    Checks {
        pitch: f32,
    },
    Chevrons {
        pitch: f32,
    },
    /// Noise stretched along one axis.
    Streaks(Lattice),
    Bands {
        pitch: f32,
        phase: f32,
    },
    /// Bands that swing.
    Waves {
        pitch: f32,
        phase: f32,
    },
    /// Two crossing sets of lines.
    Lattice {
        pitch: f32,
        phase: [f32; 2],
    },
    /// Patches of noise with hard edges.
    Mottle {
        noise: Lattice,
        pitch: f32,
    },
    /// Spots: small and dense as granules, large and sparse as vacuoles.
    Spots {
        centres: Vec<[f32; 2]>,
        radius: f32,
    },
    /// The borders of the cells about scattered points.
    Network {
        centres: Vec<[f32; 2]>,
    },
    /// Those cells, each with a tone of its own.
    Mosaic {
        centres: Vec<[f32; 2]>,
        tones: Vec<f32>,
    },
}

/// A texture with the frame it is drawn in.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Filling {
    texture: Texture,
    /// Cosine and sine of the texture's own rotation.
    turn: [f32; 2],
}

/// Rows of points that cover the object's square.
const SCATTER_SIDE: f32 = 1.15;

impl Filling {
    /// The texture of this name, its phases drawn from `draws`; `None` for a word that is no texture.
    pub(super) fn draw(name: &str, draws: &mut Cursor) -> Option<Self> {
        let (sin, cos) = libm::sincosf(core::f32::consts::TAU * draws.uniform_f32());
        let size = 0.9 + 0.2 * draws.uniform_f32();
        let phase = [draws.uniform_f32(), draws.uniform_f32()];
        let texture = match name {
            "plain" => Texture::Plain,
            "ramp" => Texture::Ramp,
            "halves" => Texture::Halves,
            "speckle" => Texture::Speckle(Lattice::draw(draws)),
            "marble" => Texture::Marble(Lattice::draw(draws)),
            "checks" => Texture::Checks { pitch: 0.50 * size },
            "chevrons" => Texture::Chevrons { pitch: 0.60 * size },
            "streaks" => Texture::Streaks(Lattice::draw(draws)),
            "bands" => Texture::Bands { pitch: 0.62 * size, phase: phase[0] },
            "waves" => Texture::Waves { pitch: 0.66 * size, phase: phase[0] },
            "lattice" => Texture::Lattice { pitch: 0.70 * size, phase },
            "mottle" => Texture::Mottle { noise: Lattice::draw(draws), pitch: 0.42 * size },
            "granules" => Texture::Spots { centres: scatter(0.44 * size, draws), radius: 0.125 * size },
            "vacuoles" => Texture::Spots { centres: scatter(0.80 * size, draws), radius: 0.31 * size },
            "network" => Texture::Network { centres: scatter(0.66 * size, draws) },
            "mosaic" => {
                let centres = scatter(0.62 * size, draws);
                let tones = centres.iter().map(|_| draws.uniform_f32()).collect();
                Texture::Mosaic { centres, tones }
            }
            _ => return None,
        };
        Some(Self { texture, turn: [cos, sin] })
    }

    /// The tone at each point `(u[x], v[x])` of a row; `pixel` is a pixel's width in object coordinates, over which
    /// hard edges are spread.
    pub(super) fn tones(&self, u: &[f32], v: &[f32], pixel: f32, out: &mut [f32]) {
        let [cos, sin] = self.turn;
        let mut fill = |tone: &dyn Fn(f32, f32) -> f32| {
            for ((out, &x), &y) in out.iter_mut().zip(u).zip(v) {
                *out = tone(cos * x + sin * y, cos * y - sin * x);
            }
        };
        match &self.texture {
            Texture::Plain => out.fill(0.0),
            Texture::Ramp => fill(&|x, _| (0.5 + 0.5 * x).clamp(0.0, 1.0)),
            Texture::Halves => fill(&|x, _| edge(x, pixel)),
            Texture::Speckle(noise) => fill(&|x, y| noise.at(9.0 * x, 9.0 * y)),
            Texture::Marble(noise) => fill(&|x, y| 0.7 * noise.at(2.0 * x, 2.0 * y) + 0.3 * noise.at(5.0 * x, 5.0 * y)),
            Texture::Checks { pitch } => fill(&|x, y| {
                let square = |t: f32| 2.0 * edge(triangle(t / (2.0 * pitch)) - 0.5, pixel / pitch) - 1.0;
                0.5 + 0.5 * square(x) * square(y)
            }),
            Texture::Chevrons { pitch } => {
                fill(&|x, y| edge(triangle((x + 0.5 * triangle(y)) / pitch) - 0.5, 2.0 * pixel / pitch));
            }
            Texture::Streaks(noise) => fill(&|x, y| noise.at(1.2 * x, 6.0 * y)),
            Texture::Bands { pitch, phase } => {
                fill(&|x, _| edge(triangle(x / pitch + phase) - 0.5, 2.0 * pixel / pitch));
            }
            Texture::Waves { pitch, phase } => fill(&|x, y| {
                let swing = triangle(y / 0.9);
                let swing = swing * swing * (3.0 - 2.0 * swing);
                edge(triangle((x + 0.45 * swing) / pitch + phase) - 0.5, 2.0 * pixel / pitch)
            }),
            Texture::Lattice { pitch, phase } => fill(&|x, y| {
                let line = |t: f32| edge(triangle(t) - 0.68, 2.0 * pixel / pitch);
                line(x / pitch + phase[0]).max(line(y / pitch + phase[1]))
            }),
            Texture::Mottle { noise, pitch } => {
                fill(&|x, y| edge(noise.at(x / pitch, y / pitch) - 0.5, pixel / pitch));
            }
            Texture::Spots { centres, radius } => {
                nearest(centres, u, v, out);
                out.iter_mut().for_each(|tone| *tone = edge(radius - tone.sqrt(), pixel));
            }
            Texture::Network { centres } => borders(centres, u, v, pixel, out),
            Texture::Mosaic { centres, tones } => cells(centres, tones, u, v, out),
        }
    }
}

/// One point in each square of a grid, moved from its middle by up to a quarter of the pitch.
fn scatter(pitch: f32, draws: &mut Cursor) -> Vec<[f32; 2]> {
    let count = (2.0 * SCATTER_SIDE / pitch).ceil() as usize;
    let start = -0.5 * pitch * (count as f32 - 1.0);
    let mut place = |i: usize| start + pitch * (i as f32 + 0.5 * (draws.uniform_f32() - 0.5));
    (0..count * count).map(|i| [place(i % count), place(i / count)]).collect()
}

/// Squared distance to the nearest centre.
fn nearest(centres: &[[f32; 2]], u: &[f32], v: &[f32], out: &mut [f32]) {
    out.fill(f32::MAX);
    for &[cx, cy] in centres {
        for ((out, &x), &y) in out.iter_mut().zip(u).zip(v) {
            let (dx, dy) = (x - cx, y - cy);
            *out = out.min(dx * dx + dy * dy);
        }
    }
}

/// 1 where the two nearest centres are about equally far.
fn borders(centres: &[[f32; 2]], u: &[f32], v: &[f32], pixel: f32, out: &mut [f32]) {
    const HALF_WIDTH: f32 = 0.15;
    out.fill(f32::MAX);
    let mut second = vec![f32::MAX; out.len()];
    for &[cx, cy] in centres {
        for (((first, second), &x), &y) in out.iter_mut().zip(&mut second).zip(u).zip(v) {
            let (dx, dy) = (x - cx, y - cy);
            let distance = dx * dx + dy * dy;
            *second = second.min(first.max(distance));
            *first = first.min(distance);
        }
    }
    for (first, second) in out.iter_mut().zip(&second) {
        *first = edge(HALF_WIDTH - (second.sqrt() - first.sqrt()), 2.0 * pixel);
    }
}

/// The nearest centre's tone.
fn cells(centres: &[[f32; 2]], tones: &[f32], u: &[f32], v: &[f32], out: &mut [f32]) {
    let mut best = vec![f32::MAX; out.len()];
    for (&[cx, cy], &tone) in centres.iter().zip(tones) {
        for (((out, best), &x), &y) in out.iter_mut().zip(&mut best).zip(u).zip(v) {
            let (dx, dy) = (x - cx, y - cy);
            let distance = dx * dx + dy * dy;
            let nearer = distance < *best;
            *out = if nearer { tone } else { *out };
            *best = best.min(distance);
        }
    }
}
