//! The treatment lattice: how many layers are copied, and how many of those are frozen.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::network::{LAYER_NAMES, NUM_LEARNED_LAYERS};

/// Whether source and target have the same classes in the same order, so that fc8 can be copied too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SameClasses {
    /// They have: `copied` reaches 8.
    Yes,
    /// They differ: fc8 is always new, and `copied` ends at 7.
    No,
}

impl SameClasses {
    /// The deepest layer that can be copied.
    pub fn deepest_copied(self) -> u8 {
        match self {
            Self::Yes => NUM_LEARNED_LAYERS as u8,
            Self::No => NUM_LEARNED_LAYERS as u8 - 1,
        }
    }
}

/// How the part of a network that is not frozen comes about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// The layers past the frozen ones are trained by gradient descent.
    #[default]
    Training,
    /// The network ends after its frozen layers, and a linear softmax classifier is fitted to their codes.
    Probe,
}

impl Method {
    /// The scenario's words for the kinds of treatment.
    pub const WORDS: &'static [&'static str] = &["training", "probe"];

    /// The scenario's word for this kind.
    pub fn word(self) -> &'static str {
        match self {
            Self::Training => Self::WORDS[0],
            Self::Probe => Self::WORDS[1],
        }
    }
}

/// A point of the lattice: copy the first `copied` learned layers from the source, draw the rest anew, freeze the
/// first `frozen`.
///
/// Holds 0 ≤ `frozen` ≤ `copied` ≤ 7, or 8 between equal classes: no other point can be constructed, and there is no
/// `Deserialize` that could. Scratch is (0, 0); (n, n) are frozen features at depth n (Yosinski's AnB), (n, 0) is
/// copied then fine-tuned (AnB+), (7, 0) full fine-tuning, and (8, 8) the source network as it is, without training.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Treatment {
    copied: u8,
    frozen: u8,
}

/// Why a point is not on the lattice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TreatmentError {
    /// `copied` is past the last learned layer.
    #[error("copied depth {copied} does not exist: AlexNet has 8 learned layers; choose 0 to {deepest}")]
    NoSuchDepth {
        /// The depth asked for.
        copied: u8,
        /// The deepest that can be copied.
        deepest: u8,
    },
    /// fc8 would be copied between different classes.
    #[error("copied depth 8 needs equal classes: fc8 is new where source and target differ; choose 0 to 7")]
    ClassesDiffer,
    /// A frozen layer would not be a copied one.
    #[error("frozen depth {frozen} is past copied depth {copied}: only copied layers are frozen; choose 0 to {copied}")]
    FrozenPastCopied {
        /// Layers copied.
        copied: u8,
        /// Layers to freeze.
        frozen: u8,
    },
}

impl Treatment {
    /// Nothing copied, nothing frozen.
    pub const SCRATCH: Self = Self { copied: 0, frozen: 0 };

    /// The lattice point with the first `copied` learned layers copied and the first `frozen` frozen.
    ///
    /// # Errors
    /// [`TreatmentError`] where the point does not exist.
    /// # Source
    /// Yosinski, Clune, Bengio and Lipson, NIPS 2014, section 2, for (n, n) and (n, 0); the rest of the triangle is
    /// this project's.
    pub fn new(copied: u8, frozen: u8, classes: SameClasses) -> Result<Self, TreatmentError> {
        let deepest = classes.deepest_copied();
        if copied > NUM_LEARNED_LAYERS as u8 {
            return Err(TreatmentError::NoSuchDepth { copied, deepest });
        }
        if copied > deepest {
            return Err(TreatmentError::ClassesDiffer);
        }
        if frozen > copied {
            return Err(TreatmentError::FrozenPastCopied { copied, frozen });
        }
        Ok(Self { copied, frozen })
    }

    /// How many learned layers are copied from the source.
    pub fn copied(self) -> u8 {
        self.copied
    }

    /// How many learned layers are frozen.
    pub fn frozen(self) -> u8 {
        self.frozen
    }

    /// Whether nothing is copied.
    pub fn is_scratch(self) -> bool {
        self == Self::SCRATCH
    }

    /// Whether any layer is trained: all points but (8, 8).
    pub fn is_trained(self) -> bool {
        usize::from(self.frozen) < NUM_LEARNED_LAYERS
    }

    /// Name of the last copied layer; none for scratch.
    pub fn last_copied_layer(self) -> Option<&'static str> {
        LAYER_NAMES[..usize::from(self.copied)].last().copied()
    }
}

impl fmt::Display for Treatment {
    /// `(copied,frozen)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "({},{})", self.copied, self.frozen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_point_exists_exactly_where_the_lattice_says(copied in 0u8..=255, frozen in 0u8..=255, same: bool) {
            let classes = if same { SameClasses::Yes } else { SameClasses::No };
            let exists = frozen <= copied && copied <= if same { 8 } else { 7 };
            let point = Treatment::new(copied, frozen, classes);
            prop_assert_eq!(point.is_ok(), exists);
            if let Ok(point) = point {
                prop_assert_eq!((point.copied(), point.frozen()), (copied, frozen));
                prop_assert_eq!(point.is_scratch(), copied == 0);
                prop_assert_eq!(point.is_trained(), frozen < 8);
            }
        }

        #[test]
        fn the_refusal_names_the_rule_that_was_broken(copied in 0u8..=20, frozen in 0u8..=20) {
            match Treatment::new(copied, frozen, SameClasses::No) {
                Err(TreatmentError::NoSuchDepth { .. }) => prop_assert!(copied > 8),
                Err(TreatmentError::ClassesDiffer) => prop_assert_eq!(copied, 8),
                Err(TreatmentError::FrozenPastCopied { .. }) => prop_assert!(copied <= 7 && frozen > copied),
                Ok(_) => prop_assert!(frozen <= copied && copied <= 7),
            }
        }
    }

    #[test]
    fn the_lattice_has_36_points_and_45_between_equal_classes() {
        for (classes, points) in [(SameClasses::No, 36), (SameClasses::Yes, 45)] {
            let all = (0..=9u8).flat_map(|copied| (0..=9u8).map(move |frozen| (copied, frozen)));
            assert_eq!(all.filter(|&(c, f)| Treatment::new(c, f, classes).is_ok()).count(), points);
        }
    }

    #[test]
    fn a_treatment_is_written_as_its_point() {
        let point = Treatment::new(7, 3, SameClasses::No).unwrap();
        assert_eq!((point.to_string().as_str(), point.last_copied_layer()), ("(7,3)", Some("fc7")));
        assert_eq!(Treatment::SCRATCH.last_copied_layer(), None);
    }
}
