//! Making a source network.

use super::materials::source_scope;
use super::measures::{note_training, push_test_metrics, push_training_metrics};
use super::pictures::filters;
use super::{Failure, JobOutput, TrainingExecutor, Trouble};
use crate::data::{Images, Inputs};
use crate::model::{self, Init, Parameters, initialise};
use crate::run::Upstream;
use crate::run::store::DrawKey;
use crate::train::{self, ForTest, Outcome, Setup, Span, Trained};
use nt_kernels::philox::Stream;
use nt_records::pictures::Filters;
use nt_records::{Setting, Status};
use nt_scenario::network::NetworkShape;
use nt_scenario::{Job, Replicate, ReplicateGroup, Role, SourceKind, SourceTask};

/// What labels a source network learns.
#[derive(Clone, Copy)]
enum Learned {
    /// Those of the images.
    True,
    /// Those of the images, permuted: a source that can only be learned by heart.
    Shuffled,
}

impl TrainingExecutor<'_> {
    /// Makes the network of a source, as its kind says.
    pub(super) fn make_source(
        &self,
        job: &Job,
        task: &SourceTask,
        upstream: &dyn Upstream,
    ) -> Result<JobOutput, Trouble> {
        match task.kind {
            SourceKind::Trained | SourceKind::Selffer => self.pretrain(job, task, Learned::True),
            SourceKind::ShuffledLabels => self.pretrain(job, task, Learned::Shuffled),
            SourceKind::MeanAndVariance { .. } => self.redraw(job, task, upstream),
            SourceKind::Untrained => Err(Failure::Plan { what: "network to make, its source being untrained" }.into()),
        }
    }

    /// Scope of a source's streams.
    fn scope(&self, task: &SourceTask) -> String {
        let target = task.for_target.map(|(target, _)| self.scenario.targets[target].name.as_str());
        source_scope(&self.scenario.sources[task.source].name, target)
    }

    /// Draws a network with the mean and variance of each tensor of the one that the job needs.
    fn redraw(&self, job: &Job, task: &SourceTask, upstream: &dyn Upstream) -> Result<JobOutput, Trouble> {
        let shape = self.scenario.model.shape(task.classes.len());
        let base = job.needs.first().ok_or(Failure::Plan { what: "network to take the scale of" })?;
        let base = self.stored_network(*base, &shape, upstream)?;
        let redrawn = base.mean_and_variance(self.seed(), &self.scope(task), job.replicate.stream_number(), &shape);
        let mut output = JobOutput::ended(Status::Done);
        output.artifacts.pictures.filters = first_filters(job, &shape, &redrawn);
        output.artifacts.network = Some(model::to_bytes(&redrawn, &shape)?);
        Ok(output)
    }

    /// Trains a network on the source's images, or a selffer's on its target's.
    fn pretrain(&self, job: &Job, task: &SourceTask, labels: Learned) -> Result<JobOutput, Trouble> {
        let shape = self.scenario.model.shape(task.classes.len());
        let (replicate, scope) = (job.replicate.stream_number(), self.scope(task));
        let key = match task.for_target {
            Some((target, size)) => DrawKey::Target(target, size, replicate),
            None => DrawKey::Source(task.source, replicate),
        };
        let draw = self.source_draw(task, key, replicate)?;
        let shuffled;
        let images = match labels {
            Learned::True => &draw.train,
            Learned::Shuffled => {
                shuffled = shuffle_labels(&draw.train, Stream::named(self.seed(), "labels", &scope, replicate));
                &shuffled
            }
        };
        let init = Init { seed: self.seed(), scope: &scope, replicate };
        let fresh = initialise(&shape, self.scenario.model.initialiser, init);
        let setup = Setup {
            shape: &shape,
            span: Span::WHOLE,
            recipe: &task.recipe,
            learning_rate: task.learning_rate,
            seed: self.seed(),
            scope: &scope,
            replicate,
            interrupt: self.interrupt,
        };
        let trained: Trained<ForTest> = train::train(self.backend, &setup, fresh, Inputs::Images(images))?;
        let mut output = JobOutput::ended(Status::Done);
        output.setting = Some(Setting::LearningRate(task.learning_rate));
        note_training(&trained, &mut output);
        if trained.outcome == Outcome::Finished {
            output.artifacts.network = Some(model::to_bytes(&trained.parameters, &shape)?);
            output.artifacts.pictures.filters = first_filters(job, &shape, &trained.parameters);
            self.judge_source(job, task, &shape, &trained, images, &mut output)?;
            output.test_openings = trained.test_openings();
        }
        Ok(output)
    }

    /// How well a source does its own task; the network that is copied later is the same whatever comes out here.
    fn judge_source(
        &self,
        job: &Job,
        task: &SourceTask,
        shape: &NetworkShape,
        trained: &Trained<ForTest>,
        images: &Images,
        output: &mut JobOutput,
    ) -> Result<(), Trouble> {
        let fitted = trained.score(self.backend, shape, Span::WHOLE, Inputs::Images(images))?;
        push_training_metrics(&fitted, output);
        if task.for_target.is_none() && job.role == Role::Source {
            let pool = self.registry.pool(&task.data, &task.classes, None)?;
            let score = trained.score(self.backend, shape, Span::WHOLE, Inputs::Images(&*pool.1.open(trained)?))?;
            push_test_metrics(&score, output);
        }
        Ok(())
    }
}

/// The same images, their labels permuted.
fn shuffle_labels(images: &Images, stream: Stream) -> Images {
    let all: Vec<usize> = (0..Inputs::Images(images).len()).collect();
    let mut order = all;
    stream.cursor().shuffle(&mut order);
    images.with_labels(Inputs::Images(images).labels().select(&order))
}

/// The first layer of the first of a source's networks, which stands for the others.
fn first_filters(job: &Job, shape: &NetworkShape, network: &Parameters) -> Option<Filters> {
    let is_first = job.role == Role::Source && job.replicate == Replicate { group: ReplicateGroup::Study, index: 0 };
    filters(shape, network).filter(|_| is_first)
}
