//! What is known of a dataset after a look at its files.

use serde::{Deserialize, Serialize};

use crate::labels::LabelKind;
use crate::standardisation::Standardisation;

/// What is known of a dataset after a look at its files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataFacts {
    /// Its classes, in order.
    pub classes: Vec<String>,
    /// Whether an image has one of them, or several.
    #[serde(default)]
    pub labels: LabelKind,
    /// Training images of each class.
    pub train_per_class: Vec<usize>,
    /// Test images of each class.
    pub test_per_class: Vec<usize>,
    /// What a network that learns from its images does to their pixels first.
    pub standardisation: Standardisation,
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
