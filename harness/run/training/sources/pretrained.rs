//! A source network trained on images of its own, or a selffer's on its target's.

use super::first_filters;
use crate::data::{Images, Inputs};
use crate::model::{self, Init, initialise};
use crate::run::Upstream;
use crate::run::training::measures::{
    note_training, push_test_metrics, push_training_metrics, push_validation_metrics,
};
use crate::run::training::{JobOutput, Obstacle, TrainingExecutor, Trouble};
use crate::train::{self, AtChance, ForTest, ForTuning, Outcome, Purpose, Setup, Span, Trained};
use nt_kernels::philox::Stream;
use nt_records::{Setting, Status};
use nt_scenario::network::NetworkShape;
use nt_scenario::{Job, Method, Role, SourceTask};

/// What labels a source network learns.
#[derive(Clone, Copy)]
pub(super) enum Learned {
    /// Those of the images.
    True,
    /// Those of the images, permuted: a source that can only be learned by heart.
    Shuffled,
}

/// What a source's network was trained on.
pub(super) struct Material<'a> {
    task: &'a SourceTask,
    shape: NetworkShape,
    /// Training images with the labels that were learned.
    train: &'a Images,
    validation: &'a Images,
}

/// Judges a source's network, and writes down what it finds.
type Judge<'e, P> = fn(&TrainingExecutor<'e>, &Material<'_>, &Trained<P>, &mut JobOutput) -> Result<(), Trouble>;

impl<'e> TrainingExecutor<'e> {
    /// Trains a network on the source's images, or a selffer's on its target's.
    pub(super) fn pretrain<P: Purpose>(
        &self,
        job: &Job,
        task: &SourceTask,
        labels: Learned,
        upstream: &dyn Upstream,
        judge: Judge<'e, P>,
    ) -> Result<JobOutput, Trouble> {
        let shape = self.scenario.model.shape(task.classes.len());
        let (replicate, scope) = (job.replicate.stream(), self.scope(task));
        let drawn = job.replicate.draw();
        let choice = self.setting(Method::Training, &task.setting, upstream)?;
        let choice = choice.ok_or(Obstacle::Plan { what: "learning rate for its source" })?;
        let draw = self.source_draw(task, drawn)?;
        let shuffled;
        let images = match labels {
            Learned::True => &draw.train,
            Learned::Shuffled => {
                shuffled = shuffle_labels(&draw.train, Stream::named(self.seed(), "labels", &scope, drawn));
                &shuffled
            }
        };
        let standardisation = self.registry.standardisation(&task.data);
        let init = Init { seed: self.seed(), scope: &scope, replicate, standardisation };
        let fresh = initialise(&shape, self.scenario.model.initialiser, init);
        let setup = Setup {
            shape: &shape,
            span: Span::whole(&shape),
            recipe: &task.recipe,
            learning_rate: choice.value,
            seed: self.seed(),
            scope: &scope,
            replicate,
            at_chance: match labels {
                Learned::True => upstream.at_chance(job),
                // Shuffled labels are learned by heart, if ever.
                Learned::Shuffled => AtChance::GoesOn,
            },
            interrupt: self.interrupt,
        };
        let trained = train::train::<P>(self.backend, &setup, fresh, Inputs::Images(images))?;
        let mut output = JobOutput::ended(Status::Done);
        output.setting = Some(Setting::LearningRate(choice.value));
        output.setting_on_edge = choice.on_edge;
        note_training(&trained, &mut output);
        if trained.outcome == Outcome::Finished {
            if job.role == Role::Source {
                output.artifacts.network = Some(model::to_bytes(&trained.parameters, &shape)?);
                output.artifacts.pictures.filters = first_filters(job, &shape, &trained.parameters);
            }
            let material = Material { task, shape, train: images, validation: &draw.validation };
            judge(self, &material, &trained, &mut output)?;
            output.test_openings = trained.test_openings();
        }
        Ok(output)
    }

    /// How well a trial does on validation images.
    pub(super) fn judge_source_on_validation(
        &self,
        material: &Material<'_>,
        trained: &Trained<ForTuning>,
        output: &mut JobOutput,
    ) -> Result<(), Trouble> {
        self.validate_source(material, trained, output)
    }

    fn validate_source<P: Purpose>(
        &self,
        Material { shape, validation, .. }: &Material<'_>,
        trained: &Trained<P>,
        output: &mut JobOutput,
    ) -> Result<(), Trouble> {
        let images = Inputs::Images(validation);
        if !images.is_empty() {
            let score = trained.score(self.backend, shape, Span::whole(shape), images)?;
            push_validation_metrics(self.scenario.verdict.metric, &score, output);
        }
        Ok(())
    }

    /// How well a source does its own task; the network that is copied later is the same whatever comes out here.
    pub(super) fn judge_source(
        &self,
        material: &Material<'_>,
        trained: &Trained<ForTest>,
        output: &mut JobOutput,
    ) -> Result<(), Trouble> {
        let Material { task, shape, train, .. } = material;
        let score = |images: &Images| trained.score(self.backend, shape, Span::whole(shape), Inputs::Images(images));
        push_training_metrics(&score(train)?, output);
        // A selffer's and a twin's test images are their target's, which its runs open.
        if task.target().is_none() {
            self.validate_source(material, trained, output)?;
            let pool = self.registry.pool(&task.data, &task.classes, None)?;
            push_test_metrics(&score(&*pool.1.open(trained)?)?, output);
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
