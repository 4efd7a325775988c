//! The executor that trains networks.

mod failure;
mod materials;
mod measures;
mod pictures;
mod probes;
mod sources;
mod target_run;
mod targets;

use super::{Abandoned, Executor, JobOutput, Registry, Store, Upstream, tuning};
use crate::train::{Backend, ForTest, ForTuning};
use failure::{Failure, Trouble};
use nt_records::Status;
use nt_scenario::{Job, Method, Scenario, TargetTask, Work};
use std::sync::atomic::AtomicBool;

/// Trains and evaluates AlexNet.
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

impl<'a> TrainingExecutor<'a> {
    fn seed(&self) -> u64 {
        self.scenario.study.seed
    }

    fn run_target(&self, job: &Job, task: &TargetTask, upstream: &dyn Upstream) -> Result<JobOutput, Trouble> {
        if let Some(only_if) = &task.only_if
            && !tuning::is_called_for(self.scenario.verdict.metric, task.method, only_if, upstream)
        {
            return Ok(JobOutput::unneeded(task));
        }
        match (task.method, job.role.sees_test_images()) {
            (Method::Training, true) => self.train_target::<ForTest>(job, task, upstream, Self::judge_on_test),
            (Method::Training, false) => self.train_target::<ForTuning>(job, task, upstream, Self::judge_on_validation),
            (Method::Probe, true) => self.fit_probe::<ForTest>(job, task, upstream, Self::judge_probe_on_test),
            (Method::Probe, false) => self.fit_probe::<ForTuning>(job, task, upstream, Self::judge_probe_on_validation),
        }
    }
}
