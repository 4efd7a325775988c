//! What produced a study's folder: `manifest.json`.

mod checksum;
mod plan;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use nt_scenario::{DataFacts, Job, JobId, Known, PerClass};
use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use plan::{Completeness, PlannedJob};

use crate::audit::AUDIT_FILE;
use crate::file::FileRef;
use crate::ledger::result_digest;
use crate::names::{MANIFEST_FILE, RESOLVED_FILE};
use crate::record::RunRecord;
use crate::version;
use nt_disk::{FileError, is_unfinished, write_atomic};

/// The version of `manifest.json`.
pub const MANIFEST_VERSION: u32 = 4;

/// Versions, host, device, seeds, data, the plan, and its results.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// [`MANIFEST_VERSION`] of the program that wrote it.
    pub schema_version: u32,
    /// The study's name.
    pub study: String,
    /// Versions by name: `nt`, `candle-core`, `libm`, `rustc` …
    pub versions: BTreeMap<String, String>,
    /// Backend, precision and version of the arithmetic.
    pub numerics: String,
    /// The machine it ran on last. No part of any result.
    pub host: Host,
    /// The study's seed.
    pub seed: u64,
    /// The datasets by name.
    pub data: BTreeMap<String, DataFact>,
    /// Learnable parameters of the network, by target.
    pub parameters: BTreeMap<String, u64>,
    /// Hash of contrasts, family, metric, margin and scope, taken before the first job and kept from then on.
    pub preregistration: String,
    /// Every job, in plan order.
    pub plan: Vec<PlannedJob>,
    /// How much of the plan is done.
    pub completeness: Completeness,
    /// Why jobs were not run in the last run: what learned nothing, a sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub withheld: Vec<String>,
    /// How often test labels were opened, over all jobs.
    pub test_openings: u64,
    /// Hash over all records' meaning and values in plan order.
    pub result_digest: String,
    /// Whether the run that wrote this had come to its end. Otherwise there may be more records than it counts.
    #[serde(default)]
    pub has_ended: bool,
    /// Every other file of the folder that no record refers to, by path; logs apart.
    #[serde(default)]
    pub files: Vec<FileRef>,
    /// Hash of the results, the scenario and the audit that its pages were drawn of; empty before they are drawn.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub drawn_of: String,
    /// Files that were left out on purpose: a path, a folder as `predictions/`, or the files of a folder as `figures/*.png`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stripped: Vec<String>,
}

/// A machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Host {
    /// Operating system and architecture: `linux x86_64`.
    pub system: String,
    /// The processor or accelerator: `cpu` with its vector width, or a GPU model.
    pub device: String,
    /// Cores.
    pub cores: usize,
    /// Jobs at a time.
    pub jobs: usize,
    /// Threads a job.
    pub threads: usize,
}

/// A dataset as it was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataFact {
    /// Hash of its decoded pixels or of what renders them, hex.
    pub digest: String,
    /// Its classes, in label order.
    pub classes: Vec<String>,
    /// Training images of all classes.
    pub train_images: u64,
    /// Training images of each class, in label order; `None` where all classes have the same number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub train_per_class: Option<Vec<u64>>,
    /// Test images of all classes.
    pub test_images: u64,
    /// What was said of it when it was read, a sentence each: files and folders that were left out, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
}

impl DataFact {
    /// A dataset's facts as a manifest keeps them, with what was said of it.
    pub fn of(facts: &DataFacts, remarks: Vec<String>) -> Self {
        let total = |counts: &[usize]| counts.iter().sum::<usize>() as u64;
        let train = match PerClass::new(facts.train_per_class.clone()) {
            PerClass::Equal(_) => None,
            PerClass::Each(counts) => Some(counts.iter().map(|&count| count as u64).collect()),
        };
        Self {
            digest: facts.digest_hex(),
            classes: facts.classes.clone(),
            train_images: total(&facts.train_per_class),
            train_per_class: train,
            test_images: total(&facts.test_per_class),
            remarks,
        }
    }

