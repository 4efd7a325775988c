//! Pictures that jobs write to `artifacts/` for the report. They are not part of any record, and no verdict needs them.

mod filters;
mod thumbnails;

use std::path::Path;

use safetensors::SafeTensorError;
use thiserror::Error;

pub use filters::Filters;
pub use thumbnails::{MOST_SIDE, Thumbnails};

use crate::tensor_file::ColumnsError;
use nt_disk::{FileError, write_listed};

/// The version of a file of pictures.
pub const PICTURES_VERSION: u32 = 1;

/// Why a picture's file cannot be written or read.
#[derive(Debug, Error)]
pub enum PicturesError {
    /// Its layout is not that of this version.
    #[error(
        "{path}: {what} is not as schema_version {PICTURES_VERSION} has it; `nt run SCENARIO --out FOLDER` makes it again"
    )]
    Layout {
        /// The file, relative to the study's folder.
        path: String,
        /// Which part.
        what: &'static str,
    },
    /// It is not a safetensors file.
    #[error("{path} is not a safetensors file: {source}; `nt run SCENARIO --out FOLDER` makes it again")]
    Format {
        /// The file, relative to the study's folder.
        path: String,
        /// What the reader says.
        source: SafeTensorError,
    },
    /// The system refused.
    #[error(transparent)]
    File(#[from] FileError),
}

impl PicturesError {
    fn at(path: &str) -> impl Fn(ColumnsError) -> Self {
        move |error| match error {
            ColumnsError::Format(source) => Self::Format { path: path.to_owned(), source },
            ColumnsError::Layout(what) => Self::Layout { path: path.to_owned(), what },
        }
    }
}

/// Writes a file below a study's folder.
fn write(dir: &Path, path: String, bytes: Result<Vec<u8>, SafeTensorError>) -> Result<(), PicturesError> {
    match bytes {
        Ok(bytes) => Ok(write_listed(&dir.join(path), &bytes)?),
        Err(source) => Err(PicturesError::Format { path, source }),
    }
}

/// The bytes of a file below a study's folder, if it is there.
fn read(dir: &Path, path: &str) -> Result<Option<Vec<u8>>, PicturesError> {
    Ok(nt_disk::read_if_there(&dir.join(path))?)
}
