//! Names of files in a study's folder that several modules look for.

use std::path::Path;

/// What produced the folder.
pub const MANIFEST_FILE: &str = "manifest.json";

/// The second home of the study's pre-registration.
pub const REGISTRATION_FILE: &str = "preregistration.json";

/// The study's records.
pub const RUNS_FILE: &str = "runs.jsonl";

/// The scenario with every key written out.
pub const RESOLVED_FILE: &str = "resolved.toml";

/// Whether a folder holds a study, whatever was lost of it.
pub fn is_study(dir: &Path) -> bool {
    [MANIFEST_FILE, RESOLVED_FILE, REGISTRATION_FILE, RUNS_FILE].into_iter().any(|name| dir.join(name).exists())
}
