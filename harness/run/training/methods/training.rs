//! Training the layers past the frozen ones, and judging the network.

use crate::data::{Images, Inputs};
use crate::model::weights::to_safetensors;
use crate::model::{Init, Parameters, StoreError, transfer};
use crate::run::kept;
use crate::run::store::SetKey;
use crate::run::training::materials::target_scope;
use crate::run::training::measures::{
    note_training, push_test_metrics, push_training_metrics, push_validation_metrics, tabulate,
};
use crate::run::training::pictures::{filters, thumbnails};
use crate::run::training::target_run::TargetRun;
use crate::run::training::{JobOutput, TrainingExecutor, Trouble};
use crate::run::weights::STANDARDISATION;
use crate::run::{Pictures, Upstream};
use crate::train::{self, AtChance, ForTest, ForTuning, Outcome, Purpose, Score, Setup, Span, Trained};
use nt_records::{Setting, Status};
use nt_scenario::{Job, Role, TargetTask};

/// A network by the names of its own layers, with what it does to pixels first.
fn kept_network(run: &TargetRun<'_>, parameters: &Parameters) -> Result<Vec<u8>, Trouble> {
    let names: Vec<&str> = run.shape.layers.iter().map(|layer| layer.name).collect();
    let note = serde_json::to_string(&parameters.standardisation).unwrap_or_default();
    Ok(to_safetensors(parameters, &run.shape, &names, (STANDARDISATION, note)).map_err(StoreError::Encode)?)
}

pub(super) type Judge<'a, P> =
    fn(&TrainingExecutor<'a>, &TargetRun<'_>, &Trained<P>, &mut JobOutput) -> Result<(), Trouble>;

impl<'a> TrainingExecutor<'a> {
    pub(super) fn train_target<P: Purpose>(
        &self,
        job: &Job,
        task: &TargetTask,
        upstream: &dyn Upstream,
        judge: Judge<'a, P>,
    ) -> Result<JobOutput, Trouble> {
        let replicate = job.replicate.stream();
        let target = &self.scenario.targets[task.target];
        let choice = self.setting(task.method, &task.setting, upstream)?;
        let mut run = self.target_run(job, task, upstream)?;
        let standardisation = self.registry.standardisation(&task.data);
        let init = Init { seed: self.seed(), scope: &target_scope(&target.name), replicate, standardisation };
        let source = run.source.as_ref().map(|(_, network)| &**network);
        let start = transfer(&run.shape, self.scenario.model.initialiser, init, source, task.treatment);
        run.first = self.depth_of_codes(&run);
        let trained = match choice {
            None => Trained::untouched(start),
            Some(choice) => {
                let setup = Setup {
                    shape: &run.shape,
                    span: Span {
                        first: run.first,
                        frozen: usize::from(task.treatment.frozen()),
                        ..Span::whole(&run.shape)
                    },
                    recipe: &task.recipe,
                    learning_rate: choice.value,
                    seed: self.seed(),
                    scope: &format!("{}/{}", target_scope(&target.name), target.sizes[task.size].name),
                    replicate,
                    // Every other arm is judged by scratch.
                    at_chance: match task.treatment.is_scratch() && task.budget == 1.0 {
                        true => upstream.at_chance(job),
                        false => AtChance::GoesOn,
                    },
                    interrupt: self.interrupt,
                };
                let examples = self.examples(&run, SetKey::Train(run.draw_key), &run.draw.train)?;
                train::train::<P>(self.backend, &setup, start, examples.inputs())?
            }
        };
        let mut output = JobOutput::ended(Status::Done);
        output.setting = choice.map(|choice| Setting::LearningRate(choice.value));
        output.setting_on_edge = choice.is_some_and(|choice| choice.on_edge);
        note_training(&trained, &mut output);
        if trained.outcome == Outcome::Finished {
            judge(self, &run, &trained, &mut output)?;
            output.test_openings = trained.test_openings();
        }
        Ok(output)
    }

    pub(super) fn judge_on_validation(
        &self,
        run: &TargetRun<'_>,
        trained: &Trained<ForTuning>,
        output: &mut JobOutput,
    ) -> Result<(), Trouble> {
        self.validate(run, trained, output)
    }

    fn validate<P: Purpose>(
        &self,
        run: &TargetRun<'_>,
        trained: &Trained<P>,
        output: &mut JobOutput,
    ) -> Result<(), Trouble> {
        let validation = &run.draw.validation;
        if Inputs::Images(validation).is_empty() {
            return Ok(());
        }
        let examples = self.examples(run, SetKey::Validation(run.draw_key), validation)?;
        push_validation_metrics(
            self.scenario.verdict.metric,
            &trained.score(self.backend, &run.shape, run.span(), examples.inputs())?,
            output,
        );
        Ok(())
    }

    pub(super) fn judge_on_test(
        &self,
        run: &TargetRun<'_>,
        trained: &Trained<ForTest>,
        output: &mut JobOutput,
    ) -> Result<(), Trouble> {
        let examples = self.examples(run, SetKey::Train(run.draw_key), &run.draw.train)?;
        push_training_metrics(&trained.score(self.backend, &run.shape, run.span(), examples.inputs())?, output);
        self.validate(run, trained, output)?;
        let pool = self.registry.pool(&run.task.data, &run.task.classes, run.task.test_per_class)?;
        let images = pool.1.open(trained)?;
        let examples = self.examples(run, SetKey::Test(run.task.target), &images)?;
        let predictions =
            train::classify(self.backend, &run.shape, run.span(), &trained.parameters, examples.inputs())?;
        push_test_metrics(&Score::of(&predictions, run.shape.num_classes), output);
        output.artifacts.predictions = Some(tabulate(predictions, run.shape.num_classes)?);
        if self.keep_networks && kept::can_be_kept(run.job) {
            output.artifacts.network = Some(kept_network(run, &trained.parameters)?);
        }
        output.artifacts.pictures = self.pictures(run, trained, &images);
        Ok(())
    }

    /// What one run shows for all of its kind: scratch the test images, and each network whose first layer is its own
    /// that layer.
    fn pictures(&self, run: &TargetRun<'_>, trained: &Trained<ForTest>, test: &Images) -> Pictures {
        let mut pictures = Pictures::default();
        if run.job.role != Role::Final || run.job.replicate.index > 0 {
            return pictures;
        }
        if run.task.treatment.is_scratch() {
            let name = self.scenario.targets[run.task.target].name.clone();
            pictures.thumbnails = Some((name, thumbnails(test)));
        }
        if run.task.treatment.frozen() == 0 {
            pictures.filters = filters(&run.shape, &trained.parameters);
        }
        pictures
    }
}
