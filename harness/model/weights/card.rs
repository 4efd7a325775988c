//! What a file of weights says of its network.

use nt_scenario::Standardisation;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// The version of a card.
pub const CARD_VERSION: u32 = 1;

/// What a network that `nt export` wrote is: how it computes, what it learned, and where it comes from. It lies within the file, and, for
/// people, in a file of its own beside it, which is not read.
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
    /// The study that made it.
    pub study: String,
    /// Hash of the job's meaning: its id.
    pub job: String,
    /// The job's name, in which the treatment stands.
    pub name: String,
    /// The data that it learned from last.
    pub data: String,
    /// Hash of the pixels, hexadecimal.
    pub data_digest: String,
    /// Terms of the data, as far as they are known.
    pub terms: String,
    /// Test metrics of the run, by name.
    pub metrics: Vec<(String, f64)>,
    /// Hash of the network's values, hexadecimal: it tells whether the card is this network's.
    pub blake3: String,
}

impl Card {
    /// Where the card of a file of weights lies: beside it, under its name with the ending `json`.
    pub fn path_beside(file: &Path) -> PathBuf {
        file.with_extension("json")
    }
}
