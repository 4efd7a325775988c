//! Test images that are also training images.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// The largest share of a target's test images that may be pixel-for-pixel copies of training images. Beyond it gate 6
/// fails, whatever the gaps are without them.
pub const MATERIAL_SHARE: f64 = 0.01;

/// The test images of a target that a training set contains.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Overlap {
    /// The source whose training images these are; `None`: the target's own.
    pub source: Option<String>,
    /// Training images looked at: all that replicates draw from.
    pub num_train_images: usize,
    /// One entry for each test image found, with the training image most like it, in the order of test images.
    pub matches: Vec<Match>,
}

/// A test image and the training image most like it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Match {
    /// How they are alike.
    pub kind: MatchKind,
    /// Signs of 128 in which the perceptual hashes differ.
    pub distance: u32,
    /// The test image's id, as in predictions.
    pub test_id: u32,
    /// A name by which a person finds it.
    pub test: String,
    /// A name by which a person finds the training image.
    pub train: String,
}

/// How two images are alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MatchKind {
    /// The same pixels.
    Exact,
    /// The perceptual hashes hardly differ. It is a candidate: look at it.
    Perceptual,
    /// The perceptual hashes hardly differ if one of the two images is mirrored.
    Mirrored,
}

impl MatchKind {
    /// Its word in tables.
    pub fn word(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Perceptual => "perceptual",
            Self::Mirrored => "mirrored",
        }
    }
}

impl Overlap {
    /// Number of test images with an exact copy.
    pub fn num_exact(&self) -> usize {
        self.matches.iter().filter(|found| found.kind == MatchKind::Exact).count()
    }

    /// Number of test images with a candidate.
    pub fn num_candidates(&self) -> usize {
        self.matches.len() - self.num_exact()
    }

    /// The test images found, of these kinds.
    pub fn test_ids(&self, is_counted: impl Fn(MatchKind) -> bool) -> BTreeSet<u32> {
        self.matches.iter().filter(|found| is_counted(found.kind)).map(|found| found.test_id).collect()
    }
}
