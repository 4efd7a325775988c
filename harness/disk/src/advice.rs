//! What to do about what the system says, by its cause.

use std::io;
use std::path::Path;

/// What to do where the system refuses to work on a file or folder: a clause that goes on from "cannot … PATH: …;".
///
/// The numbers are Linux's. Where the cause is not known, the advice is to try again.
pub fn advice(error: &io::Error) -> &'static str {
    match error.raw_os_error() {
        Some(code) => of_code(code),
        None => of_kind(error.kind()),
    }
}

/// A path as a shell takes it for one word, so that a command that a message gives can be copied.
pub fn shell_word(path: &Path) -> String {
    let text = path.display().to_string();
    let is_plain = |letter: char| letter.is_alphanumeric() || "_./=+:@%-,".contains(letter);
    if !text.is_empty() && text.chars().all(is_plain) { text } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

/// Whether an error says that nothing lies at the end of a path: no file, or links that lead in a circle. All other errors say nothing
/// of what lies there.
pub fn is_of_nothing(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound || matches!(error.raw_os_error(), Some(ENOENT | ENOTDIR | ELOOP))
}

fn of_code(code: i32) -> &'static str {
    match code {
        ENOSPC => "the disk is full: free room on it, or use a folder on another",
        EDQUOT => "your share of the disk is used up: free room, ask for more, or use a folder on another disk",
        EFBIG => "the file would be larger than this system allows: see `ulimit -f`",
        EROFS => "the disk is mounted for reading only: use a folder on another, or mount it for writing",
        EACCES | EPERM => "this user may not do so: change the permissions or the owner, or use another folder",
        ENOENT => "it is not there, or a folder that it lies in: check the path",
        ENOTDIR => "a part of the path is a file where a folder is needed: check the path",
        EISDIR => "it is a folder where a file is needed: check the path",
        EEXIST => "it is there already: check the path",
        ENAMETOOLONG => "a name on the path is too long (most systems allow 255 bytes): choose a shorter one",
        ELOOP => "links on the path lead in a circle: remove one of them",
        EMFILE => {
            "this process has too many files open: allow it more with `ulimit -n 4096`, or run fewer jobs at a time"
        }
        ENFILE => "the system has too many files open: close other programs, then run the same command again",
        ENOMEM => "the system has no memory left: close other programs, or run fewer jobs at a time",
        EIO => "the disk or the network failed: see the system's log (`dmesg`), then run the same command again",
        ESTALE | ETIMEDOUT | EHOSTDOWN | ENOTCONN => {
            "the folder's server is gone or was started again: mount the folder anew, then run the same command again"
        }
        ENOLCK | ENOSYS | EOPNOTSUPP => "this file system cannot do that: use a folder on another",
        EBUSY | ETXTBSY => "another program uses it: close that, then run the same command again",
        EXDEV => "a part of the folder lies on another disk: use a folder that is whole on one",
        EMLINK => "there are too many names in one folder: use another",
        _ => TRY_AGAIN,
    }
}

/// Of errors without a number: those that the standard library makes.
fn of_kind(kind: io::ErrorKind) -> &'static str {
    let known = [
        (io::ErrorKind::NotFound, of_code(ENOENT)),
        (io::ErrorKind::PermissionDenied, of_code(EACCES)),
        (io::ErrorKind::NotADirectory, of_code(ENOTDIR)),
        (io::ErrorKind::StorageFull, of_code(ENOSPC)),
        (io::ErrorKind::WriteZero, of_code(ENOSPC)),
        (io::ErrorKind::OutOfMemory, of_code(ENOMEM)),
        (io::ErrorKind::Unsupported, of_code(EOPNOTSUPP)),
        (
            io::ErrorKind::UnexpectedEof,
            "it ends early: see whether another program writes it, then run the same command again",
        ),
        (io::ErrorKind::IsADirectory, of_code(EISDIR)),
        (io::ErrorKind::InvalidInput, "name a file, or put one in its place"),
        (io::ErrorKind::InvalidData, "it is not text in UTF-8: save it as UTF-8"),
    ];
    known.iter().find(|(of, _)| *of == kind).map_or(TRY_AGAIN, |(_, advice)| advice)
}