    /// What it tells of the dataset's classes and training images.
    pub fn known(&self) -> Known {
        let train = match &self.train_per_class {
            None => vec![self.train_images as usize / self.classes.len().max(1); self.classes.len()],
            Some(counts) => counts.iter().map(|&count| count as usize).collect(),
        };
        Known { classes: Some(self.classes.clone()), train: Some(train), ..Known::default() }
    }
}

/// Why a manifest cannot be read or written.
#[derive(Debug, Error)]
pub enum ManifestError {
    /// It is not a manifest of this version.
    #[error("{} is not a manifest: {source}; `nt run SCENARIO --out FOLDER` writes it again", path.display())]
    Parse {
        /// The file.
        path: PathBuf,
        /// What serde says, with line and column.
        source: serde_json::Error,
    },
    /// It is not as it was written.
    #[error("{} is not as it was written: its checksum is another; `nt run SCENARIO --out FOLDER` writes it again", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// It is of another version.
    #[error("{} has schema_version {found} where this program reads {MANIFEST_VERSION}; use the version of nt that wrote \
        it", path.display())]
    SchemaVersion {
        /// The file.
        path: PathBuf,
        /// What it says.
        found: u64,
    },
    /// The system refused.
    #[error(transparent)]
    File(#[from] FileError),
}

/// The one part of a manifest that every version has.
#[derive(Deserialize)]
struct Versioned {
    #[serde(default)]
    schema_version: serde_json::Value,
}

impl Manifest {
    /// The jobs of a plan, as a manifest has them.
    pub fn plan_of(jobs: &[Job]) -> Vec<PlannedJob> {
        let planned = |job: &Job| PlannedJob {
            job: job.id,
            name: job.name.clone(),
            role: job.role,
            line: job.line,
            multiply_accumulates: job.multiply_accumulates.round() as u64,
            record: String::new(),
        };
        jobs.iter().map(planned).collect()
    }

    /// Updates completeness, test openings and the result digest from the records.
    pub fn summarise<'a>(&mut self, record_of: impl Fn(JobId) -> Option<&'a RunRecord>) {
        let order = || self.plan.iter().map(|planned| planned.job);
        self.completeness = Completeness::count(order(), &record_of);
        self.test_openings = order().filter_map(&record_of).map(|record| u64::from(record.test_openings)).sum();
        self.result_digest = result_digest(order(), &record_of);
        for planned in &mut self.plan {
            planned.record = record_of(planned.job).map(PlannedJob::told_of).unwrap_or_default();
        }
    }

