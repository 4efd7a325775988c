//! What can be wrong with data. Each message names the path, what was found, and the next step.

use super::Split;
use super::decode::DecodeError;
use crate::terminal::one_line;
use nt_disk::advice;
use std::path::PathBuf;
use thiserror::Error;

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
         the classes, name them: classes = [{}]",
        names(folders),
        one_line(root),
        if folders.len() == 1 { "holds folders and no image of its own, so it is no class" } else { "hold folders and no images of their own, so they are no classes" },
        folders.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ")
    )]
    OnlyFolders {
        /// The folder that they lie in.
        root: PathBuf,
        /// Their names.
        folders: Vec<String>,
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
    #[error("{}{}", lines(classes), left_out.iter().map(|words| format!("\n  {words}")).collect::<String>())]
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
    #[error("{}", of_broken(images))]
    BrokenImages {
        /// Every broken image with its reason, in order of class and name.
        images: Vec<BrokenImage>,
    },

    /// Several faults of one data set, all of them.
    #[error("{}", faults.iter().map(DataError::to_string).collect::<Vec<_>>().join("\n"))]
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

/// A class without an image on one side.
#[derive(Debug)]
pub struct EmptyClass {
    /// The class.
    pub class: String,
    /// The side that is empty.
    pub split: Split,
    /// Where images were looked for.
    pub path: PathBuf,
    /// A folder there of the same name but for capitals, or for the Unicode form of a letter.
    pub alike: Option<String>,
    /// Its images on both sides together.
    pub num_images: usize,
    /// Whether clusters of images were dealt out whole.
    pub in_clusters: bool,
}

impl std::fmt::Display for EmptyClass {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { class, split, path, alike, num_images, in_clusters } = self;
        let leave_out = "name the classes to use without it: `classes = [\"…\"]`";
        match (*num_images, in_clusters) {
            (0, _) => {}
            (images, true) => {
                return write!(
                    f,
                    "class `{class}` has no image to {} of {images} in {}: whole clusters are dealt to one side, and its images lie in too \
                     few; write a `cluster` that makes smaller ones, or {leave_out}",
                    purpose(*split),
                    one_line(path)
                );
            }
            (images, false) if self.alike.is_none() && images == 1 => {
                return write!(
                    f,
                    "class `{class}` has no image to {} in {}: it has 1 image, and each side needs one; add images, or {leave_out}",
                    purpose(*split),
                    one_line(path)
                );
            }
            (_, false) => {}
        }
        write!(f, "class `{class}` has no image to {} in {}; ", purpose(*split), one_line(path))?;
        match alike {
            Some(alike) if alike.eq_ignore_ascii_case(class) || alike.to_lowercase() == class.to_lowercase() => {
                write!(f, "the folder {alike:?} there differs in capitals alone: give both sides one name")
            }
            Some(alike) => write!(
                f,
                "the folder \"{}\" there has this name in another Unicode form (\"{}\" here): give both sides one name",
                escaped(alike),
                escaped(class)
            ),
            None => write!(f, "add images, or {leave_out}"),
        }
    }
}

/// A name with every letter written out that is not ASCII.
fn escaped(name: &str) -> String {
    name.chars()
        .map(|letter| if letter.is_ascii() { letter.to_string() } else { letter.escape_unicode().to_string() })
        .collect()
}

fn lines(classes: &[EmptyClass]) -> String {
    classes.iter().map(EmptyClass::to_string).collect::<Vec<_>>().join("\n")
}

/// "`Test` and `Train`".
fn names(folders: &[String]) -> String {
    let quoted: Vec<String> = folders.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}

/// What a folder holds in place of a training and a test side.
#[derive(Debug)]
pub enum MissingSides {
    /// A training side alone.
    OnlyTraining {
        /// Its folder.
        train: PathBuf,
        /// Folders beside it.
        beside: Vec<String>,
    },
    /// A test side alone.
    OnlyTest {
        /// The data set's folder.
        root: PathBuf,
        /// The name of the test side.
        test: String,
    },
    /// One folder, which holds the sides.
    Deeper {
        /// That folder.
        folder: PathBuf,
    },
    /// Classes.
    Classes {
        /// The data set's folder.
        root: PathBuf,
    },
}

impl std::fmt::Display for MissingSides {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::OnlyTraining { train, beside } => write!(
                f,
                "{} has no test side{}; add test/<class>/… beside it, or write `test_fraction = 0.2` to split the images of each class",
                one_line(train),
                beside_it(beside)
            ),
            Self::OnlyTest { root, test } => {
                write!(
                    f,
                    "{} has a test side, {test}/, and no training side; add train/<class>/… beside it",
                    one_line(root)
                )
            }
            Self::Deeper { folder } => {
                write!(
                    f,
                    "the training and the test side lie one folder deeper; write `path` so that it ends in {}",
                    one_line(folder)
                )
            }
            Self::Classes { root } => write!(
                f,
                "{} holds class folders and no test side; write `test_fraction = 0.2` to split the images of each class, or move the \
                 classes into train/ and add test/<class>/… beside it",
                one_line(root)
            ),
        }
    }
}

/// ", and beside it lies `dev`".
fn beside_it(folders: &[String]) -> String {
    match folders {
        [] => String::new(),
        [_] => format!(" (beside it lies {})", names(folders)),
        _ => format!(" (beside it lie {})", names(folders)),
    }
}

/// One image that cannot be used.
#[derive(Debug)]
pub struct BrokenImage {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub reason: DecodeError,
}

/// Every image that cannot be used. What is to be done is said once if it is the same for all, and of each otherwise.
fn of_broken(images: &[BrokenImage]) -> String {
    let step = |image: &BrokenImage| image.reason.step();
    let common = images.first().map(step).filter(|first| images.iter().all(|image| step(image) == *first));
    let count = if images.len() == 1 { "1 image".to_owned() } else { format!("{} images", images.len()) };
    let told = match common {
        Some("") | None => String::new(),
        Some(step) if images.len() == 1 => format!("; {step}"),
        Some(step) => format!("; {}", step.replace("remove it", "remove them").replace("save it", "save each")),
    };
    let line = |image: &BrokenImage| {
        let own = Some(step(image)).filter(|step| common.is_none() && !step.is_empty());
        format!(
            "\n  {}: {}{}",
            one_line(&image.path),
            image.reason,
            own.map(|step| format!("; {step}")).unwrap_or_default()
        )
    };
    format!("{count} cannot be used{told}:{}", images.iter().map(line).collect::<String>())
}

/// What a side is for, as messages say it.
fn purpose(split: Split) -> &'static str {
    match split {
        Split::Train => "train on",
        Split::Test => "test on",
    }
}
