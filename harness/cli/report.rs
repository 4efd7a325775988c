//! `nt report`.

use super::Failure;
use super::output::{say, say_styled};
use super::study_folder;
use crate::terminal::tell;
use nt_records::ledger::{Shard, WriterLock};
use nt_report::{ReportError, tensorboard};
use std::path::{Path, PathBuf};

#[derive(clap::Args)]
pub(super) struct Report {
    /// A study's folder.
    dir: PathBuf,
    #[command(flatten)]
    extras: Extras,
}

/// What a report may hold in addition.
#[derive(clap::Args)]
pub(super) struct Extras {
    /// Write the learning curves for TensorBoard too, into the folder tensorboard beside the report.
    #[arg(long)]
    tensorboard: bool,
}

impl Report {
    pub(super) fn execute(&self) -> Result<(), Failure> {
        study_folder::check(&self.dir)?;
        // What a run writes meanwhile would be half in this report, and half lost again to it.
        let lock = WriterLock::take(&self.dir, Shard::WHOLE).map_err(|error| Failure::system(&error))?;
        let drawn = write_and_tell(&self.dir, &self.extras);
        lock.check_place(&self.dir).map_err(|error| Failure::system(&error))?;
        drawn
    }
}

/// Draws the report and prints its table. The caller has the right to write.
pub(super) fn write_and_tell(dir: &Path, extras: &Extras) -> Result<(), Failure> {
    let summary = nt_report::report(dir).map_err(|error| {
        // Where what the page needs was left out on purpose, nothing of the system failed.
        let is_stripped = matches!(error, ReportError::Stripped { .. });
        if is_stripped { Failure::Incomplete(error.to_string()) } else { Failure::system(&error) }
    })?;
    for words in &summary.damage {
        tell(format!("damaged: {words}"));
    }
    say_styled(summary.terminal_table())?;
    for note in &summary.notes {
        say(note)?;
    }
    say(dir.join("index.html").display())?;
    if extras.tensorboard {
        let (records, _) = nt_records::read_records(dir).map_err(|error| Failure::system(&error))?;
        let num_files = tensorboard::write(dir, &records).map_err(|error| Failure::system(&error))?;
        let folder = dir.join(tensorboard::TENSORBOARD_FOLDER);
        say(format_args!("{num_files} learning curves: tensorboard --logdir {}", folder.display()))?;
    }
    if !summary.damage.is_empty() {
        return Err(Failure::Incomplete(format!(
            "the report of {} is drawn of what is left; if there was a sound page, it is kept as index.sound.html",
            dir.display()
        )));
    }
    Ok(())
}
