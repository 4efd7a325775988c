//! The words of the built-in picture domains: the factor levels a scenario may name as classes.
//!
//! A picture shows one object: a shape, filled with a texture, in a colour, on a background. A domain's [`Label`] says
//! which of the three decides its class; the others are nuisance. The lists are disjoint by construction, so that no
//! nuisance shape or texture of one domain shows a class of another:
//!
//! | list | shown by | can be a class |
//! |---|---|---|
//! | [`SHAPES`], [`OTHER_SHAPES`] | objects of shape-labelled domains | of shape-labelled domains |
//! | [`NEUTRAL_SHAPES`] | objects of the other domains, clutter of all | never |
//! | [`TEXTURES`] | objects of texture-labelled domains | of texture-labelled domains |
//! | [`NUISANCE_TEXTURES`] | objects of the other domains | never |
//! | [`COLOURS`] | objects of colour-labelled domains; elsewhere hue is continuous | of colour-labelled domains |

use crate::choice::choice;

choice! {
    /// The factor that decides the class of a picture.
    #[derive(PartialOrd, Ord)]
    pub enum Label {
        /// The object's outline.
        Shape = "shape",
        /// The object's texture.
        Texture = "texture",
        /// The object's hue: a rule that needs nothing that a shape task needs.
        Colour = "colour",
    }
}

/// The shapes of the built-in target.
pub const SHAPES: &[&str] = &["polygon", "ellipse", "star", "ring", "cross", "letter-l", "letter-h", "crescent"];

/// As many other shapes, for sources whose task is like the target's without being it.
pub const OTHER_SHAPES: &[&str] =
    &["arrow", "heart", "letter-t", "letter-u", "letter-z", "hourglass", "drop", "half-disc"];

/// Blob-like outlines that are no class anywhere.
pub const NEUTRAL_SHAPES: &[&str] = &["amoeba", "bean", "cloud", "lump", "peanut", "pear", "pebble", "potato"];

/// The textures that can be a class.
pub const TEXTURES: &[&str] = &["bands", "columns", "granules", "halves", "hatch", "network", "nucleus", "spokes"];

/// Textures that are no class anywhere.
pub const NUISANCE_TEXTURES: &[&str] =
    &["checks", "chevrons", "marble", "mottle", "plain", "ramp", "speckle", "streaks"];

/// Hues that can be a class, evenly spaced on the colour circle from red.
pub const COLOURS: &[&str] = &["red", "orange", "lime", "green", "cyan", "azure", "violet", "magenta"];

/// [`SHAPES`], then [`OTHER_SHAPES`].
const SHAPE_CLASSES: [&str; 16] = {
    let mut all = [""; 16];
    let mut i = 0;
    while i < 8 {
        all[i] = SHAPES[i];
        all[8 + i] = OTHER_SHAPES[i];
        i += 1;
    }
    all
};

/// The levels that can be classes under this rule, in the order that numbers them.
pub fn levels(label: Label) -> &'static [&'static str] {
    match label {
        Label::Shape => &SHAPE_CLASSES,
        Label::Texture => TEXTURES,
        Label::Colour => COLOURS,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn no_level_is_in_two_lists() {
        for lists in [&[SHAPES, OTHER_SHAPES, NEUTRAL_SHAPES][..], &[TEXTURES, NUISANCE_TEXTURES][..]] {
            let all: BTreeSet<_> = lists.iter().copied().flatten().collect();
            assert_eq!(all.len(), lists.iter().map(|list| list.len()).sum::<usize>());
        }
    }

    #[test]
    fn classes_are_the_target_shapes_then_the_other_shapes() {
        assert_eq!(levels(Label::Shape), [SHAPES, OTHER_SHAPES].concat());
        assert_eq!(levels(Label::Texture), TEXTURES);
        assert_eq!(levels(Label::Colour), COLOURS);
    }
}
