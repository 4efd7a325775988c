//! The system's refusal.

use crate::advice;
use std::io;
use std::path::PathBuf;
use thiserror::Error;

/// The system refused an operation on a file.
#[derive(Debug, Error)]
#[error("cannot {operation} {}: {source}; {}", path.display(), advice(source))]
pub struct FileError {
    /// What was tried: "write", "read", "lock" …
    pub operation: &'static str,
    /// On which file.
    pub path: PathBuf,
    /// What the system said.
    pub source: io::Error,
}

impl FileError {
    /// Adds to a system error what was tried, and on which path.
    pub fn at(operation: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> FileError {
        let path = path.into();
        move |source| FileError { operation, path, source }
    }
}
