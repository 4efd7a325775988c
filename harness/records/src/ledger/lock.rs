//! The lock that allows one writer for a folder, or one for each shard.

use super::{LedgerError, Shard};
use nt_disk::{Lock, LockError, Sharing};
use std::path::Path;

/// The lock of a study's folder.
const LOCK: &str = ".lock";

/// The right to write. It ends when this is dropped, or with the process.
#[derive(Debug)]
pub struct WriterLock {
    folder: Lock,
    _shard: Option<Lock>,
}

impl WriterLock {
    /// Locks the folder for one writer. For a shard, locks the shard and keeps whole-folder writers out.
    ///
    /// # Errors
    /// [`LedgerError::Busy`] if another process writes there.
    pub fn take(dir: &Path, shard: Shard) -> Result<Self, LedgerError> {
        let busy = |error| match error {
            LockError::Busy { holder } => LedgerError::Busy { dir: dir.to_owned(), holder },
            LockError::File(error) => LedgerError::File(error),
        };
        let own = shard.index().to_string();
        let sharing = if shard.is_whole() { Sharing::Alone } else { Sharing::With { own: &own } };
        let folder = Lock::take(dir, LOCK, sharing).map_err(busy)?;
        let own = match sharing {
            Sharing::Alone => None,
            Sharing::With { own } => Some(Lock::take(dir, &format!("{LOCK}.{own}"), Sharing::Alone).map_err(busy)?),
        };
        Ok(WriterLock { folder, _shard: own })
    }

    /// Checks that the folder still stands where it was locked. What is written by its name would go into another one, where somebody
    /// else may write.
    ///
    /// # Errors
    /// [`LedgerError::Moved`].
    pub fn check_place(&self, dir: &Path) -> Result<(), LedgerError> {
        if self.folder.is_in_place() { Ok(()) } else { Err(LedgerError::Moved { dir: dir.to_owned() }) }
    }
}
