//! Targets: for each size its arms, each tuned and then scored on every replicate.

use std::sync::Arc;

use crate::identity::{self, Meaning, Part};
use crate::job::{Job, LearningRateChoice, Replicate, Role, TargetTask, Trial, Work};
use crate::recipe::Recipe;
use crate::scenario::{SCRATCH, Size, Target, TreatmentRange};
use crate::treatment::{SameClasses, Treatment};

use super::context::Context;
use super::cost::{PerImage, image_steps};
use super::sources::SourceJobs;
use super::{Cell, Plan, PlanError};

pub(super) fn plan(context: &Context<'_>, sources: &SourceJobs, plan: &mut Plan) -> Result<(), PlanError> {
    let lines = context.lines();
    for (target_index, target) in context.scenario.targets.iter().enumerate() {
        let same_classes: Vec<SameClasses> = context
            .scenario
            .sources
            .iter()
            .map(|source| context.same_classes(source, target))
            .collect::<Result<_, _>>()?;
        for (size_index, size) in target.sizes.iter().enumerate() {
            let stage = Stage::new(context, sources, (target_index, target), (size_index, size))?;
            stage.arm(&Arm::scratch(lines.sizes[target_index][size_index]), plan);
            for (index, range) in context.scenario.treatments.iter().enumerate() {
                stage.range(range, lines.treatments[index], &same_classes, plan)?;
            }
        }
    }
    Ok(())
}

/// A target at a size: what its arms share.
struct Stage<'a> {
    context: &'a Context<'a>,
    sources: &'a SourceJobs,
    target: usize,
    size: usize,
    /// What all tasks of this stage share; the rest is filled in for each.
    task: TargetTask,
    /// Recipe of an arm in which nothing is trained.
    not_trained: Arc<Recipe>,
    name: String,
    meaning: Part,
    /// Meaning of what only a final job sees: the test images.
    test: Part,
    per_image: PerImage,
    image_steps: u64,
    num_validation_images: usize,
    num_test_images: usize,
}

/// A source × treatment.
struct Arm {
    source: Option<usize>,
    treatment: Treatment,
    treatment_name: Arc<str>,
    name: String,
    learning_rate: Option<f64>,
    line: usize,
}

impl Arm {
    fn scratch(line: usize) -> Self {
        Self {
            source: None,
            treatment: Treatment::SCRATCH,
            treatment_name: SCRATCH.into(),
            name: SCRATCH.to_owned(),
            learning_rate: None,
            line,
        }
    }
}

impl<'a> Stage<'a> {
    fn new(
        context: &'a Context<'a>,
        sources: &'a SourceJobs,
        (target_index, target): (usize, &Target),
        (size_index, size): (usize, &Size),
    ) -> Result<Self, PlanError> {
        let classes = context.classes(&target.data, target.classes.as_ref())?;
        let validation_per_class = target.validation_per_class(size);
        let train_images = (size.train_per_class - validation_per_class) * classes.len();
        let recipe = context.recipe(&context.scenario.training.settings, size.length, train_images);
        let meaning = Meaning::of("target training")
            .text("target", &target.name)
            .text("size", &size.name)
            .part("data", context.data_meaning(&target.data, &classes)?)
            .count("train_per_class", size.train_per_class as u64)
            .count("validation_per_class", validation_per_class as u64);
        let test = match target.test_per_class {
            Some(count) => Meaning::of("test").count("per_class", count as u64),
            None => Meaning::of("test").text("per_class", "all"),
        };
        Ok(Self {
            context,
            sources,
            target: target_index,
            size: size_index,
            not_trained: Arc::new(Recipe { steps: 0, ..(*recipe).clone() }),
            name: format!("{}/{}", target.name, size.name),
            meaning: meaning.finish(),
            test: test.finish(),
            per_image: PerImage::new(&context.scenario.model.shape(classes.len())),
            image_steps: image_steps(&recipe, train_images),
            num_validation_images: validation_per_class * classes.len(),
            num_test_images: context.num_test_images(&target.data, &classes, target.test_per_class)?,
            task: TargetTask {
                target: target_index,
                size: size_index,
                source: None,
                source_job: None,
                treatment: Treatment::SCRATCH,
                treatment_name: SCRATCH.into(),
                data: target.data.as_str().into(),
                classes,
                train_per_class: size.train_per_class,
                validation_per_class,
                test_per_class: target.test_per_class,
                recipe,
                learning_rate: LearningRateChoice::NotTrained,
                budget: 1.0,
            },
        })
    }

