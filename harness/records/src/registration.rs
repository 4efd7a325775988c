//! The second home of a study's pre-registration: `preregistration.json`.
//!
//! What was fixed before the first job cannot be computed again afterwards. So it does not stand in the manifest alone, which every
//! run writes again. This file is written once, with its own checksum, before anything else in the folder.

use crate::names::REGISTRATION_FILE;
use nt_disk::{FileError, write_listed};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The version of `preregistration.json`.
pub const REGISTRATION_VERSION: u32 = 1;

/// What stands in the place of the hash where records were found and no readable pre-registration of them.
pub const LOST: &str = "lost";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Registration {
    schema_version: u32,
    preregistration: String,
    /// CRC-32 of the hash's letters, hex.
    crc32: String,
}

/// What a study's folder says of its pre-registration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Registered {
    /// Nothing: no study has begun here.
    Nothing,
    /// This hash.
    As(String),
    /// There are records, and no file that says what was registered before them can be read.
    Lost,
}

/// The pre-registration that a study's folder keeps: what [`REGISTRATION_FILE`] says, or else `of_manifest`, what the manifest says. With
/// it, what is wrong with the two, a sentence each.
///
/// # Errors
/// [`FileError`] where the system does not give a file, which says nothing of its contents.
pub fn registered(
    dir: &Path,
    of_manifest: Option<&str>,
    has_records: bool,
) -> Result<(Registered, Vec<String>), FileError> {
    let mut told = Vec::new();
    let text = nt_disk::read_if_there(&dir.join(REGISTRATION_FILE))?;
    let own = text.as_ref().and_then(|text| parse(text));
    if text.is_some() && own.is_none() {
        told.push(format!("{REGISTRATION_FILE} is damaged; a run writes it again, from what manifest.json holds"));
    }
    let registered = match (own, of_manifest) {
        (Some(own), of_manifest) => {
            if of_manifest.is_some_and(|other| other != own) {
                told.push(format!("manifest.json and {REGISTRATION_FILE} name two pre-registrations; the latter has a checksum and counts"));
            }
            Registered::As(own)
        }
        (None, Some(of_manifest)) => Registered::As(of_manifest.to_owned()),
        (None, None) if has_records => {
            told.push(
                "what was registered before the first job is lost, so that the study counts as exploratory".to_owned(),
            );
            Registered::Lost
        }
        (None, None) => Registered::Nothing,
    };
    Ok((registered, told))
}

/// Writes the pre-registration into a study's folder.
///
/// # Errors
/// [`FileError`] where the system refuses.
pub fn register(dir: &Path, preregistration: &str) -> Result<(), FileError> {
    let path = dir.join(REGISTRATION_FILE);
    let registration = Registration {
        schema_version: REGISTRATION_VERSION,
        preregistration: preregistration.to_owned(),
        crc32: checksum(preregistration),
    };
    let mut json = serde_json::to_vec(&registration).map_err(|error| FileError::at("write", &path)(error.into()))?;
    json.push(b'\n');
    if nt_disk::read(&path).is_ok_and(|kept| kept == json) {
        return Ok(());
    }
    write_listed(&path, &json)
}

fn parse(text: &[u8]) -> Option<String> {
    let registration: Registration = serde_json::from_slice(text).ok()?;
    let is_whole = registration.crc32 == checksum(&registration.preregistration);
    (is_whole && registration.schema_version == REGISTRATION_VERSION).then_some(registration.preregistration)
}

fn checksum(text: &str) -> String {
    format!("{:08x}", crc32fast::hash(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn the_second_home_counts_and_either_alone_is_enough() {
        let dir = tempfile::tempdir().unwrap();
        let read = |of_manifest, has_records| registered(dir.path(), of_manifest, has_records).unwrap();
        assert_eq!(read(None, false), (Registered::Nothing, vec![]));
        let of_manifest = Registered::As("00".to_owned());
        assert_eq!(read(Some("00"), true), (of_manifest.clone(), vec![]), "as older folders are");
        let (lost, told) = read(None, true);
        assert!(lost == Registered::Lost && told[0].contains("exploratory"), "{told:?}");

        register(dir.path(), "77").unwrap();
        assert_eq!(read(None, true), (Registered::As("77".to_owned()), vec![]));
        let (counts, told) = read(Some("00"), true);
        assert!(counts == Registered::As("77".to_owned()) && told[0].contains("two pre-registrations"), "{told:?}");

        let path = dir.path().join(REGISTRATION_FILE);
        for damaged in [fs::read_to_string(&path).unwrap().replace("77", "78"), String::new()] {
            fs::write(&path, damaged).unwrap();
            assert_eq!(
                read(Some("00"), true),
                (
                    of_manifest.clone(),
                    vec![
                        "preregistration.json is damaged; a run writes it again, from what manifest.json holds"
                            .to_owned()
                    ]
                )
            );
        }
    }
}
