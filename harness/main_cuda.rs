//! The command line of nt, linked with CUDA: `nt` runs it for `--device cuda`.

use std::process::ExitCode;

fn main() -> ExitCode {
    negative_transfer::cli::main()
}
