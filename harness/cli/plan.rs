//! `nt plan`.

use super::Failure;
use super::output::say;
use super::run::CacheDir;
use super::run::open_study;
use super::scenario_file::ScenarioFile;
use crate::run::{Study, measured_rate};

#[derive(clap::Args)]
pub(super) struct Plan {
    #[command(flatten)]
    scenario: ScenarioFile,
    #[command(flatten)]
    cache: CacheDir,
    /// The whole plan as JSON: every job with what it needs.
    #[arg(long)]
    json: bool,
}

impl Plan {
    pub(super) fn execute(&self) -> Result<(), Failure> {
        let study = open_study(&self.scenario, &self.cache)?;
        if self.json {
            let json = serde_json::to_string_pretty(&study.plan).map_err(|error| Failure::system(&error))?;
            say(json)?;
        } else {
            say(study.plan.summary(&study.scenario))?;
            say(estimate(&study)?)?;
        }
        Ok(())
    }
}

/// What the whole plan may take here. Codes of frozen layers are kept where they fit, so it is rather less.
fn estimate(study: &Study) -> Result<String, Failure> {
    let rate = measured_rate(study).map_err(|error| Failure::input(&error))?;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let work: f64 = study.plan.jobs.iter().map(|job| job.multiply_accumulates).sum();
    let seconds = work / rate / cores as f64;
    let time = match seconds {
        s if s < 90.0 => format!("{s:.0} s"),
        s if s < 5400.0 => format!("{:.0} min", s / 60.0),
        s => format!("{:.1} h", s / 3600.0),
    };
    Ok(format!(
        "Source networks come first, then the tuning runs of each arm, then its judged runs; --json says what each job \
         needs.\nAt most about {time} on {cores} cores: one core does {:.1} billion multiply–accumulates a second here.",
        rate / 1e9
    ))
}
