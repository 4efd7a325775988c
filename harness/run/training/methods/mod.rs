//! Running a target: one file a method.

mod probe;
mod training;

use super::target_run::TargetRun;
use super::{JobOutput, TrainingExecutor, Trouble};
use crate::run::Upstream;
use crate::run::store::DrawKey;
use crate::train::{ForTest, ForTuning};
use nt_scenario::{Job, Method, TargetTask};

impl<'a> TrainingExecutor<'a> {
    /// Runs a target by its method, and judges it on what its role may see.
    pub(super) fn run_target(
        &self,
        job: &Job,
        task: &TargetTask,
        upstream: &dyn Upstream,
    ) -> Result<JobOutput, Trouble> {
        if !self.is_called_for(task.method, task.only_if.as_ref(), upstream) {
            return Ok(JobOutput::unneeded(task.method, &task.setting));
        }
        match (task.method, job.role.sees_test_images()) {
            (Method::Training, true) => self.train_target::<ForTest>(job, task, upstream, Self::judge_on_test),
            (Method::Training, false) => self.train_target::<ForTuning>(job, task, upstream, Self::judge_on_validation),
            (Method::Probe, true) => self.fit_probe::<ForTest>(job, task, upstream, Self::judge_probe_on_test),
            (Method::Probe, false) => self.fit_probe::<ForTuning>(job, task, upstream, Self::judge_probe_on_validation),
        }
    }

    /// What a run of this task is made of.
    fn target_run<'t>(
        &self,
        job: &'t Job,
        task: &'t TargetTask,
        upstream: &dyn Upstream,
    ) -> Result<TargetRun<'t>, Trouble> {
        let replicate = job.replicate.draw();
        let draw_key = DrawKey::Target(task.target, task.size, replicate);
        Ok(TargetRun {
            job,
            task,
            shape: self.scenario.model.shape(task.classes.len()),
            draw: self.target_draw(task, draw_key, replicate)?,
            draw_key,
            source: self.source_network(task, replicate, upstream)?,
            first: 0,
        })
    }
}
