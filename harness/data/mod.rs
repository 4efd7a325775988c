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

pub use error::DataError;
pub use fingerprint::{Fingerprint, Perceptual};
pub use images::{Codes, Identity, Images, Inputs, NotOneClass};
pub use pool::{EndOfTraining, Identified, SealedTest, SubsetDraw, TrainPool, part};

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

    /// Hash of the decoded pixels and class names (of their meaning, where they are rendered).
    fn digest(&self) -> [u8; 32];

    /// Mean and standard deviation of each channel, which standardise pixels scaled to 0 … 1.
    fn mean_and_std(&self) -> ([f32; 3], [f32; 3]);
}
