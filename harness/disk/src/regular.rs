//! Files that are read whole. What is no file can be waited for without end, or has none.

use crate::FileError;
use std::fs;
use std::io::{self, Read};
use std::path::Path;

/// Longest text that is read whole, bytes: that of a scenario.
const LONGEST_TEXT: u64 = 64 << 20;

/// The bytes of a regular file, or of one that links lead to.
///
/// # Errors
/// As [`fs::read`]; [`io::ErrorKind::IsADirectory`] for a folder; [`io::ErrorKind::InvalidInput`] for a pipe, a socket or a device.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    check(path)?;
    fs::read(path)
}

/// The same of a file that is no longer than `most` bytes. What is longer is none of the files that the caller looks for, and is not read.
///
/// # Errors
/// As [`read`]; [`io::ErrorKind::InvalidData`] for a longer file.
pub fn read_at_most(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        let told = format!("it is longer than {most} bytes, as no such file is");
        return Err(io::Error::new(io::ErrorKind::InvalidData, told));
    }
    Ok(bytes)
}

/// A regular file, opened for reading.
///
/// # Errors
/// As [`read`].
pub fn open(path: &Path) -> io::Result<fs::File> {
    check(path)?;
    fs::File::open(path)
}

/// A file, opened to add to its end; made where none stands.
///
/// # Errors
/// As [`read`], but for [`io::ErrorKind::NotFound`].
pub fn open_to_append(path: &Path) -> io::Result<fs::File> {
    match check(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => fs::OpenOptions::new().create(true).append(true).read(true).open(path),
    }
}

/// The bytes of a regular file; `None` where none stands. What stands in its place, such as a folder, is moved aside by who writes it.
///
/// # Errors
/// [`FileError`] where the system does not give a file that is there.
pub fn read_if_there(path: &Path) -> Result<Option<Vec<u8>>, FileError> {
    match read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound || is_no_file(&error) => Ok(None),
        Err(error) => Err(FileError::at("read", path)(error)),
    }
}

/// The text of a regular file.
///
/// # Errors
/// As [`read`]; [`io::ErrorKind::InvalidData`] if it is not UTF-8.
pub fn read_to_string(path: &Path) -> io::Result<String> {
    String::from_utf8(read_at_most(path, LONGEST_TEXT)?).map_err(|_| io::ErrorKind::InvalidData.into())
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
        assert_eq!(read_if_there(&path).unwrap().unwrap(), b"text");
        assert!(is_no_file(&read(dir.path()).unwrap_err()) && read_if_there(dir.path()).unwrap().is_none());
        #[cfg(unix)]
        assert!(is_no_file(&read(Path::new("/dev/zero")).unwrap_err()));
    }
}