    /// Every point of a treatment, for each of its sources.
    fn range(
        &self,
        range: &TreatmentRange,
        line: usize,
        same_classes: &[SameClasses],
        plan: &mut Plan,
    ) -> Result<(), PlanError> {
        let scenario = self.context.scenario;
        let (treatment_name, points): (Arc<str>, _) = (range.name.as_str().into(), range.points());
        for &source in &range.sources {
            for &(copied, frozen) in &points {
                let treatment =
                    Treatment::new(copied, frozen, same_classes[source]).map_err(|cause| PlanError::Treatment {
                        treatment: range.name.clone(),
                        source_name: scenario.sources[source].name.clone(),
                        target: scenario.targets[self.target].name.clone(),
                        cause,
                    })?;
                let arm = Arm {
                    source: Some(source),
                    treatment,
                    treatment_name: treatment_name.clone(),
                    name: format!("{}/{}{treatment}", scenario.sources[source].name, range.name),
                    learning_rate: range.learning_rate,
                    line,
                };
                self.arm(&arm, plan);
            }
        }
        Ok(())
    }

    /// An arm's jobs, and its cell.
    fn arm(&self, arm: &Arm, plan: &mut Plan) {
        let recipe = if arm.treatment.is_trained() { &self.task.recipe } else { &self.not_trained };
        let meaning = self.arm_meaning(arm, recipe);
        let mut task = TargetTask {
            source: arm.source,
            treatment: arm.treatment,
            treatment_name: arm.treatment_name.clone(),
            recipe: recipe.clone(),
            ..self.task.clone()
        };
        let chosen = self.choose_learning_rate(arm, &task, meaning, plan);
        task.learning_rate = chosen.choice;
        let final_jobs = (0..plan.replicates).map(|index| {
            let replicate = Replicate::study(index);
            let name = format!("{}/{}/{replicate}", self.name, arm.name);
            let draft = Draft { role: Role::Final, replicate, name, meaning, learning_rate: chosen.meaning };
            self.push(arm, draft, &task, &chosen.trials, plan)
        });
        let final_jobs = final_jobs.collect();
        plan.cells.push(Cell {
            target: self.target,
            size: self.size,
            source: arm.source,
            treatment: arm.treatment,
            treatment_name: arm.treatment_name.clone(),
            line: arm.line,
            final_jobs,
        });
    }

    /// The meaning of an arm, but for its learning rate and source job.
    fn arm_meaning(&self, arm: &Arm, recipe: &Recipe) -> Part {
        let source = arm.source.map(|index| &self.context.scenario.sources[index]);
        let meaning = Meaning::of("arm")
            .part("target", self.meaning)
            .count("copied", u64::from(arm.treatment.copied()))
            .count("frozen", u64::from(arm.treatment.frozen()))
            .real("budget", self.task.budget);
        // Where nothing is trained, no recipe has a part in the score.
        let meaning = match arm.treatment.is_trained() {
            true => meaning.part("recipe", identity::recipe(recipe)),
            false => meaning,
        };
        // A network that is drawn, not trained, is drawn under its source's name.
        match source {
            Some(source) => meaning.text("source", &source.name).text("kind", source.kind().word()),
            None => meaning,
        }
        .finish()
    }

