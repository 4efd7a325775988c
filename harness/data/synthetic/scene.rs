//! Scenes: one draw of every factor of a picture.

use super::{
    field::{Lattice, direction, lerp},
    look::{Colour, Look},
    outline::Outline,
    texture::Filling,
};
use nt_kernels::philox::{Cursor, Stream};
use nt_scenario::vocabulary::{COLOURS, Label, NEUTRAL_SHAPES, NUISANCE_TEXTURES};

/// Which picture of a domain: the scope and replicate of its random streams.
#[derive(Clone, Copy, Debug)]
pub(super) struct PictureKey<'a> {
    pub(super) seed: u64,
    /// `"train"` or `"test"`.
    pub(super) split: &'static str,
    /// The class's level name: not its number, which depends on the scenario's list.
    pub(super) level: &'a str,
    pub(super) index: u32,
}

impl PictureKey<'_> {
    /// The stream of this part of the picture. It does not see the look, so that a domain's pictures at two looks
    /// differ in nothing else.
    pub(super) fn draws(&self, part: &str) -> Cursor {
        Stream::named(self.seed, part, &[self.split, self.level].join("/"), self.index).cursor()
    }
}

/// The object's factors, before they become geometry and colour.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Factors {
    pub(super) shape: &'static str,
    pub(super) texture: &'static str,
    /// In turns from red.
    pub(super) hue: f32,
    /// Of the object's brightness against its background's: +1 or -1.
    pub(super) polarity: f32,
    pub(super) contrast: f32,
    pub(super) texture_contrast: f32,
    pub(super) chroma: f32,
    /// Half sides; turns.
    pub(super) centre: [f32; 2],
    pub(super) radius: f32,
    pub(super) tilt: f32,
}

/// Limits of the object's pose, in half sides and turns: a much wider pose is a cliff, past which nothing is learnt
/// from few images, a narrower one lets every network reach the top.
pub(super) const MAX_SHIFT: f32 = 0.14;
pub(super) const MAX_TILT_TURNS: f32 = 0.05;
pub(super) const RADIUS: [f32; 2] = [0.50, 0.66];

impl Factors {
    /// Draws the nuisances and sets the labelled factor to `level`. Every call draws the same count of numbers.
    pub(super) fn draw(label: Label, level: &'static str, look: &Look, draws: &mut Cursor) -> Self {
        let pick = |list: &[&'static str], draws: &mut Cursor| list[draws.below(list.len() as u32) as usize];
        let neutral = pick(NEUTRAL_SHAPES, draws);
        let nuisance = pick(NUISANCE_TEXTURES, draws);
        let free_hue = draws.uniform_f32();
        let mut within = |[low, high]: [f32; 2]| lerp(low, high, draws.uniform_f32());
        let polarity = if within([0.0, 1.0]) < look.bright_object_rate { 1.0 } else { -1.0 };
        let hue = match label {
            Label::Colour => class_hue(level) + (free_hue - 0.5) * 0.05,
            Label::Shape | Label::Texture => free_hue,
        };
        Self {
            shape: if label == Label::Shape { level } else { neutral },
            texture: if label == Label::Texture { level } else { nuisance },
            hue,
            polarity,
            contrast: within(look.contrast),
            texture_contrast: within(look.texture_contrast),
            chroma: within(look.chroma),
            centre: [within([-MAX_SHIFT, MAX_SHIFT]), within([-MAX_SHIFT, MAX_SHIFT])],
            radius: within(RADIUS),
            tilt: within([-MAX_TILT_TURNS, MAX_TILT_TURNS]),
        }
    }
}

/// The hue of a colour class.
fn class_hue(level: &str) -> f32 {
    let position = COLOURS.iter().position(|&colour| colour == level).unwrap_or(0);
    position as f32 / COLOURS.len() as f32
}

/// Something with an outline: the object or a piece of clutter.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Body {
    pub(super) outline: Outline,
    pub(super) filling: Filling,
    pub(super) centre: [f32; 2],
    pub(super) radius: f32,
    /// Cosine and sine of its rotation.
    pub(super) turn: [f32; 2],
    pub(super) tones: [Colour; 2],
}

/// What a photograph's background shows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Backdrop {
    /// A wall lit from one side.
    Wall,
    /// Sky above ground.
    Horizon,
    Foliage,
    Boards,
}

/// The background: two tones and how they are laid out.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Background {
    pub(super) backdrop: Backdrop,
    pub(super) tones: [Colour; 2],
    pub(super) noise: Lattice,
    /// Of the horizon, the boards and the noise.
    pub(super) offset: [f32; 2],
}

