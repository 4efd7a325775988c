//! Files that are either complete and synced, or absent.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The system refused an operation on a file.
#[derive(Debug, Error)]
#[error("cannot {operation} {}: {source}; check that the folder is there, writable, and that the disk has \
    room", path.display())]
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
        if metadata.len() == self.bytes {
            Ok(())
        } else {
            Err(FileProblem::Length { expected: self.bytes, got: metadata.len() })
        }
    }

    /// Reads the file below `dir`, and checks that it is what the record refers to.
    ///
    /// # Errors
    /// [`FileProblem`] says what is wrong.
    pub fn read(&self, dir: &Path) -> Result<Vec<u8>, FileProblem> {
        let contents = fs::read(dir.join(&self.path)).map_err(|source| FileProblem::from_system(&source))?;
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
    /// It is there, but cannot be read.
    #[error("cannot be read ({reason})")]
    Unreadable {
        /// What the system said.
        reason: String,
    },
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
    fn from_system(error: &io::Error) -> Self {
        if error.kind() == io::ErrorKind::NotFound {
            FileProblem::Missing
        } else {
            FileProblem::Unreadable { reason: error.to_string() }
        }
    }
}

/// Writes a file so that after a crash it has either its old or its new contents, complete.
///
/// Writes and syncs a temporary file beside it, renames that to the final name, and syncs the folder. Creates missing
/// folders. Once this returns, a record that refers to the file may be written.
///
/// # Errors
/// [`FileError`] names the step and the path.
pub fn write_atomic(path: &Path, contents: &[u8]) -> Result<(), FileError> {
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(FileError::at("create the folder", folder))?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    // Keeps apart the temporary files of two writers: shards that draw the same figure, and jobs side by side of which each
    // writes the test images of the same target.
    static WRITTEN: AtomicU64 = AtomicU64::new(0);
    let number = WRITTEN.fetch_add(1, Ordering::Relaxed);
    let temporary = folder.join(format!(".{name}.{}-{number}.tmp", std::process::id()));
    let written = write_synced(&temporary, contents)
        .map_err(FileError::at("write", &temporary))
        .and_then(|()| fs::rename(&temporary, path).map_err(FileError::at("rename a finished file to", path)));
    if written.is_err() {
        // The caller should hear of the cause. A left-over temporary file does no harm.
        let _ = fs::remove_file(&temporary);
    }
    written?;
    sync_folder(folder)
}

fn write_synced(path: &Path, contents: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(contents)?;
    file.sync_all()
}

/// Makes a rename or a new name in `folder` durable.
pub(crate) fn sync_folder(folder: &Path) -> Result<(), FileError> {
    // Only Unix lets a folder be opened and synced. Elsewhere the rename alone must do.
    if cfg!(unix) {
        File::open(folder).and_then(|file| file.sync_all()).map_err(FileError::at("sync the folder", folder))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writers_of_one_file_do_not_meet() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("same.bin");
        std::thread::scope(|scope| {
            for writer in 0..4_u8 {
                let path = &path;
                scope.spawn(move || (0..50).for_each(|_| write_atomic(path, &[writer; 4096]).unwrap()));
            }
        });
        let written = fs::read(&path).unwrap();
        assert!(written.len() == 4096 && written.iter().all(|byte| *byte == written[0]));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "no temporary file is left");
    }

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

    #[test]
    fn an_unwritable_place_is_named_with_the_step() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("file"), b"").unwrap();
        let error = write_atomic(&dir.path().join("file/below"), b"x").unwrap_err();
        assert!(error.to_string().starts_with("cannot create the folder"), "{error}");
    }
}
