//! The lock that allows one writer for a folder.
//!
//! The system's lock (`flock`) is released when a process ends, however it ends. Some file systems of clusters have none. There a
//! file that only one process can make stands for it. It says who made it, so that one that a killed process of this machine left
//! behind is noticed and taken over.

use crate::FileError;
use crate::advice::{ENOLCK, ENOSYS, EOPNOTSUPP};
use serde::{Deserialize, Serialize};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;
use thiserror::Error;

/// How the file that stands for a lock is called: the lock's name, and this.
const HELD: &str = ".held";

/// Why a lock cannot be had.
#[derive(Debug, Error)]
pub enum LockError {
    /// Another process has it.
    #[error("{holder}")]
    Busy {
        /// Who: "process 4711", or who and what to do if that process is gone.
        holder: String,
    },
    /// The system refused.
    #[error(transparent)]
    File(#[from] FileError),
}

/// The right to write in a folder. It ends when this is dropped, or with the process.
#[derive(Debug)]
pub struct Lock {
    /// Holds the system's lock as long as it is open.
    _file: File,
    /// The file that stands for the lock where the system has none.
    held: Option<PathBuf>,
    /// The folder as it was named, and what the system knows it by.
    folder: PathBuf,
    identity: Option<(u64, u64)>,
}

impl Drop for Lock {
    fn drop(&mut self) {
        if let Some(held) = &self.held {
            // Who comes next sees that this process is gone.
            let _ = fs::remove_file(held);
        }
    }
}

impl Lock {
    /// Takes the lock `name` of a folder: for itself, or shared with others that share it.
    ///
    /// Where the file system has no locks, a shared lock is a lock of its own: `own` is what tells those who share it apart.
    ///
    /// # Errors
    /// [`LockError::Busy`] if another process has it.
    pub fn take(folder: &Path, name: &str, sharing: Sharing<'_>) -> Result<Self, LockError> {
        let path = folder.join(name);
        // A link in its place would lead to a file of somebody's.
        if fs::symlink_metadata(&path).is_ok_and(|found| found.is_symlink()) {
            fs::remove_file(&path).map_err(FileError::at("remove the link in the place of the lock", &path))?;
        }
        if path.is_dir() {
            crate::move_aside(&path)?;
        }
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&path)
            .map_err(FileError::at("open the lock", &path))?;
        let taken = match sharing {
            Sharing::Alone => file.try_lock(),
            Sharing::With { .. } => file.try_lock_shared(),
        };
        let held = match taken {
            Ok(()) => None,
            Err(TryLockError::WouldBlock) => return Err(LockError::Busy { holder: holder(&path) }),
            Err(TryLockError::Error(error)) if has_no_locks(&error) => Some(Held::take(folder, name, sharing)?),
            Err(TryLockError::Error(source)) => return Err(FileError::at("lock", &path)(source).into()),
        };
        // For the message of a process that finds the lock taken. Nothing depends on it.
        let _ = file.set_len(0).and_then(|()| file.write_all(std::process::id().to_string().as_bytes()));
        Ok(Lock { _file: file, held, folder: folder.to_owned(), identity: identity(folder) })
    }

    /// Whether the folder still stands where it was locked: nobody has moved, renamed, removed or replaced it since.
    pub fn is_in_place(&self) -> bool {
        self.identity.is_none() || identity(&self.folder) == self.identity
    }
}

/// What the system knows a folder by; `None` where it does not say, or nothing is there.
#[cfg(unix)]
fn identity(folder: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    // File systems without inodes call them all 0.
    fs::metadata(folder).ok().map(|found| (found.dev(), found.ino())).filter(|(_, inode)| *inode != 0)
}

#[cfg(not(unix))]
fn identity(_: &Path) -> Option<(u64, u64)> {
    None
}

/// With whom a lock is shared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sharing<'a> {
    /// With nobody.
    Alone,
    /// With those of another name.
    With {
        /// A name among them.
        own: &'a str,
    },
}

fn has_no_locks(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(ENOLCK | ENOSYS | EOPNOTSUPP)) || error.kind() == io::ErrorKind::Unsupported
}

fn holder(path: &Path) -> String {
    match fs::read_to_string(path) {
        Ok(process) if !process.trim().is_empty() => format!("process {}", process.trim()),
        _ => "another process".to_owned(),
    }
}

/// Who made a file that stands for a lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Held {
    /// The machine, and which of its starts.
    machine: String,
    /// The namespace of the process's number.
    namespace: String,
    /// The process.
    process: u32,
    /// When it began, in the system's ticks, since numbers are given again.
    began: String,
}

