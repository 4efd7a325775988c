//! `nt check`.

use super::Failure;
use super::output::say;
use super::scenario_file::ScenarioFile;
use super::study_folder;
use crate::run::{broken_images, survey};
use crate::terminal::tell;
use nt_records::examine::{Examination, examine};
use nt_records::number::thousands;
use nt_scenario::{Faults, Plan};
use std::path::Path;

/// From this many images on, reading them takes seconds, and the command says so first.
const MANY_IMAGES: usize = 10_000;

#[derive(clap::Args)]
pub(super) struct Check {
    #[command(flatten)]
    scenario: ScenarioFile,
}

impl Check {
    pub(super) fn execute(&self) -> Result<(), Failure> {
        if self.scenario.path().is_dir() {
            return check_folder(self.scenario.path());
        }
        let scenario = self.scenario.read()?;
        let (facts, warnings) = survey(&scenario, self.scenario.base());
        for warning in warnings {
            tell(warning);
        }
        let faults = scenario.check_data(&facts);
        if !faults.is_empty() {
            return Err(Failure::Input(Faults(faults).to_string()));
        }
        let announce = |name: &str, count: usize| {
            if count >= MANY_IMAGES {
                tell(format!("reading the {} images of dataset {name:?}", thousands(count as u64)));
            }
        };
        let broken = broken_images(&scenario, self.scenario.base(), announce);
        if !broken.is_empty() {
            return Err(Failure::Input(broken.join("\n")));
        }
        // Only to see that it can be made: no picture is decoded, so that its jobs have other names than those that run.
        Plan::new(&scenario, &facts, "check").map_err(|error| Failure::input(&error))?;
        say(format_args!("{}: no faults", scenario.study.name))?;
        Ok(())
    }
}

/// Compares the files of a study's folder with what was written.
fn check_folder(dir: &Path) -> Result<(), Failure> {
    study_folder::check(dir)?;
    let found = examined(dir)?;
    let stripped = match found.num_stripped {
        0 => String::new(),
        count => format!("; {} were left out on purpose", thousands(count as u64)),
    };
    let sound = thousands(found.num_sound as u64);
    let beside = match found.num_uncounted {
        0 => stripped,
        count => format!(
            "{stripped}; the run has not ended, so that manifest.json has no digest of {}; `nt run` goes on with it",
            if count == 1 { "1 record".to_owned() } else { format!("{} records", thousands(count as u64)) }
        ),
    };
    if !found.unreadable.is_empty() {
        return Err(Failure::System(format!(
            "{}: {sound} other files are as they were written{beside}",
            dir.display()
        )));
    }
    if found.damage.is_empty() {
        return say(format_args!("{}: {sound} files are as they were written{beside}", dir.display()));
    }
    Err(Failure::Incomplete(format!("{}: {sound} other files are as they were written{beside}", dir.display())))
}

/// Examines a study's folder, and tells what is damaged.
pub(super) fn examined(dir: &Path) -> Result<Examination, Failure> {
    let found = examine(dir).map_err(|error| Failure::system(&error))?;
    for damage in &found.damage {
        tell(format!("damaged: {damage}"));
    }
    for unreadable in &found.unreadable {
        tell(format!("not read: {unreadable}"));
    }
    Ok(found)
}
