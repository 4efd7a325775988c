//! The disk as `nt` uses it: files that are either complete and synced or absent, a folder with one writer, and words for
//! what the system refuses.
//!
//! A disk that is full, a network that drops out and a process that is killed are ordinary events. After any of them a file
//! has its old or its new contents, and the message says what to do about the cause.

mod advice;
mod atomic;
mod error;
mod guard;
mod listed;
mod lock;
mod regular;

pub use advice::{advice, is_of_nothing, shell_word};
pub use atomic::{
    create_folder, is_unfinished, move_aside, remove_unfinished, sync_folder, unfinished, write_atomic,
    write_atomic_with,
};
pub use error::FileError;
pub use guard::guarded;
pub use listed::{Written, write_listed, write_listed_with, written};
pub use lock::{Lock, LockError, Sharing};
pub use regular::{is_no_file, open, open_to_append, read, read_at_most, read_if_there, read_to_string};
