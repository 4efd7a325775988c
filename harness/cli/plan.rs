//! `nt plan`.

use super::Failure;
use super::output::say;
use super::run::CacheDir;
use super::run::{open_study, tell_of_data};
use super::scenario_file::ScenarioFile;
use crate::run::{OpenStudy, measured_rate};
use nt_analysis::power::{Assumptions, Basis, Pilot, PowerPlan};
use std::path::PathBuf;

#[derive(clap::Args)]
pub(super) struct Plan {
    #[command(flatten)]
    scenario: ScenarioFile,
    #[command(flatten)]
    cache: CacheDir,
    /// Print the whole plan as JSON: every job with what it needs.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    power: Power,
}

/// What the study could find, computed before anything runs.
#[derive(clap::Args)]
struct Power {
    /// Say what the study could find instead: the smallest detectable gap, the replicates its margin needs, and whether
    /// EQUIVALENT is within reach, for every family of contrasts.
    #[arg(long)]
    power: bool,
    /// Take the variance from this finished study's folder [default: stated assumptions].
    #[arg(long, value_name = "DIR", requires = "power", conflicts_with_all = ["accuracy", "replicate_sd_pp"])]
    pilot: Option<PathBuf>,
    /// Assume that both arms get this fraction of the test images right.
    #[arg(long, value_name = "FRACTION", requires = "power", default_value_t = Assumptions::ACCURACY, allow_negative_numbers = true)]
    accuracy: f64,
    /// Assume this standard deviation of the paired gap between replicates, percentage points.
    #[arg(long, value_name = "POINTS", requires = "power", default_value_t = Assumptions::REPLICATE_SD_PP, allow_negative_numbers = true)]
    replicate_sd_pp: f64,
}

impl Plan {
    pub(super) fn execute(&self) -> Result<(), Failure> {
        let basis = self.power.basis()?;
        let study = open_study(&self.scenario, &self.cache)?;
        if let Some(basis) = basis {
            return self.tell_power(&study, &basis);
        }
        if self.json {
            let json = serde_json::to_string_pretty(&study.plan).map_err(|error| Failure::system(&error))?;
            say(json)?;
        } else {
            tell_of_data(&study, std::thread::available_parallelism().map_or(1, usize::from));
            say(study.plan.summary(&study.scenario))?;
            say(estimate(&study)?)?;
        }
        Ok(())
    }

    fn tell_power(&self, study: &OpenStudy, basis: &Basis) -> Result<(), Failure> {
        let scenario = &study.scenario;
        let test_images: Vec<usize> = (0..scenario.targets.len()).map(|at| study.num_test_images(at)).collect();
        let plan = PowerPlan::new(&study.declared(), &test_images, basis).map_err(|error| Failure::input(&error))?;
        if self.json {
            say(serde_json::to_string_pretty(&plan).map_err(|error| Failure::system(&error))?)
        } else {
            say(plan.terminal_table())
        }
    }
}

impl Power {
    /// Where the variance comes from; `None` if power is not asked for.
    fn basis(&self) -> Result<Option<Basis>, Failure> {
        if !self.power {
            return Ok(None);
        }
        Ok(Some(match &self.pilot {
            Some(dir) => Basis::Pilot(Pilot::read(dir).map_err(|error| Failure::input(&error))?),
            None => Basis::Assumed(
                Assumptions::new(self.accuracy, self.replicate_sd_pp).map_err(|error| Failure::input(&error))?,
            ),
        }))
    }
}

/// An upper bound of the time that the plan takes here. Kept codes of frozen layers save work that it counts.
fn estimate(study: &OpenStudy) -> Result<String, Failure> {
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
        "Source networks run first, then the tuning runs of each arm, then its judged runs. --json lists what each job \
         needs.\nAt most about {time} on {cores} cores: one core does {:.1} billion multiply–accumulates a second here.",
        rate / 1e9
    ))
}
