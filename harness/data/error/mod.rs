//! What can be wrong with data. Each message names the path, what was found, and the next step.

mod broken_image;
mod empty_class;
mod missing_sides;

use super::Split;
use super::decode::DecodeError;
use crate::terminal::one_line;
use broken_image::told;
use nt_disk::advice;
use std::path::PathBuf;
use thiserror::Error;

pub use broken_image::BrokenImage;
pub use empty_class::EmptyClass;
pub use missing_sides::MissingSides;

/// A fault of a data set or of its cache.
#[derive(Debug, Error)]
pub enum DataError {
    /// A file or folder cannot be read.
    #[error("cannot {action} {}: {source}; {}", one_line(path), advice(source))]
    Io {
        /// What was tried: "read", "list".
        action: &'static str,
        /// What it was tried on.
        path: PathBuf,
        /// Why it failed.
        source: std::io::Error,
    },

    /// A file or folder name is not UTF-8, so it cannot be written in a scenario or a record.
    #[error("the name of {} is not UTF-8; rename it", one_line(path))]
    NotUtf8 {
        /// The path, as far as it can be shown.
        path: PathBuf,
    },

    /// A folder of images holds no class.
    #[error(
        "{} holds no class folder; lay it out as train/<class>/… and test/<class>/…, or as <class>/… with `test_fraction = 0.2`",
        one_line(root)
    )]
    NoClasses {
        /// The folder searched.
        root: PathBuf,
    },

    /// Not both sides are there.
    #[error("{missing}")]
    NoSides {
        /// What there is instead.
        missing: MissingSides,
    },

    /// Folders that are taken for classes hold no image of their own, but folders.
    #[error(
        "{} of {} {}: if classes lie in them, lay the data out as train/<class>/… and test/<class>/…, or as <class>/…; if they are \
         the classes, name all of them: classes = [{}]",
        names(folders),
        one_line(root),
        if folders.len() == 1 { "holds folders and no image of its own, so it is no class" } else { "hold folders and no images of their own, so they are no classes" },
        list(classes)
    )]
    OnlyFolders {
        /// The folder that they lie in.
        root: PathBuf,
        /// Their names.
        folders: Vec<String>,
        /// The names of all that would be classes.
        classes: Vec<String>,
    },

    /// Everything that would be a class is named as a side is.
    #[error(
        "{} of {} are named as the sides of a data set are, and not as classes: lay the data out as train/<class>/… and \
         test/<class>/…; if they are the classes, name them: classes = [{}]",
        names(classes),
        one_line(root),
        list(classes)
    )]
    NamedAsSides {
        /// The folder that they lie in.
        root: PathBuf,
        /// Their names.
        classes: Vec<String>,
    },

    /// A test fraction was given for a data set that comes with its test side.
    #[error("{} comes with its own test side in {}/; remove `test_fraction`", one_line(root), folder)]
    TestFractionUnneeded {
        /// The data set's folder.
        root: PathBuf,
        /// The folder within it that is the test side.
        folder: String,
    },

    /// A test fraction outside the open interval.
    #[error("`test_fraction` {fraction} leaves one side empty; choose one between 0 and 1")]
    TestFractionOutOfRange {
        /// The fraction as given.
        fraction: f64,
    },

    /// A class that the data set does not have.
    #[error("there is no class `{name}`; choose among {}", known.join(", "))]
    UnknownClass {
        /// The class asked for.
        name: String,
        /// The classes there are.
        known: Vec<String>,
    },

    /// A class named twice.
    #[error("class `{name}` is named twice; name it once")]
    DuplicateClass {
        /// The class.
        name: String,
    },

    /// Classes with too few images for one side, all of them.
    #[error("{}{}", each(classes), left_out.iter().map(|words| format!("\n  {words}")).collect::<String>())]
    EmptyClasses {
        /// Every class that has no image on a side.
        classes: Vec<EmptyClass>,
        /// What was left out of the data set, a sentence each.
        left_out: Vec<String>,
    },

    /// A pattern of clusters that images do not match.
    #[error(
        "`cluster` does not match {count} of {all} images, such as {}; write a pattern that names the cluster of each",
        one_line(path)
    )]
    NoCluster {
        /// How many.
        count: usize,
        /// Of how many.
        all: usize,
        /// The first of them, below its side's folder.
        path: PathBuf,
    },

    /// Fewer images than a scenario draws.
    #[error("class `{class}` has {available} images, but the scenario asks for {wanted}; ask for fewer, or add images")]
    TooFewImages {
        /// The class.
        class: String,
        /// Images there are.
        available: usize,
        /// Images asked for.
        wanted: usize,
    },

    /// Images that cannot be decoded, all of them.
    #[error("{}", told(images))]
    BrokenImages {
        /// Every broken image with its reason, in order of class and name.
        images: Vec<BrokenImage>,
    },

    /// Several faults of one data set, all of them.
    #[error("{}", each(faults))]
    Several {
        /// Each.
        faults: Vec<DataError>,
    },

    /// A CIFAR-10 file of the wrong length.
    #[error(
        "{} has {found} bytes instead of {expected} (10,000 records of 3,073 bytes); unpack the binary version of \
         CIFAR-10 again",
        one_line(path)
    )]
    CifarLength {
        /// The file.
        path: PathBuf,
        /// Its length, bytes.
        found: u64,
        /// The expected length, bytes.
        expected: u64,
    },

    /// A CIFAR-10 record whose label is no class.
    #[error(
        "{}, record {record} (counted from 0): label {label} is not one of 0 to 9; unpack the archive again",
        one_line(path)
    )]
    CifarLabel {
        /// The file.
        path: PathBuf,
        /// Number of the record, from 0.
        record: usize,
        /// The label found.
        label: u8,
    },

    /// A list of class names that does not hold ten.
    #[error("{} names {found} classes instead of 10; unpack the archive again", one_line(path))]
    CifarClassNames {
        /// The file.
        path: PathBuf,
        /// Number of names found.
        found: usize,
    },

    /// The folder of the cache cannot be made.
    #[error("cannot make the folder {}: {source}; {} (--cache-dir names another)", one_line(path), advice(source))]
    CacheFolder {
        /// The folder.
        path: PathBuf,
        /// Why it failed.
        source: std::io::Error,
    },

    /// The cache cannot be written: a full disk, as a rule.
    #[error(
        "cannot write {needed} bytes of the image cache {}: {source}; {} (--cache-dir names another)",
        one_line(path),
        advice(source)
    )]
    CacheWrite {
        /// The file that was being written.
        path: PathBuf,
        /// Length of the whole file, bytes.
        needed: u64,
        /// Why it failed.
        source: std::io::Error,
    },

    /// A cache file is damaged and stays so after it was made again.
    #[error(
        "{} is damaged even after it was made again ({found}); check the disk, or choose another folder with --cache-dir",
        one_line(path)
    )]
    CacheDamaged {
        /// The cache file.
        path: PathBuf,
        /// What is wrong with it.
        found: String,
    },

    /// An image was asked for that does not exist.
    #[error(
        "class {class} has {available} images to {}, so there is no image {index}; count images from 0",
        purpose(*split)
    )]
    NoSuchImage {
        /// Index of the class.
        class: usize,
        /// The side.
        split: Split,
        /// The image asked for.
        index: usize,
        /// Images there are.
        available: usize,
    },

    /// A buffer that does not fit an image.
    #[error("the buffer holds {found} bytes instead of {expected}; pass side × side × 3 bytes")]
    BufferLength {
        /// Length of the buffer, bytes.
        found: usize,
        /// Length of an image, bytes.
        expected: usize,
    },
}

