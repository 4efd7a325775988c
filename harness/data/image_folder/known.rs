//! Hashes of image files, remembered between runs, so that only files that may have changed are read again.
//!
//! A remembered hash is used while the file system gives the same length, times of change, inode and device. The time
//! of the last status change is among them: writing to a file moves it, and no program can set it back, so an edit that
//! keeps length and date is noticed too. A file that was changed within [`SETTLED`] of being read is read again, since
//! file systems keep time in ticks. Where there are no such times (outside Unix) every file is read.

use crate::data::decode::{self, DecodeError, Megapixels};
use blake3::Hash;
use nt_disk::unfinished;
use std::collections::HashMap;
use std::fs::{self, Metadata};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// How long a file must have been left alone before it is read.
const SETTLED: Duration = Duration::from_secs(3);
const MAGIC: &[u8; 8] = b"nt-known";
const SCHEMA_VERSION: u32 = 1;
/// Before the entries.
const HEADER_BYTES: usize = 8 + 4;
/// Hash of the path, state, hash of the content.
const ENTRY_BYTES: usize = 32 + 32 + 32;

/// The hashes of a group of files, and their state when they were read.
pub(super) struct Known {
    path: PathBuf,
    entries: HashMap<[u8; 32], Entry>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Entry {
    state: [u8; 32],
    content: [u8; 32],
}

/// The hash of a file's content, with the file's state if it can be relied on next time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FileHash {
    pub(super) content: [u8; 32],
    pub(super) state: Option<[u8; 32]>,
}

impl Known {
    /// What is remembered below `folder` of the files of `group`. It is empty where nothing is there, or it is damaged.
    pub(super) fn load(folder: &Path, group: &[u8]) -> Self {
        let path = folder.join(format!("{}.known", &blake3::hash(group).to_hex()[..32]));
        let entries = nt_disk::read(&path).ok().and_then(|bytes| parse(&bytes)).unwrap_or_default();
        Self { path, entries }
    }

    /// The hash of a file that has not changed since it was read.
    pub(super) fn recall(&self, file: &Path) -> Option<FileHash> {
        let entry = self.entries.get(&key(file))?;
        let current = state(&fs::metadata(file).ok()?)?;
        (current == entry.state).then_some(FileHash { content: entry.content, state: Some(current) })
    }

    /// The hash of a file, remembered or made.
    ///
    /// # Errors
    /// [`DecodeError`] if it cannot be read, or not be a picture for its length.
    pub(super) fn hash(&self, file: &Path, most: Megapixels) -> Result<FileHash, DecodeError> {
        if let Some(remembered) = self.recall(file) {
            return Ok(remembered);
        }
        // The state is taken before and after: that of a file which changes while it is read cannot be relied on.
        let before = settled_state(file, SystemTime::now());
        let content = *blake3::hash(&decode::read(file, most)?).as_bytes();
        let after = settled_state(file, SystemTime::now());
        Ok(FileHash { content, state: before.filter(|_| before == after) })
    }

    /// Remembers the files of a group, and no others. Where that cannot be written, the files are read again next time.
    pub(super) fn save(self, files: &[PathBuf], hashes: &[FileHash]) {
        let known = files.iter().zip(hashes).filter_map(|(file, hash)| {
            let entry = Entry { state: hash.state?, content: hash.content };
            Some((key(file), entry))
        });
        let entries: HashMap<_, _> = known.collect();
        if entries == self.entries {
            return;
        }
        if let Err(error) = write(&self.path, &entries) {
            tracing::debug!(path = %self.path.display(), %error, "hashes of image files are not remembered");
        }
    }
}

/// The state of a file that was left alone before `read_at`; `None` where it cannot be relied on.
pub(super) fn settled_state(file: &Path, read_at: SystemTime) -> Option<[u8; 32]> {
    let metadata = fs::metadata(file).ok()?;
    let changed = changed_at(&metadata)?;
    (changed + SETTLED < read_at).then(|| state(&metadata)).flatten()
}

fn key(file: &Path) -> [u8; 32] {
    *blake3::hash(file.as_os_str().as_encoded_bytes()).as_bytes()
}

/// Everything that the file system knows of a file and that changes with its content.
#[cfg(unix)]
fn state(metadata: &Metadata) -> Option<[u8; 32]> {
    use std::os::unix::fs::MetadataExt;
    let mut hasher = blake3::Hasher::new();
    hasher.update(&metadata.size().to_le_bytes());
    hasher.update(&metadata.ino().to_le_bytes());
    hasher.update(&metadata.dev().to_le_bytes());
    for part in [metadata.mtime(), metadata.mtime_nsec(), metadata.ctime(), metadata.ctime_nsec()] {
        hasher.update(&part.to_le_bytes());
    }
    Some(*hasher.finalize().as_bytes())
}

#[cfg(not(unix))]
fn state(_metadata: &Metadata) -> Option<[u8; 32]> {
    None
}

#[cfg(unix)]
fn changed_at(metadata: &Metadata) -> Option<SystemTime> {
    use std::os::unix::fs::MetadataExt;
    let seconds = Duration::new(metadata.ctime().try_into().ok()?, metadata.ctime_nsec().try_into().ok()?);
    SystemTime::UNIX_EPOCH.checked_add(seconds)
}

#[cfg(not(unix))]
fn changed_at(_metadata: &Metadata) -> Option<SystemTime> {
    None
}

fn parse(bytes: &[u8]) -> Option<HashMap<[u8; 32], Entry>> {
    let (body, checksum) = bytes.split_last_chunk::<32>()?;
    let header = [MAGIC.as_slice(), &SCHEMA_VERSION.to_le_bytes()].concat();
    if blake3::hash(body) != Hash::from_bytes(*checksum) || !body.starts_with(&header) {
        return None;
    }
    let part = |entry: &[u8], at: usize| entry[at..at + 32].try_into().ok();
    let entry = |entry: &[u8]| Some((part(entry, 0)?, Entry { state: part(entry, 32)?, content: part(entry, 64)? }));
    body[HEADER_BYTES..].chunks_exact(ENTRY_BYTES).map(entry).collect()
}

fn write(path: &Path, entries: &HashMap<[u8; 32], Entry>) -> io::Result<()> {
    let mut sorted: Vec<_> = entries.iter().collect();
    sorted.sort_unstable_by_key(|&(key, _)| *key);
    let mut bytes = [MAGIC.as_slice(), &SCHEMA_VERSION.to_le_bytes()].concat();
    for (key, entry) in sorted {
        bytes.extend_from_slice(key);
        bytes.extend_from_slice(&entry.state);
        bytes.extend_from_slice(&entry.content);
    }
    let checksum = blake3::hash(&bytes);
    bytes.extend_from_slice(checksum.as_bytes());
    // It is not synced: a file that a crash cuts short fails its checksum, and is ignored.
    let file = unfinished(path)?;
    file.as_file().write_all(&bytes)?;
    file.persist(path)?;
    Ok(())
}
