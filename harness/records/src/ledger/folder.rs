//! Whether a folder is one that a study may write into.

use super::LedgerError;
use super::line::is_a_line;
use super::shard;
use crate::names::{MANIFEST_FILE, REGISTRATION_FILE, RESOLVED_FILE};
use nt_disk::{FileError, is_unfinished};
use serde_json::Value;
use std::fs;
use std::io::Read;
use std::path::Path;

/// Refuses a folder that holds files and no study: a study's files would lie among somebody's own, and those of its names would be
/// written over.
///
/// # Errors
/// [`LedgerError::Foreign`] names what lies there.
pub(super) fn check_is_of_a_study(dir: &Path) -> Result<(), LedgerError> {
    if is_a_study(dir)? {
        return Ok(());
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).map_err(FileError::at("list", dir))? {
        let entry = entry.map_err(FileError::at("list", dir))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !is_harmless(&name) {
            files.push(name);
        }
    }
    files.sort();
    // Another shard may have begun the study since it was looked for.
    if files.is_empty() || is_a_study(dir)? { Ok(()) } else { Err(LedgerError::Foreign { dir: dir.to_owned(), files }) }
}

/// Whether a file says nothing of whose folder it is: hidden ones, and what a run writes before the study has a name.
fn is_harmless(name: &str) -> bool {
    name.starts_with('.') || is_unfinished(name) || name == "lost+found" || name == "log.jsonl"
}

/// Whether one of the files that only `nt` writes is there. One of them may be damaged, but hardly all.
fn is_a_study(dir: &Path) -> Result<bool, FileError> {
    let has_key = |file: &str, key: &str| {
        let value = nt_disk::read(&dir.join(file)).ok().and_then(|text| serde_json::from_slice::<Value>(&text).ok());
        value.is_some_and(|value| value.get(key).is_some())
    };
    if has_key(REGISTRATION_FILE, "preregistration") || has_key(MANIFEST_FILE, "preregistration") {
        return Ok(true);
    }
    let is_of_records = |path: &Path| {
        let mut start = [0; 64];
        let length = nt_disk::open(path).and_then(|mut file| file.read(&mut start)).unwrap_or(0);
        is_a_line(&start[..length])
    };
    let records = shard::files(dir)?;
    if records.iter().any(|path| is_of_records(path)) {
        return Ok(true);
    }
    let is_locked = dir.join(".lock").exists();
    Ok(is_locked && (!records.is_empty() || dir.join(RESOLVED_FILE).exists()))
}
