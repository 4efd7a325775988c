//! `nt verify`.

use super::Failure;
use super::output::say;
use super::run::{CacheDir, Machine, failure, interrupt_flag};
use crate::run::{Progress, Study, verify};
use nt_results::{Manifest, ledger::read_records};
use nt_scenario::Scenario;
use std::path::PathBuf;

#[derive(clap::Args)]
pub(super) struct Verify {
    /// A study's folder.
    dir: PathBuf,
    /// Compare so many jobs, spread over the plan, and run only what they need [default: all].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    sample: Option<u64>,
    /// The folder that the scenario's relative paths are below.
    #[arg(long, value_name = "DIR", default_value = "scenarios")]
    base: PathBuf,
    #[command(flatten)]
    machine: Machine,
    #[command(flatten)]
    cache: CacheDir,
}

impl Verify {
    pub(super) fn execute(&self) -> Result<(), Failure> {
        let file = self.dir.join("scenario.toml");
        let text = std::fs::read_to_string(&file).map_err(|error| {
            Failure::Input(format!("cannot read {}: {error}; name a folder that nt run wrote", file.display()))
        })?;
        let scenario =
            Scenario::parse(&text, &file.display().to_string()).map_err(|faults| Failure::Input(faults.to_string()))?;
        let manifest = Manifest::read(&self.dir).map_err(|error| Failure::system(&error))?;
        let manifest =
            manifest.ok_or_else(|| Failure::Input(format!("{} holds no manifest.json", self.dir.display())))?;
        let (records, warnings) = read_records(&self.dir).map_err(|error| Failure::system(&error))?;
        for warning in warnings {
            eprintln!("{warning}");
        }
        let study = Study::open(scenario, &self.base, &self.cache.path()).map_err(|error| failure(&error))?;
        let interrupt = interrupt_flag();
        let sample = self.sample.map(|sample| sample as usize);
        let options = self.machine.options();
        let found = verify(&study, &records, sample, &options, &Progress::on_stderr(), &interrupt)
            .map_err(|error| failure(&error))?;
        if found.interrupted {
            return Err(Failure::Interrupted("stopped; nothing was compared".to_owned()));
        }
        let (name, digest) = (&manifest.study, &manifest.result_digest);
        match found.first {
            None => {
                say(format_args!(
                    "{name}: {} jobs came out again, bit for bit; result digest {digest}",
                    found.compared
                ))?;
                Ok(())
            }
            Some(first) => Err(Failure::Incomplete(format!(
                "{name}: {} of {} jobs differ; the first is {}: {}",
                found.differing, found.compared, first.job, first.what
            ))),
        }
    }
}
