//! Targets: for each size its arms, each tuned and then scored on every replicate.

use std::sync::Arc;

use crate::choice::ChoiceOf;
use crate::identity::{Meaning, Part};
use crate::job::{Job, Replicate, Role, SettingChoice, SourceWeights, TargetTask, Work};
use crate::method::{Effort, Fit, Method, PerImage, Training};
use crate::metric::Metric;
use crate::recipe::Recipe;
use crate::scenario::{SCRATCH, Size, Target, TreatmentRange};
use crate::source::{Learning, Source, Standing};
use crate::treatment::{Lattice, Treatment};

use super::context::Context;
use super::cost::image_steps;
use super::search::{Chosen, ChosenSettings, Searched, Try, search, try_once};
use super::sources::SourceJobs;
use super::{Cell, Plan, PlanError};

pub(super) fn plan(context: &Context<'_>, sources: &SourceJobs, plan: &mut Plan) -> Result<(), PlanError> {
    let lines = context.lines();
    for (target_index, target) in context.scenario.targets.iter().enumerate() {
        let lattices = context.scenario.sources.iter().map(|source| context.lattice(source, target));
        let lattices: Vec<Lattice> = lattices.collect::<Result<_, _>>()?;
        for (size_index, size) in target.sizes.iter().enumerate() {
            let stage = Stage::new(context, sources, (target_index, target), (size_index, size))?;
            let scratch = PlannedArm::scratch(lines.sizes[target_index][size_index]);
            let cell = stage.arm(&scratch, plan)?;
            plan.check_size()?;
            plan.cells.push(cell);
            for &budget in &context.scenario.training.ladder {
                stage
                    .at_budget(budget)
                    .arm(&PlannedArm { name: format!("{SCRATCH}×{budget}"), ..scratch.clone() }, plan)?;
            }
            for (index, range) in context.scenario.treatments.iter().enumerate() {
                stage.range(range, lines.treatments[index], &lattices, plan)?;
            }
        }
    }
    Ok(())
}

/// A target at a size: what its arms share.
#[derive(Clone)]
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
    num_train_images: usize,
    num_validation_images: usize,
    num_test_images: usize,
}

/// A source × treatment.
#[derive(Clone)]
struct PlannedArm {
    source: Option<usize>,
    treatment: Treatment,
    treatment_name: Arc<str>,
    name: String,
    fit: Fit,
    line: usize,
}

