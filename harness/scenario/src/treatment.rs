//! The treatment lattice: how many layers are copied, and how many of those are frozen.

use std::fmt;

use serde::Serialize;

use crate::architecture::Architecture;

/// Whether source and target have the same classes in the same order, so that the last layer can be copied too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SameClasses {
    /// They are the same: every layer can be copied.
    Yes,
    /// They differ: the last layer is always new.
    No,
}

/// The points that exist between a source and a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lattice {
    architecture: Architecture,
    same_classes: SameClasses,
}

impl Lattice {
    /// The lattice of an architecture between a source and a target.
    pub fn new(architecture: Architecture, same_classes: SameClasses) -> Self {
        Self { architecture, same_classes }
    }

    /// The deepest layer that can be copied.
    pub fn deepest_copied(self) -> u8 {
        let num_layers = self.architecture.num_layers() as u8;
        match self.same_classes {
            SameClasses::Yes => num_layers,
            SameClasses::No => num_layers - 1,
        }
    }

    /// The point with the first `copied` learned layers copied and the first `frozen` frozen.
    ///
    /// # Errors
    /// [`TreatmentError`] where the point does not exist.
    /// # Source
    /// Yosinski, Clune, Bengio and Lipson, NIPS 2014, section 2, for (n, n) and (n, 0); the rest of the triangle is
    /// this project's.
    pub fn point(self, copied: u8, frozen: u8) -> Result<Treatment, TreatmentError> {
        let (architecture, deepest) = (self.architecture, self.deepest_copied());
        if usize::from(copied) > architecture.num_layers() {
            return Err(TreatmentError::NoSuchDepth { copied, deepest, architecture });
        }
        if copied > deepest {
            return Err(TreatmentError::ClassesDiffer { copied, deepest, architecture });
        }
        if frozen > copied {
            return Err(TreatmentError::FrozenPastCopied { copied, frozen });
        }
        Ok(Treatment { copied, frozen })
    }
}

/// A point of the lattice: copy the first `copied` learned layers from the source, draw the rest anew, freeze the
/// first `frozen`.
///
/// It comes from a [`Lattice`], so that 0 ≤ `frozen` ≤ `copied` holds, and `copied` reaches the last layer only between
/// equal classes: no other point can be constructed, and there is no `Deserialize` that could. Scratch is (0, 0); (n, n)
/// are frozen features at depth n (Yosinski's AnB), (n, 0) is copied then fine-tuned (AnB+). In AlexNet's eight layers
/// (7, 0) is full fine-tuning, and (8, 8) the source network as it is, without training.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Treatment {
    copied: u8,
    frozen: u8,
}

/// Why a point is not on the lattice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TreatmentError {
    /// `copied` is past the last learned layer.
    #[error(
        "copied depth {copied} does not exist: {} has {} learned layers; choose 1 to {deepest}",
        architecture.name(),
        architecture.num_layers()
    )]
    NoSuchDepth {
        /// The depth asked for.
        copied: u8,
        /// The deepest that can be copied.
        deepest: u8,
        /// The network.
        architecture: Architecture,
    },
    /// The last layer would be copied between different classes.
    #[error(
        "copied depth {copied} needs equal classes: {} is new where source and target differ; choose 1 to {deepest}",
        architecture.last_layer()
    )]
    ClassesDiffer {
        /// The depth asked for.
        copied: u8,
        /// The deepest that can be copied.
        deepest: u8,
        /// The network.
        architecture: Architecture,
    },
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

    /// Whether any layer of a network of this depth is trained: all points but the one where every layer is frozen.
    pub fn is_trained(self, num_layers: usize) -> bool {
        usize::from(self.frozen) < num_layers
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
    use proptest::sample::select;

    fn same(yes: bool) -> SameClasses {
        if yes { SameClasses::Yes } else { SameClasses::No }
    }

    proptest! {
        #[test]
        fn a_point_exists_exactly_where_the_lattice_says(
            architecture in select(Architecture::ALL), copied in 0u8..=255, frozen in 0u8..=255, yes: bool,
        ) {
            let num_layers = architecture.num_layers();
            let exists = frozen <= copied && usize::from(copied) <= if yes { num_layers } else { num_layers - 1 };
            let point = Lattice::new(architecture, same(yes)).point(copied, frozen);
            prop_assert_eq!(point.is_ok(), exists);
            if let Ok(point) = point {
                prop_assert_eq!((point.copied(), point.frozen()), (copied, frozen));
                prop_assert_eq!(point.is_scratch(), copied == 0);
                prop_assert_eq!(point.is_trained(num_layers), usize::from(frozen) < num_layers);
            }
        }

        #[test]
        fn the_refusal_names_the_rule_that_was_broken(
            architecture in select(Architecture::ALL), copied in 0u8..=20, frozen in 0u8..=20,
        ) {
            let last = architecture.num_layers() as u8;
            match Lattice::new(architecture, SameClasses::No).point(copied, frozen) {
                Err(TreatmentError::NoSuchDepth { .. }) => prop_assert!(copied > last),
                Err(TreatmentError::ClassesDiffer { .. }) => prop_assert_eq!(copied, last),
                Err(TreatmentError::FrozenPastCopied { .. }) => prop_assert!(copied < last && frozen > copied),
                Ok(_) => prop_assert!(frozen <= copied && copied < last),
            }
        }
    }

    #[test]
    fn alexnets_lattice_has_36_points_and_45_between_equal_classes() {
        for (classes, points) in [(SameClasses::No, 36), (SameClasses::Yes, 45)] {
            let lattice = Lattice::new(Architecture::AlexNet, classes);
            let all = (0..=9u8).flat_map(|copied| (0..=9u8).map(move |frozen| (copied, frozen)));
            assert_eq!(all.filter(|&(copied, frozen)| lattice.point(copied, frozen).is_ok()).count(), points);
        }
    }

    #[test]
    fn a_refusal_names_the_networks_own_layers() {
        let lattice = Lattice::new(Architecture::AlexNet, SameClasses::No);
        let told = |copied| lattice.point(copied, 0).unwrap_err().to_string();
        assert_eq!(told(9), "copied depth 9 does not exist: AlexNet has 8 learned layers; choose 1 to 7");
        let differ = "copied depth 8 needs equal classes: fc8 is new where source and target differ; choose 1 to 7";
        assert_eq!(told(8), differ);
    }

    #[test]
    fn a_treatment_is_written_as_its_point() {
        let point = Lattice::new(Architecture::AlexNet, SameClasses::No).point(7, 3).unwrap();
        assert_eq!(point.to_string(), "(7,3)");
    }
}
