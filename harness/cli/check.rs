//! `nt check`.

use super::Failure;
use super::output::say;
use super::scenario_file::ScenarioFile;
use crate::run::{broken_images, survey};
use nt_scenario::Faults;

#[derive(clap::Args)]
pub(super) struct Check {
    #[command(flatten)]
    scenario: ScenarioFile,
}

impl Check {
    pub(super) fn execute(&self) -> Result<(), Failure> {
        let scenario = self.scenario.read()?;
        let faults = scenario.check_data(&survey(&scenario, self.scenario.base()));
        if !faults.is_empty() {
            return Err(Failure::Input(Faults(faults).to_string()));
        }
        let broken = broken_images(&scenario, self.scenario.base());
        if !broken.is_empty() {
            return Err(Failure::Input(broken.join("\n")));
        }
        say(format_args!("{}: no faults", scenario.study.name))?;
        Ok(())
    }
}
