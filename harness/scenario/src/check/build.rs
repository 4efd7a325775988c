//! Puts a scenario together from values that were checked.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::choice::Precision;
use crate::data::{Data, ImageFolderData, SyntheticData, default_data_seed};
use crate::metric::Metric;
use crate::origin::{Document, Located, Origin};
use crate::raw::{
    RawData, RawDataBody, RawDepths, RawModel, RawScenario, RawSettings, RawSource, RawStudy, RawTarget, RawTraining,
    RawTreatment, RawTuning, RawVerdict,
};
use crate::recipe::Settings;
use crate::scenario::{
    Fit, FrozenDepths, Model, Pretraining, Scenario, SelfTraining, Size, Source, SourceNetwork, Study, Target,
    Training, TreatmentRange, Tuning, VerdictSettings,
};
use crate::treatment::Method;

/// The scenario; none where a part is missing, which was reported.
pub(super) fn scenario(raw: RawScenario, document: Arc<Document>) -> Option<Scenario> {
    let training = raw.training.as_ref()?;
    let settings = merged(&training.settings, None)?;
    let rate = training.learning_rate.as_ref().map(|rate| rate.value);
    let data: BTreeMap<String, Data> = raw.data.iter().map(data).collect::<Option<_>>()?;
    let source = |raw: &RawSource| source(raw, &data, &settings, rate);
    Some(Scenario {
        study: study(raw.study.as_ref()?),
        model: model(raw.model.as_ref()?),
        sources: raw.sources.iter().map(source).collect::<Option<_>>()?,
        targets: raw.targets.iter().map(|raw| target(raw, &data)).collect::<Option<_>>()?,
        data,
        treatments: raw.treatments.iter().map(|t| treatment(t, &raw)).collect::<Option<_>>()?,
        training: Training { settings: settings.clone(), learning_rate: rate, ladder: ladder(training) },
        tuning: raw.tuning.as_ref().map(tuning),
        verdict: verdict(&raw.verdict),
        origin: Origin { document, raw: Arc::new(raw) },
    })
}

/// The rungs above scratch itself, which is always run.
fn ladder(raw: &RawTraining) -> Vec<f64> {
    let rungs = raw.ladder.iter().flat_map(|ladder| &ladder.value).map(|rung| rung.value);
    rungs.filter(|&rung| rung > 1.0).collect()
}

fn study(raw: &RawStudy) -> Study {
    Study {
        name: raw.name.value.clone(),
        question: raw.question.value.clone(),
        seed: raw.seed.value,
        replicates: raw.replicates.value as u32,
        looks: raw.looks.iter().flat_map(|looks| &looks.value).map(|look| look.value as u32).collect(),
    }
}

fn model(raw: &RawModel) -> Model {
    Model {
        architecture: raw.architecture.value,
        width: raw.width.value,
        input: raw.input.value as usize,
        initialiser: raw.initialiser.value,
        dropout: raw.dropout.as_ref().map_or(0.0, |dropout| dropout.value),
        precision: raw.precision.as_ref().map_or_else(Precision::default, |precision| precision.value),
    }
}

fn names(list: Option<&Located<Vec<Located<String>>>>) -> Option<Vec<String>> {
    list.map(|list| list.value.iter().map(|name| name.value.clone()).collect())
}

fn data(raw: &RawData) -> Option<(String, Data)> {
    let name = raw.name.value.clone();
    let data = match raw.body.as_ref()? {
        RawDataBody::Synthetic { look_distance, label, train_per_class, test_per_class, seed } => {
            Data::Synthetic(SyntheticData {
                look_distance: look_distance.value,
                label: label.value,
                train_per_class: train_per_class.value as usize,
                test_per_class: test_per_class.value as usize,
                seed: seed.as_ref().map_or_else(|| default_data_seed(&name), |seed| seed.value),
            })
        }
        RawDataBody::ImageFolder { path, test_fraction, classes } => Data::ImageFolder(ImageFolderData {
            path: path.value.clone(),
            test_fraction: test_fraction.as_ref().map(|fraction| fraction.value),
            classes: names(classes.as_ref()),
        }),
        RawDataBody::Cifar10Binary { path } => Data::Cifar10Binary { path: path.value.clone() },
    };
    Some((name, data))
}

/// Settings with what is not given taken from `defaults`.
fn merged(raw: &RawSettings, defaults: Option<&Settings>) -> Option<Settings> {
    let value = |given: &Option<Located<f64>>| given.as_ref().map(|given| given.value);
    let batch = raw.batch.as_ref().map(|batch| batch.value as usize);
    let schedule = raw.schedule.as_ref().map(|schedule| schedule.value);
    Some(Settings {
        batch: batch.or(defaults.map(|d| d.batch))?,
        momentum: value(&raw.momentum).or(defaults.map(|d| d.momentum))?,
        weight_decay: value(&raw.weight_decay).or(defaults.map(|d| d.weight_decay))?,
        schedule: schedule.or(defaults.map(|d| d.schedule))?,
        augmentation: raw.augmentation.clone().or(defaults.map(|d| d.augmentation.clone())).unwrap_or_default(),
    })
}