/// A picture before it is painted.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Scene {
    pub(super) background: Background,
    /// From back to front; the object hides all of it.
    pub(super) clutter: Vec<Body>,
    pub(super) object: Body,
    /// Unit vector towards the light.
    pub(super) light: [f32; 2],
    /// Of the sensor's noise, and its gain.
    pub(super) noise: f32,
    pub(super) gain: f32,
}

impl Scene {
    /// The scene of this picture; `None` if `level` is no level of `label`, which holds for no word of the vocabulary (a
    /// test draws them all).
    pub(super) fn draw(label: Label, level: &'static str, look: &Look, key: &PictureKey) -> Option<Self> {
        let mut draws = key.draws("synthetic/object");
        let factors = Factors::draw(label, level, look, &mut draws);
        let outline = Outline::draw(factors.shape, &mut draws)?;
        let filling = Filling::draw(factors.texture, &mut draws)?;

        let mut draws = key.draws("synthetic/surroundings");
        let luma = lerp(look.background_luma[0], look.background_luma[1], draws.uniform_f32());
        // An object that must be brighter needs room above its background, a darker one below.
        let luma = if factors.polarity > 0.0 { luma.min(0.55) } else { luma.max(0.45) };
        let background = Background::draw(luma, look, &mut draws);
        let light = direction(draws.uniform_f32());
        let count = lerp(look.clutter_count[0], look.clutter_count[1] + 1.0, draws.uniform_f32()) as usize;
        let clutter = (0..count).map(|_| clutter(luma, look, &mut draws)).collect::<Option<Vec<_>>>()?;
        let noise = lerp(look.noise[0], look.noise[1], draws.uniform_f32());
        let gain = lerp(0.92, 1.08, draws.uniform_f32());
        let object = object(&factors, outline, filling, luma, look);
        Some(Self { background, clutter, object, light, noise, gain })
    }
}

impl Background {
    fn draw(luma: f32, look: &Look, draws: &mut Cursor) -> Self {
        let backdrop =
            [Backdrop::Wall, Backdrop::Horizon, Backdrop::Foliage, Backdrop::Boards][draws.below(4) as usize];
        let (hue, shift) = (draws.uniform_f32(), 0.3 * (draws.uniform_f32() - 0.5));
        let half = 0.5 * look.background_contrast;
        let sign = if draws.uniform_f32() < 0.5 { -1.0 } else { 1.0 };
        Self {
            backdrop,
            tones: [
                look.background_colour(luma - sign * half, hue),
                look.background_colour(luma + sign * half, hue + shift),
            ],
            noise: Lattice::draw(draws),
            offset: [draws.uniform_f32(), draws.uniform_f32()],
        }
    }
}

fn object(factors: &Factors, outline: Outline, filling: Filling, background_luma: f32, look: &Look) -> Body {
    let half = 0.5 * factors.texture_contrast;
    // Both tones stay within what a picture can show: a clipped texture would be lost.
    let luma = (background_luma + factors.polarity * factors.contrast).clamp(0.03 + half, 0.97 - half);
    Body {
        outline,
        filling,
        centre: factors.centre,
        radius: factors.radius,
        turn: direction(factors.tilt),
        tones: [
            look.body_colour(luma + half, factors.chroma, factors.hue),
            look.body_colour(luma - half, factors.chroma, factors.hue),
        ],
    }
}

/// A neutral blob beside the object, fainter and smaller than it.
fn clutter(background_luma: f32, look: &Look, draws: &mut Cursor) -> Option<Body> {
    let name = NEUTRAL_SHAPES[draws.below(NEUTRAL_SHAPES.len() as u32) as usize];
    let outline = Outline::draw(name, draws)?;
    let filling = Filling::draw("plain", draws)?;
    let mut within = |[low, high]: [f32; 2]| lerp(low, high, draws.uniform_f32());
    let bearing = direction(within([0.0, 1.0]));
    let distance = within([0.55, 1.15]);
    let turn = direction(within([0.0, 1.0]));
    let polarity = if within([0.0, 1.0]) < look.bright_object_rate { 1.0 } else { -1.0 };
    let luma = background_luma + polarity * within(look.clutter_contrast);
    let tone = look.body_colour(luma, within(look.chroma), within([0.0, 1.0]));
    Some(Body {
        outline,
        filling,
        centre: bearing.map(|component| distance * component),
        radius: within(look.clutter_radius),
        turn,
        tones: [tone, tone],
    })
}
