//! Classes and splits against what is known of the data: what the scenario declares, or what was found in files.

use std::collections::BTreeMap;

use crate::data::{CIFAR10_CLASSES, CIFAR10_PER_CLASS, DataFacts, Facts};
use crate::diagnostic::Code;
use crate::origin::Located;
use crate::raw::{RawDataBody, RawScenario, RawSource, RawTarget, RawTreatment};
use crate::reader::Report;
use crate::suggest;
use crate::vocabulary;

/// What is known of a dataset.
#[derive(Debug, Default)]
pub(super) struct Known {
    classes: Option<Vec<String>>,
    /// Training images of each class.
    train: Option<Vec<usize>>,
    /// Test images of each class.
    test: Option<Vec<usize>>,
}

impl Known {
    /// What the scenario itself says.
    pub(super) fn declared(body: &RawDataBody) -> Self {
        let of = |names: &[&str], train: usize, test: usize| Self {
            classes: Some(names.iter().map(|&name| name.to_owned()).collect()),
            train: Some(vec![train; names.len()]),
            test: Some(vec![test; names.len()]),
        };
        match body {
            RawDataBody::Synthetic { label, train_per_class, test_per_class, .. } => {
                of(vocabulary::levels(label.value), train_per_class.value as usize, test_per_class.value as usize)
            }
            RawDataBody::ImageFolder { classes, .. } => Self {
                classes: classes.as_ref().map(|list| list.value.iter().map(|class| class.value.clone()).collect()),
                ..Self::default()
            },
            RawDataBody::Cifar10Binary { .. } => of(&CIFAR10_CLASSES, CIFAR10_PER_CLASS.0, CIFAR10_PER_CLASS.1),
        }
    }

    /// What was found.
    pub(super) fn of_facts(facts: &DataFacts) -> Self {
        Self {
            classes: Some(facts.classes.clone()),
            train: Some(facts.train_per_class.clone()),
            test: Some(facts.test_per_class.clone()),
        }
    }

    /// The class with the fewest images among those used, and how many it has.
    fn fewest(&self, used: Option<&[String]>, counts: Option<&Vec<usize>>) -> Option<(&str, usize)> {
        let pairs = self.classes.as_ref()?.iter().zip(counts?);
        let used = pairs.filter(|(class, _)| used.is_none_or(|used| used.contains(class)));
        used.map(|(class, &count)| (class.as_str(), count)).min_by_key(|&(_, count)| count)
    }
}

type KnownByName<'a> = BTreeMap<&'a str, Known>;

/// Reports every dataset that could not be looked at.
pub(super) fn unreadable(raw: &RawScenario, facts: &Facts, report: &mut Report) {
    for data in &raw.data {
        let reason = match facts.get(&data.name.value) {
            Some(Ok(_)) => continue,
            Some(Err(reason)) => reason.as_str(),
            None => "nobody looked at it",
        };
        let span = data.body.as_ref().map_or(&data.name.span, RawDataBody::place);
        let help = Some("a path is relative to the scenario's file".to_owned());
        report.fault(Code::UnreadableData, span, format!("dataset {:?} cannot be read", data.name.value), reason, help);
    }
}

/// Reports classes that do not exist, splits that do not fit, and fc8 copied between different classes.
pub(super) fn check(raw: &RawScenario, known: &KnownByName<'_>, report: &mut Report) {
    for data in &raw.data {
        if let (Some(RawDataBody::ImageFolder { classes, .. }), Some(known)) =
            (&data.body, known.get(data.name.value.as_str()))
        {
            classes_exist(classes.as_ref(), known, &data.name.value, report);
        }
    }
    for source in &raw.sources {
        let Some((name, known)) = look_up(source.data.as_ref(), known) else { continue };
        classes_exist(source.classes.as_ref(), known, name, report);
        let used = names(source.classes.as_ref());
        let fewest = known.fewest(used.as_deref(), known.train.as_ref());
        split_fits("training", source.train_per_class.as_ref(), fewest, name, report);
    }
    for target in &raw.targets {
        let Some((name, known)) = look_up(target.data.as_ref(), known) else { continue };
        classes_exist(target.classes.as_ref(), known, name, report);
        let used = names(target.classes.as_ref());
        let fewest = known.fewest(used.as_deref(), known.train.as_ref());
        for size in &target.sizes {
            split_fits("training", size.train_per_class.as_ref(), fewest, name, report);
        }
        let fewest = known.fewest(used.as_deref(), known.test.as_ref());
        split_fits("test", target.test_per_class.as_ref(), fewest, name, report);
    }
    for treatment in &raw.treatments {
        copied_classifier(treatment, raw, known, report);
    }
}

