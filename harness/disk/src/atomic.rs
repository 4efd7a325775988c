//! Files that take their name when they are complete.

use crate::FileError;
use std::fs::{self, File, TryLockError};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use tempfile::NamedTempFile;

/// How the names of unfinished files end. They begin with a dot.
const UNFINISHED: &str = ".tmp";

/// Writes a file so that after a crash it has either its old or its new contents, complete.
///
/// Writes and syncs a temporary file beside it, renames that to the final name, and syncs the folder. Creates missing
/// folders. Once this returns, a record that refers to the file may be written.
///
/// # Errors
/// [`FileError`] names the step and the path.
pub fn write_atomic(path: &Path, contents: &[u8]) -> Result<(), FileError> {
    write_atomic_with(path, |file| file.write_all(contents).map_err(FileError::at("write", path)))
}

/// As [`write_atomic`], with contents that are written piece by piece.
///
/// # Errors
/// [`FileError`] names the step and the path; and whatever `write` refuses, of which nothing is left.
pub fn write_atomic_with<E: From<FileError>>(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<&File>) -> Result<(), E>,
) -> Result<(), E> {
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    create_folder(folder)?;
    let refused = |error| FileError::at("write", path)(error);
    let file = unfinished(path).map_err(refused)?;
    let mut pieces = BufWriter::new(file.as_file());
    write(&mut pieces)?;
    pieces.flush().and_then(|()| file.as_file().sync_all()).map_err(refused)?;
    drop(pieces);
    if path.is_dir() {
        move_aside(path)?;
    }
    // Where this fails, the temporary file is removed with the error.
    file.persist(path).map_err(|error| FileError::at("rename a finished file to", path)(error.error))?;
    Ok(sync_folder(folder)?)
}

/// Gives a folder that stands where a file belongs another name: it is somebody's, and never removed.
///
/// # Errors
/// [`FileError`] where the system refuses.
pub fn move_aside(path: &Path) -> Result<(), FileError> {
    let aside = |number: u32| {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".folder-{number}"));
        PathBuf::from(name)
    };
    let free = (1..).map(aside).find(|aside| fs::symlink_metadata(aside).is_err()).unwrap_or_else(|| aside(0));
    fs::rename(path, &free).map_err(FileError::at("move the folder that stands in the way, to", free))
}

/// An empty file beside `path` that is to take its name when it is complete, as readable as other new files. It is removed when
/// it is dropped.
///
/// Its name is drawn at random: processes in containers that share a folder may have the same number. While its writer lives it
/// is locked, where the file system can, so that [`remove_unfinished`] leaves it alone.
///
/// # Errors
/// What the system says.
pub fn unfinished(path: &Path) -> io::Result<NamedTempFile<File>> {
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    // A long name must not become too long by what is added to it.
    let shown: String = name.chars().take(40).collect();
    let prefix = format!(".{shown}.");
    let mut builder = tempfile::Builder::new();
    builder.prefix(&prefix).rand_bytes(12).suffix(UNFINISHED);
    loop {
        // Opened here, since `tempfile` would make it unreadable for others, and hide the number of an error.
        let file =
            builder.make_in(folder, |path| File::options().read(true).write(true).create_new(true).open(path))?;
        match file.as_file().try_lock() {
            // Who cleans up may have met it before it was locked, and removed it.
            Ok(()) if !has_a_name(file.as_file())? => {}
            Err(TryLockError::WouldBlock) => {}
            Ok(()) | Err(TryLockError::Error(_)) => return Ok(file),
        }
    }
}

/// Whether an open file still has a name.
fn has_a_name(file: &File) -> io::Result<bool> {
    #[cfg(unix)]
    return Ok(std::os::unix::fs::MetadataExt::nlink(&file.metadata()?) > 0);
    #[cfg(not(unix))]
    return file.metadata().map(|_| true);
}

/// Makes a folder, and those that it lies in, unless it is there.
///
/// # Errors
/// [`FileError`] where the system refuses.
pub fn create_folder(folder: &Path) -> Result<(), FileError> {
    let refused = FileError::at("create the folder", folder);
    match fs::create_dir_all(folder) {
        Ok(()) => Ok(()),
        // Something is there, and it is no folder, or cannot be looked at: that is the cause to tell.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(refused(match fs::metadata(folder) {
            Err(cause) => cause,
            Ok(found) if found.is_dir() => return Ok(()),
            Ok(_) => io::Error::from(io::ErrorKind::NotADirectory),
        })),
        Err(error) => Err(refused(error)),
    }
}

/// Makes a rename or a new name in `folder` durable.
///
/// # Errors
/// [`FileError`] where the system refuses.
pub fn sync_folder(folder: &Path) -> Result<(), FileError> {
    // Only Unix lets a folder be opened and synced. Elsewhere the rename alone must do.
    if cfg!(unix) {
        File::open(folder).and_then(|file| file.sync_all()).map_err(FileError::at("sync the folder", folder))?;
    }
    Ok(())
}

/// Whether a file's name is that of a file that [`unfinished`] made.
pub fn is_unfinished(name: &str) -> bool {
    name.starts_with('.') && name.ends_with(UNFINISHED)
}

