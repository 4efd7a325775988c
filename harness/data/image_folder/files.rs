//! Folders and images on disk, in an order that does not depend on the file system.

use crate::data::DataError;
use std::fs::{self, DirEntry};
use std::path::{Path, PathBuf};

/// Endings of the file names of images, in lower case.
const IMAGE_EXTENSIONS: [&str; 5] = ["jpg", "jpeg", "jpe", "jfif", "png"];

/// A file or folder that is not used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ignored {
    /// What is left out.
    pub path: PathBuf,
    /// Why.
    pub reason: IgnoreReason,
}

/// Why something is left out of a listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IgnoreReason {
    /// Its name begins with a dot.
    Hidden,
    /// Its name does not end as a JPEG's or a PNG's.
    NotAnImage,
    /// A class folder of the test side that the training side lacks, or a second test side.
    NotInTraining,
}

impl std::fmt::Display for IgnoreReason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Hidden => "its name begins with a dot",
            Self::NotAnImage => "its name does not end in .jpg, .jpeg or .png",
            Self::NotInTraining => "the training side has no such class",
        })
    }
}

/// Names of the folders in `path`, in order. Hidden ones are noted.
pub(super) fn folders(path: &Path, ignored: &mut Vec<Ignored>) -> Result<Vec<String>, DataError> {
    let mut names = Vec::new();
    for entry in entries(path)? {
        if !entry.path().is_dir() {
            continue;
        }
        let Ok(name) = entry.file_name().into_string() else { return Err(DataError::NotUtf8 { path: entry.path() }) };
        if name.starts_with('.') {
            ignored.push(Ignored { path: entry.path(), reason: IgnoreReason::Hidden });
        } else {
            names.push(name);
        }
    }
    names.sort_unstable();
    Ok(names)
}

/// Images at any depth below a folder, in the byte order of their paths. Other files are noted.
pub(super) fn images_below(folder: &Path, ignored: &mut Vec<Ignored>) -> Result<Vec<PathBuf>, DataError> {
    let (mut images, mut pending) = (Vec::new(), vec![folder.to_owned()]);
    let first_ignored = ignored.len();
    while let Some(folder) = pending.pop() {
        for entry in entries(&folder)? {
            let path = entry.path();
            if entry.file_name().as_encoded_bytes().starts_with(b".") {
                ignored.push(Ignored { path, reason: IgnoreReason::Hidden });
            } else if is_image(&path) {
                // A folder of such a name is refused by name, as all that is no regular file.
                images.push(path);
            } else if path.is_dir() {
                pending.push(path);
            } else {
                ignored.push(Ignored { path, reason: IgnoreReason::NotAnImage });
            }
        }
    }
    images.sort_by_cached_key(|path| order(path));
    ignored[first_ignored..].sort_by_cached_key(|ignored| order(&ignored.path));
    Ok(images)
}

fn is_image(path: &Path) -> bool {
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_ascii_lowercase());
    extension.is_some_and(|extension| IMAGE_EXTENSIONS.contains(&extension.as_str()))
}

/// The bytes by which paths are sorted: parts joined by `/` on every system.
pub(super) fn order(path: &Path) -> Vec<u8> {
    let parts: Vec<_> = path.components().map(|part| part.as_os_str().as_encoded_bytes()).collect();
    parts.join(&b'/')
}

fn entries(path: &Path) -> Result<Vec<DirEntry>, DataError> {
    let refused = |source| DataError::Io { action: "list", path: path.to_owned(), source };
    fs::read_dir(path).map_err(refused)?.collect::<Result<_, _>>().map_err(refused)
}
