//! `nt check`.

use super::Failure;
use super::output::say;
use super::scenario_file::ScenarioFile;
use crate::run::{broken_images, survey};
use nt_records::number::thousands;
use nt_scenario::Faults;

/// From this many images on, reading them takes seconds, and the command says so first.
const MANY_IMAGES: usize = 10_000;

#[derive(clap::Args)]
pub(super) struct Check {
    #[command(flatten)]
    scenario: ScenarioFile,
}

impl Check {
    pub(super) fn execute(&self) -> Result<(), Failure> {
        let scenario = self.scenario.read()?;
        let (facts, warnings) = survey(&scenario, self.scenario.base());
        for warning in warnings {
            anstream::eprintln!("{warning}");
        }
        let faults = scenario.check_data(&facts);
        if !faults.is_empty() {
            return Err(Failure::Input(Faults(faults).to_string()));
        }
        let announce = |name: &str, count: usize| {
            if count >= MANY_IMAGES {
                anstream::eprintln!("reading the {} images of dataset {name:?}", thousands(count as u64));
            }
        };
        let broken = broken_images(&scenario, self.scenario.base(), announce);
        if !broken.is_empty() {
            return Err(Failure::Input(broken.join("\n")));
        }
        say(format_args!("{}: no faults", scenario.study.name))?;
        Ok(())
    }
}
