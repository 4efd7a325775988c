//! Source networks: one job a replicate, shared by all runs that copy from it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::identity::{Meaning, Part};
use crate::job::{Job, Replicate, ReplicateGroup, Role, SettingChoice, SourceTask, SourceWeights, TwinOf, Work};
use crate::method::{Method, PerImage};
use crate::metric::Metric;
use crate::recipe::Recipe;
use crate::source::{Learning, Pretraining, Selffer, Source, Twin};
use crate::train_images::PerClass;

use super::context::{Context, Lines};
use super::cost::image_steps;
use super::search::{Searched, Try, search};
use super::{Plan, PlanError};

/// The jobs of one source network, by replicate.
#[derive(Clone, Debug, Default)]
pub(super) struct ByReplicate {
    study: Vec<usize>,
    tuning: Vec<usize>,
}

impl ByReplicate {
    fn job(&self, replicate: Replicate) -> Option<usize> {
        let jobs = match replicate.group {
            ReplicateGroup::Study | ReplicateGroup::Search => &self.study,
            ReplicateGroup::Tuning => &self.tuning,
        };
        jobs.get(replicate.index as usize).copied()
    }
}

/// Where the weights of all source networks come from.
#[derive(Debug, Default)]
pub(super) struct SourceJobs {
    /// Those that a job makes; a selffer's and a twin's by target and size.
    made: BTreeMap<(usize, Option<(usize, usize)>), ByReplicate>,
    /// Those that are read from a file.
    read: BTreeSet<usize>,
}

impl SourceJobs {
    /// Where a run finds the weights of its source network.
    pub(super) fn weights(&self, source: usize, size: (usize, usize), replicate: Replicate) -> SourceWeights {
        if self.read.contains(&source) {
            return SourceWeights::OfFile;
        }
        let jobs = self.made.get(&(source, None)).or_else(|| self.made.get(&(source, Some(size))));
        jobs.and_then(|jobs| jobs.job(replicate)).map_or(SourceWeights::Drawn, SourceWeights::OfJob)
    }
}

/// One source network's training, but for its replicate.
struct Training {
    meaning: Part,
    name: String,
    task: SourceTask,
    line: usize,
    image_steps: u64,
    multiply_accumulates: f64,
    /// The same of a trial, which is judged on validation images.
    multiply_accumulates_of_a_trial: f64,
    /// Whether its learning rate is searched for.
    is_searched: bool,
}

pub(super) fn plan(context: &Context<'_>, plan: &mut Plan) -> Result<SourceJobs, PlanError> {
    let scenario = context.scenario;
    let lines = context.lines();
    let mut jobs = SourceJobs::default();
    let sources = || scenario.sources.iter().enumerate().filter(|&(index, _)| is_read(context, index));
    for (index, source) in sources() {
        plan.check_size()?;
        match source.learning() {
            Learning::OwnImages(pretraining) => {
                let training = pretrained(context, index, pretraining, &lines)?;
                jobs.made.insert((index, None), every_replicate(context, &training, None, plan));
            }
            Learning::Target(selffer) => {
                for (target, size) in sizes(context) {
                    let training = on_target(context, index, selffer, (target, size), &lines)?;
                    jobs.made.insert((index, Some((target, size))), every_replicate(context, &training, None, plan));
                }
            }
            Learning::TwinOfTarget(twin) => {
                for target in 0..scenario.targets.len() {
                    twins(context, index, twin, (target, &lines), plan, &mut jobs)?;
                }
            }
            Learning::Elsewhere(_) => {
                jobs.read.insert(index);
            }
            Learning::OtherSource(_) | Learning::Nothing => {}
        }
    }
    // Last, since the networks that these are made from are trained first, wherever the file names them.
    for (index, source) in sources() {
        let Learning::OtherSource(of) = source.learning() else { continue };
        let base = scenario.sources.iter().position(|other| other.name == of);
        let trained = base.and_then(|base| jobs.made.get(&(base, None)).cloned());
        if let (Some(trained), Some(pretraining)) = (trained, scenario.pretraining_of(source)) {
            let drawn = from_other(context, index, pretraining, &lines)?;
            jobs.made.insert((index, None), every_replicate(context, &drawn, Some(&trained), plan));
        }
    }
    Ok(jobs)
}

