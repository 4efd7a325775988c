//! The networks of sources that are read from files.

use crate::model::Parameters;
use crate::model::weights::{Card, HubError, WeightsError, WeightsFile, resolve};
use crate::terminal::one_line;
use nt_scenario::{Model, Standardisation, Weights, WeightsFacts};
use std::path::{Path, PathBuf};

/// The title under which a network that a study kept says what it does to pixels first, as JSON.
pub const STANDARDISATION: &str = "standardisation";

/// The title of the card in a network that `nt export` wrote.
pub const CARD: &str = "nt_card";

/// Why a source's file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SourceFileError {
    /// The path leads nowhere.
    #[error(transparent)]
    Hub(#[from] HubError),
    /// The file cannot be used.
    #[error("{} {source}", one_line(path))]
    Weights {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: WeightsError,
    },
    /// Nothing says what the network does to pixels first.
    #[error(
        "{} does not say what the network does to pixels first: add `mean = [red, green, blue]` and `std = [red, green, blue]` \
         to the source, of pixels from 0 to 1 (ImageNet's are [0.485, 0.456, 0.406] and [0.229, 0.224, 0.225])",
        one_line(path)
    )]
    Standardisation {
        /// The file.
        path: PathBuf,
    },
    /// Classes are named that its last layer does not have.
    #[error("`classes` names {named}, and the last layer in {} tells {} apart", one_line(path), found.map_or_else(|| "nothing".to_owned(), |count| count.to_string()))]
    Classes {
        /// The file.
        path: PathBuf,
        /// Classes named.
        named: usize,
        /// Classes found.
        found: Option<usize>,
    },
    /// The file is no longer what it was when the study was opened.
    #[error("{} changed while it was in use: run the same command again", one_line(path))]
    Changed {
        /// The file.
        path: PathBuf,
    },
}

/// A source's file that was looked at.
#[derive(Clone, Debug)]
pub(super) struct SourceFile {
    path: PathBuf,
    pub facts: WeightsFacts,
}

impl SourceFile {
    /// Reads the file of a source once, and keeps what is known of it but for its values.
    pub fn look(model: &Model, source: &Weights, base: &Path) -> Result<Self, SourceFileError> {
        let path = resolve(&source.path, base)?;
        let failed = |error| SourceFileError::Weights { path: path.clone(), source: error };
        let mut file = WeightsFile::open(&path).map_err(failed)?;
        // What the file says comes after what the scenario says, and before what is known of torchvision's networks.
        let card = file.note::<Card>(CARD).map_err(failed)?;
        let of_study = file.note::<Standardisation>(STANDARDISATION).map_err(failed)?;
        let of_file = card.as_ref().map(|card| card.standardisation).or(of_study);
        if of_file.is_some_and(|told| !told.is_usable()) {
            return Err(failed(WeightsError::Card));
        }
        let told = source.standardisation.or(of_file);
        let read = file.network(model, told.unwrap_or(Standardisation::IMAGENET)).map_err(failed)?;
        let digest = digest(&read.parameters, read.num_classes);
        let blake3 = blake3::Hash::from_bytes(digest).to_hex();
        if card.as_ref().is_some_and(|card| card.blake3 != blake3.as_str()) {
            return Err(failed(WeightsError::Card));
        }
        if told.is_none() && !read.is_torchvisions {
            return Err(SourceFileError::Standardisation { path });
        }
        let classes = source.classes.clone().or_else(|| card.map(|card| card.classes));
        if let Some(named) = classes.as_ref().map(Vec::len).filter(|&named| Some(named) != read.num_classes) {
            return Err(SourceFileError::Classes { path, named, found: read.num_classes });
        }
        let facts = WeightsFacts {
            digest,
            standardisation: read.parameters.standardisation,
            num_classes: read.num_classes,
            classes,
        };
        Ok(Self { path, facts })
    }

    /// The network.
    pub fn network(&self, model: &Model) -> Result<Parameters, SourceFileError> {
        let failed = |source| SourceFileError::Weights { path: self.path.clone(), source };
        let mut file = WeightsFile::open(&self.path).map_err(failed)?;
        let read = file.network(model, self.facts.standardisation).map_err(failed)?;
        if digest(&read.parameters, read.num_classes) != self.facts.digest {
            return Err(SourceFileError::Changed { path: self.path.clone() });
        }
        Ok(read.parameters)
    }
}

/// Hash of a network's values, layer by layer; of a last layer only where the file has one.
pub fn digest(parameters: &Parameters, num_classes: Option<usize>) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key("nt weights 1");
    let count = parameters.layers.len() - usize::from(num_classes.is_none());
    for layer in &parameters.layers[..count] {
        for values in [&layer.weight, &layer.bias] {
            hasher.update(&(values.len() as u64).to_le_bytes());
            for block in values.chunks(4096) {
                let bytes: Vec<u8> = block.iter().flat_map(|value| value.to_bits().to_le_bytes()).collect();
                hasher.update(&bytes);
            }
        }
    }
    *hasher.finalize().as_bytes()
}
