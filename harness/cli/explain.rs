//! `nt explain`.

use super::Failure;
use super::output::say;
use super::study_folder;
use crate::terminal::tell;
use nt_disk::advice;
use nt_records::examine::damaged_records;
use nt_records::faults::last_fault;
use nt_records::{Manifest, RunRecord, Setting, Status, ledger::read_records};
use nt_scenario::JobId;
use std::path::{Path, PathBuf};

#[derive(clap::Args)]
pub(super) struct Explain {
    /// The job, by its id or its name in runs.csv.
    job: String,
    /// The study's folder, or a folder that holds such folders.
    #[arg(long, value_name = "DIR", default_value = "reports")]
    dir: PathBuf,
}

impl Explain {
    pub(super) fn execute(&self) -> Result<(), Failure> {
        let (mut found, mut damaged, mut without) = (false, Vec::new(), Vec::new());
        let studies = studies(&self.dir)?;
        for dir in &studies {
            let Some(manifest) = Manifest::read(dir).map_err(|error| Failure::system(&error))? else {
                without.push(dir);
                continue;
            };
            let id = self.job.parse::<JobId>().ok();
            let wanted = |job: JobId, name: &str| Some(job) == id || name == self.job;
            let Some(planned) = manifest.plan.iter().find(|planned| wanted(planned.job, &planned.name)) else {
                continue;
            };
            found = true;
            let scenario = dir.join("scenario.toml");
            say(format_args!("{} ({}), job {}", planned.name, planned.role, planned.job))?;
            say(format_args!("  {}:{}", scenario.display(), planned.line))?;
            if let Some(text) = line_of(&scenario, planned.line) {
                say(format_args!("  {:>4} | {text}", planned.line))?;
            }
            let (records, warnings) = read_records(dir).map_err(|error| Failure::system(&error))?;
            let damage = damaged_records(Some(&manifest), &records, &warnings);
            damage.iter().for_each(|words| tell(format!("damaged: {words}")));
            damaged.extend((!damage.is_empty()).then(|| dir.display().to_string()));
            match records.iter().find(|record| record.job == planned.job) {
                Some(record) => tell_record(record)?,
                None => {
                    say(if damage.is_empty() { "  not run yet" } else { "  no record: it is not run yet, or lost" })?;
                    if let Some(fault) = last_fault(dir, planned.job) {
                        say(format_args!("  could not be run: {}", fault.reason))?;
                    }
                }
            }
        }
        // The job may be of a study that has lost its manifest. Where it is of another, that says nothing of it.
        if !found {
            for dir in without {
                tell(study_folder::lost(dir, "manifest.json"));
                damaged.push(dir.display().to_string());
            }
        }
        if !damaged.is_empty() {
            let folders = damaged.join(", ");
            return Err(Failure::Incomplete(format!(
                "{folders} is damaged; `nt run SCENARIO --out FOLDER` makes again what is lost"
            )));
        }
        if found {
            return Ok(());
        }
        let dir = self.dir.display();
        Err(Failure::Input(match studies.len() {
            0 => format!("{dir} holds no study; give a study's folder with --dir"),
            1 => format!(
                "the study in {} has no job {}; copy an id or a name from its runs.csv",
                studies[0].display(),
                self.job
            ),
            _ => format!(
                "no study below {dir} has a job {}; copy an id or a name from runs.csv, or give the study's folder with --dir",
                self.job
            ),
        }))
    }
}

/// The studies' folders among `dir`, its folders, and their folders.
pub(super) fn studies(dir: &Path) -> Result<Vec<PathBuf>, Failure> {
    let listed = std::fs::read_dir(dir);
    listed.map_err(|error| {
        Failure::Input(format!("cannot list the folder {}: {error}; {}", dir.display(), advice(&error)))
    })?;
    let below = |dir: &Path| -> Vec<PathBuf> {
        let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
        let mut folders: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
        folders.sort();
        folders
    };
    let first = below(dir);
    let second = first.iter().flat_map(|folder| below(folder)).collect::<Vec<_>>();
    let all = [vec![dir.to_path_buf()], first, second].concat();
    Ok(all.into_iter().filter(|folder| study_folder::check(folder).is_ok()).collect())
}

fn line_of(file: &Path, line: usize) -> Option<String> {
    nt_disk::read_to_string(file).ok()?.lines().nth(line.checked_sub(1)?).map(str::to_owned)
}

fn tell_record(record: &RunRecord) -> Result<(), Failure> {
    match &record.status {
        Status::Done => {
            let setting = record.setting().map_or_else(|| "nothing was fitted".to_owned(), Setting::words);
            say(format_args!("  done in {:.2} s, {setting}", record.wall_seconds))?;
        }
        Status::Unneeded => say(format_args!("  not needed: the best value did not lie on this edge of the grid"))?,
        Status::Diverged { reason } => say(format_args!("  diverged: {reason}"))?,
        Status::Failed { reason } => say(format_args!("  failed: {reason}"))?,
    }
    for measured in &record.metrics {
        let name = measured.measure.to_string();
        say(format_args!("  {name:<20} {:.4}  (n = {})", measured.value, measured.n))?;
    }
    for file in &record.files {
        say(format_args!("  {}", file.path))?;
    }
    Ok(())
}
