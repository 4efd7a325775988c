//! Textures: the fillings of the vocabulary as fields between two tones.

use super::field::{Lattice, direction, edge, triangle};
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
    /// Straight stripes; `across` is the unit vector that crosses them.
    Stripes {
        across: [f32; 2],
        pitch: f32,
        phase: f32,
    },
    /// Patches of noise with hard edges.
    Mottle {
        noise: Lattice,
        pitch: f32,
    },
    /// Small round spots.
    Spots {
        centres: Vec<[f32; 2]>,
        radius: f32,
    },
    /// Cells about scattered points, parted by light walls: where granules are dark on light, this is light on dark.
    Network {
        centres: Vec<[f32; 2]>,
    },
    /// One irregular spot in the middle; its three lobes start from a direction.
    Nucleus {
        radius: f32,
        lobes: [f32; 2],
    },
    /// Six wedges about the middle, every other one of the second tone.
    Spokes,
}

/// A texture with the frame it is drawn in.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Filling {
    texture: Texture,
    /// Cosine and sine of the texture's rotation against the object.
    turn: [f32; 2],
}

/// Limit of a texture's rotation against its object, in turns: small enough that the orientation of stripes is a cue.
const MAX_TURN: f32 = 0.06;

const DIAGONAL: f32 = core::f32::consts::FRAC_1_SQRT_2;

/// Half the side of the square that scattered points cover: the largest blob's.
const SCATTER_SIDE: f32 = 1.15;

impl Filling {
    /// The texture of this name, its phases drawn from `draws`; `None` for a word that is no texture.
    pub(super) fn draw(name: &str, draws: &mut Cursor) -> Option<Self> {
        let turn = direction(MAX_TURN * (2.0 * draws.uniform_f32() - 1.0));
        let size = 0.9 + 0.2 * draws.uniform_f32();
        let phase = draws.uniform_f32();
        let texture = match name {
            "plain" => Texture::Plain,
            "ramp" => Texture::Ramp,
            "halves" => Texture::Halves,
            "speckle" => Texture::Speckle(Lattice::draw(draws)),
            "marble" => Texture::Marble(Lattice::draw(draws)),
            "checks" => Texture::Checks { pitch: 0.46 * size },
            "chevrons" => Texture::Chevrons { pitch: 0.60 * size },
            "streaks" => Texture::Streaks(Lattice::draw(draws)),
            "bands" => Texture::Stripes { across: [0.0, 1.0], pitch: 0.62 * size, phase },
            "columns" => Texture::Stripes { across: [1.0, 0.0], pitch: 0.62 * size, phase },
            "hatch" => Texture::Stripes { across: [DIAGONAL, DIAGONAL], pitch: 0.40 * size, phase },
            "mottle" => Texture::Mottle { noise: Lattice::draw(draws), pitch: 0.42 * size },
            "granules" => Texture::Spots { centres: scatter(0.34 * size, draws), radius: 0.11 * size },
            "network" => Texture::Network { centres: scatter(0.72 * size, draws) },
            "nucleus" => Texture::Nucleus { radius: 0.42 * size, lobes: direction(phase) },
            "spokes" => Texture::Spokes,
            _ => return None,
        };
        Some(Self { texture, turn })
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
            Texture::Plain => out.fill(0.5),
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
            Texture::Stripes { across: [a, b], pitch, phase } => {
                fill(&|x, y| edge(triangle((a * x + b * y) / pitch + phase) - 0.5, 2.0 * pixel / pitch));
            }
            Texture::Nucleus { radius, lobes: [a, b] } => fill(&|x, y| {
                let r = (x * x + y * y).sqrt().max(1e-3);
                let (re, im) = (x * (x * x - 3.0 * y * y), y * (3.0 * x * x - y * y));
                edge(radius * (1.0 + 0.12 * (a * re - b * im) / (r * r * r)) - r, pixel)
            }),
            Texture::Spokes => fill(&|x, y| {
                // Re((x + iy)³) changes sign at every wedge's border; its slope there is 3r².
                let r2 = (x * x + y * y).max(1e-6);
                edge(x * (x * x - 3.0 * y * y) / (3.0 * r2), pixel)
            }),
            Texture::Mottle { noise, pitch } => {
                fill(&|x, y| edge(noise.at(x / pitch, y / pitch) - 0.5, pixel / pitch));
            }
            Texture::Spots { centres, radius } => {
                nearest(centres, u, v, out);
                out.iter_mut().for_each(|tone| *tone = edge(radius - tone.sqrt(), pixel));
            }
            Texture::Network { centres } => walled_cells(centres, u, v, pixel, out),
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

/// 0 where the two nearest centres are about equally far, 1 within their cells.
fn walled_cells(centres: &[[f32; 2]], u: &[f32], v: &[f32], pixel: f32, out: &mut [f32]) {
    const WALL_WIDTH: f32 = 0.18;
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
        *first = edge(second.sqrt() - first.sqrt() - WALL_WIDTH, 2.0 * pixel);
    }
}

#[cfg(test)]
mod tests {
    use super::Filling;
    use crate::data::synthetic::tests::object_rows;
    use nt_kernels::philox::Stream;
    use nt_scenario::vocabulary::{NUISANCE_TEXTURES, TEXTURES};

    fn field(name: &str) -> Vec<f32> {
        let filling = Filling::draw(name, &mut Stream::named(1, "filling", name, 0).cursor()).unwrap();
        let mut field = Vec::new();
        for (u, v) in object_rows() {
            let mut tones = vec![0.0; u.len()];
            filling.tones(&u, &v, 0.06, &mut tones);
            field.extend(tones);
        }
        field
    }

    #[test]
    fn textures_differ_and_stay_between_their_tones() {
        let fields: Vec<_> = [TEXTURES, NUISANCE_TEXTURES].concat().into_iter().map(field).collect();
        for (i, a) in fields.iter().enumerate() {
            assert!(a.iter().all(|tone| (0.0..=1.0).contains(tone)));
            for b in &fields[..i] {
                let difference = a.iter().zip(b).map(|(a, b)| (a - b).abs()).sum::<f32>() / a.len() as f32;
                assert!(difference > 0.1, "{difference}");
            }
        }
    }

    #[test]
    fn a_word_that_is_no_texture_is_refused() {
        assert_eq!(Filling::draw("tartan", &mut Stream::named(1, "filling", "", 0).cursor()), None);
    }
}