impl PlannedArm {
    fn scratch(line: usize) -> Self {
        Self {
            source: None,
            treatment: Treatment::SCRATCH,
            treatment_name: SCRATCH.into(),
            name: SCRATCH.to_owned(),
            fit: Fit::Training(Training { learning_rate: None }),
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
        let train_per_class = context.train_images(&target.data, &classes, size.train_images)?;
        let validation_per_class = target.validation(&train_per_class);
        let num_validation_images = validation_per_class.total(classes.len());
        let train_images = train_per_class.total(classes.len()) - num_validation_images;
        let recipe = context.recipe(&context.scenario.training.settings, size.length, train_images);
        let meaning = Meaning::of("target training")
            .text("target", &target.name)
            .text("size", &size.name)
            .part("data", context.data_meaning(&target.data, &classes)?);
        let meaning = train_per_class.meaning(meaning, "train_per_class");
        let meaning = validation_per_class.meaning(meaning, "validation_per_class");
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
            num_validation_images,
            num_test_images: context.num_test_images(&target.data, &classes, target.test_per_class)?,
            task: TargetTask {
                target: target_index,
                size: size_index,
                source: None,
                source_weights: SourceWeights::Drawn,
                treatment: Treatment::SCRATCH,
                treatment_name: SCRATCH.into(),
                data: target.data.as_str().into(),
                classes,
                train_per_class,
                validation_per_class,
                test_per_class: target.test_per_class,
                recipe,
                method: Method::Training,
                setting: SettingChoice::NotTrained,
                budget: 1.0,
                only_if: None,
            },
            num_train_images: train_images,
        })
    }

    /// The same, trained longer.
    fn at_budget(&self, budget: f64) -> Self {
        let steps = (self.task.recipe.steps as f64 * budget).round() as u64;
        let recipe = Recipe { steps, ..(*self.task.recipe).clone() };
        Self {
            image_steps: image_steps(&recipe, self.num_train_images),
            task: TargetTask { recipe: Arc::new(recipe), budget, ..self.task.clone() },
            ..self.clone()
        }
    }

    /// Every point of a treatment, for each of its sources.
    fn range(
        &self,
        range: &TreatmentRange,
        line: usize,
        lattices: &[Lattice],
        plan: &mut Plan,
    ) -> Result<(), PlanError> {
        let scenario = self.context.scenario;
        let (treatment_name, points): (Arc<str>, _) = (range.name.as_str().into(), range.points());
        for &source in &range.sources {
            for &(copied, frozen) in &points {
                let source_name = &scenario.sources[source].name;
                let treatment = lattices[source].point(copied, frozen).map_err(|cause| PlanError::Treatment {
                    treatment: range.name.clone(),
                    source_name: source_name.clone(),
                    target: scenario.targets[self.target].name.clone(),
                    cause,
                })?;
                let point = range.fit.method().name_in_job(copied, frozen);
                let arm = PlannedArm {
                    source: Some(source),
                    treatment,
                    treatment_name: treatment_name.clone(),
                    name: format!("{source_name}/{}{point}", range.name),
                    fit: range.fit.clone(),
                    line,
                };
                let cell = self.arm(&arm, plan)?;
                plan.check_size()?;
                plan.cells.push(cell);
            }
        }
        Ok(())
    }

    /// Plans an arm's jobs, and gives its cell.
    fn arm(&self, arm: &PlannedArm, plan: &mut Plan) -> Result<Cell, PlanError> {
        let recipe = if self.is_trained(arm) { &self.task.recipe } else { &self.not_trained };
        let meaning = self.arm_meaning(arm, recipe)?;
        let mut task = TargetTask {
            source: arm.source,
            treatment: arm.treatment,
            treatment_name: arm.treatment_name.clone(),
            recipe: recipe.clone(),
            method: arm.fit.method(),
            ..self.task.clone()
        };
        let chosen = self.choose_settings(arm, &task, meaning, plan);
        let role = if self.task.budget == 1.0 { Role::Final } else { Role::Ladder };
        let mut judged = |role: Role, replicate: Replicate, plan: &mut Plan| {
            let chosen = chosen.of(replicate)?;
            task.setting = chosen.choice.clone();
            let name = format!("{}/{}/{replicate}", self.name, arm.name);
            let draft = Draft { role, replicate, name, meaning, setting: chosen.meaning };
            Some(self.push(arm, draft, &task, &chosen.trials, plan))
        };
        let final_jobs = (0..plan.replicates).filter_map(|index| judged(role, Replicate::study(index), plan)).collect();
        // Scratch is what all others are compared with: its luck would be in every gap.
        let more_runs = if arm.treatment.is_scratch() { self.context.scenario.study.reference_runs } else { 1 };
        let further = match role {
            Role::Ladder => Role::Ladder,
            Role::Final | Role::Source | Role::Tuning | Role::Reference | Role::Control => Role::Reference,
        };
        let replicates =
            (0..plan.replicates).flat_map(|index| (1..more_runs).map(move |run| Replicate::fresh_run(index, run)));
        let reference_jobs = replicates.filter_map(|replicate| judged(further, replicate, plan)).collect();
        Ok(Cell {
            target: self.target,
            size: self.size,
            source: arm.source,
            treatment: arm.treatment,
            method: arm.fit.method(),
            treatment_name: arm.treatment_name.clone(),
            line: arm.line,
            final_jobs,
            reference_jobs,
        })
    }

    /// Whether any layer is trained in an arm.
    fn is_trained(&self, arm: &PlannedArm) -> bool {
        arm.treatment.is_trained(self.context.scenario.model.architecture.num_layers())
    }

    /// The meaning of an arm, but for its learning rate and source job.
    fn arm_meaning(&self, arm: &PlannedArm, recipe: &Recipe) -> Result<Part, PlanError> {
        let source = arm.source.map(|index| &self.context.scenario.sources[index]);
        let meaning = Meaning::of("arm")
            .part("target", self.meaning)
            .count("copied", u64::from(arm.treatment.copied()))
            .count("frozen", u64::from(arm.treatment.frozen()))
            .real("budget", self.task.budget);
        let meaning = arm.fit.meaning(meaning, recipe, self.is_trained(arm));
        // The metric that decides chooses among trials. Top-1 accuracy always did, and is not named: jobs keep their identities.
        let metric = self.context.scenario.verdict.metric;
        let is_tuned = self.context.scenario.tuning.is_some() && self.is_trained(arm);
        let meaning = if is_tuned && metric != Metric::Top1 { meaning.text("metric", metric.name()) } else { meaning };
        let Some(source) = source else { return Ok(meaning.finish()) };
        // A network that is drawn, not trained, is drawn under its source's name.
        let mut meaning = meaning.text("source", &source.name).text("kind", source.word());
        if let Learning::Elsewhere(_) = source.learning() {
            let facts = self.context.weights(source);
            let facts = facts.ok_or_else(|| PlanError::NoWeights { name: source.name.clone() })?;
            meaning = meaning.bytes("weights", &facts.digest);
        }
        // That of the target's own images is not named: most sources share it, and jobs keep their identities.
        let own = self.context.facts(&self.task.data)?.standardisation;
        match self.context.standardisation(source)?.filter(|other| *other != own) {
            Some(other) => Ok(meaning.bytes("standardisation", &other.bits().map(u32::to_le_bytes).concat()).finish()),
            None => Ok(meaning.finish()),
        }
    }

    /// Where an arm's settings come from; plans the jobs that try the grid, where there is one.
    fn choose_settings(&self, arm: &PlannedArm, task: &TargetTask, meaning: Part, plan: &mut Plan) -> ChosenSettings {
        let scenario = self.context.scenario;
        if !self.is_trained(arm) {
            return ChosenSettings::OneForAll(Chosen::not_trained());
        }
        let searched = Arm { stage: self, arm, task, meaning };
        let Some(tuning) = &scenario.tuning else {
            return ChosenSettings::OneForAll(match arm.fit.fixed(scenario.training.learning_rate) {
                Some(value) => {
                    if self.is_chosen_among_others(arm) {
                        try_once(&searched, value, plan);
                    }
                    Chosen::fixed(arm.fit.method(), value)
                }
                None => Chosen::not_trained(),
            });
        };
        search(&searched, arm.fit.searched(&tuning.learning_rates), tuning, plan)
    }

    /// Whether validation chooses between this arm and others, so that it needs runs that are judged by nothing else.
    fn is_chosen_among_others(&self, arm: &PlannedArm) -> bool {
        let scenario = self.context.scenario;
        let is_choice_of_all = scenario.verdict.choice == ChoiceOf::Once && self.num_validation_images > 0;
        let Some(source) = arm.source.map(|index| &scenario.sources[index]).filter(|_| is_choice_of_all) else {
            return false;
        };
        let is_candidate =
            |other: &Source| other.standing() == Standing::Knowledge && other.similarity == source.similarity;
        let candidates = scenario.treatments.iter().map(|range| {
            let sources = range.sources.iter().filter(|&&index| is_candidate(&scenario.sources[index]));
            sources.count() * range.points().len()
        });
        is_candidate(source) && candidates.sum::<usize>() > 1
    }

    /// Adds a job of an arm, and gives its index.
    fn push(&self, arm: &PlannedArm, draft: Draft, task: &TargetTask, trials: &[usize], plan: &mut Plan) -> usize {
        let size = (self.target, self.size);
        let source_weights =
            arm.source.map_or(SourceWeights::Drawn, |source| self.sources.weights(source, size, draft.replicate));
        let source_job = source_weights.job();
        // Tuning never sees a test image, so that other test images leave it alone.
        let (meaning, num_evaluated) = if draft.role.sees_test_images() {
            (self.context.job("final", draft.replicate).part("test", self.test), self.num_test_images)
        } else {
            (self.context.job("tuning", draft.replicate), self.num_validation_images)
        };
        let meaning = meaning
            .part("arm", draft.meaning)
            .part("learning_rate", draft.setting)
            .job("source", source_job.map(|job| plan.jobs[job].id));
        let estimate = arm.fit.estimate(&Effort {
            per_image: &self.per_image,
            frozen: arm.treatment.frozen(),
            is_trained: self.is_trained(arm),
            image_steps: self.image_steps,
            num_train_images: self.num_train_images,
            num_evaluated,
        });
        plan.jobs.push(Job {
            id: meaning.id(),
            name: draft.name,
            role: draft.role,
            replicate: draft.replicate,
            needs: source_job.into_iter().chain(trials.iter().copied()).collect(),
            work: Work::TrainTarget(TargetTask { source_weights, ..task.clone() }),
            line: arm.line,
            image_steps: estimate.image_steps,
            multiply_accumulates: estimate.multiply_accumulates,
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
    setting: Part,
}

/// An arm whose setting is searched for.
struct Arm<'s, 'a> {
    stage: &'s Stage<'a>,
    arm: &'s PlannedArm,
    task: &'s TargetTask,
    meaning: Part,
}

impl Searched for Arm<'_, '_> {
    fn method(&self) -> Method {
        self.arm.fit.method()
    }

    fn push(&self, replicate: Replicate, tried: &Try, plan: &mut Plan) -> usize {
        let (stage, arm) = (self.stage, self.arm);
        let letters = arm.fit.method().setting().letters();
        let name = format!("{}/{}/{replicate}/{letters}{}", stage.name, arm.name, tried.value);
        let (setting, only_if) = (SettingChoice::Fixed(tried.value), tried.only_if.clone());
        let task = TargetTask { setting, only_if, ..self.task.clone() };
        let draft = Draft { role: Role::Tuning, replicate, name, meaning: self.meaning, setting: tried.meaning };
        stage.push(arm, draft, &task, &tried.needs, plan)
    }
}
