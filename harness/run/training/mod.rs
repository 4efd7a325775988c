//! The executor that trains networks.

mod failure;
mod materials;
mod measures;
mod methods;
mod pictures;
mod sources;
mod target_run;

use super::tuning::{self, Choice};
use super::{Abandoned, Executor, JobOutput, Registry, Store, Upstream};
use crate::train::Backend;
use failure::{Failure, Obstacle, Trouble};
use nt_records::Status;
use nt_scenario::{Job, Method, OnlyIf, Scenario, SettingChoice, Work};
use std::sync::atomic::AtomicBool;

/// Trains and evaluates networks.
pub struct TrainingExecutor<'a> {
    /// The scenario.
    pub scenario: &'a Scenario,
    /// Its data.
    pub registry: &'a Registry,
    /// What networks are computed with.
    pub backend: &'a dyn Backend,
    /// What jobs share.
    pub store: &'a Store,
    /// Set when the user wants to stop.
    pub interrupt: &'a AtomicBool,
    /// Whether the networks of judged runs are kept.
    pub keep_networks: bool,
}

impl Executor for TrainingExecutor<'_> {
    fn execute(&self, job: &Job, upstream: &dyn Upstream) -> Result<JobOutput, Abandoned> {
        let output = match &job.work {
            Work::TrainSource(task) => self.make_source(job, task, upstream),
            Work::TrainTarget(task) => self.run_target(job, task, upstream),
        };
        match output {
            Ok(output) => Ok(output),
            Err(Trouble::Abandoned(why)) => Err(why),
            Err(Trouble::Failed(failure)) => Ok(JobOutput::failed(failure.to_string())),
            Err(Trouble::Diverged(reason)) => Ok(JobOutput::ended(Status::Diverged { reason })),
        }
    }
}

impl TrainingExecutor<'_> {
    fn seed(&self) -> u64 {
        self.scenario.study.seed
    }

    /// Whether a job is run: always, unless it is a trial beyond an edge of its grid where the best value is not.
    fn is_called_for(&self, method: Method, only_if: Option<&OnlyIf>, upstream: &dyn Upstream) -> bool {
        only_if.is_none_or(|only_if| tuning::is_called_for(self.scenario.verdict.metric, method, only_if, upstream))
    }

    /// A setting: given, or chosen from its trials; none where nothing is trained.
    fn setting(
        &self,
        method: Method,
        setting: &SettingChoice,
        upstream: &dyn Upstream,
    ) -> Result<Option<Choice>, Trouble> {
        Ok(match setting {
            SettingChoice::NotTrained => None,
            SettingChoice::Fixed(value) => Some(Choice { value: *value, on_edge: false }),
            SettingChoice::Tuned { trials, .. } => {
                Some(tuning::choose(self.scenario.verdict.metric, method, trials, upstream)?)
            }
        })
    }
}
