//! The executor that trains networks.

mod failure;
mod materials;
mod measures;
mod methods;
mod pictures;
mod sources;
mod target_run;

use super::{Abandoned, Executor, JobOutput, Registry, Store, Upstream};
use crate::train::Backend;
use failure::{Failure, Trouble};
use nt_records::Status;
use nt_scenario::{Job, Scenario, Work};
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
}
