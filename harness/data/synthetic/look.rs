//! Looks: from the photograph to the micrograph.

use super::field::lerp;

/// A colour: red, green and blue, nominally 0..=1.
pub(super) type Colour = [f32; 3];

/// Everything about a domain's appearance that its look distance sets; none of it depends on a class.
///
/// # Units
/// Lengths in half sides of the picture, brightness as a fraction of white.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Look {
    /// 0 for a photograph, 1 for a micrograph.
    pub(super) distance: f32,
    /// The background's brightness is drawn from this range.
    pub(super) background_luma: [f32; 2],
    /// By how much an object's brightness differs from its background's.
    pub(super) contrast: [f32; 2],
    /// How often an object is the brighter of the two.
    pub(super) bright_object_rate: f32,
    /// Between the background's two tones.
    pub(super) background_contrast: f32,
    /// Between a body's two tones.
    pub(super) texture_contrast: [f32; 2],
    /// Colourfulness of backgrounds and of bodies.
    pub(super) background_chroma: f32,
    pub(super) chroma: [f32; 2],
    /// How much a body's side towards the light is brighter than its middle.
    pub(super) shading: f32,
    /// How dark a body's shadow is.
    pub(super) shadow: f32,
    /// How much darker a body's rim is, as a cell's membrane.
    pub(super) rim: f32,
    /// What a body hides of what lies behind it.
    pub(super) opacity: f32,
    /// Bodies beside the object.
    pub(super) clutter_count: [f32; 2],
    pub(super) clutter_contrast: [f32; 2],
    pub(super) clutter_radius: [f32; 2],
    /// Standard deviation of the lens's blur.
    pub(super) blur: f32,
    /// Unevenness of the illumination and its fall towards the corners.
    pub(super) unevenness: f32,
    pub(super) vignette: f32,
    /// Amplitude of the sensor's noise.
    pub(super) noise: [f32; 2],
}

impl Look {
    /// The look at this distance, each quantity on the straight line from the photograph's to the micrograph's.
    pub(super) fn at(distance: f64) -> Self {
        let t = distance as f32;
        let mix = |photograph: f32, micrograph: f32| lerp(photograph, micrograph, t);
        let range = |photograph: [f32; 2], micrograph: [f32; 2]| {
            [mix(photograph[0], micrograph[0]), mix(photograph[1], micrograph[1])]
        };
        Self {
            distance: t,
            background_luma: range([0.28, 0.72], [0.80, 0.90]),
            contrast: range([0.26, 0.44], [0.28, 0.44]),
            bright_object_rate: mix(0.5, 0.0),
            background_contrast: mix(0.16, 0.03),
            texture_contrast: range([0.28, 0.42], [0.26, 0.42]),
            background_chroma: mix(0.14, 0.04),
            chroma: range([0.10, 0.32], [0.20, 0.34]),
            shading: mix(0.22, 0.05),
            shadow: mix(0.40, 0.0),
            rim: mix(0.0, 0.30),
            opacity: mix(1.0, 0.85),
            clutter_count: range([2.0, 4.0], [4.0, 7.0]),
            clutter_contrast: range([0.08, 0.22], [0.08, 0.20]),
            clutter_radius: range([0.12, 0.26], [0.16, 0.26]),
            blur: mix(0.0, 0.034),
            unevenness: mix(0.0, 0.07),
            vignette: mix(0.04, 0.22),
            noise: range([0.03, 0.06], [0.02, 0.05]),
        }
    }

    /// A body's colour: `luma` bright, `chroma` colourful, of a hue (in turns) that the micrograph narrows to its
    /// stains, rose to violet.
    pub(super) fn body_colour(&self, luma: f32, chroma: f32, hue: f32) -> Colour {
        let free = hue_direction(hue);
        let stained = hue_direction(0.72 + 0.22 * hue);
        colour(luma, chroma, [0, 1, 2].map(|c| lerp(free[c], stained[c], self.distance)))
    }

    /// A background's colour; the micrograph's is a warm or cool white.
    pub(super) fn background_colour(&self, luma: f32, hue: f32) -> Colour {
        let free = hue_direction(hue);
        let white = hue_direction(0.95 + 0.25 * hue);
        colour(luma, self.background_chroma, [0, 1, 2].map(|c| lerp(free[c], white[c], self.distance)))
    }
}

/// `luma + chroma · direction`, within what a picture can show.
fn colour(luma: f32, chroma: f32, direction: Colour) -> Colour {
    direction.map(|d| (luma + chroma * d).clamp(0.02, 0.98))
}

/// The pure hue (in turns from red) less its own brightness.
fn hue_direction(hue: f32) -> Colour {
    let turns = hue - hue.floor();
    let channel = |offset: f32| {
        let position = turns + offset;
        let sixth = 6.0 * (position - position.floor());
        ((sixth - 3.0).abs() - 1.0).clamp(0.0, 1.0)
    };
    let [r, g, b] = [channel(0.0), channel(2.0 / 3.0), channel(1.0 / 3.0)];
    let luma = 0.299 * r + 0.587 * g + 0.114 * b;
    [r - luma, g - luma, b - luma]
}
