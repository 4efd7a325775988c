//! The report of a study, drawn from its folder alone. It needs no training and no data, and gives the same bytes each
//! time.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

use nt_scenario::{Faults, JobId, Scenario};
use rayon::prelude::*;

use crate::damage::{Found, Look, keep_sound_pages, list_written};
use crate::error::ReportError;
use crate::material::{Figure, Material};
use crate::pictures::PictureError;
use crate::summary::ReportSummary;
use crate::words::classes::Classes;
use crate::{markdown, page, paper, pictures, shown};

use crate::figures;
use crate::figures::accuracy_by_cost::{Costs, accuracy_by_cost};
use crate::figures::accuracy_by_depth::accuracy_by_depth;
use crate::figures::decomposition::decomposition as decomposition_figure;
use crate::figures::forest::forest;
use crate::figures::gap_by_depth::gap_by_depth;
use crate::figures::gap_by_similarity::gap_by_similarity;
use crate::figures::lattice::lattice;
use crate::figures::learning_curves::learning_curves;
use crate::tables;
use nt_analysis::registration::preregistration;
use nt_analysis::study::Study;
use nt_analysis::{Analysis, analyse};
use nt_disk::{FileError, write_listed};
use nt_records::ledger::{LedgerWarning, result_digest};
use nt_records::manifest::{Completeness, Manifest};
use nt_records::names::RESOLVED_FILE;
use nt_records::record::RunRecord;
use nt_records::text::printable;

/// The scenario as it was run, with all defaults, or else as it was given.
const SCENARIO_FILES: [&str; 2] = [RESOLVED_FILE, "scenario.toml"];

/// Writes tables, figures, `report.md` and `index.html` of a study's folder from its records.
///
/// # Errors
/// [`ReportError`] says what is missing or cannot be used. A study of which nothing has run also has a report.
pub fn report(dir: &Path) -> Result<ReportSummary, ReportError> {
    // What is damaged is found by its length, or else by whoever reads it: then all contents are compared first.
    report_after(dir, Look::AtLengths).or_else(|error| match error.is_of_contents() {
        true => report_after(dir, Look::AtContents),
        false => Err(error),
    })
}

fn report_after(dir: &Path, look: Look) -> Result<ReportSummary, ReportError> {
    let found = Found::read(dir, look)?;
    let (scenario, told) = scenario(dir)?;
    let data = found.manifest.iter().flat_map(|manifest| &manifest.data);
    let known = data.map(|(name, fact)| (name.as_str(), fact.known())).collect();
    let study = Study::from_scenario(&scenario).on_data(&scenario, &known);
    let damage = found.damage.into_iter().chain(told).collect();
    report_with(dir, &study, &Classes::of(&scenario), Found { damage, ..found })
}

/// The scenario, and what is wrong with the first of its files that was read, if another had to be.
fn scenario(dir: &Path) -> Result<(Scenario, Option<String>), ReportError> {
    let resolved = nt_disk::read_to_string(&dir.join(SCENARIO_FILES[0])).unwrap_or_default();
    let mut fault = None;
    for name in SCENARIO_FILES {
        let path = dir.join(name);
        let text = match nt_disk::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            // Damage may leave what is no text.
            Err(error) if error.kind() == io::ErrorKind::InvalidData || nt_disk::is_no_file(&error) => {
                String::from("no text")
            }
            Err(error) => return Err(FileError::at("read", &path)(error).into()),
        };
        match Scenario::parse_kept(&text, &path.display().to_string(), &resolved) {
            Ok(scenario) => {
                let told =
                    fault.map(|_: Faults| format!("{} cannot be read: {name} takes its place", SCENARIO_FILES[0]));
                return Ok((scenario, told));
            }
            Err(faults) => fault = Some(fault.unwrap_or(faults)),
        }
    }
    let dir = dir.to_owned();
    Err(match fault {
        None => ReportError::NoScenario { dir },
        Some(faults) => ReportError::Scenario { dir, faults },
    })
}

/// The lines of the scenario as it was given; none if the file is missing.
fn given_lines(dir: &Path) -> Result<Vec<String>, FileError> {
    let path = dir.join("scenario.toml");
    if !path.is_file() {
        return Ok(Vec::new());
    }
    let text = nt_disk::read_to_string(&path).map_err(FileError::at("read", &path))?;
    Ok(text.lines().map(str::to_owned).collect())
}

/// As [`report`], for a study that is already known.
#[cfg(test)]
pub(crate) fn report_of(dir: &Path, study: &Study, classes: &Classes) -> Result<ReportSummary, ReportError> {
    report_with(dir, study, classes, Found::read(dir, Look::AtLengths)?)
}

