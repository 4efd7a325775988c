//! The built-in picture domains: procedural images with known factors, rendered from a seed.
//!
//! A picture is a pure function of (seed, split, class, index): nothing is stored and nothing is downloaded. It shows
//! one object, whose shape, texture and colour are drawn independently of everything else but for the one factor that
//! is the label, on a background, beside faint clutter, through a lens, onto a noisy sensor. What decides the class
//! ([`Label`]) and how the domain looks ([`SyntheticSpec::look_distance`]) vary independently, so that a source can
//! differ from a target in look alone, in task alone, or in both. All domains share one standardisation
//! ([`SyntheticData::STANDARDISATION`](nt_scenario::SyntheticData)), and no clutter or nuisance shows a shape or a texture that is a class anywhere.

mod dataset;
mod field;
mod kind;
mod lens;
mod look;
mod outline;
mod paint;
mod scene;
#[cfg(test)]
mod tests;
mod texture;

use super::Split;
use look::Look;
use nt_scenario::vocabulary::{Label, levels};
use paint::Canvas;
use scene::{PictureKey, Scene};
use thiserror::Error;

/// Raised with every change that alters a pixel of any domain.
pub const RENDERER_VERSION: u32 = 1;

/// Sides a picture may have.
pub const SIDES: core::ops::RangeInclusive<usize> = 32..=256;

/// The description of a built-in domain.
#[derive(Clone, Debug, PartialEq)]
pub struct SyntheticSpec {
    /// 0 for the look of a photograph, 1 for that of a micrograph; between them a continuum.
    pub look_distance: f64,
    /// The factor that decides the class.
    pub label: Label,
    /// Levels of that factor, in the order that numbers the classes.
    pub classes: Vec<String>,
    /// Domains with different seeds share no nuisance.
    pub seed: u64,
    /// Pixels along each side.
    pub side: usize,
    /// Training pictures a class.
    pub train_per_class: usize,
    /// Test pictures a class.
    pub test_per_class: usize,
}

/// Why there is no such built-in domain.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum SyntheticError {
    /// The look is outside the axis.
    #[error("look distance {look_distance} is off the axis; give a number from 0 (photograph) to 1 (micrograph)")]
    LookDistance {
        /// As given.
        look_distance: f64,
    },
    /// The picture is too small to show a shape or larger than the network takes.
    #[error("a picture of {side} × {side} pixels is not offered; choose a side from 32 to 256")]
    Side {
        /// As given.
        side: usize,
    },
    /// A class is no level of the labelled factor.
    #[error("`{class}` is not a {} that can be a class; choose from {}", label.word(), levels(*label).join(", "))]
    UnknownClass {
        /// As given.
        class: String,
        /// The labelled factor.
        label: Label,
    },
    /// A class is listed twice.
    #[error("class `{class}` is listed twice; name each class once")]
    RepeatedClass {
        /// The class.
        class: String,
    },
    /// There is nothing to tell apart.
    #[error("a domain of {num_classes} classes leaves nothing to classify; name two classes or more")]
    TooFewClasses {
        /// Classes given.
        num_classes: usize,
    },
}

/// A built-in domain, ready to render.
#[derive(Clone, Debug, PartialEq)]
pub struct Synthetic {
    spec: SyntheticSpec,
    look: Look,
    classes: Vec<&'static str>,
}

impl Synthetic {
    /// The domain that `spec` describes.
    ///
    /// # Errors
    /// [`SyntheticError`] if the look, the side or a class does not exist.
    pub fn new(spec: SyntheticSpec) -> Result<Self, SyntheticError> {
        if !(0.0..=1.0).contains(&spec.look_distance) {
            return Err(SyntheticError::LookDistance { look_distance: spec.look_distance });
        }
        if !SIDES.contains(&spec.side) {
            return Err(SyntheticError::Side { side: spec.side });
        }
        if spec.classes.len() < 2 {
            return Err(SyntheticError::TooFewClasses { num_classes: spec.classes.len() });
        }
        let mut classes = Vec::with_capacity(spec.classes.len());
        for class in &spec.classes {
            let Some(&level) = levels(spec.label).iter().find(|level| *level == class) else {
                return Err(SyntheticError::UnknownClass { class: class.clone(), label: spec.label });
            };
            if classes.contains(&level) {
                return Err(SyntheticError::RepeatedClass { class: class.clone() });
            }
            classes.push(level);
        }
        Ok(Self { look: Look::at(spec.look_distance), spec, classes })
    }

    /// What this domain is.
    pub fn spec(&self) -> &SyntheticSpec {
        &self.spec
    }

    /// Pictures a class in a split.
    pub fn per_class(&self, split: Split) -> usize {
        match split {
            Split::Train => self.spec.train_per_class,
            Split::Test => self.spec.test_per_class,
        }
    }

    /// Renders one picture. Nothing is written for a `class` beyond the domain; an `index` past the split's pictures is
    /// one more of the same kind.
    ///
    /// # Shape
    /// `pixels`: `(side, side, 3)` u8, RGB, rows from the top.
    pub fn render(&self, split: Split, class: usize, index: usize, pixels: &mut [u8]) {
        let Some(&level) = self.classes.get(class) else { return };
        let key = PictureKey {
            seed: self.spec.seed,
            split: match split {
                Split::Train => "train",
                Split::Test => "test",
            },
            level,
            index: index as u32,
        };
        let Some(scene) = Scene::draw(self.spec.label, level, &self.look, &key) else { return };
        let mut canvas = Canvas::paint(self.spec.side, &scene, &self.look);
        canvas.through_the_lens(&scene, &self.look);
        canvas.onto_the_sensor(&scene, &mut key.draws("synthetic/sensor"), pixels);
    }

    /// BLAKE3 over what the pictures depend on: the spec and [`RENDERER_VERSION`].
    pub fn digest(&self) -> [u8; 32] {
        let spec = &self.spec;
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"nt/synthetic");
        hasher.update(&RENDERER_VERSION.to_le_bytes());
        hasher.update(&spec.look_distance.to_bits().to_le_bytes());
        hasher.update(&spec.seed.to_le_bytes());
        for count in [spec.side, spec.train_per_class, spec.test_per_class, self.classes.len()] {
            hasher.update(&(count as u64).to_le_bytes());
        }
        for word in [spec.label.word()].iter().chain(&self.classes) {
            hasher.update(&(word.len() as u64).to_le_bytes());
            hasher.update(word.as_bytes());
        }
        *hasher.finalize().as_bytes()
    }
}
