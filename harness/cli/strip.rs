//! `nt strip`.

use super::Failure;
use super::output::say;
use super::study_folder;
use nt_disk::shell_word;
use nt_records::number::thousands;
use nt_records::strip::{STRIPPABLE, StripError, strip};
use std::path::PathBuf;

/// Leave out of a study's folder what takes room and can be made again.
#[derive(clap::Args)]
pub(super) struct Strip {
    /// A study's folder.
    dir: PathBuf,
    /// Keep this too. May be given several times.
    #[arg(long, value_name = "WHAT", value_parser = STRIPPABLE.map(|(word, _)| word))]
    keep: Vec<String>,
}

impl Strip {
    pub(super) fn execute(&self) -> Result<(), Failure> {
        study_folder::check(&self.dir)?;
        let (num_files, num_bytes) = strip(&self.dir, &self.keep).map_err(|error| match error {
            StripError::NoManifest(_) | StripError::Damaged { .. } => Failure::Incomplete(error.to_string()),
            StripError::Ledger(_) | StripError::Examine(_) | StripError::Manifest(_) | StripError::File(_) => {
                Failure::system(&error)
            }
        })?;
        say(format_args!(
            "{}: {} files of {} bytes left out; manifest.json lists what, and `nt run SCENARIO --out {}` makes it again",
            self.dir.display(),
            thousands(num_files as u64),
            thousands(num_bytes),
            shell_word(&self.dir)
        ))
    }
}
