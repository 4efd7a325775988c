//! Making a source network: one file a way to make one.

mod pretrained;
mod redrawn;

use super::materials::source_scope;
use super::pictures::filters;
use super::{JobOutput, Obstacle, TrainingExecutor, Trouble};
use crate::model::Parameters;
use crate::run::Upstream;
use crate::train::{ForTest, ForTuning};
use nt_records::pictures::Filters;
use nt_scenario::network::NetworkShape;
use nt_scenario::{Job, Method, Replicate, Role, SourceKind, SourceTask};
use pretrained::Learned;

impl TrainingExecutor<'_> {
    /// Makes the network of a source, as its kind says.
    pub(super) fn make_source(
        &self,
        job: &Job,
        task: &SourceTask,
        upstream: &dyn Upstream,
    ) -> Result<JobOutput, Trouble> {
        if !self.is_called_for(Method::Training, task.only_if.as_ref(), upstream) {
            return Ok(JobOutput::unneeded(Method::Training, &task.setting));
        }
        let pretrain = |labels| match job.role.sees_test_images() {
            true => self.pretrain::<ForTest>(job, task, labels, upstream, Self::judge_source),
            false => self.pretrain::<ForTuning>(job, task, labels, upstream, Self::judge_source_on_validation),
        };
        match task.kind {
            SourceKind::Trained | SourceKind::Selffer | SourceKind::Twin => pretrain(Learned::True),
            SourceKind::ShuffledLabels => pretrain(Learned::Shuffled),
            SourceKind::MeanAndVariance { .. } => self.redraw(job, task, upstream),
            SourceKind::Untrained => Err(Obstacle::Plan { what: "network to make, its source being untrained" }.into()),
            SourceKind::Weights => Err(Obstacle::Plan { what: "network to make, its source being a file" }.into()),
        }
    }

    /// Scope of a source's streams.
    fn scope(&self, task: &SourceTask) -> String {
        let target = task.target().map(|target| self.scenario.targets[target].name.as_str());
        source_scope(&self.scenario.sources[task.source].name, target)
    }
}

/// The first layer of the first of a source's networks, which stands for the others.
fn first_filters(job: &Job, shape: &NetworkShape, network: &Parameters) -> Option<Filters> {
    let is_first = job.role == Role::Source && job.replicate == Replicate::study(0);
    filters(shape, network).filter(|_| is_first)
}
