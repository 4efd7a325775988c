//! Labelled images: built-in domains, folders of pictures, CIFAR-10, and the draws of replicates.
//!
//! Every data set gives `side × side` RGB bytes, always the same. [`part`] splits it into its two sides. [`TrainPool`]
//! is free to use; [`SealedTest`] opens only with proof that a training has ended. Before that it gives hashes of its
//! pictures ([`Fingerprint`]) and nothing else.

pub mod augmentation;
pub mod cache;
pub mod cifar10;
pub mod decode;
mod error;
mod fingerprint;
pub mod image_folder;
mod images;
mod pool;
pub mod resize;
pub mod synthetic;
#[cfg(test)]
mod tests;

pub use error::{BrokenImage, DataError};
pub use fingerprint::{Fingerprint, Perceptual};
pub use images::{Codes, Identity, Images, Inputs, NotOneClass};
use nt_scenario::{Data, DataFacts, LabelKind, Standardisation};
use std::path::Path;

pub use pool::{Counts, EndOfTraining, Identified, SealedTest, SubsetDraw, TrainPool, part};

/// The two sides of a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Split {
    /// What networks may learn from; validation is taken from it.
    Train,
    /// What a finished network is judged on.
    Test,
}

/// A data set: classes, and images a class in each split, each `side × side` RGB bytes in `(H, W, 3)` order.
///
/// Reading an image twice gives the same bytes.
pub trait Dataset: Send + Sync {
    /// Names of the classes. A class is identified by its index here.
    fn classes(&self) -> &[String];

    /// Height and width of every image, pixels.
    fn side(&self) -> usize;

    /// Number of images of this class in this split.
    fn num_images(&self, split: Split, class: usize) -> usize;

    /// Writes image `index` of `class` into `pixels`, `side · side · 3` bytes.
    ///
    /// # Errors
    /// A [`DataError`] that names the file, where it cannot be read.
    fn read(&self, split: Split, class: usize, index: usize, pixels: &mut [u8]) -> Result<(), DataError>;

    /// A name by which a person finds this image: a path below the data set's folder, or its place.
    fn name_of(&self, split: Split, class: usize, index: usize) -> String {
        let side = match split {
            Split::Train => "train",
            Split::Test => "test",
        };
        format!("{side}/{}/{index}", self.classes().get(class).map_or("", String::as_str))
    }

    /// The cluster that this image belongs to, such as the scan that it is a slice of; `None` where every image was drawn for
    /// itself.
    fn cluster_of(&self, _split: Split, _class: usize, _index: usize) -> Option<&str> {
        None
    }

    /// Hash of the decoded pixels and class names (of their meaning, where they are rendered).
    fn digest(&self) -> [u8; 32];

    /// What a network that learns from its images does to their pixels first.
    fn standardisation(&self) -> Standardisation;
}

/// Where the datasets of a scenario are, and the size that their images are scaled to.
#[derive(Clone, Copy, Debug)]
pub struct DataPlace<'a> {
    /// The folder that relative paths are below.
    pub base: &'a Path,
    /// The folder that decoded pictures are kept below.
    pub cache_dir: &'a Path,
    /// Height and width of every picture, pixels.
    pub side: usize,
}

/// A dataset that was opened.
pub struct Opened {
    /// The dataset.
    pub dataset: Box<dyn Dataset>,
    /// What was left out of it, and why, a sentence each.
    pub warnings: Vec<String>,
}

impl Opened {
    /// A dataset of which nothing was left out.
    pub fn whole(dataset: impl Dataset + 'static) -> Self {
        Self { dataset: Box::new(dataset), warnings: Vec::new() }
    }
}

/// What is known of a dataset before a picture is decoded.
pub struct Surveyed {
    /// Its classes and images.
    pub facts: DataFacts,
    /// What was left out of it, and why, a sentence each.
    pub warnings: Vec<String>,
}

impl Surveyed {
    /// A dataset of which nothing was left out.
    pub fn whole(facts: DataFacts) -> Self {
        Self { facts, warnings: Vec::new() }
    }
}

/// Why a dataset cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub enum OpenError {
    /// Files or the cache cannot be used.
    Data(#[from] DataError),
    /// The scenario describes what its kind cannot make.
    Kind(Box<dyn std::error::Error + Send + Sync>),
}

impl OpenError {
    /// A kind's own error.
    pub fn of_kind(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Kind(Box::new(error))
    }
}

/// A dataset as a scenario describes it: every kind has a file `kind.rs` in its folder that implements this.
pub trait DescribedData {
    /// Opens it, decoding pictures that no cache holds.
    ///
    /// # Errors
    /// [`OpenError`] says what is missing or cannot be used.
    fn open(&self, place: DataPlace<'_>) -> Result<Opened, OpenError>;

    /// What can be known of it without decoding a picture: enough to check a scenario, not to plan it.
    ///
    /// # Errors
    /// As [`DescribedData::open`].
    fn survey(&self, place: DataPlace<'_>) -> Result<Surveyed, OpenError>;

    /// Its pictures that cannot be used; none if they are made here. Before files are read, `announce` is told how many.
    ///
    /// # Errors
    /// As [`DescribedData::open`].
    fn broken(&self, _place: DataPlace<'_>, _announce: &dyn Fn(usize)) -> Result<Vec<BrokenImage>, OpenError> {
        Ok(Vec::new())
    }
}

/// A dataset of a scenario, whatever its kind.
pub fn described(data: &Data) -> &dyn DescribedData {
    match data {
        Data::Synthetic(data) => data,
        Data::ImageFolder(data) => data,
        Data::Cifar10Binary(data) => data,
    }
}

/// What is known of an opened dataset.
pub fn facts_of(dataset: &dyn Dataset) -> DataFacts {
    let count = |split| (0..dataset.classes().len()).map(|class| dataset.num_images(split, class)).collect();
    DataFacts {
        labels: LabelKind::OneClass,
        classes: dataset.classes().to_vec(),
        train_per_class: count(Split::Train),
        test_per_class: count(Split::Test),
        standardisation: dataset.standardisation(),
        digest: dataset.digest(),
    }
}
