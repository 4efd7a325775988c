//! A source network drawn with the mean and variance of each tensor of another.

use super::first_filters;
use crate::model;
use crate::run::Upstream;
use crate::run::training::{JobOutput, Obstacle, TrainingExecutor, Trouble};
use nt_records::Status;
use nt_scenario::{Job, SourceTask};

impl TrainingExecutor<'_> {
    /// Draws a network with the mean and variance of each tensor of the one that the job needs.
    pub(super) fn redraw(&self, job: &Job, task: &SourceTask, upstream: &dyn Upstream) -> Result<JobOutput, Trouble> {
        let shape = self.scenario.model.shape(task.classes.len());
        let base = job.needs.first().ok_or(Obstacle::Plan { what: "network to take the scale of" })?;
        let base = self.stored_network(*base, (&shape, self.registry.standardisation(&task.data)), upstream)?;
        let redrawn = base.mean_and_variance(self.seed(), &self.scope(task), job.replicate.stream(), &shape);
        let mut output = JobOutput::ended(Status::Done);
        output.artifacts.pictures.filters = first_filters(job, &shape, &redrawn);
        output.artifacts.network = Some(model::to_bytes(&redrawn, &shape)?);
        Ok(output)
    }
}
