//! References from records to files.

use nt_disk::{FileError, Written, advice, write_atomic};
use serde::{Deserialize, Serialize};
use std::fs;
use std::io;
use std::path::Path;
use thiserror::Error;

/// A record's reference to a file: its path, its length, and the hash of its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileRef {
    /// Path relative to the study's folder, with `/` between its parts.
    pub path: String,
    /// Length.
    pub bytes: u64,
    /// BLAKE3 of the contents, lower-case hex.
    pub blake3: String,
}

impl FileRef {
    /// The reference to `contents` written at `path` (relative to the study's folder).
    pub fn new(path: impl Into<String>, contents: &[u8]) -> Self {
        let path = path.into();
        FileRef { path, bytes: contents.len() as u64, blake3: blake3::hash(contents).to_hex().to_string() }
    }

    /// The reference to what was written at `path`.
    pub fn of_written(path: impl Into<String>, Written { bytes, blake3 }: Written) -> Self {
        FileRef { path: path.into(), bytes, blake3: blake3::Hash::from_bytes(blake3).to_hex().to_string() }
    }

    /// Whether it is a picture, on which no result depends.
    pub fn is_picture(&self) -> bool {
        self.path.starts_with("artifacts/")
    }

    /// Whether its path stays below the study's folder.
    pub fn is_inside(&self) -> bool {
        use std::path::Component;
        Path::new(&self.path).components().all(|part| matches!(part, Component::Normal(_)))
    }

    /// Writes `contents` below `dir` by [`write_atomic`], and returns the reference to it.
    ///
    /// # Errors
    /// [`FileError`] if the file cannot be written.
    pub fn write(dir: &Path, path: impl Into<String>, contents: &[u8]) -> Result<Self, FileError> {
        let file = FileRef::new(path, contents);
        write_atomic(&dir.join(&file.path), contents)?;
        Ok(file)
    }

    /// Checks only that the file below `dir` has the recorded length, which is cheap.
    ///
    /// # Errors
    /// [`FileProblem`] says what is wrong.
    pub fn check_length(&self, dir: &Path) -> Result<(), FileProblem> {
        let metadata = fs::metadata(dir.join(&self.path)).map_err(|source| FileProblem::from_system(&source))?;
        if !metadata.is_file() {
            return Err(FileProblem::NotAFile);
        }
        if metadata.len() == self.bytes {
            Ok(())
        } else {
            Err(FileProblem::Length { expected: self.bytes, got: metadata.len() })
        }
    }

    /// Compares the file below `dir` with what the record says of it, without holding more than a part of it in memory.
    ///
    /// # Errors
    /// [`FileProblem`] says what is wrong.
    pub fn compare(&self, dir: &Path) -> Result<(), FileProblem> {
        self.check_length(dir)?;
        let refused = |error: io::Error| FileProblem::from_system(&error);
        let mut file = nt_disk::open(&dir.join(&self.path)).map_err(refused)?;
        let mut hasher = blake3::Hasher::new();
        io::copy(&mut file, &mut hasher).map_err(refused)?;
        if hasher.finalize().to_hex().as_str() == self.blake3 { Ok(()) } else { Err(FileProblem::Contents) }
    }

    /// Reads the file below `dir`, and checks that it is what the record refers to.
    ///
    /// # Errors
    /// [`FileProblem`] says what is wrong.
    pub fn read(&self, dir: &Path) -> Result<Vec<u8>, FileProblem> {
        let contents = nt_disk::read(&dir.join(&self.path)).map_err(|source| FileProblem::from_system(&source))?;
        let found = FileRef::new(self.path.as_str(), &contents);
        if found.bytes != self.bytes {
            Err(FileProblem::Length { expected: self.bytes, got: found.bytes })
        } else if found.blake3 != self.blake3 {
            Err(FileProblem::Contents)
        } else {
            Ok(contents)
        }
    }
}

/// What is wrong with a file that a record refers to.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FileProblem {
    /// It is not there.
    #[error("is missing")]
    Missing,
    /// The system does not give it, which says nothing of its contents.
    #[error("cannot be read ({reason}); {advice}")]
    Unreadable {
        /// What the system said.
        reason: String,
        /// What to do about it.
        advice: &'static str,
    },
    /// A folder, a pipe or a device stands in its place.
    #[error("is no file any more: something else stands in its place")]
    NotAFile,
    /// Its length has changed.
    #[error("has {got} bytes where the record says {expected}")]
    Length {
        /// What the record says.
        expected: u64,
        /// What is there.
        got: u64,
    },
    /// It has the right length but another hash.
    #[error("has other contents than when it was written")]
    Contents,
}

impl FileProblem {
    /// Whether the file is lost: who reads it again will find no other.
    pub fn is_lasting(&self) -> bool {
        match self {
            FileProblem::Missing | FileProblem::NotAFile | FileProblem::Length { .. } | FileProblem::Contents => true,
            FileProblem::Unreadable { .. } => false,
        }
    }

    fn from_system(error: &io::Error) -> Self {
        if error.kind() == io::ErrorKind::NotFound {
            FileProblem::Missing
        } else if nt_disk::is_no_file(error) {
            FileProblem::NotAFile
        } else {
            FileProblem::Unreadable { reason: error.to_string(), advice: advice(error) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_written_file_reads_back_and_leaves_no_temporary_behind() {
        let dir = tempfile::tempdir().unwrap();
        let file = FileRef::write(dir.path(), "a/b.bin", b"contents").unwrap();
        assert_eq!(file.check_length(dir.path()), Ok(()));
        assert_eq!(file.read(dir.path()).unwrap(), b"contents");
        assert_eq!(fs::read_dir(dir.path().join("a")).unwrap().count(), 1);
    }

    #[test]
    fn what_happened_to_a_file_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let file = FileRef::write(dir.path(), "x", b"contents").unwrap();
        fs::write(dir.path().join("x"), b"cOntents").unwrap();
        assert_eq!(file.check_length(dir.path()), Ok(()), "the length alone does not tell");
        assert_eq!(file.read(dir.path()), Err(FileProblem::Contents));
        fs::write(dir.path().join("x"), b"cont").unwrap();
        assert_eq!(file.check_length(dir.path()), Err(FileProblem::Length { expected: 8, got: 4 }));
        fs::remove_file(dir.path().join("x")).unwrap();
        assert_eq!(file.read(dir.path()), Err(FileProblem::Missing));
    }
}