/// Removes from a folder, and from the folders in it, the unfinished files of writers that are gone: those that were written before
/// `before` and that nobody holds locked. One that cannot be removed does no harm.
pub fn remove_unfinished(folder: &Path, before: SystemTime) {
    let Ok(entries) = folder.read_dir() else { return };
    for entry in entries.flatten() {
        let Ok(kind) = entry.file_type() else { continue };
        if kind.is_dir() {
            remove_unfinished(&entry.path(), before);
        } else if kind.is_file() && is_unfinished(&entry.file_name().to_string_lossy()) {
            let written = entry.metadata().and_then(|metadata| metadata.modified());
            // What is dated after this hour was not made in it either.
            let is_of_before = |written: SystemTime| written < before || written > before + Duration::from_secs(3600);
            if let Ok(written) = written
                && is_of_before(written)
            {
                remove_if_left(&entry.path(), before.duration_since(written).unwrap_or_default());
            }
        }
    }
}

/// Removes a file that nobody holds: its writer would have locked it. It is held meanwhile, so that a writer who has just made it, and
/// has not locked it yet, notices and makes another. Where the file system has no locks, nobody writes one file for a day.
fn remove_if_left(path: &Path, age: Duration) {
    const DAY: Duration = Duration::from_secs(24 * 3600);
    let Ok(file) = File::open(path) else { return };
    let is_left = match file.try_lock() {
        Ok(()) => true,
        Err(TryLockError::WouldBlock) => false,
        Err(TryLockError::Error(_)) => age > DAY,
    };
    if is_left {
        let _ = fs::remove_file(path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writers_of_one_file_do_not_meet() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("same.bin");
        std::thread::scope(|scope| {
            for writer in 0..4_u8 {
                let path = &path;
                scope.spawn(move || (0..50).for_each(|_| write_atomic(path, &[writer; 4096]).unwrap()));
            }
        });
        let written = fs::read(&path).unwrap();
        assert!(written.len() == 4096 && written.iter().all(|byte| *byte == written[0]));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "no temporary file is left");
    }

    #[test]
    fn an_unwritable_place_is_named_with_the_step() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("file"), b"").unwrap();
        let error = write_atomic(&dir.path().join("file/below"), b"x").unwrap_err().to_string();
        assert!(error.starts_with("cannot create the folder"), "{error}");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "no temporary file is left");
    }

    #[test]
    fn a_folder_in_the_place_of_a_file_gets_another_name() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        for number in 1..3 {
            let _ = fs::remove_file(&path);
            fs::create_dir(&path).unwrap();
            fs::write(path.join("mine"), b"kept").unwrap();
            write_atomic(&path, b"x").unwrap();
            assert_eq!(fs::read(&path).unwrap(), b"x");
            assert_eq!(fs::read(dir.path().join(format!("file.folder-{number}/mine"))).unwrap(), b"kept");
        }
    }

    #[test]
    fn a_name_may_be_as_long_as_the_system_allows() {
        let dir = tempfile::tempdir().unwrap();
        let longest = dir.path().join("é".repeat(127));
        write_atomic(&longest, b"x").unwrap();
        assert_eq!(fs::read(&longest).unwrap(), b"x");
        let error = write_atomic(&dir.path().join("x".repeat(256)), b"x").unwrap_err().to_string();
        assert!(error.contains("too long"), "{error}");
    }

    #[test]
    fn the_cause_of_a_refusal_is_not_hidden() {
        let error = unfinished(Path::new("/proc/no-such-folder/x")).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(2), "{error}");
    }

    #[test]
    fn who_cleans_up_takes_no_file_from_a_writer() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("same.bin");
        let is_over = std::sync::atomic::AtomicBool::new(false);
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    while !is_over.load(std::sync::atomic::Ordering::Relaxed) {
                        remove_unfinished(dir.path(), SystemTime::now() + Duration::from_secs(60));
                    }
                });
            }
            let writers: Vec<_> =
                (0..2).map(|_| scope.spawn(|| (0..300).for_each(|_| write_atomic(&path, b"x").unwrap()))).collect();
            let ended = writers.into_iter().map(|writer| writer.join()).collect::<Vec<_>>();
            is_over.store(true, std::sync::atomic::Ordering::Relaxed);
            assert!(ended.iter().all(Result::is_ok));
        });
    }

    #[test]
    fn what_dead_writers_left_is_removed_and_what_live_ones_write_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let below = dir.path().join("below");
        fs::create_dir(&below).unwrap();
        let left = below.join(".runs.csv.123456789012.tmp");
        fs::write(&left, "half").unwrap();
        fs::write(dir.path().join("notes.tmp"), "mine").unwrap();
        let live = unfinished(&below.join("runs.csv")).unwrap();
        remove_unfinished(dir.path(), SystemTime::now() - Duration::from_secs(60));
        assert!(left.exists(), "it may be of a writer that has begun since");
        remove_unfinished(dir.path(), SystemTime::now() + Duration::from_secs(60));
        assert!(!left.exists() && live.path().exists() && dir.path().join("notes.tmp").exists());
    }
}
