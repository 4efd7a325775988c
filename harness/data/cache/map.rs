//! Read-only memory maps of cache files: the one place in this package that is `unsafe`.
#![allow(unsafe_code, reason = "a map is unsafe where its file changes; a cache file is never written again")]

use memmap2::Mmap;
use std::fs::File;
use std::io;
use std::path::Path;

/// A whole file, mapped for reading.
pub(super) struct Map(Mmap);

impl Map {
    /// Maps a file that exists.
    ///
    /// # Errors
    /// Where the file cannot be opened or mapped.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        // SAFETY: a map is sound while nobody shortens or writes the file behind it. A cache file never changes under
        // its name: it is written under a temporary name and renamed when it is complete. A file that is made again
        // takes the old one's name, and the old one stays whole while it is mapped.
        let map = unsafe { Mmap::map(&file)? };
        Ok(Self(map))
    }

    /// The bytes of the file.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }
}
