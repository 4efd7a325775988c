//! Files that are read whole. What is no file can be waited for without end, or has none.

use std::fs;
use std::io;
use std::path::Path;

/// The bytes of a regular file, or of one that links lead to.
///
/// # Errors
/// As [`fs::read`]; [`io::ErrorKind::IsADirectory`] for a folder; [`io::ErrorKind::InvalidInput`] for a pipe, a socket or a device.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    check(path)?;
    fs::read(path)
}

/// The text of a regular file.
///
/// # Errors
/// As [`read`]; [`io::ErrorKind::InvalidData`] if it is not UTF-8.
pub fn read_to_string(path: &Path) -> io::Result<String> {
    check(path)?;
    fs::read_to_string(path)
}

/// Whether an error of [`read`] says that something else stands where a file should.
pub fn is_no_file(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::IsADirectory | io::ErrorKind::InvalidInput)
}

fn check(path: &Path) -> io::Result<()> {
    let kind = fs::metadata(path)?.file_type();
    if kind.is_dir() {
        Err(io::ErrorKind::IsADirectory.into())
    } else if !kind.is_file() {
        Err(io::Error::new(io::ErrorKind::InvalidInput, "a pipe or a device stands there, and no file"))
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_file_is_refused_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        assert_eq!(read(&path).unwrap_err().kind(), io::ErrorKind::NotFound);
        fs::write(&path, "text").unwrap();
        assert_eq!(read_to_string(&path).unwrap(), "text");
        assert!(is_no_file(&read(dir.path()).unwrap_err()));
        #[cfg(unix)]
        assert!(is_no_file(&read(Path::new("/dev/zero")).unwrap_err()));
    }
}