    /// Where an arm's learning rate comes from; plans the jobs that try the grid, where there is one.
    fn choose_learning_rate(&self, arm: &Arm, task: &TargetTask, meaning: Part, plan: &mut Plan) -> Chosen {
        let scenario = self.context.scenario;
        let fixed = arm.learning_rate.or(scenario.training.learning_rate);
        let (Some(tuning), true) = (&scenario.tuning, arm.treatment.is_trained()) else {
            return match fixed.filter(|_| arm.treatment.is_trained()) {
                Some(rate) => Chosen::fixed(rate),
                None => Chosen::not_trained(),
            };
        };
        let mut chosen_meaning = Meaning::of("tuned").count("rates", tuning.learning_rates.len() as u64);
        let mut trials = Vec::with_capacity(tuning.learning_rates.len());
        for &rate in &tuning.learning_rates {
            let task = TargetTask { learning_rate: LearningRateChoice::Fixed(rate), ..task.clone() };
            let learning_rate = Chosen::fixed(rate).meaning;
            let jobs = (0..tuning.replicates).map(|index| {
                let replicate = Replicate::tuning(index);
                let name = format!("{}/{}/{replicate}/lr{rate}", self.name, arm.name);
                let draft = Draft { role: Role::Tuning, replicate, name, meaning, learning_rate };
                self.push(arm, draft, &task, &[], plan)
            });
            let jobs: Vec<usize> = jobs.collect();
            chosen_meaning = chosen_meaning.real("rate", rate);
            for &job in &jobs {
                chosen_meaning = chosen_meaning.job("trial", Some(plan.jobs[job].id));
            }
            trials.push(Trial { rate, jobs });
        }
        Chosen {
            trials: trials.iter().flat_map(|trial| trial.jobs.iter().copied()).collect(),
            choice: LearningRateChoice::Tuned { grid: tuning.learning_rates.as_slice().into(), trials: trials.into() },
            meaning: chosen_meaning.finish(),
        }
    }

    /// Adds a job of an arm, and gives its index.
    fn push(&self, arm: &Arm, draft: Draft, task: &TargetTask, trials: &[usize], plan: &mut Plan) -> usize {
        let size = (self.target, self.size);
        let source_job = arm.source.and_then(|source| self.sources.find(source, size, draft.replicate));
        let (meaning, evaluated) = match draft.role {
            // Tuning never sees a test image, so that other test images leave it alone.
            Role::Tuning => (self.context.job("tuning", draft.replicate), self.num_validation_images),
            _ => (self.context.job("final", draft.replicate).part("test", self.test), self.num_test_images),
        };
        let meaning = meaning
            .part("arm", draft.meaning)
            .part("learning_rate", draft.learning_rate)
            .job("source", source_job.map(|job| plan.jobs[job].id));
        let image_steps = if arm.treatment.is_trained() { self.image_steps } else { 0 };
        plan.jobs.push(Job {
            id: meaning.id(),
            name: draft.name,
            role: draft.role,
            replicate: draft.replicate,
            needs: source_job.into_iter().chain(trials.iter().copied()).collect(),
            work: Work::TrainTarget(TargetTask { source_job, ..task.clone() }),
            line: arm.line,
            image_steps,
            multiply_accumulates: self.per_image.total(arm.treatment.frozen(), image_steps, evaluated),
        });
        plan.jobs.len() - 1
    }
}

/// What tells a job of an arm from the others.
struct Draft {
    role: Role,
    replicate: Replicate,
    name: String,
    meaning: Part,
    learning_rate: Part,
}

/// An arm's learning rate: the choice, its meaning, and the jobs that it rests on.
struct Chosen {
    choice: LearningRateChoice,
    meaning: Part,
    trials: Vec<usize>,
}

impl Chosen {
    fn not_trained() -> Self {
        let meaning = Meaning::of("not trained").finish();
        Self { choice: LearningRateChoice::NotTrained, meaning, trials: Vec::new() }
    }

    fn fixed(rate: f64) -> Self {
        let meaning = Meaning::of("fixed").real("rate", rate).finish();
        Self { choice: LearningRateChoice::Fixed(rate), meaning, trials: Vec::new() }
    }
}