fn report_with(dir: &Path, study: &Study, classes: &Classes, found: Found) -> Result<ReportSummary, ReportError> {
    let Found { manifest, records, warnings, mut damage } = found;
    let (ordered, order, left_out) = in_plan_order(manifest.as_ref(), &records);
    let mut analysis = analyse(dir, study, &ordered)?;
    if left_out > 0 {
        let verb = if left_out == 1 { "record is" } else { "records are" };
        analysis
            .notes
            .push(format!("{left_out} {verb} of jobs that are no longer planned, and left out of the report."));
    }
    analysis.notes.extend(shown::notes(&analysis));
    let is_exploratory = manifest.as_ref().is_some_and(|manifest| manifest.preregistration != preregistration(study));
    keep_sound_pages(dir, manifest.as_ref(), !damage.is_empty())?;
    tables::write(dir, &ordered, &analysis, is_exploratory)?;
    let figures = draw(dir, &analysis, manifest.as_ref())?;
    let by_job: BTreeMap<JobId, &RunRecord> = records.iter().map(|record| (record.job, record)).collect();
    let record_of = |job| by_job.get(&job).copied();
    let listed = shown::cells(&analysis);
    let contact_sheets = shown_unless_damaged(pictures::contact_sheets(dir), &mut damage)?;
    let thumbnails = shown_unless_damaged(pictures::thumbnail_sheets(dir, &analysis, &listed), &mut damage)?;
    let first_layers = shown_unless_damaged(pictures::first_layers(dir, &analysis, &ordered), &mut damage)?;
    let is_damaged = !damage.is_empty();
    let material = Material {
        is_exploratory,
        completeness: Completeness::count(order.iter().copied(), record_of),
        result_digest: result_digest(order.iter().copied(), record_of),
        contact_sheets,
        thumbnails,
        first_layers,
        damage: damage.iter().map(|words| without_dir(words, dir)).collect(),
        classes: classes.names(manifest.as_ref()),
        scenario: given_lines(dir)?,
        lines: manifest.iter().flat_map(|manifest| &manifest.plan).map(|job| (job.job, job.line)).collect(),
        listed,
        warnings: warnings.iter().map(LedgerWarning::to_string).map(|words| without_dir(&words, dir)).collect(),
        analysis,
        manifest,
        figures,
    };
    paper::write(dir, &material.analysis, material.is_exploratory)?;
    write_listed(&dir.join("report.md"), printable(&markdown::document(&material)).as_bytes())?;
    write_listed(&dir.join("index.html"), printable(&page::document(&material)).as_bytes())?;
    list_written(dir, is_damaged)?;
    Ok(ReportSummary::new(dir, material, warnings))
}

/// The pictures, or none where their file is damaged: they can be made again, and no verdict needs them.
fn shown_unless_damaged<T: Default>(
    pictures: Result<T, PictureError>,
    damage: &mut Vec<String>,
) -> Result<T, ReportError> {
    match pictures {
        Ok(pictures) => Ok(pictures),
        Err(error) if error.is_of_the_system() => Err(error.into()),
        Err(error) => {
            let told = error.to_string();
            damage.push(told);
            Ok(T::default())
        }
    }
}

/// The records of the plan in its order, the plan's jobs, and the number of records that belong to none of them.
/// Without a plan all records count, in the order of their jobs.
fn in_plan_order<'a>(manifest: Option<&Manifest>, records: &'a [RunRecord]) -> (Vec<&'a RunRecord>, Vec<JobId>, usize) {
    let by_job: BTreeMap<JobId, &RunRecord> = records.iter().map(|record| (record.job, record)).collect();
    match manifest.filter(|manifest| !manifest.plan.is_empty()) {
        None => (by_job.values().copied().collect(), by_job.keys().copied().collect(), 0),
        Some(manifest) => {
            let order: Vec<JobId> = manifest.plan.iter().map(|planned| planned.job).collect();
            let ordered: Vec<&RunRecord> = order.iter().filter_map(|job| by_job.get(job).copied()).collect();
            // A plan that was edited may name a job twice.
            let planned: BTreeSet<JobId> = order.iter().copied().collect();
            let left_out = by_job.keys().filter(|job| !planned.contains(job)).count();
            (ordered, order, left_out)
        }
    }
}

/// Draws every figure in the order in which the page shows them. Those of a target are drawn in parallel, and their data let go.
fn draw(dir: &Path, analysis: &Analysis, manifest: Option<&Manifest>) -> Result<Vec<Figure>, ReportError> {
    let costs = manifest.map(Costs::of);
    let mut figures = Vec::new();
    let mut names = BTreeSet::new();
    for target in shown::drawn_targets(analysis) {
        let name = target.name.as_str();
        let mut specs = Vec::new();
        let parameters = manifest.and_then(|manifest| manifest.parameters.get(name).copied());
        specs.push(accuracy_by_depth(analysis, name, parameters));
        specs.push(gap_by_depth(analysis, name, parameters));
        specs.extend(decomposition_figure(analysis, name, parameters));
        specs.push(lattice(analysis, name, parameters));
        specs.extend(gap_by_similarity(analysis, name, parameters));
        specs.extend(costs.as_ref().and_then(|costs| accuracy_by_cost(analysis, name, parameters, costs)));
        specs.extend(forest(analysis, name, parameters));
        specs.extend(learning_curves(dir, analysis, name, parameters)?);
        specs.iter_mut().for_each(|spec| make_unique(&mut names, &mut spec.name));
        let drawn = specs.into_par_iter().map(|spec| {
            let svg = figures::write(dir, &spec)?;
            Ok(Figure { name: spec.name, title: spec.title, form: spec.form, svg })
        });
        figures.extend(drawn.collect::<Result<Vec<Figure>, ReportError>>()?);
    }
    Ok(figures)
}

/// Changes a name that another figure has: of a target `a` and its size `b-c`, and of a target `a-b` and its size `c`.
fn make_unique(names: &mut BTreeSet<String>, name: &mut String) {
    while !names.insert(name.clone()) {
        name.push_str("-again");
    }
}

/// Removes the folder's path, so that a report reads the same wherever its folder is.
fn without_dir(words: &str, dir: &Path) -> String {
    words.replace(&format!("{}/", dir.display()), "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_figures_have_one_name() {
        let mut names = BTreeSet::new();
        let mut unique = |name: &str| {
            let mut name = name.to_owned();
            make_unique(&mut names, &mut name);
            name
        };
        assert_eq!(
            (unique("a-b-c"), unique("a-b"), unique("a-b-c")),
            ("a-b-c".into(), "a-b".into(), "a-b-c-again".into())
        );
    }
}