/// Whether a treatment copies from a source, or from one that is made from it.
fn is_read(context: &Context<'_>, index: usize) -> bool {
    let scenario = context.scenario;
    let copied = |index: usize| scenario.treatments.iter().any(|treatment| treatment.sources.contains(&index));
    let name = &scenario.sources[index].name;
    let is_made_from_it = |source: &Source| source.learning() == Learning::OtherSource(name);
    copied(index) || scenario.sources.iter().enumerate().any(|(other, source)| is_made_from_it(source) && copied(other))
}

fn sizes(context: &Context<'_>) -> Vec<(usize, usize)> {
    let targets = context.scenario.targets.iter().enumerate();
    targets.flat_map(|(target, t)| (0..t.sizes.len()).map(move |size| (target, size))).collect()
}

fn pretrained(
    context: &Context<'_>,
    index: usize,
    pretraining: &Pretraining,
    lines: &Lines,
) -> Result<Training, PlanError> {
    let source = &context.scenario.sources[index];
    let classes = context.classes(&pretraining.data, pretraining.classes.as_ref())?;
    let train_per_class = context.train_images(&pretraining.data, &classes, pretraining.train_images)?;
    let validation_per_class = pretraining.validation(&train_per_class);
    let num_validation_images = validation_per_class.total(classes.len());
    let train_images = train_per_class.total(classes.len()) - num_validation_images;
    let recipe = context.recipe(&pretraining.settings, pretraining.length, train_images);
    let meaning = meaning(context, source, &pretraining.data, &classes, &recipe, pretraining.learning_rate)?;
    let mut meaning = train_per_class.meaning(meaning, "train_per_class");
    if num_validation_images > 0 {
        meaning = validation_per_class.meaning(meaning, "validation_per_class");
    }
    let task = SourceTask {
        source: index,
        kind: source.kind(),
        data: pretraining.data.as_str().into(),
        classes,
        train_per_class,
        validation_per_class,
        recipe,
        setting: setting(pretraining.learning_rate),
        only_if: None,
        for_target: None,
        twin_of: None,
    };
    costed(context, meaning.finish(), format!("source/{}", source.name), task, lines.sources[index])
}

/// Plans the twins of a target: one for each size, or one for all where it does not depend on the size.
fn twins(
    context: &Context<'_>,
    index: usize,
    twin: &Twin,
    (target, lines): (usize, &Lines),
    plan: &mut Plan,
    jobs: &mut SourceJobs,
) -> Result<(), PlanError> {
    let sizes = 0..context.scenario.targets[target].sizes.len();
    let mut shared: Option<ByReplicate> = None;
    for size in sizes {
        let made = match shared.as_ref().filter(|_| twin.is_of_every_size()) {
            Some(made) => made.clone(),
            None => {
                let training = of_twin(context, index, twin, (target, size), lines)?;
                shared.insert(every_replicate(context, &training, None, plan)).clone()
            }
        };
        jobs.made.insert((index, Some((target, size))), made);
    }
    Ok(())
}

/// A twin's training: the target's task and classes, with images that no size of the target has.
fn of_twin(
    context: &Context<'_>,
    index: usize,
    twin: &Twin,
    (target_index, size_index): (usize, usize),
    lines: &Lines,
) -> Result<Training, PlanError> {
    let source = &context.scenario.sources[index];
    let target = &context.scenario.targets[target_index];
    let size = &target.sizes[size_index];
    let classes = context.classes(&target.data, target.classes.as_ref())?;
    let (left, after) = context.beyond(target, &classes)?;
    let train_per_class = match twin.train_images {
        Some(asked) => asked.of_classes(&left),
        None => context.train_images(&target.data, &classes, size.train_images)?,
    };
    let validation_per_class = twin.validation(target.validation_fraction, &train_per_class);
    let num_validation_images = validation_per_class.total(classes.len());
    let recipe = context.recipe(
        &twin.settings,
        twin.length.unwrap_or(size.length),
        train_per_class.total(classes.len()) - num_validation_images,
    );
    let meaning = meaning(context, source, &target.data, &classes, &recipe, twin.learning_rate)?;
    let meaning = train_per_class.meaning(meaning.text("target", &target.name), "train_per_class");
    let meaning = validation_per_class.meaning(meaning, "validation_per_class");
    let meaning = after.meaning(meaning, "after");
    let name = match twin.is_of_every_size() {
        true => format!("source/{}/{}", source.name, target.name),
        false => format!("source/{}/{}/{}", source.name, target.name, size.name),
    };
    let task = SourceTask {
        source: index,
        kind: source.kind(),
        data: target.data.as_str().into(),
        classes,
        train_per_class,
        validation_per_class,
        recipe,
        setting: setting(twin.learning_rate),
        only_if: None,
        for_target: None,
        twin_of: Some(TwinOf { target: target_index, after }),
    };
    costed(context, meaning.finish(), name, task, lines.sources[index])
}

