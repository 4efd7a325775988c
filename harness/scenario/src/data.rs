//! Where images come from, and what is known of them once they are at hand.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::vocabulary::{self, Label};

/// A named dataset of a scenario.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Data {
    /// Built-in pictures, rendered from a seed.
    Synthetic(SyntheticData),
    /// A folder of pictures, one folder a class.
    ImageFolder(ImageFolderData),
    /// CIFAR-10 in its published binary form.
    Cifar10Binary {
        /// The folder with `data_batch_1.bin` …, relative to the scenario's file.
        path: String,
    },
}

/// A built-in picture domain.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SyntheticData {
    /// How far the look is from photographs: 0 photograph-like … 1 microscopy-like.
    pub look_distance: f64,
    /// The factor that decides the class.
    pub label: Label,
    /// Training images a class in the pool that replicates draw from.
    pub train_per_class: usize,
    /// Test images a class.
    pub test_per_class: usize,
    /// Seed of the pictures; below 2^53.
    pub seed: u64,
}

/// A folder of pictures: `train/<class>/…` and `test/<class>/…`, or `<class>/…` with `test_fraction`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ImageFolderData {
    /// The folder, relative to the scenario's file.
    pub path: String,
    /// Share of each class set aside for testing, where the folder has no `train/` and `test/`.
    pub test_fraction: Option<f64>,
    /// The classes to read, in this order; none: every folder, sorted by name.
    pub classes: Option<Vec<String>>,
}

/// CIFAR-10's classes, in the order of its labels.
pub const CIFAR10_CLASSES: [&str; 10] =
    ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

/// Images of the published CIFAR-10, a class: training and test.
pub(crate) const CIFAR10_PER_CLASS: (usize, usize) = (5000, 1000);

impl Data {
    /// The scenario's words for the kinds.
    pub const KINDS: &'static [&'static str] = &["synthetic", "image-folder", "cifar10-binary"];

    /// The scenario's word for this kind.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Synthetic(_) => Self::KINDS[0],
            Self::ImageFolder(_) => Self::KINDS[1],
            Self::Cifar10Binary { .. } => Self::KINDS[2],
        }
    }

    /// Its classes, in order, as far as they are known without looking at files.
    pub fn declared_classes(&self) -> Option<Vec<String>> {
        let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        match self {
            Self::Synthetic(data) => Some(owned(vocabulary::levels(data.label))),
            Self::ImageFolder(data) => data.classes.clone(),
            Self::Cifar10Binary { .. } => Some(owned(&CIFAR10_CLASSES)),
        }
    }
}

/// The seed of a synthetic domain that names none: a hash of the domain's name, below 2^53 so that every reader of
/// JSON keeps it.
pub fn default_data_seed(name: &str) -> u64 {
    let mut hasher = blake3::Hasher::new_derive_key("nt 1 seed of a synthetic domain from its name");
    hasher.update(name.as_bytes());
    let mut bytes = [0; 8];
    hasher.finalize_xof().fill(&mut bytes);
    u64::from_le_bytes(bytes) >> 11
}

/// What is known of a dataset once it was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataFacts {
    /// Its classes, in order.
    pub classes: Vec<String>,
    /// Training images of each class.
    pub train_per_class: Vec<usize>,
    /// Test images of each class.
    pub test_per_class: Vec<usize>,
    /// Hash of its meaning: decoded pixels and class names, or what they are rendered from.
    pub digest: [u8; 32],
}

impl DataFacts {
    /// The index of a class.
    pub fn class(&self, name: &str) -> Option<usize> {
        self.classes.iter().position(|class| class == name)
    }

    /// The digest in hexadecimal.
    pub fn digest_hex(&self) -> String {
        blake3::Hash::from_bytes(self.digest).to_hex().to_string()
    }
}

/// What is known of every dataset of a scenario, by its name; a reason where it cannot be read.
pub type Facts = BTreeMap<String, Result<DataFacts, String>>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_default_seed_belongs_to_its_name() {
        assert_ne!(default_data_seed("shapes-a"), default_data_seed("shapes-b"));
        assert!(default_data_seed("shapes-a") < 1 << 53);
    }

    #[test]
    fn a_domains_seed_is_the_same_forever() {
        assert_eq!(default_data_seed("shapes-a"), default_data_seed("shapes-a"));
        insta::assert_snapshot!(default_data_seed("shapes-a"));
    }
}
