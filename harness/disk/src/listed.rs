//! Files that a list names with their hashes. What was written is kept in mind, so that the list tells of it whatever lies there later.

use crate::FileError;
use crate::atomic::write_atomic_with;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// What this process wrote to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    /// Length.
    pub bytes: u64,
    /// BLAKE3 of its contents.
    pub blake3: [u8; 32],
}

/// What this process wrote, by path.
static WRITTEN: Mutex<BTreeMap<PathBuf, Written>> = Mutex::new(BTreeMap::new());

/// As [`write_atomic`](crate::write_atomic), and [`written`] tells of it.
///
/// # Errors
/// As [`write_atomic`](crate::write_atomic).
pub fn write_listed(path: &Path, contents: &[u8]) -> Result<(), FileError> {
    write_listed_with(path, |file| file.write_all(contents).map_err(FileError::at("write", path)))
}

/// As [`write_listed`], with contents that are written piece by piece.
///
/// # Errors
/// As [`write_atomic_with`].
pub fn write_listed_with<E: From<FileError>>(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<&File>) -> Result<(), E>,
) -> Result<(), E> {
    let mut written = None;
    write_atomic_with(path, |pieces| {
        write(pieces)?;
        written = Some(hashed(pieces).map_err(FileError::at("write", path))?);
        Ok::<_, E>(())
    })?;
    if let Some(written) = written {
        WRITTEN.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned(), written);
    }
    Ok(())
}

/// What this process last wrote to a file by [`write_listed`].
pub fn written(path: &Path) -> Option<Written> {
    WRITTEN.lock().unwrap_or_else(PoisonError::into_inner).get(path).copied()
}

/// What has been written, which is read once from its beginning.
fn hashed(pieces: &mut BufWriter<&File>) -> std::io::Result<Written> {
    pieces.flush()?;
    let mut file: &File = pieces.get_ref();
    file.rewind()?;
    let mut hasher = blake3::Hasher::new();
    let bytes = std::io::copy(&mut file, &mut hasher)?;
    Ok(Written { bytes, blake3: *hasher.finalize().as_bytes() })
}

#[cfg(test)]
mod tests {
    use super::{Written, write_listed, write_listed_with, written};
    use crate::FileError;
    use std::fs;
    use std::io::Write;

    #[test]
    fn what_was_written_is_told_whatever_lies_there_later() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        assert_eq!(written(&path), None);
        write_listed(&path, b"mine").unwrap();
        fs::write(&path, b"another").unwrap();
        let mine = Written { bytes: 4, blake3: *blake3::hash(b"mine").as_bytes() };
        assert_eq!(written(&path), Some(mine));
        write_listed_with(&path, |file| {
            (0..3).try_for_each(|_| file.write_all(b"piece")).map_err(FileError::at("write", &path))
        })
        .unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"piecepiecepiece");
        assert_eq!(written(&path).map(|written| written.bytes), Some(15));
    }

    #[test]
    fn what_could_not_be_written_leaves_what_was_before() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        write_listed(&path, b"mine").unwrap();
        let before = written(&path);
        let refused =
            write_listed_with(&path, |_| Err(FileError::at("write", &path)(std::io::ErrorKind::StorageFull.into())));
        assert!(refused.is_err());
        assert_eq!((written(&path), fs::read(&path).unwrap()), (before, b"mine".to_vec()));
    }
}