impl Held {
    fn of_this_process() -> Self {
        let process = std::process::id();
        Held { machine: machine(), namespace: namespace(), process, began: began(process).unwrap_or_default() }
    }

    /// Whether it is of this machine and its process is gone. What happens on another machine cannot be seen.
    fn is_left(&self) -> bool {
        self.machine == machine()
            && self.namespace == namespace()
            && began(self.process).is_none_or(|began| began != self.began)
    }

    /// Makes the file that stands for the lock.
    fn take(folder: &Path, name: &str, sharing: Sharing<'_>) -> Result<PathBuf, LockError> {
        let own = match sharing {
            Sharing::Alone => folder.join(format!("{name}{HELD}")),
            Sharing::With { own } => folder.join(format!("{name}.{own}{HELD}")),
        };
        make(&own)?;
        // Only now does everybody see who else is there: of two that come at the same time, at most one stays.
        match others(folder, name, sharing, &own) {
            Ok(None) => Ok(own),
            Ok(Some(busy)) => {
                let _ = fs::remove_file(&own);
                Err(LockError::Busy { holder: busy })
            }
            Err(error) => {
                let _ = fs::remove_file(&own);
                Err(error.into())
            }
        }
    }
}

/// Makes the file, or finds out who has it. One that a dead process of this machine left is taken over.
fn make(own: &Path) -> Result<(), LockError> {
    for _ in 0..3 {
        match OpenOptions::new().write(true).create_new(true).open(own) {
            Ok(mut file) => {
                let who = serde_json::to_vec(&Held::of_this_process()).unwrap_or_default();
                let written = file.write_all(&who).and_then(|()| file.sync_all());
                return written.map_err(|error| {
                    // A file that says nothing of who made it would bar everybody.
                    let _ = fs::remove_file(own);
                    FileError::at("write the lock", own)(error).into()
                });
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                if let Some(busy) = who_has(own) {
                    return Err(LockError::Busy { holder: busy });
                }
            }
            Err(error) => return Err(FileError::at("make the lock", own)(error).into()),
        }
    }
    Err(LockError::Busy { holder: "another process".to_owned() })
}

/// Others whose locks exclude this one.
fn others(folder: &Path, name: &str, sharing: Sharing<'_>, own: &Path) -> Result<Option<String>, FileError> {
    let alone = folder.join(format!("{name}{HELD}"));
    match sharing {
        Sharing::With { .. } => Ok(who_has(&alone)),
        Sharing::Alone => {
            for entry in fs::read_dir(folder).map_err(FileError::at("list", folder))? {
                let path = entry.map_err(FileError::at("list", folder))?.path();
                let file = path.file_name().unwrap_or_default().to_string_lossy();
                let is_shared =
                    file.strip_prefix(name).is_some_and(|rest| rest.starts_with('.') && rest.ends_with(HELD));
                if is_shared
                    && path != own
                    && let Some(busy) = who_has(&path)
                {
                    return Ok(Some(busy));
                }
            }
            Ok(None)
        }
    }
}

/// Whoever makes such a file has written it by then.
const WRITTEN_WITHIN: Duration = Duration::from_secs(60);

/// Who has the lock that this file stands for. A file that a dead process of this machine left is removed.
fn who_has(path: &Path) -> Option<String> {
    let text = fs::read(path).ok()?;
    let Ok(held) = serde_json::from_slice::<Held>(&text) else {
        // Made a moment ago, or by a process that was killed before it wrote who it is.
        let age = fs::metadata(path).and_then(|file| file.modified()).ok().and_then(|made| made.elapsed().ok());
        if age.is_some_and(|age| age > WRITTEN_WITHIN) {
            let _ = fs::remove_file(path);
            return None;
        }
        return Some(format!(
            "another process; this file system has no locks, so the file {} stands for one: if no process writes there, remove it",
            path.display()
        ));
    };
    if held.is_left() {
        return take_away(path, &held);
    }
    let here = held.machine == machine() && held.namespace == namespace();
    Some(format!(
        "process {}{}; this file system has no locks, so the file {} stands for one: if that process is gone, remove it",
        held.process,
        if here { "" } else { " of another machine or container" },
        path.display()
    ))
}

/// Removes the file of a dead process, unless another has taken it over meanwhile: then that one has it.
fn take_away(path: &Path, left: &Held) -> Option<String> {
    let aside = path.with_extension(format!("{}.gone", std::process::id()));
    fs::rename(path, &aside).ok()?;
    let found = fs::read(&aside).ok().and_then(|text| serde_json::from_slice::<Held>(&text).ok());
    let others = found.filter(|found| found != left);
    if others.is_some() {
        // It goes back to its owner, unless a third has come.
        let _ = fs::hard_link(&aside, path);
    }
    let _ = fs::remove_file(&aside);
    others.map(|held| format!("process {}", held.process))
}

