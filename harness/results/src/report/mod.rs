//! The report of a study, from what its folder holds: no training, no data, the same bytes each time.

mod answer;
mod artifact;
mod markdown;
mod method;
mod number;
mod page;
mod sections;
mod summary;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use nt_scenario::{Faults, JobId, Scenario};
use thiserror::Error;

pub use summary::ReportSummary;

use crate::analysis::{Analysis, AnalysisError, analyse};
use crate::figures::accuracy_by_depth::accuracy_by_depth;
use crate::figures::{self, FigureError};
use crate::file::{FileError, write_atomic};
use crate::ledger::{LedgerError, LedgerWarning, read_records, result_digest};
use crate::manifest::{Completeness, Manifest, ManifestError};
use crate::record::RunRecord;
use crate::registration::preregistration;
use crate::study::Study;
use crate::tables::{self, TableError};

/// The scenario as it was run, with all defaults; or as it was given.
const SCENARIO_FILES: [&str; 2] = ["resolved.toml", "scenario.toml"];

/// Why there is no report.
#[derive(Debug, Error)]
pub enum ReportError {
    /// The folder holds no study.
    #[error("{} holds neither resolved.toml nor scenario.toml; give the folder that `nt run` wrote", dir.display())]
    NoScenario {
        /// The folder.
        dir: PathBuf,
    },
    /// Its scenario cannot be read.
    #[error("{source}")]
    Scenario {
        /// Every fault.
        #[from]
        source: Faults,
    },
    /// Its records cannot be read.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// Its manifest cannot be read.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// Its runs cannot be compared.
    #[error(transparent)]
    Analysis(#[from] AnalysisError),
    /// A figure cannot be drawn.
    #[error(transparent)]
    Figure(#[from] FigureError),
    /// A table cannot be written.
    #[error(transparent)]
    Table(#[from] TableError),
    /// The system refused.
    #[error(transparent)]
    File(#[from] FileError),
}

/// Everything the pages are made of.
struct Material {
    analysis: Analysis,
    manifest: Option<Manifest>,
    completeness: Completeness,
    result_digest: String,
    is_exploratory: bool,
    /// Name and SVG of each figure.
    figures: Vec<(String, String)>,
    contact_sheets: Vec<artifact::ContactSheet>,
    /// What is wrong with the records, in words.
    warnings: Vec<String>,
}

/// Writes tables, figures, `report.md` and `index.html` of a study's folder from its records.
///
/// # Errors
/// [`ReportError`] says what is missing or cannot be used. A study of which nothing has been run has a report too.
pub fn report(dir: &Path) -> Result<ReportSummary, ReportError> {
    let study = Study::from_scenario(&scenario(dir)?);
    report_of(dir, &study)
}

fn scenario(dir: &Path) -> Result<Scenario, ReportError> {
    let found = SCENARIO_FILES.iter().map(|name| dir.join(name)).find(|path| path.is_file());
    let path = found.ok_or_else(|| ReportError::NoScenario { dir: dir.to_owned() })?;
    let text = fs::read_to_string(&path).map_err(FileError::at("read", &path))?;
    Ok(Scenario::parse(&text, &path.display().to_string())?)
}

/// As [`report`], for a study that is already known.
pub(crate) fn report_of(dir: &Path, study: &Study) -> Result<ReportSummary, ReportError> {
    let (records, warnings) = read_records(dir)?;
    let manifest = Manifest::read(dir)?;
    let (ordered, order, left_out) = in_plan_order(manifest.as_ref(), &records);
    let usable: Vec<RunRecord> = ordered.iter().map(|&record| record.clone()).collect();
    let mut analysis = analyse(dir, study, &usable)?;
    if left_out > 0 {
        let verb = if left_out == 1 { "record is" } else { "records are" };
        analysis.notes.push(format!("{left_out} {verb} of jobs that are no longer planned, and left out."));
    }
    tables::write(dir, &ordered, &analysis)?;
    let figures = draw(dir, &analysis, manifest.as_ref())?;
    let by_job: BTreeMap<JobId, &RunRecord> = records.iter().map(|record| (record.job, record)).collect();
    let record_of = |job| by_job.get(&job).copied();
    let material = Material {
        is_exploratory: manifest.as_ref().is_some_and(|manifest| manifest.preregistration != preregistration(study)),
        completeness: Completeness::count(order.iter().copied(), record_of),
        result_digest: result_digest(order.iter().copied(), record_of),
        contact_sheets: artifact::contact_sheets(dir)?,
        warnings: warnings.iter().map(LedgerWarning::to_string).map(|words| without_dir(&words, dir)).collect(),
        analysis,
        manifest,
        figures,
    };
    write_atomic(&dir.join("report.md"), markdown::document(&material).as_bytes())?;
    write_atomic(&dir.join("index.html"), page::document(&material).as_bytes())?;
    Ok(ReportSummary::new(dir, material, warnings))
}

/// The records of the plan in its order, the plan's jobs, and how many records belong to none of them. Without a plan
/// all records count, in the order of their jobs.
fn in_plan_order<'a>(manifest: Option<&Manifest>, records: &'a [RunRecord]) -> (Vec<&'a RunRecord>, Vec<JobId>, usize) {
    let by_job: BTreeMap<JobId, &RunRecord> = records.iter().map(|record| (record.job, record)).collect();
    match manifest.filter(|manifest| !manifest.plan.is_empty()) {
        None => (by_job.values().copied().collect(), by_job.keys().copied().collect(), 0),
        Some(manifest) => {
            let order: Vec<JobId> = manifest.plan.iter().map(|planned| planned.job).collect();
            let ordered: Vec<&RunRecord> = order.iter().filter_map(|job| by_job.get(job).copied()).collect();
            let left_out = by_job.len() - ordered.len();
            (ordered, order, left_out)
        }
    }
}

fn draw(dir: &Path, analysis: &Analysis, manifest: Option<&Manifest>) -> Result<Vec<(String, String)>, FigureError> {
    let targets = analysis.study.targets.iter();
    targets
        .map(|target| {
            let parameters = manifest.and_then(|manifest| manifest.parameters.get(&target.name).copied());
            let spec = accuracy_by_depth(analysis, &target.name, parameters);
            Ok((spec.name.clone(), figures::write(dir, &spec)?))
        })
        .collect()
}

/// A report reads the same wherever its folder lies.
fn without_dir(words: &str, dir: &Path) -> String {
    words.replace(&format!("{}/", dir.display()), "")
}
