//! `nt report`.

use super::Failure;
use super::output::say;
use std::path::{Path, PathBuf};

#[derive(clap::Args)]
pub(super) struct Report {
    /// A study's folder.
    dir: PathBuf,
}

impl Report {
    pub(super) fn execute(&self) -> Result<(), Failure> {
        if !self.dir.join("manifest.json").is_file() {
            return Err(Failure::Input(format!(
                "{} holds no study; name a folder that nt run wrote, such as reports/smoke",
                self.dir.display()
            )));
        }
        write_and_tell(&self.dir)
    }
}

/// Draws the report and prints its table.
pub(super) fn write_and_tell(dir: &Path) -> Result<(), Failure> {
    let summary = nt_results::report(dir).map_err(|error| Failure::system(&error))?;
    say(summary.terminal_table())?;
    say(dir.join("index.html").display())?;
    Ok(())
}
