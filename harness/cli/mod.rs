//! The commands of `nt`, and what they tell the shell.

mod analyze;
mod audit;
mod check;
mod cuda_program;
mod device;
mod explain;
mod export;
mod failure;
mod log;
mod migrate;
mod output;
mod plan;
mod report;
mod run;
mod scenario_file;
mod strip;
mod study_folder;
mod verify;

use clap::error::ContextKind;
use clap::{Parser, Subcommand};
use failure::Failure;
use nt_kernels::tile::Simd;
use std::process::ExitCode;
#[cfg(unix)]
use std::sync::Arc;

/// Does knowledge from this source hurt on that target, with this recipe?
///
/// Exit codes: 0 done; 1 ran, but some jobs failed, a study's files are damaged, `verify` found a difference, `audit` an overlap or
/// `migrate --check` an older version; 2 the input or the device is wrong, and nothing was run or changed; 3 the folder is busy, or I/O or
/// a GPU failed; 130 interrupted.
#[derive(Parser)]
#[command(name = "nt", version, max_term_width = 100)]
struct Arguments {
    /// Log to standard error too; give it twice for details.
    #[arg(short, long, action = clap::ArgAction::Count, global = true)]
    verbose: u8,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// List every fault of a scenario at once, each with its place and what would be accepted; or, given a study's folder, every
    /// file that is not as it was written.
    Check(check::Check),
    /// List the jobs of a scenario, their number and their cost; runs nothing.
    Plan(plan::Plan),
    /// Look for test images among training images, and measure how far sources lie from targets; trains nothing.
    Audit(audit::Audits),
    /// Run a study, or resume one.
    Run(run::Run),
    /// Draw a study's report again from its records, without training and without data.
    Report(report::Report),
    /// Give verdicts for a table from any framework.
    Analyze(Box<analyze::Analyze>),
    /// Run jobs of a study again and compare the results.
    Verify(verify::Verify),
    /// Leave out of a study's folder what takes room and can be made again.
    Strip(strip::Strip),
    /// Show the line of the scenario that a job comes from.
    Explain(explain::Explain),
    /// Write a network of a study as PyTorch and torchvision load it, with a card that says what it is.
    Export(export::Export),
    /// Write a scenario of an older version as the latest one, with its comments and layout.
    Migrate(migrate::Migrate),
}

/// Parses the command line, runs the command, and returns its exit code.
pub fn main() -> ExitCode {
    let arguments = Arguments::try_parse().unwrap_or_else(|mut error| {
        // No argument of any command takes what begins with a dash, so that "--" before it would help nobody.
        error.remove(ContextKind::Suggested);
        error.exit()
    });
    // A file beyond `ulimit -f` is an error of its write, which says what to do, and no end without a word.
    #[cfg(unix)]
    let _ = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, Arc::default());
    start_threads();
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
        Command::Strip(command) => command.execute(),
        Command::Explain(command) => command.execute(),
        Command::Export(command) => command.execute(),
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

/// Threads that `RAYON_NUM_THREADS` may ask for.
const MOST_THREADS: usize = 512;

/// Starts the threads that commands share. Where the system gives none (`ulimit -u`, a container's limit), all is done on this one.
fn start_threads() {
    // More threads than any machine has would only wait for one another.
    let asked = std::env::var("RAYON_NUM_THREADS").ok().and_then(|number| number.trim().parse::<usize>().ok());
    if asked.is_some_and(|asked| asked > MOST_THREADS) {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let _ = rayon::ThreadPoolBuilder::new().num_threads(cores).build_global();
        return;
    }
    if rayon::ThreadPoolBuilder::new().build().is_err() {
        let _ = rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread().build_global();
    }
}
