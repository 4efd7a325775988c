//! Runs jobs of a study again and compares the results.

use super::{OpenStudy, Progress, RunOptions, StudyError};
use crate::train::AtChance;
use nt_disk::FileError;
use nt_records::{Ledger, Manifest, RunRecord, Setting, Status};
use nt_scenario::{JobId, Role};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::AtomicBool;

/// The first job that came out differently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Name of the job.
    pub job: String,
    /// What differs, with both values.
    pub what: String,
}

/// What a verification found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verification {
    /// Jobs compared.
    pub compared: usize,
    /// Jobs that the study planned and has not run.
    pub not_run: usize,
    /// What differs, in plan order.
    pub differences: Vec<Difference>,
    /// Whether the user stopped it.
    pub interrupted: bool,
}

/// Runs jobs again in a folder of their own and compares them with these records: `sample` jobs, spread over the plan,
/// or all of them.
///
/// # Errors
/// [`StudyError`] if the temporary folder cannot be written.
pub fn verify(
    study: &OpenStudy,
    (records, kept): (&[RunRecord], &Manifest),
    sample: Option<usize>,
    options: &RunOptions,
    progress: &Progress,
    interrupt: &AtomicBool,
) -> Result<Verification, StudyError> {
    let jobs = &study.plan.jobs;
    let recorded: BTreeMap<_, _> = records.iter().map(|record| (record.job, record)).collect();
    let called_for = called_for(study, records);
    // What the study planned and has no record of was not run. What it did not plan shows that something has changed.
    let of_study: BTreeSet<JobId> = kept.plan.iter().map(|planned| planned.job).collect();
    let is_to_run = |&index: &usize| of_study.contains(&jobs[index].id) && !recorded.contains_key(&jobs[index].id);
    let (not_run, planned): (Vec<usize>, Vec<usize>) = called_for.into_iter().partition(is_to_run);
    let compared: BTreeSet<usize> = choose(planned.len(), sample).into_iter().map(|at| planned[at]).collect();
    let needed = study.with_needs(compared.iter().copied());
    let folder = tempfile::tempdir().map_err(FileError::at("make a temporary folder in", std::env::temp_dir()))?;
    let mut ledger = Ledger::open(folder.path())?;
    // A job that was recorded went on to its end.
    let options = RunOptions { at_chance: AtChance::GoesOn, ..options.clone() };
    let tally = study.run_jobs(&needed, &mut ledger, &options, progress, interrupt)?;
    if tally.interrupted {
        return Ok(Verification { compared: 0, not_run: 0, differences: Vec::new(), interrupted: true });
    }
    let differences: Vec<Difference> = compared
        .iter()
        .filter_map(|&index| {
            let job = &jobs[index];
            let what = compare(recorded.get(&job.id).copied(), ledger.get(job.id))?;
            Some(Difference { job: job.name.clone(), what })
        })
        .collect();
    Ok(Verification { compared: compared.len(), not_run: not_run.len(), differences, interrupted: false })
}

/// The jobs that a study's records should hold: all except those after the look at which it ended.
fn called_for(study: &OpenStudy, records: &[RunRecord]) -> Vec<usize> {
    let judged = records.iter().filter(|record| record.role != Role::Tuning);
    let reached = judged.map(|record| record.replicate + 1).max();
    match (&study.scenario.study.looks, reached) {
        (Some(_), Some(replicates)) => study.jobs_up_to(replicates).into_iter().collect(),
        (None, _) | (_, None) => (0..study.plan.jobs.len()).collect(),
    }
}

/// `sample` indices spread evenly over `0..count`, always with the last; all, if `None`.
fn choose(count: usize, sample: Option<usize>) -> BTreeSet<usize> {
    match sample {
        Some(sample) if sample < count => (1..=sample).map(|i| i * count / sample - 1).collect(),
        _ => (0..count).collect(),
    }
}

fn compare(recorded: Option<&RunRecord>, found: Option<&RunRecord>) -> Option<String> {
    let (Some(recorded), Some(found)) = (recorded, found) else {
        return Some(match recorded {
            None => "it is not among the records: the scenario, its data or the arithmetic has changed".to_owned(),
            Some(_) => "it was not run".to_owned(),
        });
    };
    if recorded.digest() == found.digest() {
        return None;
    }
    if recorded.status != found.status {
        return Some(format!("it ended {} and now ends {}", ending(&recorded.status), ending(&found.status)));
    }
    if recorded.setting() != found.setting() {
        return Some(format!("it ran with {} and now with {}", set_to(recorded.setting()), set_to(found.setting())));
    }
    for metric in &recorded.metrics {
        let Some(now) = found.value(metric.measure) else {
            return Some(format!("{} was {} and is now missing", metric.measure, metric.value));
        };
        if now.to_bits() != metric.value.to_bits() {
            let difference = now - metric.value;
            return Some(format!(
                "{} was {} and is now {now}: a difference of {difference:e}",
                metric.measure, metric.value
            ));
        }
    }
    let file = recorded.files.iter().find(|file| !found.files.contains(file));
    Some(match file {
        Some(file) => format!("its metrics agree, but the contents of {} differ", file.path),
        None => other_part(recorded, found).to_owned(),
    })
}

/// The part of two records' meaning that differs although their metrics and files agree.
fn other_part(recorded: &RunRecord, found: &RunRecord) -> &'static str {
    let parts = [
        (
            recorded.numerics != found.numerics,
            "it was computed by another arithmetic (numerics), with the same results",
        ),
        (recorded.setting_on_edge != found.setting_on_edge, "whether its best setting lies on the edge of the grid"),
        (recorded.test_openings != found.test_openings, "how often it opened the test labels"),
        (recorded.files.len() != found.files.len(), "the files that it wrote"),
    ];
    let told = parts.into_iter().find(|(differs, _)| *differs);
    told.map_or("its place in the study differs (target, source, treatment, replicate or role)", |(_, words)| words)
}

fn set_to(setting: Option<Setting>) -> String {
    setting.map_or_else(|| "nothing to fit".to_owned(), Setting::words)
}

fn ending(status: &Status) -> String {
    match status {
        Status::Done => "well".to_owned(),
        Status::Diverged { reason } => format!("diverged ({reason})"),
        Status::Failed { reason } => format!("failed ({reason})"),
        Status::Unneeded => "without being needed".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_spread_over_the_plan_and_holds_its_last_job() {
        assert_eq!(choose(10, Some(3)), [2, 5, 9].into());
        assert_eq!(choose(10, Some(1)), [9].into());
        assert_eq!(choose(3, Some(5)), [0, 1, 2].into());
        assert_eq!(choose(3, None), [0, 1, 2].into());
    }
}
