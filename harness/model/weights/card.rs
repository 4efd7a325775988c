//! What a file of weights says of its network.

use nt_scenario::Standardisation;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// The version of a card.
pub const CARD_VERSION: u32 = 1;

/// The longest card that is read, bytes.
const LONGEST: u64 = 16 << 20;

/// What a network that `nt export` wrote is: how it computes, what it learned, and where it comes from. It stands in the notes of a
/// safetensors file, and in a file of its own beside every exported network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Card {
    /// [`CARD_VERSION`].
    pub nt_card: u32,
    /// The program that wrote it: `nt 0.1.0`.
    pub program: String,
    /// The scenario's word for the architecture.
    pub architecture: String,
    /// Factor on all its channels.
    pub width: f64,
    /// Height and width of an input image, pixels.
    pub input: usize,
    /// What it does to pixels first.
    pub standardisation: Standardisation,
    /// The classes that its last layer tells apart, in its order.
    pub classes: Vec<String>,
    /// The study, the job in it, and the treatment.
    pub study: String,
    /// Hash of the job's meaning.
    pub job: String,
    /// The job's name, in which the treatment stands.
    pub name: String,
    /// The data that it learned from last, and the hash of their pixels.
    pub data: String,
    /// Hash of the pixels, hexadecimal.
    pub data_digest: String,
    /// Terms of the data, as far as they are known.
    pub terms: String,
    /// Test metrics of the run, by name.
    pub metrics: Vec<(String, f64)>,
    /// Hash of the network's values.
    pub blake3: String,
}

impl Card {
    /// Where the card of a file of weights lies: beside it, under its name with the ending `json`.
    pub fn path_beside(file: &Path) -> PathBuf {
        file.with_extension("json")
    }

    /// The card beside a file of weights. What lies there and is no card is somebody's, and not read.
    pub fn beside(file: &Path) -> Option<Self> {
        let path = Self::path_beside(file);
        let is_short = std::fs::metadata(&path).is_ok_and(|found| found.is_file() && found.len() <= LONGEST);
        let card: Self = serde_json::from_slice(&nt_disk::read(&path).ok().filter(|_| is_short)?).ok()?;
        (card.nt_card <= CARD_VERSION).then_some(card)
    }
}
