//! What a command prints to standard output.

use super::Failure;
use nt_disk::advice;
use nt_records::text::printable;
use std::fmt::Display;
use std::io::{ErrorKind, Write};

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