fn look_up<'a>(data: Option<&'a Located<String>>, known: &'a KnownByName<'_>) -> Option<(&'a str, &'a Known)> {
    let name = data?.value.as_str();
    Some((name, known.get(name)?))
}

fn names(classes: Option<&Located<Vec<Located<String>>>>) -> Option<Vec<String>> {
    classes.map(|list| list.value.iter().map(|class| class.value.clone()).collect())
}

fn classes_exist(used: Option<&Located<Vec<Located<String>>>>, known: &Known, data: &str, report: &mut Report) {
    let (Some(used), Some(classes)) = (used, &known.classes) else { return };
    let words: Vec<&str> = classes.iter().map(String::as_str).collect();
    for class in used.value.iter().filter(|class| !words.contains(&class.value.as_str())) {
        // A thousand classes would bury the message.
        let shown = &words[..words.len().min(20)];
        let more = if shown.len() < words.len() { format!(" … ({} in all)", words.len()) } else { String::new() };
        let label = format!("it has {}{more}", suggest::all_of(shown));
        let help = suggest::did_you_mean(&class.value, words.iter().copied());
        let message = format!("dataset {data:?} has no class {:?}", class.value);
        report.fault(Code::UnknownClass, &class.span, message, label, help);
    }
}

fn split_fits(
    split: &str,
    asked: Option<&Located<u64>>,
    fewest: Option<(&str, usize)>,
    data: &str,
    report: &mut Report,
) {
    let (Some(asked), Some((class, available))) = (asked, fewest) else { return };
    if asked.value > available as u64 {
        let message = format!("{} {split} images a class are more than dataset {data:?} has", asked.value);
        let label = format!("class {class:?} has {available}");
        report.fault(Code::SplitTooLarge, &asked.span, message, label, Some(format!("did you mean {available}?")));
    }
}

/// Copied depth 8 needs a source with the target's classes, in the same order.
fn copied_classifier(treatment: &RawTreatment, raw: &RawScenario, known: &KnownByName<'_>, report: &mut Report) {
    let Some(depth) = treatment.copied.as_ref().and_then(|copied| copied.iter().find(|depth| depth.value == 8)) else {
        return;
    };
    let asked = |source: &&RawSource| match (&treatment.sources, &source.name) {
        (Some(list), Some(name)) => list.value.iter().any(|asked| asked.value == name.value),
        _ => !treatment.has_sources,
    };
    for source in raw.sources.iter().filter(asked) {
        let differs = |target: &&RawTarget| same_classes(source, target, raw, known) == Some(false);
        let Some(target) = raw.targets.iter().find(differs) else { continue };
        let [source, target] = [&source.name, &target.name].map(|name| name.as_ref().map_or("", |name| &name.value));
        let message = format!("copied depth 8 needs equal classes, and {source:?} and {target:?} differ");
        let label = "fc8 is new where the classes differ: 0..=7";
        let help = Some("name only sources with the target's classes, in its order, in `sources`".to_owned());
        report.fault(Code::ClassesDiffer, &depth.span, message, label, help);
    }
}

/// Whether a source has a target's classes; none where that is not known yet.
fn same_classes(source: &RawSource, target: &RawTarget, raw: &RawScenario, known: &KnownByName<'_>) -> Option<bool> {
    let source = match source.kind.as_deref()? {
        // Their fc8 is drawn for, or trained on, the target's classes.
        "untrained" | "selffer" => return Some(true),
        "mean-and-variance" => {
            let of = &source.of.as_ref()?.value;
            raw.sources.iter().find(|other| other.name.as_ref().is_some_and(|name| name.value == *of))?
        }
        _ => source,
    };
    let classes = |data: Option<&Located<String>>, own: Option<&Located<Vec<Located<String>>>>| {
        names(own).or_else(|| look_up(data, known).and_then(|(_, known)| known.classes.clone()))
    };
    let same_data = source.data.as_ref()?.value == target.data.as_ref()?.value;
    if same_data && source.classes.is_none() && target.classes.is_none() {
        return Some(true);
    }
    Some(
        classes(source.data.as_ref(), source.classes.as_ref())?
            == classes(target.data.as_ref(), target.classes.as_ref())?,
    )
}
