//! Fitting and judging a probe.

use crate::data::{Codes, Images, Inputs};
use crate::run::Upstream;
use crate::run::store::SetKey;
use crate::run::training::measures::{push_test_metrics, push_training_metrics, push_validation_metrics, tabulate};
use crate::run::training::target_run::TargetRun;
use crate::run::training::{JobOutput, Obstacle, TrainingExecutor, Trouble};
use crate::train::{ForTest, Outcome, Probe, Purpose, Score};
use nt_records::{Measure, Measured, Setting, Status};
use nt_scenario::{Job, TargetTask};
use std::sync::Arc;

type Judge<'a, P> = fn(&TrainingExecutor<'a>, &TargetRun<'_>, &Probe<P>, &mut JobOutput) -> Result<(), Trouble>;

impl<'a> TrainingExecutor<'a> {
    pub(super) fn fit_probe<P: Purpose>(
        &self,
        job: &Job,
        task: &TargetTask,
        upstream: &dyn Upstream,
        judge: Judge<'a, P>,
    ) -> Result<JobOutput, Trouble> {
        let choice = self.setting(task.method, &task.setting, upstream)?;
        let choice = choice.ok_or(Obstacle::Plan { what: "strength of regularisation for its probe" })?;
        let run = self.target_run(job, task, upstream)?;
        let codes = self.probed(&run, SetKey::Train(run.draw_key), &run.draw.train)?;
        let probe = Probe::<P>::fit(&codes, run.shape.num_classes, choice.value, self.interrupt)?;
        let status = match probe.outcome {
            Outcome::Finished => Status::Done,
            Outcome::Diverged { .. } => {
                Status::Diverged { reason: "the codes of its source network are not finite numbers".to_owned() }
            }
        };
        let mut output = JobOutput::ended(status);
        output.setting = Some(Setting::L2(choice.value));
        output.setting_on_edge = choice.on_edge;
        if let Some(last) = probe.train_loss {
            // With no weights every class is as likely as the others.
            let first = libm::log(run.shape.num_classes as f64);
            output.metrics.push(Measured::new(Measure::TrainLossFirst, first, 1));
            output.metrics.push(Measured::new(Measure::TrainLossLast, last, 1));
            judge(self, &run, &probe, &mut output)?;
            output.test_openings = probe.test_openings();
        }
        Ok(output)
    }

    /// The codes that a run's probe sees of a set.
    fn probed(&self, run: &TargetRun<'_>, set: SetKey, images: &Images) -> Result<Arc<Codes>, Trouble> {
        let (network, parameters) =
            run.source.as_ref().ok_or(Obstacle::Plan { what: "source network for its probe" })?;
        self.codes(run, *network, parameters, usize::from(run.task.treatment.frozen()), set, images)
    }

    pub(super) fn judge_probe_on_validation<P: Purpose>(
        &self,
        run: &TargetRun<'_>,
        probe: &Probe<P>,
        output: &mut JobOutput,
    ) -> Result<(), Trouble> {
        let validation = &run.draw.validation;
        if !Inputs::Images(validation).is_empty() {
            let codes = self.probed(run, SetKey::Validation(run.draw_key), validation)?;
            push_validation_metrics(self.scenario.verdict.metric, &probe.score(&codes)?, output);
        }
        Ok(())
    }

    pub(super) fn judge_probe_on_test(
        &self,
        run: &TargetRun<'_>,
        probe: &Probe<ForTest>,
        output: &mut JobOutput,
    ) -> Result<(), Trouble> {
        let codes = self.probed(run, SetKey::Train(run.draw_key), &run.draw.train)?;
        push_training_metrics(&probe.score(&codes)?, output);
        self.judge_probe_on_validation(run, probe, output)?;
        let pool = self.registry.pool(&run.task.data, &run.task.classes, run.task.test_per_class)?;
        let images = pool.1.open(probe)?;
        let codes = self.probed(run, SetKey::Test(run.task.target), &images)?;
        let predictions = probe.classify(&codes)?;
        push_test_metrics(&Score::of(&predictions, run.shape.num_classes), output);
        output.artifacts.predictions = Some(tabulate(predictions, run.shape.num_classes)?);
        Ok(())
    }
}