    /// The jobs whose records are others than when it was written, with their names.
    pub fn altered<'a>(&self, record_of: impl Fn(JobId) -> Option<&'a RunRecord>) -> Vec<&PlannedJob> {
        let is_altered =
            |planned: &&PlannedJob| record_of(planned.job).is_some_and(|record| planned.differs_from(record));
        self.plan.iter().filter(is_altered).collect()
    }

    /// Lists files of the study's folder with their lengths and hashes, those named and all in these folders, in place of what it
    /// lists of them: what this process wrote as it wrote it, what was listed before as it was listed, and only what nobody knows as it
    /// is found. So what was changed meanwhile is not listed as right. One that is not there is not listed, unless this process wrote it.
    ///
    /// # Errors
    /// [`FileError`] if one is there and cannot be read.
    pub fn list_files(&mut self, dir: &Path, names: &[&str], folders: &[&str]) -> Result<(), FileError> {
        let is_in = |path: &str, folder: &&str| path.strip_prefix(*folder).is_some_and(|rest| rest.starts_with('/'));
        let is_listed_anew = |file: &FileRef| {
            names.contains(&file.path.as_str()) || folders.iter().any(|folder| is_in(&file.path, folder))
        };
        let (before, kept): (Vec<FileRef>, Vec<FileRef>) = self.files.drain(..).partition(is_listed_anew);
        self.files = kept;
        let mut paths: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        for folder in folders {
            let entries = match fs::read_dir(dir.join(folder)) {
                Ok(entries) => entries,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(FileError::at("list", dir.join(folder))(error)),
            };
            for entry in entries {
                let entry = entry.map_err(FileError::at("list", dir.join(folder)))?;
                let name = entry.file_name().to_string_lossy().into_owned();
                if !is_unfinished(&name) && entry.file_type().is_ok_and(|kind| kind.is_file()) {
                    paths.push(format!("{folder}/{name}"));
                }
            }
        }
        for path in paths {
            let at = dir.join(&path);
            let known = nt_disk::written(&at).map(|written| FileRef::of_written(path.as_str(), written));
            let known = known.or_else(|| before.iter().find(|file| file.path == path && at.is_file()).cloned());
            // What the system does not give now is not listed: who writes it next lists it.
            let found = || Some(FileRef::new(path, &nt_disk::read(&at).ok()?));
            self.files.extend(known.or_else(found));
        }
        self.files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(())
    }

    /// Hashes of what a report is drawn of: the results, and the scenario with the audit.
    pub fn basis_of_report(&self) -> String {
        let results: String = self.result_digest.chars().take(16).collect();
        let mut hasher = blake3::Hasher::new();
        for file in self.files.iter().filter(|file| [RESOLVED_FILE, AUDIT_FILE].contains(&file.path.as_str())) {
            hasher.update(file.path.as_bytes());
            hasher.update(file.blake3.as_bytes());
        }
        format!("{results}:{}", &hasher.finalize().to_hex()[..16])
    }

    /// Whether its pages were drawn of other results, another scenario or another audit than it has now. What a run that has not
    /// ended adds to its results is no surprise.
    pub fn has_old_pages(&self) -> bool {
        let basis = self.basis_of_report();
        match (self.drawn_of.split_once(':'), basis.split_once(':')) {
            (Some((drawn, drawn_under)), Some((results, under))) => {
                drawn_under != under || (self.has_ended && drawn != results)
            }
            (None, _) | (_, None) => false,
        }
    }

    /// Whether a file was left out on purpose.
    pub fn has_stripped(&self, path: &str) -> bool {
        self.stripped.iter().any(|left_out| covers(left_out, path))
    }

    /// Forgets of what was left out all that is there again.
    pub fn forget_stripped(&mut self, records: &[RunRecord], dir: &Path) {
        let listed = records.iter().flat_map(|record| &record.files).chain(&self.files);
        let gone: Vec<&str> = listed.map(|file| file.path.as_str()).filter(|path| !dir.join(path).exists()).collect();
        self.stripped.retain(|left_out| gone.iter().any(|path| covers(left_out, path)));
    }

    /// Writes `manifest.json` into a study's folder.
    ///
    /// # Errors
    /// [`ManifestError::File`] if the system refuses.
    pub fn write(&self, dir: &Path) -> Result<(), ManifestError> {
        let path = dir.join(MANIFEST_FILE);
        let mut json =
            serde_json::to_vec_pretty(self).map_err(|source| ManifestError::Parse { path: path.clone(), source })?;
        checksum::seal(&mut json);
        Ok(write_atomic(&path, &json)?)
    }

    /// Reads `manifest.json` of a study's folder; `None` if there is no such file.
    ///
    /// # Errors
    /// [`ManifestError`] if the file exists but cannot be read.
    pub fn read(dir: &Path) -> Result<Option<Self>, ManifestError> {
        let path = dir.join(MANIFEST_FILE);
        let Some(text) = nt_disk::read_if_there(&path)? else { return Ok(None) };
        let parse = |source| ManifestError::Parse { path: path.clone(), source };
        // Two passes over the text, since a plan of a million jobs takes a gigabyte as a tree of values.
        let found = serde_json::from_slice::<Versioned>(&text).map_err(parse)?.schema_version.as_u64().unwrap_or(0);
        if !version::is_readable(found, MANIFEST_VERSION) {
            return Err(ManifestError::SchemaVersion { path, found });
        }
        let body = match checksum::body(&text) {
            Some(body) => body,
            // Version 2 had no checksum.
            None if found < 3 && !checksum::has_one(&text) => text,
            None => return Err(ManifestError::Changed { path }),
        };
        Ok(Some(serde_json::from_slice(&body).map_err(parse)?))
    }
}

