//! The log: everything goes to the study's `log.jsonl`, and to standard error what `-v` asks for.

use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// The log of a run. The data are opened, and their cache repaired, before the study's folder may be written. What is
/// logged until then goes to standard error at once, and to the file later.
pub(super) struct StudyLog(Arc<Mutex<Sink>>);

impl StudyLog {
    /// Starts logging.
    pub(super) fn start(verbose: u8) -> Self {
        let sink = Arc::new(Mutex::new(Sink::Waiting(Vec::new())));
        let writer = Arc::clone(&sink);
        let to_file = tracing_subscriber::fmt::layer()
            .json()
            .with_writer(move || Writer(Arc::clone(&writer)))
            .log_internal_errors(false)
            .with_filter(LevelFilter::INFO);
        // A process has one log. If a test starts a second one, the first stays.
        let _ = tracing_subscriber::registry().with(to_file).with(terminal(verbose)).try_init();
        Self(sink)
    }

    /// Keeps the log in the folder of a study, which must exist.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub(super) fn keep_in(&self, dir: &Path) -> io::Result<()> {
        let mut file = match nt_disk::open_to_append(&dir.join("log.jsonl")) {
            Err(error) if nt_disk::is_no_file(&error) => {
                tracing::warn!("{} is no file, so that this run keeps no log", dir.join("log.jsonl").display());
                return Ok(());
            }
            opened => opened?,
        };
        let mut sink = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Sink::Waiting(said) = &*sink {
            file.write_all(said)?;
        }
        *sink = Sink::Kept(file);
        Ok(())
    }
}

/// Logs to standard error only, for commands that write no study.
pub(super) fn to_stderr(verbose: u8) {
    let _ = tracing_subscriber::registry().with(terminal(verbose)).try_init();
}

fn terminal<S>(verbose: u8) -> impl Layer<S>
where
    S: tracing::Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a>,
{
    let level = match verbose {
        0 => LevelFilter::WARN,
        1 => LevelFilter::INFO,
        _ => LevelFilter::DEBUG,
    };
    tracing_subscriber::fmt::layer()
        .without_time()
        .with_target(false)
        .with_ansi(io::stderr().is_terminal())
        .with_writer(io::stderr)
        // It would be told on standard error, and panic where that cannot be written.
        .log_internal_errors(false)
        .with_filter(level)
}

/// Where the lines of the log go.
enum Sink {
    Waiting(Vec<u8>),
    Kept(File),
}

struct Writer(Arc<Mutex<Sink>>);

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            Sink::Waiting(said) => said.write(bytes),
            Sink::Kept(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            Sink::Waiting(_) => Ok(()),
            Sink::Kept(file) => file.flush(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_before_the_folder_is_known_is_kept_too() {
        let folder = tempfile::tempdir().unwrap();
        let log = StudyLog(Arc::new(Mutex::new(Sink::Waiting(Vec::new()))));
        let say = |text: &str| Writer(Arc::clone(&log.0)).write_all(text.as_bytes()).unwrap();
        say("early\n");
        log.keep_in(folder.path()).unwrap();
        say("late\n");
        assert_eq!(std::fs::read_to_string(folder.path().join("log.jsonl")).unwrap(), "early\nlate\n");
    }
}
