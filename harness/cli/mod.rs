//! The commands of `nt`, and what they tell the shell.

mod analyze;
mod audit;
mod check;
mod cuda_program;
mod device;
mod explain;
mod failure;
mod log;
mod migrate;
mod output;
mod plan;
mod report;
mod run;
mod scenario_file;
mod verify;

use clap::{Parser, Subcommand};
use failure::Failure;
use nt_kernels::tile::Simd;
use std::process::ExitCode;

/// Does knowledge from this source hurt on that target, with this recipe?
///
/// Exit codes: 0 done; 1 ran, but some jobs failed, `verify` found a difference, `audit` an overlap or `migrate --check`
/// an older version; 2 the input or the device asked for is wrong, and nothing was run or changed; 3 the folder is busy,
/// or I/O or a GPU failed; 130 interrupted.
#[derive(Parser)]
#[command(name = "nt", version, max_term_width = 100)]
struct Arguments {
    /// Say more: what is logged goes to standard error too (twice: in detail).
    #[arg(short, long, action = clap::ArgAction::Count, global = true)]
    verbose: u8,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Tell every fault of a scenario at once, with its place and what would be accepted.
    Check(check::Check),
    /// List the jobs of a scenario, their number and cost; nothing is run.
    Plan(plan::Plan),
    /// Look for test images among training images, and measure how far sources lie from targets; nothing is trained.
    Audit(audit::Audits),
    /// Run a study, or go on with one.
    Run(run::Run),
    /// Draw a study's report again from its records, without training and without data.
    Report(report::Report),
    /// Give verdicts for a table from any framework.
    Analyze(Box<analyze::Analyze>),
    /// Run jobs of a study again and compare what comes out.
    Verify(verify::Verify),
    /// Walk from a job back to the line of the scenario that it comes from.
    Explain(explain::Explain),
    /// Write a scenario of an older version as the latest one, with its comments and layout.
    Migrate(migrate::Migrate),
}

/// Parses the command line, does what it says, and tells the shell how that went.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let verbose = arguments.verbose;
    if let Err(error) = Simd::from_environment() {
        let failure = Failure::input(&error);
        failure.tell();
        return failure.exit_code();
    }
    if !matches!(arguments.command, Command::Run(_)) {
        log::to_stderr(verbose);
    }
    let outcome = match arguments.command {
        Command::Check(command) => command.execute(),
        Command::Plan(command) => command.execute(),
        Command::Audit(command) => command.execute(),
        Command::Run(command) => command.execute(verbose),
        Command::Report(command) => command.execute(),
        Command::Analyze(command) => command.execute(),
        Command::Verify(command) => command.execute(),
        Command::Explain(command) => command.execute(),
        Command::Migrate(command) => command.execute(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.tell();
            failure.exit_code()
        }
    }
}