const TRY_AGAIN: &str = "run the same command again; if it fails again, use another folder";

const EPERM: i32 = 1;
const ENOENT: i32 = 2;
const EIO: i32 = 5;
const ENOMEM: i32 = 12;
const EACCES: i32 = 13;
const EBUSY: i32 = 16;
const EEXIST: i32 = 17;
const EXDEV: i32 = 18;
const ENOTDIR: i32 = 20;
const EISDIR: i32 = 21;
const ENFILE: i32 = 23;
const EMFILE: i32 = 24;
const ETXTBSY: i32 = 26;
const EFBIG: i32 = 27;
const ENOSPC: i32 = 28;
const EROFS: i32 = 30;
const EMLINK: i32 = 31;
const ENAMETOOLONG: i32 = 36;
pub(crate) const ENOLCK: i32 = 37;
pub(crate) const ENOSYS: i32 = 38;
const ELOOP: i32 = 40;
pub(crate) const EOPNOTSUPP: i32 = 95;
const ENOTCONN: i32 = 107;
const ETIMEDOUT: i32 = 110;
const EHOSTDOWN: i32 = 112;
const ESTALE: i32 = 116;
const EDQUOT: i32 = 122;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_one_word_of_a_shell() {
        for (path, word) in
            [("reports/a-1", "reports/a-1"), ("o ne", "'o ne'"), ("it's", "'it'\\''s'"), ("", "''"), ("$x", "'$x'")]
        {
            assert_eq!(shell_word(Path::new(path)), word);
        }
    }

    #[test]
    fn the_numbers_are_those_of_this_system() {
        let says = |code: i32, words: &str| {
            let error = io::Error::from_raw_os_error(code);
            assert!(error.to_string().starts_with(words), "{code}: {error}");
        };
        says(EPERM, "Operation not permitted");
        says(ENOENT, "No such file");
        says(EIO, "Input/output error");
        says(ENOMEM, "Cannot allocate memory");
        says(EACCES, "Permission denied");
        says(EBUSY, "Device or resource busy");
        says(EEXIST, "File exists");
        says(EXDEV, "Invalid cross-device link");
        says(ENOTDIR, "Not a directory");
        says(EISDIR, "Is a directory");
        says(ENFILE, "Too many open files in system");
        says(EMFILE, "Too many open files (");
        says(ETXTBSY, "Text file busy");
        says(EFBIG, "File too large");
        says(ENOSPC, "No space left");
        says(EROFS, "Read-only file system");
        says(EMLINK, "Too many links");
        says(ENAMETOOLONG, "File name too long");
        says(ENOLCK, "No locks available");
        says(ENOSYS, "Function not implemented");
        says(ELOOP, "Too many levels of symbolic links");
        says(EOPNOTSUPP, "Operation not supported");
        says(ENOTCONN, "Transport endpoint is not connected");
        says(ETIMEDOUT, "Connection timed out");
        says(EHOSTDOWN, "Host is down");
        says(ESTALE, "Stale file handle");
        says(EDQUOT, "Disk quota exceeded");
    }

    #[test]
    fn each_cause_has_its_own_advice() {
        let of = |code| advice(&io::Error::from_raw_os_error(code));
        let all = [
            ENOSPC,
            EDQUOT,
            EFBIG,
            EROFS,
            EACCES,
            ENOENT,
            ENOTDIR,
            EISDIR,
            ENAMETOOLONG,
            ELOOP,
            EMFILE,
            ENFILE,
            EIO,
            ESTALE,
            ENOLCK,
        ];
        let mut told: Vec<&str> = all.iter().map(|&code| of(code)).collect();
        told.sort_unstable();
        told.dedup();
        assert_eq!(told.len(), all.len());
        assert!(!of(ENOLCK).contains("room") && !of(EROFS).contains("room"));
        assert_eq!(of(9999), TRY_AGAIN);
    }
}
