//! Test images that are training images too.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// Share of a target's test images that may be training images, pixel for pixel, before gate 6 fails whatever the gaps
/// do without them.
pub const MATERIAL_SHARE: f64 = 0.01;

/// The test images of a target that a training set holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Overlap {
    /// Whose training images: a source's; none: the target's own.
    pub source: Option<String>,
    /// Training images looked at: all that replicates draw from.
    pub num_train_images: usize,
    /// One entry a test image that was found, with the training image most like it; in order of test images.
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
    /// The test image's identity, as predictions have it.
    pub test_id: u32,
    /// What a person finds it by.
    pub test: String,
    /// What a person finds the training image by.
    pub train: String,
}

/// How two images are alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MatchKind {
    /// The same pixels.
    Exact,
    /// Perceptual hashes that hardly differ: a candidate, to be looked at.
    Perceptual,
    /// The same with one of the two mirrored.
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
    /// Test images that are there pixel for pixel.
    pub fn num_exact(&self) -> usize {
        self.matches.iter().filter(|found| found.kind == MatchKind::Exact).count()
    }

    /// Test images with a candidate.
    pub fn num_candidates(&self) -> usize {
        self.matches.len() - self.num_exact()
    }

    /// The test images found, of these kinds.
    pub fn test_ids(&self, is_counted: impl Fn(MatchKind) -> bool) -> BTreeSet<u32> {
        self.matches.iter().filter(|found| is_counted(found.kind)).map(|found| found.test_id).collect()
    }
}
