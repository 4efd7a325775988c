//! A source network trained on images of its own, or a selffer's on its target's.

use super::first_filters;
use crate::data::{Images, Inputs};
use crate::model::{self, Init, initialise};
use crate::run::store::DrawKey;
use crate::run::training::measures::{note_training, push_test_metrics, push_training_metrics};
use crate::run::training::{JobOutput, TrainingExecutor, Trouble};
use crate::train::{self, ForTest, Outcome, Setup, Span, Trained};
use nt_kernels::philox::Stream;
use nt_records::{Setting, Status};
use nt_scenario::network::NetworkShape;
use nt_scenario::{Job, Role, SourceTask};

/// What labels a source network learns.
#[derive(Clone, Copy)]
pub(super) enum Learned {
    /// Those of the images.
    True,
    /// Those of the images, permuted: a source that can only be learned by heart.
    Shuffled,
}

impl TrainingExecutor<'_> {
    /// Trains a network on the source's images, or a selffer's on its target's.
    pub(super) fn pretrain(&self, job: &Job, task: &SourceTask, labels: Learned) -> Result<JobOutput, Trouble> {
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
            span: Span::whole(&shape),
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
        let fitted = trained.score(self.backend, shape, Span::whole(shape), Inputs::Images(images))?;
        push_training_metrics(&fitted, output);
        if task.for_target.is_none() && job.role == Role::Source {
            let pool = self.registry.pool(&task.data, &task.classes, None)?;
            let score =
                trained.score(self.backend, shape, Span::whole(shape), Inputs::Images(&*pool.1.open(trained)?))?;
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