fn on_target(
    context: &Context<'_>,
    index: usize,
    training: &Selffer,
    (target_index, size_index): (usize, usize),
    lines: &Lines,
) -> Result<Training, PlanError> {
    let source = &context.scenario.sources[index];
    let target = &context.scenario.targets[target_index];
    let size = &target.sizes[size_index];
    let classes = context.classes(&target.data, target.classes.as_ref())?;
    let train_per_class = context.train_images(&target.data, &classes, size.train_images)?;
    let validation_per_class = target.validation(&train_per_class);
    let train_images = train_per_class.total(classes.len()) - validation_per_class.total(classes.len());
    let recipe = context.recipe(&training.settings, training.length.unwrap_or(size.length), train_images);
    let meaning = meaning(context, source, &target.data, &classes, &recipe, training.learning_rate)?
        .text("target", &target.name)
        .text("size", &size.name);
    let meaning = train_per_class.meaning(meaning, "train_per_class");
    let meaning = validation_per_class.meaning(meaning, "validation_per_class");
    let task = SourceTask {
        source: index,
        kind: source.kind(),
        data: target.data.as_str().into(),
        classes,
        train_per_class,
        validation_per_class,
        recipe,
        setting: setting(training.learning_rate),
        only_if: None,
        for_target: Some((target_index, size_index)),
        twin_of: None,
    };
    let name = format!("source/{}/{}/{}", source.name, target.name, size.name);
    costed(context, meaning.finish(), name, task, lines.sources[index])
}

/// A network that is made from another source's, which its job needs.
fn from_other(
    context: &Context<'_>,
    index: usize,
    pretraining: &Pretraining,
    lines: &Lines,
) -> Result<Training, PlanError> {
    let source = &context.scenario.sources[index];
    let settings = pretraining.settings.clone();
    let classes = context.classes(&pretraining.data, pretraining.classes.as_ref())?;
    let task = SourceTask {
        source: index,
        kind: source.kind(),
        data: pretraining.data.as_str().into(),
        train_per_class: context.train_images(&pretraining.data, &classes, pretraining.train_images)?,
        classes,
        validation_per_class: PerClass::Equal(0),
        recipe: Arc::new(Recipe { settings, dropout: context.scenario.model.dropout, steps: 0 }),
        setting: SettingChoice::NotTrained,
        only_if: None,
        for_target: None,
        twin_of: None,
    };
    Ok(Training {
        meaning: source.meaning().finish(),
        name: format!("source/{}", source.name),
        task,
        line: lines.sources[index],
        image_steps: 0,
        multiply_accumulates: 0.0,
        multiply_accumulates_of_a_trial: 0.0,
        is_searched: false,
    })
}

/// The setting as it is known before the search.
fn setting(learning_rate: Option<f64>) -> SettingChoice {
    learning_rate.map_or(SettingChoice::NotTrained, SettingChoice::Fixed)
}

fn meaning(
    context: &Context<'_>,
    source: &Source,
    data: &str,
    classes: &[String],
    recipe: &Recipe,
    learning_rate: Option<f64>,
) -> Result<Meaning, PlanError> {
    let meaning = source.meaning().part("data", context.data_meaning(data, classes)?).part("recipe", recipe.meaning());
    Ok(match learning_rate {
        Some(rate) => meaning.real("learning_rate", rate),
        // The metric chooses among trials; top-1 accuracy is not named, as in arms.
        None if context.scenario.verdict.metric != Metric::Top1 => {
            meaning.text("metric", context.scenario.verdict.metric.name())
        }
        None => meaning,
    })
}

