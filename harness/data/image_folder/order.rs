//! The order of paths.

use std::path::Path;

/// The bytes by which paths are sorted: parts joined by `/` on every system.
pub(super) fn order(path: &Path) -> Vec<u8> {
    let parts: Vec<_> = path.components().map(|part| part.as_os_str().as_encoded_bytes()).collect();
    parts.join(&b'/')
}