/// The classes used: those named, or all that the dataset declares.
fn classes(
    own: Option<&Located<Vec<Located<String>>>>,
    data: &Located<String>,
    declared: &BTreeMap<String, Data>,
) -> Option<Vec<String>> {
    names(own).or_else(|| declared.get(&data.value).and_then(Data::declared_classes))
}

fn source(
    raw: &RawSource,
    declared: &BTreeMap<String, Data>,
    defaults: &Settings,
    default_rate: Option<f64>,
) -> Option<Source> {
    let settings = merged(&raw.settings, Some(defaults))?;
    let rate = raw.learning_rate.as_ref().map(|rate| rate.value).or(default_rate);
    let kind = raw.kind.as_deref()?;
    let pretraining = || {
        Some(Pretraining {
            classes: classes(raw.classes.as_ref(), raw.data.as_ref()?, declared),
            data: raw.data.as_ref()?.value.clone(),
            train_per_class: raw.train_per_class.as_ref()?.value as usize,
            length: raw.length.as_ref()?.value,
            settings: settings.clone(),
            learning_rate: rate?,
        })
    };
    let network = match kind {
        "trained" => SourceNetwork::Trained(pretraining()?),
        "shuffled-labels" => SourceNetwork::ShuffledLabels(pretraining()?),
        "untrained" => SourceNetwork::Untrained,
        "selffer" => SourceNetwork::Selffer(SelfTraining {
            length: raw.length.as_ref().map(|length| length.value),
            settings: settings.clone(),
            learning_rate: rate?,
        }),
        _ => SourceNetwork::MeanAndVariance { of: raw.of.as_ref()?.value.clone() },
    };
    let similarity = raw.similarity.as_ref().map_or_else(|| kind.to_owned(), |similarity| similarity.value.clone());
    Some(Source { name: raw.name.as_ref()?.value.clone(), similarity, network })
}

fn target(raw: &RawTarget, declared: &BTreeMap<String, Data>) -> Option<Target> {
    let size = |size: &crate::raw::RawSize| {
        Some(Size {
            name: size.name.as_ref()?.value.clone(),
            train_per_class: size.train_per_class.as_ref()?.value as usize,
            length: size.length.as_ref()?.value,
        })
    };
    Some(Target {
        name: raw.name.as_ref()?.value.clone(),
        classes: classes(raw.classes.as_ref(), raw.data.as_ref()?, declared),
        data: raw.data.as_ref()?.value.clone(),
        test_per_class: raw.test_per_class.as_ref().map(|count| count.value as usize),
        validation_fraction: raw.validation_fraction.as_ref().map_or(0.0, |fraction| fraction.value),
        sizes: raw.sizes.iter().map(size).collect::<Option<_>>()?,
    })
}

fn treatment(raw: &RawTreatment, scenario: &RawScenario) -> Option<TreatmentRange> {
    let asked = names(raw.sources.as_ref());
    let is_asked = |source: &RawSource| match (&asked, &source.name) {
        (Some(asked), Some(name)) => asked.contains(&name.value),
        _ => true,
    };
    let sources = scenario.sources.iter().enumerate().filter(|(_, source)| is_asked(source));
    Some(TreatmentRange {
        name: raw.name.as_ref()?.value.clone(),
        copied: raw.copied.as_ref()?.iter().map(|depth| depth.value).collect(),
        frozen: frozen(raw.frozen.as_ref()?),
        sources: sources.map(|(index, _)| index).collect(),
        fit: fit(raw, scenario.tuning.is_some())?,
    })
}

fn fit(raw: &RawTreatment, is_tuned: bool) -> Option<Fit> {
    Some(match raw.method? {
        Method::Training => Fit::Training { learning_rate: raw.learning_rate.as_ref().map(|rate| rate.value) },
        Method::Probe => Fit::Probe {
            l2: match (&raw.l2, is_tuned) {
                (Some(given), _) => given.value.iter().map(|strength| strength.value).collect(),
                (None, true) => Fit::DEFAULT_L2.to_vec(),
                (None, false) => vec![Fit::DEFAULT_L2[Fit::DEFAULT_L2.len() / 2]],
            },
        },
    })
}

pub(super) fn frozen(raw: &RawDepths) -> FrozenDepths {
    match raw {
        RawDepths::Copied => FrozenDepths::Copied,
        RawDepths::UpToCopied(from) => FrozenDepths::UpToCopied(from.value),
        RawDepths::Listed(depths) => FrozenDepths::Depths(depths.iter().map(|depth| depth.value).collect()),
    }
}

fn tuning(raw: &RawTuning) -> Tuning {
    Tuning {
        learning_rates: raw.learning_rates.value.iter().map(|rate| rate.value).collect(),
        replicates: raw.replicates.as_ref().map_or(2, |replicates| replicates.value as u32),
        extend: raw.extend.as_ref().map_or(0, |extend| extend.value as u32),
    }
}

fn verdict(raw: &RawVerdict) -> VerdictSettings {
    VerdictSettings {
        margin_pp: raw.margin_pp.as_ref().map_or(1.0, |margin| margin.value),
        alpha: raw.alpha.as_ref().map_or(0.05, |alpha| alpha.value),
        metric: raw.metric.as_ref().map_or(Metric::Top1, |metric| metric.value),
    }
}