fn costed(
    context: &Context<'_>,
    meaning: Part,
    name: String,
    task: SourceTask,
    line: usize,
) -> Result<Training, PlanError> {
    let num_classes = task.classes.len();
    let train_images = task.train_per_class.total(num_classes) - task.validation_per_class.total(num_classes);
    let image_steps = image_steps(&task.recipe, train_images);
    let evaluated = context.num_test_images(&task.data, &task.classes, None)?;
    let per_image = PerImage::new(&context.scenario.model.shape(task.classes.len()));
    let validated = task.validation_per_class.total(num_classes);
    let is_searched = task.setting == SettingChoice::NotTrained;
    Ok(Training {
        meaning,
        name,
        task,
        line,
        image_steps,
        multiply_accumulates: per_image.total(0, image_steps, evaluated),
        multiply_accumulates_of_a_trial: per_image.total(0, image_steps, validated),
        is_searched,
    })
}

/// A source whose learning rate is searched for.
struct Tuned<'a> {
    context: &'a Context<'a>,
    training: &'a Training,
}

impl Searched for Tuned<'_> {
    fn method(&self) -> Method {
        Method::Training
    }

    fn push(&self, replicate: Replicate, tried: &Try, plan: &mut Plan) -> usize {
        let Training { meaning, name, task, line, image_steps, .. } = self.training;
        let meaning = self.context.job("source tuning", replicate).part("training", *meaning);
        let (setting, only_if) = (SettingChoice::Fixed(tried.value), tried.only_if.clone());
        plan.jobs.push(Job {
            id: meaning.part("learning_rate", tried.meaning).id(),
            name: format!("{name}/{replicate}/lr{}", tried.value),
            role: Role::Tuning,
            replicate,
            work: Work::TrainSource(SourceTask { setting, only_if, ..task.clone() }),
            needs: tried.needs.clone(),
            line: *line,
            image_steps: *image_steps,
            multiply_accumulates: self.training.multiply_accumulates_of_a_trial,
        });
        plan.jobs.len() - 1
    }
}

/// A job for every replicate of the study and of the tuning, each after the job of `base` of the same replicate.
fn every_replicate(
    context: &Context<'_>,
    training: &Training,
    base: Option<&ByReplicate>,
    plan: &mut Plan,
) -> ByReplicate {
    let tuning = context.scenario.tuning.as_ref().filter(|_| training.is_searched);
    let chosen = tuning.map(|tuning| search(&Tuned { context, training }, &tuning.learning_rates, tuning, plan));
    let mut push = |replicate: Replicate| {
        let needed = base.and_then(|base| base.job(replicate));
        let mut meaning = context.job("source", replicate).part("training", training.meaning);
        let mut task = training.task.clone();
        let mut needs: Vec<usize> = needed.into_iter().collect();
        if let Some(chosen) = chosen.as_ref().and_then(|chosen| chosen.of(replicate)) {
            meaning = meaning.part("learning_rate", chosen.meaning);
            task.setting = chosen.choice.clone();
            needs.extend(&chosen.trials);
        }
        let meaning = meaning.job("base", needed.map(|job| plan.jobs[job].id));
        plan.jobs.push(Job {
            id: meaning.id(),
            name: format!("{}/{replicate}", training.name),
            role: Role::Source,
            replicate,
            work: Work::TrainSource(task),
            needs,
            line: training.line,
            image_steps: training.image_steps,
            multiply_accumulates: training.multiply_accumulates,
        });
        plan.jobs.len() - 1
    };
    let study = (0..context.scenario.study.replicates).map(|index| push(Replicate::study(index))).collect();
    let num_tuning = context.scenario.tuning.as_ref().map_or(0, |tuning| tuning.replicates);
    let tuning = (0..num_tuning).map(|index| push(Replicate::tuning(index))).collect();
    ByReplicate { study, tuning }
}
