//! Whether a study's folder is as it was written.
//!
//! Every file of a study has its length and hash in a record or in the manifest, apart from logs. So damage after it was written, by
//! a disk, a copy or a hand, is found without training anything.

use crate::file::FileProblem;
use crate::ledger::{LedgerError, LedgerWarning, read_records, result_digest};
use crate::manifest::{Completeness, Manifest, ManifestError};
use crate::names::{MANIFEST_FILE, RESOLVED_FILE};
use crate::number::counted;
use crate::record::RunRecord;
use crate::registration::registered;
use nt_disk::FileError;
use nt_scenario::JobId;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use thiserror::Error;

/// Why a folder cannot be examined.
#[derive(Debug, Error)]
pub enum ExamineError {
    /// Its records cannot be read.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// Its manifest is of another version, or cannot be read.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The system refused.
    #[error(transparent)]
    File(#[from] FileError),
}

/// What a folder was found to be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Examination {
    /// Files that are as they were written.
    pub num_sound: usize,
    /// Files that were left out on purpose.
    pub num_stripped: usize,
    /// What is wrong, a sentence each, which begins with the file.
    pub damage: Vec<String>,
    /// Files that the system does not give now, which says nothing of their contents, likewise.
    pub unreadable: Vec<String>,
    /// Records of which the manifest knows no digest, since the run that wrote it has not ended.
    pub num_uncounted: usize,
}

/// What a study's folder says of itself.
#[derive(Debug)]
pub struct Known {
    /// Its manifest, unless that is missing or damaged.
    pub manifest: Option<Manifest>,
    /// Its records.
    pub records: Vec<RunRecord>,
    /// What is wrong with the files that hold them.
    pub warnings: Vec<LedgerWarning>,
    /// What is not as it was written: of the manifest, of the records, and of the pre-registration.
    pub damage: Vec<String>,
}

impl Known {
    /// Reads manifest, records and pre-registration.
    ///
    /// # Errors
    /// [`ExamineError`] where the system does not give a file, which says nothing of its contents.
    pub fn read(dir: &Path) -> Result<Self, ExamineError> {
        let mut damage = Vec::new();
        let manifest = match Manifest::read(dir) {
            Ok(manifest) => manifest,
            Err(error @ (ManifestError::Parse { .. } | ManifestError::Changed { .. })) => {
                damage.push(error.to_string());
                None
            }
            Err(error) => return Err(error.into()),
        };
        let (records, warnings) = read_records(dir)?;
        damage.extend(damaged_records(manifest.as_ref(), &records, &warnings));
        let of_manifest = manifest.as_ref().map(|manifest| manifest.preregistration.as_str());
        // Records alone, without what a run writes before the first of them, are no study that has lost something.
        let has_begun = !records.is_empty() && dir.join(RESOLVED_FILE).exists();
        damage.extend(registered(dir, of_manifest, has_begun)?.1);
        Ok(Self { manifest, records, warnings, damage })
    }
}

/// Compares every file of a study's folder with what its records and its manifest say of it.
///
/// # Errors
/// [`ExamineError`] where the system does not give a file, which says nothing of its contents.
pub fn examine(dir: &Path) -> Result<Examination, ExamineError> {
    let Known { manifest, records, damage, .. } = Known::read(dir)?;
    let mut found = Examination { damage, ..Examination::default() };
    if manifest.is_none() && !dir.join(MANIFEST_FILE).is_file() {
        found.damage.insert(0, format!("{MANIFEST_FILE} is missing; `nt run SCENARIO --out FOLDER` writes it again"));
    }
    if manifest.as_ref().is_some_and(Manifest::has_old_pages) {
        let pages = "index.html and report.md were drawn of other results, or of another scenario or audit; `nt report FOLDER` draws \
                     them again";
        found.damage.push(pages.to_owned());
    }
    let of_records = records.iter().flat_map(|record| record.files.iter().map(move |file| (file, Some(&record.name))));
    // Pictures of jobs stand in both.
    let pictures = records.iter().flat_map(|record| &record.files).filter(|file| file.is_picture());
    let pictures: BTreeSet<&str> = pictures.map(|file| file.path.as_str()).collect();
    let others =
        manifest.iter().flat_map(|manifest| &manifest.files).filter(|file| !pictures.contains(file.path.as_str()));
    let of_manifest = others.map(|file| (file, None));
    let all: Vec<_> = of_records.chain(of_manifest).collect();
    let problems: Vec<_> = all.par_iter().map(|(file, _)| file.compare(dir).err()).collect();
    for ((file, job), problem) in all.iter().zip(problems) {
        let is_stripped = || manifest.as_ref().is_some_and(|manifest| manifest.has_stripped(&file.path));
        match problem {
            None => found.num_sound += 1,
            Some(FileProblem::Missing) if is_stripped() => found.num_stripped += 1,
            Some(problem) if !problem.is_lasting() => found.unreadable.push(format!("{} {problem}", file.path)),
            Some(problem) => {
                let again = match job {
                    Some(name) => format!("a file of {name}, whose job `nt run SCENARIO --out FOLDER` runs again"),
                    None => "`nt run SCENARIO --out FOLDER` writes it again".to_owned(),
                };
                found.damage.push(format!("{} {problem}: {again}", file.path));
            }
        }
    }
    let counted =
        manifest.as_ref().filter(|manifest| !manifest.has_ended).map(|manifest| manifest.completeness.recorded());
    found.num_uncounted = counted.map_or(0, |counted| records.len().saturating_sub(counted as usize));
    Ok(found)
}

