//! What a command prints to standard output.

use super::Failure;
use nt_disk::advice;
use nt_records::text::printable;
use std::fmt::Display;
use std::io::{ErrorKind, Write};
use std::path::Path;

/// Writes a line without what would give orders to a terminal: names and lines of files reach it as somebody wrote them.
pub(super) fn say(line: impl Display) -> Result<(), Failure> {
    say_styled(printable(&line.to_string()))
}

/// Writes a line of nt's own, with colours only if a terminal shows them. If the reader has closed the pipe, as `head` does, it has
/// read enough, and that is no failure.
pub(super) fn say_styled(line: impl Display) -> Result<(), Failure> {
    match writeln!(anstream::stdout().lock(), "{line}") {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::System(format!("cannot write to standard output: {error}; {}", advice(&error))))
        }
        _ => Ok(()),
    }
}

/// Refuses a path where a file lies that `nt` did not write: it would be lost.
pub(super) fn not_over_others(path: &Path, is_ours: impl Fn(&[u8]) -> bool) -> Result<(), Failure> {
    match nt_disk::read(path) {
        Ok(found) if !is_ours(&found) => Err(Failure::Input(format!(
            "{} is there and was not written by nt; give another folder with --out, or move the file",
            path.display()
        ))),
        _ => Ok(()),
    }
}

/// Whether a text is a JSON object with these keys.
pub(super) fn has_keys(text: &[u8], keys: &[&str]) -> bool {
    let value = serde_json::from_slice::<serde_json::Value>(text);
    value.is_ok_and(|value| keys.iter().all(|key| value.get(key).is_some()))
}