/// Whether a path is among those that `left_out` names: `runs.parquet`, `predictions/` or `figures/*.png`.
pub(crate) fn covers(left_out: &str, path: &str) -> bool {
    match left_out.split_once('*') {
        Some((start, end)) => path.strip_prefix(start).is_some_and(|rest| rest.ends_with(end) && !rest.contains('/')),
        None if left_out.ends_with('/') => path.starts_with(left_out),
        None => path == left_out,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mock::{manifest, record};
    use crate::record::Status;

    #[test]
    fn a_manifest_sums_up_its_records_and_comes_back() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(Manifest::read(dir.path()).unwrap(), None);
        let mut diverged = record(1);
        diverged.status = Status::Diverged { reason: "loss NaN".to_owned() };
        let records = [record(0), diverged];
        let mut manifest = manifest();
        manifest.summarise(|id| records.iter().find(|record| record.job == id));
        let expected = Completeness { planned: 3, done: 1, diverged: 1, failed: 0, unneeded: 0 };
        assert_eq!((manifest.completeness, manifest.completeness.missing()), (expected, 1));
        assert_eq!((manifest.test_openings, manifest.result_digest.len()), (2, 64));
        manifest.write(dir.path()).unwrap();
        assert_eq!(Manifest::read(dir.path()).unwrap(), Some(manifest));
    }

    #[test]
    fn a_manifest_without_a_checksum_is_of_an_older_version() {
        let dir = tempfile::tempdir().unwrap();
        let older = Manifest { schema_version: 2, ..manifest() };
        fs::write(dir.path().join(MANIFEST_FILE), serde_json::to_vec(&older).unwrap()).unwrap();
        assert_eq!(Manifest::read(dir.path()).unwrap(), Some(older));
        fs::write(dir.path().join(MANIFEST_FILE), serde_json::to_vec(&manifest()).unwrap()).unwrap();
        assert!(matches!(Manifest::read(dir.path()), Err(ManifestError::Changed { .. })));
    }

    #[test]
    fn a_manifest_of_another_version_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let future = Manifest { schema_version: 99, ..manifest() };
        future.write(dir.path()).unwrap();
        let error = Manifest::read(dir.path()).unwrap_err();
        assert!(matches!(error, ManifestError::SchemaVersion { found: 99, .. }), "{error}");
    }

    #[test]
    fn what_is_listed_is_what_was_written_or_listed_before_and_else_what_is_found() {
        let dir = tempfile::tempdir().unwrap();
        let at = |path: &str| dir.path().join(path);
        nt_disk::write_listed(&at("figures/written"), b"as it was written").unwrap();
        let listed_before = FileRef::write(dir.path(), "figures/before", b"as it was listed").unwrap();
        FileRef::write(dir.path(), "figures/found", b"as it is found").unwrap();
        let mut manifest = manifest();
        manifest.files = vec![listed_before.clone()];
        for path in ["figures/written", "figures/before"] {
            fs::write(at(path), b"another").unwrap();
        }
        manifest.list_files(dir.path(), &[], &["figures"]).unwrap();
        let written = FileRef::new("figures/written", b"as it was written");
        assert_eq!(manifest.files, [listed_before, FileRef::new("figures/found", b"as it is found"), written]);
    }

    #[test]
    fn pages_are_old_where_results_scenario_or_audit_are_new() {
        let mut manifest = manifest();
        manifest.has_ended = true;
        manifest.files = vec![FileRef::new("resolved.toml", b"a")];
        assert!(!manifest.has_old_pages(), "none were drawn");
        manifest.drawn_of = manifest.basis_of_report();
        assert!(!manifest.has_old_pages());
        for change in [
            (|manifest: &mut Manifest| manifest.files = vec![FileRef::new("resolved.toml", b"b")]) as fn(&mut Manifest),
            |manifest| manifest.files.push(FileRef::new("audit.json", b"a")),
            |manifest| manifest.result_digest.push('0'),
        ] {
            let mut changed = manifest.clone();
            change(&mut changed);
            assert!(changed.has_old_pages());
            // What a run that has not ended adds to the results is no surprise.
            changed.has_ended = false;
            assert_eq!(changed.has_old_pages(), changed.result_digest == manifest.result_digest);
        }
    }
}