/// What is wrong with a study's records: lines that cannot be read, and records that the manifest counts and that are not there.
///
/// A line that a kill cut short is not damage: its job runs again.
pub fn damaged_records(manifest: Option<&Manifest>, records: &[RunRecord], warnings: &[LedgerWarning]) -> Vec<String> {
    let is_damage = |warning: &&LedgerWarning| !matches!(warning, LedgerWarning::TornTail { .. });
    let mut damage: Vec<String> = warnings.iter().filter(is_damage).map(LedgerWarning::to_string).collect();
    let Some(manifest) = manifest else { return damage };
    let by_job: BTreeMap<JobId, &RunRecord> = records.iter().map(|record| (record.job, record)).collect();
    let order = || manifest.plan.iter().map(|planned| planned.job);
    let record_of = |job| by_job.get(&job).copied();
    let (there, told) = (Completeness::count(order(), record_of).recorded(), manifest.completeness.recorded());
    if there < told {
        damage.push(format!(
            "runs.jsonl holds {}, and {MANIFEST_FILE} counts {told}: the others are lost; `nt run SCENARIO --out FOLDER` \
              runs their jobs again",
            counted(there as usize, "record")
        ));
    }
    let altered = manifest.altered(record_of);
    damage.extend(altered.iter().map(|planned| {
        format!(
            "the record of {} is another than {MANIFEST_FILE} knows: one of the two was changed after it was written; `nt run SCENARIO \
             --out FOLDER` runs its job again",
            planned.name
        )
    }));
    if altered.is_empty() && there == told && manifest.has_ended {
        let digest = result_digest(order(), record_of);
        if digest != manifest.result_digest {
            damage.push(format!(
                "{MANIFEST_FILE} has the result digest {}, and the records give {digest}: one of the two was changed after they were \
                 written; `nt verify` tells whether the records can be reproduced",
                manifest.result_digest
            ));
        }
    }
    damage
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::FileRef;
    use crate::ledger::Ledger;
    use crate::mock::{manifest, record};
    use crate::names::REGISTRATION_FILE;
    use crate::registration::register;
    use std::fs;

    /// A study of three jobs, each with a file, which has ended.
    fn written() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        let mut ledger = Ledger::open(dir.path()).unwrap();
        for number in 0..3 {
            let mut record = record(number);
            record.files =
                vec![FileRef::write(dir.path(), format!("predictions/{number}"), &[number as u8; 9]).unwrap()];
            ledger.append(record).unwrap();
        }
        let mut manifest = manifest();
        register(dir.path(), &manifest.preregistration).unwrap();
        fs::write(dir.path().join("scenario.toml"), "version = 2").unwrap();
        manifest.list_files(dir.path(), &[REGISTRATION_FILE, "scenario.toml"], &[]).unwrap();
        manifest.has_ended = true;
        manifest.summarise(|job| ledger.get(job));
        manifest.write(dir.path()).unwrap();
        dir
    }

    fn damage(dir: &tempfile::TempDir) -> Vec<String> {
        examine(dir.path()).unwrap().damage
    }

    #[test]
    fn a_folder_as_it_was_written_is_sound() {
        let dir = written();
        let found = Examination { num_sound: 5, ..Examination::default() };
        assert_eq!(examine(dir.path()).unwrap(), found);
    }

    #[test]
    fn every_file_that_is_changed_cut_or_gone_is_named() {
        for file in ["predictions/1", "scenario.toml", REGISTRATION_FILE, "manifest.json", "runs.jsonl"] {
            let dir = written();
            let path = dir.path().join(file);
            let sound = fs::read(&path).unwrap();
            let mut flipped = sound.clone();
            flipped[sound.len() / 2] ^= 1;
            for damaged in [Some(flipped), Some(sound[..sound.len() / 2].to_vec()), Some(Vec::new()), None] {
                match &damaged {
                    Some(bytes) => fs::write(&path, bytes).unwrap(),
                    None => fs::remove_file(&path).unwrap(),
                }
                let told = damage(&dir);
                assert!(
                    told.iter().any(|words| words.contains(file)),
                    "{file} {:?}: {told:?}",
                    damaged.map(|d| d.len())
                );
            }
        }
    }

    #[test]
    fn an_edited_digest_and_a_lost_record_are_told() {
        let dir = written();
        let mut manifest = Manifest::read(dir.path()).unwrap().unwrap();
        manifest.result_digest = manifest.result_digest.replace(|c: char| c.is_ascii_digit(), "0");
        manifest.write(dir.path()).unwrap();
        assert!(damage(&dir)[0].contains("the records give"), "{:?}", damage(&dir));
        manifest.has_ended = false;
        manifest.write(dir.path()).unwrap();
        assert_eq!(damage(&dir), [""; 0], "a run that has not ended counts behind its records");
        let lines = fs::read_to_string(dir.path().join("runs.jsonl")).unwrap();
        fs::write(dir.path().join("runs.jsonl"), lines.lines().next().unwrap().to_owned() + "\n").unwrap();
        assert!(damage(&dir)[0].contains("holds 1 record, and manifest.json counts 3"), "{:?}", damage(&dir));
    }

    #[test]
    fn what_was_left_out_on_purpose_is_not_damage() {
        let dir = written();
        let mut manifest = Manifest::read(dir.path()).unwrap().unwrap();
        manifest.stripped = vec!["predictions/".to_owned()];
        manifest.write(dir.path()).unwrap();
        fs::remove_file(dir.path().join("predictions/1")).unwrap();
        fs::write(dir.path().join("predictions/2"), "other").unwrap();
        let found = examine(dir.path()).unwrap();
        assert_eq!((found.num_sound, found.num_stripped, found.damage.len()), (3, 1, 1), "{:?}", found.damage);
    }
}
