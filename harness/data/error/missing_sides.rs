//! Folders without a training and a test side.

use super::names;
use crate::terminal::one_line;
use std::path::PathBuf;

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