impl DataError {
    /// Whether the cache of decoded images is at fault, and not the data.
    pub fn is_of_the_cache(&self) -> bool {
        matches!(self, Self::CacheFolder { .. } | Self::CacheWrite { .. } | Self::CacheDamaged { .. })
    }

    /// Whether the system is at fault, and neither the data nor the scenario: another try may go well.
    pub fn is_of_the_system(&self) -> bool {
        let is_of_the_input = |error: &std::io::Error| {
            use std::io::ErrorKind::{InvalidData, IsADirectory, NotADirectory, NotFound, PermissionDenied};
            [NotFound, NotADirectory, IsADirectory, PermissionDenied, InvalidData].contains(&error.kind())
        };
        let is_of_the_disk =
            |image: &BrokenImage| matches!(&image.reason, DecodeError::Read { source } if !is_of_the_input(source));
        self.is_of_the_cache()
            || matches!(self, Self::Io { source, .. } if !is_of_the_input(source))
            || matches!(self, Self::BrokenImages { images } if images.iter().any(is_of_the_disk))
            || matches!(self, Self::Several { faults } if faults.iter().any(Self::is_of_the_system))
    }
}

/// A line for each.
fn each(faults: &[impl ToString]) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// Names as a list of a scenario: `"a", "b"`.
fn list(names: &[String]) -> String {
    names.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ")
}

/// "`Test` and `Train`".
fn names(folders: &[String]) -> String {
    let quoted: Vec<String> = folders.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}

/// What a side is for, as messages say it.
fn purpose(split: Split) -> &'static str {
    match split {
        Split::Train => "train on",
        Split::Test => "test on",
    }
}