/// The machine's name, and the mark of its last start.
fn machine() -> String {
    let read = |path: &str| fs::read_to_string(path).map(|text| text.trim().to_owned()).unwrap_or_default();
    format!("{} {}", read("/etc/hostname"), read("/proc/sys/kernel/random/boot_id"))
}

fn namespace() -> String {
    fs::read_link("/proc/self/ns/pid").map(|link| link.display().to_string()).unwrap_or_default()
}

/// When a process of this machine began, in ticks since the machine's start; `None` if it is gone.
fn began(process: u32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The second field is the program's name in brackets, which may hold anything. The 22nd is wanted.
    stat.rsplit_once(')')?.1.split_whitespace().nth(19).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_writer_or_several_that_share() {
        let dir = tempfile::tempdir().unwrap();
        let one = Lock::take(dir.path(), ".lock", Sharing::Alone).unwrap();
        let busy = Lock::take(dir.path(), ".lock", Sharing::With { own: "0" }).unwrap_err().to_string();
        assert_eq!(busy, format!("process {}", std::process::id()));
        drop(one);
        let _shared =
            [0, 1].map(|own: i32| Lock::take(dir.path(), ".lock", Sharing::With { own: &own.to_string() }).unwrap());
        assert!(Lock::take(dir.path(), ".lock", Sharing::Alone).is_err());
    }

    #[test]
    fn without_the_systems_locks_files_stand_for_them() {
        let dir = tempfile::tempdir().unwrap();
        let take = |sharing| Held::take(dir.path(), ".lock", sharing);
        let alone = take(Sharing::Alone).unwrap();
        for sharing in [Sharing::Alone, Sharing::With { own: "3" }] {
            let busy = take(sharing).unwrap_err().to_string();
            assert!(
                busy.starts_with(&format!("process {}; this file system has no locks", std::process::id())),
                "{busy}"
            );
        }
        fs::remove_file(alone).unwrap();
        let shared = [take(Sharing::With { own: "0" }).unwrap(), take(Sharing::With { own: "1" }).unwrap()];
        assert!(take(Sharing::Alone).is_err() && take(Sharing::With { own: "1" }).is_err());
        shared.iter().for_each(|path| fs::remove_file(path).unwrap());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0, "who was refused leaves nothing");
    }

    #[test]
    fn a_file_that_says_nothing_bars_nobody_for_good() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(".lock.held");
        fs::write(&path, "").unwrap();
        assert!(Held::take(dir.path(), ".lock", Sharing::Alone).is_err(), "its maker may be about to write it");
        let past = std::time::SystemTime::now() - 2 * WRITTEN_WITHIN;
        File::options().write(true).open(&path).unwrap().set_modified(past).unwrap();
        Held::take(dir.path(), ".lock", Sharing::Alone).unwrap();
    }

    #[test]
    fn the_file_of_a_dead_process_is_taken_over_and_one_of_another_machine_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(".lock.held");
        let here = Held::of_this_process();
        let write = |held: &Held| fs::write(&path, serde_json::to_vec(held).unwrap()).unwrap();
        write(&Held { began: "1".to_owned(), ..here.clone() });
        fs::remove_file(Held::take(dir.path(), ".lock", Sharing::Alone).unwrap()).unwrap();
        for other in
            [Held { machine: "other".to_owned(), ..here.clone() }, Held { namespace: "other".to_owned(), ..here }]
        {
            write(&other);
            let busy = Held::take(dir.path(), ".lock", Sharing::Alone).unwrap_err().to_string();
            assert!(busy.contains("of another machine") && busy.ends_with("remove it"), "{busy}");
        }
        fs::write(&path, "").unwrap();
        assert!(Held::take(dir.path(), ".lock", Sharing::Alone).is_err(), "somebody is just making it");
    }

    #[cfg(unix)]
    #[test]
    fn a_link_in_the_place_of_a_lock_leads_to_nobodys_file() {
        let dir = tempfile::tempdir().unwrap();
        let somebodys = dir.path().join("somebodys");
        fs::write(&somebodys, "mine").unwrap();
        std::os::unix::fs::symlink(&somebodys, dir.path().join(".lock")).unwrap();
        let lock = Lock::take(dir.path(), ".lock", Sharing::Alone).unwrap();
        assert!(lock.is_in_place());
        assert_eq!(fs::read_to_string(&somebodys).unwrap(), "mine");
    }
}
