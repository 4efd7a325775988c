//! What a command prints to standard output.

use super::Failure;
use nt_disk::advice;
use std::fmt::Display;
use std::io::{ErrorKind, Write};

/// Writes a line, with colours only if a terminal shows them. If the reader has closed the pipe, as `head` does, it has
/// read enough, and that is no failure.
pub(super) fn say(line: impl Display) -> Result<(), Failure> {
    match writeln!(anstream::stdout().lock(), "{line}") {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::System(format!("cannot write to standard output: {error}; {}", advice(&error))))
        }
        _ => Ok(()),
    }
}
