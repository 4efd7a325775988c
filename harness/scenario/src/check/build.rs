//! Makes a scenario of values that were checked.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::choice::SearchOf;
use crate::data::{Data, NamedData};
use crate::method::WrittenTreatment;
use crate::place::Document;
use crate::raw::{RawModel, RawScenario, RawSize, RawStudy, RawTarget, RawTraining, RawTuning, RawVerdict};
use crate::scenario::{
    Model, Origin, Primary, Scenario, Size, StudySettings, Target, TrainingSettings, TreatmentRange, Tuning,
    VerdictSettings,
};
use crate::source::{self, WrittenSource};

use super::defaults::Defaults;

/// The scenario. It is `None` where a part is missing, which was reported.
pub(super) fn scenario(raw: RawScenario, document: Arc<Document>) -> Option<Scenario> {
    let training = raw.training.as_ref()?;
    let settings = training.settings.resolve(None)?;
    let given = training.learning_rate.as_ref().map(|rate| rate.value);
    // A recipe's own rate is what sources take beside [tuning], and all where nothing is tuned.
    let recipes = training.settings.learning_rate();
    let learning_rate = given.or(recipes.filter(|_| raw.tuning.is_none()));
    let data: BTreeMap<String, Data> = raw.data.iter().map(data).collect::<Option<_>>()?;
    let defaults = Defaults::of(raw.version.value);
    let tunes_sources = raw.tuning.as_ref().is_some_and(RawTuning::tunes_sources);
    let own = source::Defaults { settings: &settings, learning_rate: given.or(recipes), tunes_sources, data: &data };
    Some(Scenario {
        study: study(raw.study.as_ref()?, &defaults)?,
        model: model(raw.model.as_ref()?, &defaults)?,
        sources: raw.sources.iter().map(|source| source.resolve(&own)).collect::<Option<_>>()?,
        targets: raw.targets.iter().map(|raw| target(raw, &own, &defaults)).collect::<Option<_>>()?,
        data: data.clone(),
        treatments: raw.treatments.iter().map(|t| treatment(t, &raw)).collect::<Option<_>>()?,
        training: TrainingSettings { settings: settings.clone(), learning_rate, ladder: ladder(training) },
        tuning: raw.tuning.as_ref().map(|raw| tuning(raw, &defaults)),
        verdict: verdict(&raw.verdict, &defaults),
        origin: Origin { document, raw: Arc::new(raw) },
    })
}

/// The rungs above scratch itself, which is always run.
fn ladder(raw: &RawTraining) -> Vec<f64> {
    let rungs = raw.ladder.iter().flat_map(|ladder| &ladder.value).map(|rung| rung.value);
    rungs.filter(|&rung| rung > 1.0).collect()
}

fn study(raw: &RawStudy, defaults: &Defaults) -> Option<StudySettings> {
    Some(StudySettings {
        name: raw.name.as_ref()?.value.clone(),
        question: raw.question.as_ref()?.value.clone(),
        seed: raw.seed.as_ref()?.value,
        replicates: raw.replicates.as_ref()?.value as u32,
        looks: raw.looks.as_ref().map(|looks| looks.value.iter().map(|look| look.value as u32).collect()),
        reference_runs: raw.reference_runs.as_ref().map_or(defaults.reference_runs, |runs| runs.value as u32),
    })
}

fn model(raw: &RawModel, defaults: &Defaults) -> Option<Model> {
    Some(Model {
        architecture: raw.architecture.as_ref()?.value,
        width: raw.width.as_ref()?.value,
        input: raw.input.as_ref()?.value as usize,
        initialiser: raw.initialiser.as_ref()?.value,
        dropout: raw.dropout.as_ref().map_or(defaults.dropout, |dropout| dropout.value),
        precision: raw.precision.as_ref().map_or(defaults.precision, |precision| precision.value),
    })
}

fn data(raw: &NamedData) -> Option<(String, Data)> {
    let name = raw.name.value.clone();
    let data = raw.body.as_ref()?.resolve(&name);
    Some((name, data))
}

fn target(raw: &RawTarget, own: &source::Defaults<'_>, defaults: &Defaults) -> Option<Target> {
    let size = |size: &RawSize| {
        Some(Size {
            name: size.name.as_ref()?.value.clone(),
            train_images: size.train_images.as_ref()?.value,
            length: size.length.as_ref()?.value,
        })
    };
    let data = raw.data.as_ref()?.value.clone();
    Some(Target {
        name: raw.name.as_ref()?.value.clone(),
        classes: own.classes(raw.classes.as_ref(), &data),
        data,
        test_per_class: raw.test_per_class.as_ref().map(|count| count.value as usize),
        validation_fraction: raw
            .validation_fraction
            .as_ref()
            .map_or(defaults.validation_fraction, |fraction| fraction.value),
        sizes: raw.sizes.iter().map(size).collect::<Option<_>>()?,
    })
}

fn treatment(raw: &WrittenTreatment, scenario: &RawScenario) -> Option<TreatmentRange> {
    let is_asked = |source: &WrittenSource| match (&raw.sources, &source.name) {
        (Some(asked), Some(name)) => asked.value.iter().any(|asked| asked.value == name.value),
        _ => true,
    };
    let sources = scenario.sources.iter().enumerate().filter(|(_, source)| is_asked(source));
    Some(TreatmentRange {
        name: raw.name.as_ref()?.value.clone(),
        copied: raw.copied()?.iter().map(|depth| depth.value).collect(),
        frozen: raw.frozen()?.resolve(),
        sources: sources.map(|(index, _)| index).collect(),
        fit: raw.fit.as_ref()?.resolve(scenario.tuning.is_some()),
    })
}

fn tuning(raw: &RawTuning, defaults: &Defaults) -> Tuning {
    let search = defaults.search_of(raw);
    let replicates = raw.replicates.as_ref().map_or(defaults.tuning_replicates, |replicates| replicates.value as u32);
    Tuning {
        learning_rates: raw.learning_rates.value.iter().map(|rate| rate.value).collect(),
        search,
        replicates: if search == SearchOf::Once { replicates } else { 0 },
        extend: raw.extend.as_ref().map_or(defaults.tuning_extend, |extend| extend.value as u32),
        sources: raw.tunes_sources(),
    }
}

fn verdict(raw: &RawVerdict, defaults: &Defaults) -> VerdictSettings {
    VerdictSettings {
        margin_pp: raw.margin_pp.as_ref().map_or(defaults.margin_pp, |margin| margin.value),
        alpha: raw.alpha.as_ref().map_or(defaults.alpha, |alpha| alpha.value),
        metric: raw.metric.as_ref().map_or(defaults.metric, |metric| metric.value),
        choice: raw.choice.as_ref().map_or(defaults.choice, |choice| choice.value),
        primary: match &raw.primary {
            Some(words) => words.value.iter().map(|word| Primary::of_word(&word.value)).collect(),
            None => defaults.primary.clone(),
        },
    }
}
