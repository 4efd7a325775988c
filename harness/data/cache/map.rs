//! Read-only memory maps of cache files: the one place in this package that is `unsafe`.
#![allow(unsafe_code)]

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
        // SAFETY: a map is sound while nobody shortens or writes the file behind it. Cache files are never changed under
        // their name: they are written under a temporary name and renamed when complete, and one that is made again
        // takes the name from the old file, which stays whole for whoever has it mapped.
        let map = unsafe { Mmap::map(&file)? };
        Ok(Self(map))
    }

    /// The bytes of the file.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }
}
