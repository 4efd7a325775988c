//! The command line of nt.

use std::process::ExitCode;

fn main() -> ExitCode {
    negative_transfer::cli::main()
}
