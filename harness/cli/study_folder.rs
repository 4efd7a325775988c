//! A study's folder that the command line names.

use super::Failure;
use nt_disk::{advice, shell_word};
use nt_records::Manifest;
use nt_records::manifest::ManifestError;
use nt_records::names::{RESOLVED_FILE, is_study};
use nt_scenario::Scenario;
use std::io::ErrorKind;
use std::path::Path;

/// Checks that a folder can be listed and holds a study.
pub(super) fn check(dir: &Path) -> Result<(), Failure> {
    if let Err(error) = std::fs::read_dir(dir) {
        let text = format!("cannot list the folder {}: {error}; {}", dir.display(), advice(&error));
        // What is not there, or is no folder, was named wrongly; the rest the system refuses.
        let is_named_wrongly = matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory);
        return Err(if is_named_wrongly { Failure::Input(text) } else { Failure::System(text) });
    }
    if is_study(dir) {
        return Ok(());
    }
    Err(Failure::Input(format!(
        "{} holds no study; name a folder that nt run wrote, such as reports/smoke",
        dir.display()
    )))
}

/// Refuses to write other results into a folder that holds a study's.
pub(super) fn not_over_a_study(dir: &Path) -> Result<(), Failure> {
    if !is_study(dir) {
        return Ok(());
    }
    Err(Failure::Input(format!(
        "{} holds a study, whose own results lie there; give another folder with --out",
        dir.display()
    )))
}

/// The manifest of a study's folder.
pub(super) fn manifest(dir: &Path) -> Result<Manifest, Failure> {
    check(dir)?;
    let manifest = Manifest::read(dir).map_err(|error| match error {
        ManifestError::Parse { .. } | ManifestError::Changed { .. } => Failure::Incomplete(format!("damaged: {error}")),
        ManifestError::SchemaVersion { .. } | ManifestError::File(_) => Failure::system(&error),
    })?;
    manifest.ok_or_else(|| Failure::Incomplete(lost(dir, "manifest.json")))
}

/// The scenario of a study's folder, as it was meant when it was run.
pub(super) fn scenario(dir: &Path) -> Result<Scenario, Failure> {
    let file = dir.join("scenario.toml");
    let text = nt_disk::read_to_string(&file).map_err(|error| {
        if error.kind() == ErrorKind::NotFound {
            return Failure::Incomplete(lost(dir, "scenario.toml"));
        }
        Failure::System(format!("cannot read {}: {error}; {}", file.display(), advice(&error)))
    })?;
    let resolved = nt_disk::read_to_string(&dir.join(RESOLVED_FILE)).unwrap_or_default();
    Scenario::parse_kept(&text, &file.display().to_string(), &resolved)
        .map_err(|faults| Failure::Input(faults.to_string()))
}

/// What is lost of a study, and how it is made again.
pub(super) fn lost(dir: &Path, file: &str) -> String {
    format!("{} lacks {file}; `nt run SCENARIO --out {}` writes it again", dir.display(), shell_word(dir))
}
