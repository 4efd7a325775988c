//! The lock that allows one writer for a folder, or one for each shard.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::Write;
use std::path::Path;

use super::{LedgerError, Shard};
use crate::file::FileError;

/// The right to write. The system releases it when the process ends, however it ends.
#[derive(Debug)]
pub(super) struct WriterLock {
    _folder: File,
    _shard: Option<File>,
}

impl WriterLock {
    /// Locks the folder for one writer. For a shard, locks the shard and keeps whole-folder writers out.
    pub(super) fn take(dir: &Path, shard: Shard) -> Result<Self, LedgerError> {
        let folder = acquire(dir, ".lock", shard.is_whole())?;
        let own = if shard.is_whole() { None } else { Some(acquire(dir, &format!(".lock.{}", shard.index()), true)?) };
        Ok(WriterLock { _folder: folder, _shard: own })
    }
}

fn acquire(dir: &Path, name: &str, exclusive: bool) -> Result<File, LedgerError> {
    let path = dir.join(name);
    let mut file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .open(&path)
        .map_err(FileError::at("open the lock", &path))?;
    let taken = if exclusive { file.try_lock() } else { file.try_lock_shared() };
    match taken {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(LedgerError::Busy { dir: dir.to_owned(), holder: holder(&path) }),
        Err(TryLockError::Error(source)) => return Err(FileError::at("lock", &path)(source).into()),
    }
    // For the message of a process that finds the lock taken. Nothing depends on it.
    let _ = file.set_len(0).and_then(|()| file.write_all(std::process::id().to_string().as_bytes()));
    Ok(file)
}

fn holder(path: &Path) -> String {
    match fs::read_to_string(path) {
        Ok(process) if !process.trim().is_empty() => format!("process {}", process.trim()),
        _ => "another process".to_owned(),
    }
}
