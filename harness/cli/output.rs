//! What a command says on standard output.

use super::Failure;
use std::fmt::Display;
use std::io::{ErrorKind, Write};

/// Writes a line, its colours only where a terminal shows them. A reader that has left, such as `head`, has read enough: that is no failure.
pub(super) fn say(line: impl Display) -> Result<(), Failure> {
    match writeln!(anstream::stdout().lock(), "{line}") {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::System(format!("cannot write to standard output: {error}")))
        }
        _ => Ok(()),
    }
}
