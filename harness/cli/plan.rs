//! `nt plan`.

use super::Failure;
use super::run::CacheDir;
use super::run::open_study;
use super::scenario_file::ScenarioFile;

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
            println!("{json}");
        } else {
            println!("{}", study.plan.summary(&study.scenario));
        }
        Ok(())
    }
}
