//! What of a study's folder is not as it was written, and what is left to report on.
//!
//! A report is drawn of what is left, and says on its first lines what is not: a page that hides a lost record would be believed. Of the
//! page before, if it was sound, a copy is kept.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use nt_records::examine::Known;
use nt_records::file::{FileProblem, FileRef};
use nt_records::ledger::LedgerWarning;
use nt_records::manifest::Manifest;
use nt_records::record::RunRecord;
use nt_scenario::JobId;
use rayon::prelude::*;

use crate::error::ReportError;

/// Files that a report writes into a study's folder, and folders of which it writes every file.
const WRITTEN: [&str; 8] =
    ["runs.csv", "runs.parquet", "verdicts.csv", "verdicts.json", "rules.csv", "rules.json", "report.md", "index.html"];
const WRITTEN_FOLDERS: [&str; 2] = ["figures", "tables"];

/// The pages, and what their last sound copies are called beside a page that tells of damage.
const PAGES: [(&str, &str); 2] = [("index.html", "index.sound.html"), ("report.md", "report.sound.md")];

/// A study's folder as it was found.
pub(crate) struct Found {
    pub(crate) manifest: Option<Manifest>,
    pub(crate) records: Vec<RunRecord>,
    pub(crate) warnings: Vec<LedgerWarning>,
    /// What is not as it was written, a sentence each.
    pub(crate) damage: Vec<String>,
}

/// If the files that a report may read are together no larger than this, their contents are compared before it is drawn.
const COMPARED_BYTES: u64 = 256 << 20;

/// How closely the files of records are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    /// At their lengths, if there is too much of them. Whoever reads a file compares its contents.
    AtLengths,
    /// At their contents.
    AtContents,
}

impl Found {
    /// Reads manifest and records. Records whose predictions are lost are left out, and curves that are lost out of their records.
    pub(crate) fn read(dir: &Path, look: Look) -> Result<Self, ReportError> {
        let Known { manifest, mut records, mut warnings, mut damage } = Known::read(dir)?;
        // They are told as damage.
        warnings.retain(|warning| matches!(warning, LedgerWarning::TornTail { .. }));
        for file in manifest.iter().flat_map(|manifest| &manifest.files).filter(|file| !is_written(&file.path)) {
            match file.compare(dir) {
                Ok(()) => {}
                Err(FileProblem::Missing) if has_stripped(manifest.as_ref(), file) => {}
                Err(problem) if problem.is_lasting() => {
                    damage.push(format!("{} {problem}; `nt run SCENARIO --out FOLDER` makes it again", file.path))
                }
                Err(problem) => return Err(ReportError::Unreadable { path: file.path.clone(), problem }),
            }
        }
        damage.extend(leave_out_damaged(dir, &mut records, manifest.as_ref(), look)?);
        Ok(Self { manifest, records, warnings, damage })
    }
}

fn is_written(path: &str) -> bool {
    WRITTEN.contains(&path) || path.split_once('/').is_some_and(|(folder, _)| WRITTEN_FOLDERS.contains(&folder))
}

fn has_stripped(manifest: Option<&Manifest>, file: &FileRef) -> bool {
    manifest.is_some_and(|manifest| manifest.has_stripped(&file.path))
}

/// Leaves out records without predictions, and curves that are lost. What was left out on purpose is told where it is needed.
fn leave_out_damaged(
    dir: &Path,
    records: &mut Vec<RunRecord>,
    manifest: Option<&Manifest>,
    look: Look,
) -> Result<Vec<String>, ReportError> {
    let of_report = |file: &FileRef| ["predictions/", "curves/"].iter().any(|folder| file.path.starts_with(folder));
    let files = records.iter().flat_map(|record| &record.files).filter(|file| of_report(file));
    let compares = look == Look::AtContents || files.map(|file| file.bytes).sum::<u64>() <= COMPARED_BYTES;
    let compare = |file: &FileRef| if compares { file.compare(dir) } else { file.check_length(dir) };
    let problems: Vec<(JobId, String, FileProblem)> = records
        .par_iter()
        .flat_map_iter(|record| {
            // A report reads no network. `nt check` compares those, too.
            let files = record.files.iter().filter(|file| of_report(file));
            files.filter_map(|file| Some((record.job, file.path.clone(), compare(file).err()?)))
        })
        .collect();
    let planned: Option<BTreeSet<JobId>> =
        manifest.map(|manifest| manifest.plan.iter().map(|planned| planned.job).collect());
    // A record of a job that is planned no more is shown by no page.
    let is_planned = |job| planned.as_ref().is_none_or(|planned| planned.contains(&job));
    let mut damage = Vec::new();
    let (mut without_predictions, mut without_curves) = (BTreeSet::new(), BTreeSet::new());
    for (job, path, problem) in problems {
        let file = FileRef { path, bytes: 0, blake3: String::new() };
        if !problem.is_lasting() {
            return Err(ReportError::Unreadable { path: file.path, problem });
        }
        let is_stripped = problem == FileProblem::Missing && has_stripped(manifest, &file);
        let without = match file.path.split_once('/') {
            Some(("predictions", _)) if is_stripped && is_planned(job) => {
                return Err(ReportError::Stripped { dir: dir.to_owned() });
            }
            Some(("predictions", _)) => {
                without_predictions.insert(job);
                ": its run is left out"
            }
            Some(("curves", _)) => {
                without_curves.insert(job);
                ": its curve is left out"
            }
            _ => "",
        };
        if !is_stripped {
            damage.push(format!("{} {problem}{without}; `nt run SCENARIO --out FOLDER` makes it again", file.path));
        }
    }
    records.retain(|record| !without_predictions.contains(&record.job));
    for record in records.iter_mut().filter(|record| without_curves.contains(&record.job)) {
        record.files.retain(|file| !file.path.starts_with("curves/"));
    }
    Ok(damage)
}

/// Keeps a copy of the pages that are there, if they are as they were written and tell of no damage, before others take their place.
pub(crate) fn keep_sound_pages(dir: &Path, manifest: Option<&Manifest>, is_damaged: bool) -> Result<(), ReportError> {
    for (page, copy) in PAGES {
        if !is_damaged {
            // A sound page takes the place of its copy.
            let _ = fs::remove_file(dir.join(copy));
            continue;
        }
        let listed = manifest.iter().flat_map(|manifest| &manifest.files).find(|file| file.path == page);
        let is_sound = match listed {
            Some(file) => file.compare(dir).is_ok(),
            // Without a manifest nobody knows.
            None => dir.join(page).is_file(),
        };
        if is_sound && !dir.join(copy).exists() {
            let contents = nt_disk::read(&dir.join(page)).map_err(nt_disk::FileError::at("read", dir.join(page)))?;
            nt_disk::write_atomic(&dir.join(copy), &contents)?;
        }
    }
    Ok(())
}

/// Lists in the manifest what a report has written. A page that tells of damage is no sound one, and is not listed.
pub(crate) fn list_written(dir: &Path, found_damage: bool) -> Result<(), ReportError> {
    let Ok(Some(mut manifest)) = Manifest::read(dir) else { return Ok(()) };
    let before = (manifest.files.clone(), manifest.drawn_of.clone());
    manifest.list_files(dir, &WRITTEN, &WRITTEN_FOLDERS)?;
    manifest.drawn_of = manifest.basis_of_report();
    if found_damage {
        manifest.files.retain(|file| !PAGES.iter().any(|(page, _)| file.path == *page));
    }
    if (&manifest.files, &manifest.drawn_of) != (&before.0, &before.1) {
        manifest.write(dir)?;
    }
    Ok(())
}
