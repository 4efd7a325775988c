//! The log: everything to `log.jsonl` of the study, what `-v` asks for to standard error.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;
use std::sync::Mutex;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Starts logging into the folder of a study, which must exist.
///
/// # Errors
/// Where the file cannot be opened.
pub(super) fn start(dir: &Path, verbose: u8) -> io::Result<()> {
    let file: File = OpenOptions::new().create(true).append(true).open(dir.join("log.jsonl"))?;
    let to_file = tracing_subscriber::fmt::layer().json().with_writer(Mutex::new(file)).with_filter(LevelFilter::INFO);
    let level = match verbose {
        0 => LevelFilter::WARN,
        1 => LevelFilter::INFO,
        _ => LevelFilter::DEBUG,
    };
    let to_terminal = tracing_subscriber::fmt::layer().without_time().with_target(false).with_writer(io::stderr);
    // A process logs into one study; where a test starts a second one, the first stays.
    let _ = tracing_subscriber::registry().with(to_file).with(to_terminal.with_filter(level)).try_init();
    Ok(())
}
