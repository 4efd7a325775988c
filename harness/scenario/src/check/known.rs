//! Classes and splits against what is known of the data: what the scenario declares, or what was found in files.

use crate::architecture::Architecture;
use crate::data::{KnownByName, WrittenClasses};
use crate::diagnostic::Code;
use crate::facts::Facts;
use crate::method::WrittenTreatment;
use crate::place::Located;
use crate::raw::{RawScenario, RawTarget};
use crate::reader::Report;
use crate::source::{BeyondTarget, ClassesOf, WrittenSource};
use crate::train_images::{PerClass, TrainImages};

use super::defaults::Defaults;

/// Reports every dataset and every file of weights that could not be looked at.
pub(super) fn unreadable(raw: &RawScenario, facts: &Facts, report: &mut Report) {
    for data in &raw.data {
        let reason = match facts.data.get(&data.name.value) {
            Some(Ok(_)) => continue,
            Some(Err(reason)) => reason.as_str(),
            None => "it was not looked at",
        };
        let message = format!("dataset {:?} cannot be read", data.name.value);
        report.fault(Code::UnreadableData, data.place(), message, reason, None);
    }
    for source in &raw.sources {
        let file = source.network.as_ref().and_then(|network| network.file());
        let (Some(file), Some(name)) = (file, &source.name) else { continue };
        let reason = match facts.weights.get(&name.value) {
            Some(Ok(_)) => continue,
            Some(Err(reason)) => reason.as_str(),
            None => "it was not looked at",
        };
        let message = format!("the weights of source {:?} cannot be used", name.value);
        report.fault(Code::UnusableWeights, &file.span, message, reason, None);
    }
}

/// Reports classes that do not exist, splits that do not fit, and a last layer copied between different classes.
pub(super) fn check(raw: &RawScenario, known: &KnownByName<'_>, report: &mut Report) {
    for data in &raw.data {
        if let (Some(body), Some(known)) = (&data.body, known.get(data.name.value.as_str())) {
            body.check_known(known, &data.name.value, report);
        }
        let classes = known.get(data.name.value.as_str()).and_then(|known| known.classes.as_deref());
        if let Some([only]) = classes {
            let message = format!("dataset {:?} has one class, {only:?}", data.name.value);
            let help = "every folder of a side is a class: put the folders of the classes there".to_owned();
            report.fault(Code::ClassList, data.place(), message, "at least two are told apart", Some(help));
        }
    }
    for network in raw.sources.iter().filter_map(|source| source.network.as_ref()) {
        network.check_known(known, report);
    }
    let defaults = Defaults::of(raw.version.value);
    for target in &raw.targets {
        check_target(target, &defaults, known, report);
    }
    for source in &raw.sources {
        let Some(beyond) = source.network.as_ref().and_then(|network| network.beyond_target()) else { continue };
        raw.targets.iter().for_each(|target| check_beyond(source, &beyond, target, known, report));
    }
    if let Some(architecture) = raw.model.as_ref().and_then(|model| model.architecture.as_ref()) {
        for treatment in &raw.treatments {
            copied_classifier(treatment, architecture.value, raw, known, report);
        }
    }
}

fn check_target(target: &RawTarget, defaults: &Defaults, known: &KnownByName<'_>, report: &mut Report) {
    let Some(named) = &target.data else { return };
    let data = named.value.as_str();
    let Some(known) = known.get(data) else { return };
    let used = target.classes.as_ref();
    known.check_classes(used, data, report);
    known.check_num_classes(used, named, report);
    let fraction = target.validation_fraction.as_ref().map_or(defaults.validation_fraction, |given| given.value);
    for images in target.sizes.iter().map(|size| size.train_images.as_ref()) {
        known.check_train_images(images, used, data, report);
        known.check_validation(images, used, fraction, report);
    }
    known.check_test_images(target.test_per_class.as_ref(), used, data, report);
}

/// A twin's images come after those of the target's largest size.
fn check_beyond(
    source: &WrittenSource,
    beyond: &BeyondTarget<'_>,
    target: &RawTarget,
    known: &KnownByName<'_>,
    report: &mut Report,
) {
    let Some(data) = target.data.as_ref().map(|data| data.value.as_str()) else { return };
    let classes = target.classes.as_ref().map(WrittenClasses::names);
    let Some(available) = known.get(data).and_then(|known| known.train_images_of(classes.as_deref())) else { return };
    let drawn = target.sizes.iter().filter_map(|size| Some(size.train_images.as_ref()?.value.of_classes(&available)));
    let sizes: Vec<PerClass> = drawn.collect();
    let own = |label: usize| sizes.iter().map(|size| size.of(label)).max().unwrap_or(0);
    let left: Vec<usize> = available.iter().enumerate().map(|(label, all)| all.saturating_sub(own(label))).collect();
    let fits = match beyond.asked.map(|asked| asked.value) {
        None => (0..left.len()).all(|label| own(label) <= left[label]),
        Some(TrainImages::PerClass(count)) => left.iter().all(|&left| count <= left),
        Some(TrainImages::InAll(count)) => left.iter().all(|&left| left > 0) && count <= left.iter().sum(),
        Some(TrainImages::All) => left.iter().all(|&left| left > 0),
    };
    if fits {
        return;
    }
    let fewest = (0..left.len()).min_by_key(|&label| left[label]);
    let (fewest, all) = fewest.map_or((0, 0), |label| (left[label], available[label]));
    let span = beyond.asked.map_or(&source.header, |asked| &asked.span);
    let message = "a twin asks for more images than the target leaves".to_owned();
    let label = format!("beyond the largest size of its target, {fewest} of {all} images of a class are left");
    let help = "its images are others than the target's: take fewer for it, or a smaller largest size".to_owned();
    report.fault(Code::SplitTooLarge, span, message, label, Some(help));
}

/// The last layer is copied only from a source with the target's classes, in the same order.
fn copied_classifier(
    treatment: &WrittenTreatment,
    architecture: Architecture,
    raw: &RawScenario,
    known: &KnownByName<'_>,
    report: &mut Report,
) {
    let num_layers = architecture.num_layers();
    let mut copied = treatment.copied().unwrap_or_default().iter();
    let Some(depth) = copied.find(|depth| usize::from(depth.value) == num_layers) else { return };
    let asked = |source: &&WrittenSource| match (&treatment.sources, &source.name) {
        (Some(list), Some(name)) => list.value.iter().any(|asked| asked.value == name.value),
        _ => !treatment.has_sources,
    };
    for source in raw.sources.iter().filter(asked) {
        let differs = |target: &&RawTarget| same_classes(source, target, raw, known) == Some(false);
        let Some(target) = raw.targets.iter().find(differs) else { continue };
        let [source, target] = [&source.name, &target.name].map(|name| name.as_ref().map_or("", |name| &name.value));
        let message = format!("copied depth {num_layers} needs equal classes, and {source:?} and {target:?} differ");
        let label =
            format!("{} is new where the classes differ: choose 1 to {}", architecture.last_layer(), num_layers - 1);
        let help = Some("in `sources`, name only sources with the target's classes in the target's order".to_owned());
        report.fault(Code::ClassesDiffer, &depth.span, message, label, help);
    }
}

/// Whether a source has a target's classes. It is `None` where that is not known yet.
fn same_classes(
    source: &WrittenSource,
    target: &RawTarget,
    raw: &RawScenario,
    known: &KnownByName<'_>,
) -> Option<bool> {
    let (data, own) = match source.network.as_ref()?.classes() {
        ClassesOf::Target => return Some(true),
        ClassesOf::Own { data, classes } => (data?, classes),
        ClassesOf::Elsewhere { classes } => {
            let of_target = target.classes.as_ref().map(WrittenClasses::names);
            let of_target = of_target.or_else(|| known.get(target.data.as_ref()?.value.as_str())?.classes.clone());
            return Some(classes?.names() == of_target?);
        }
        ClassesOf::Source(of) => {
            let of = &of?.value;
            let named = |other: &&WrittenSource| other.name.as_ref().is_some_and(|name| name.value == *of);
            match raw.sources.iter().find(named)?.network.as_ref()?.classes() {
                ClassesOf::Own { data, classes } => (data?, classes),
                // Such a source can only be made from a trained one; anything else was reported.
                ClassesOf::Source(_) | ClassesOf::Elsewhere { .. } | ClassesOf::Target => return None,
            }
        }
    };
    let target_data = target.data.as_ref()?;
    if data.value == target_data.value && own.is_none() && target.classes.is_none() {
        return Some(true);
    }
    let classes = |data: &Located<String>, own: Option<&WrittenClasses>| {
        own.map(WrittenClasses::names).or_else(|| known.get(data.value.as_str())?.classes.clone())
    };
    Some(classes(data, own)? == classes(target_data, target.classes.as_ref())?)
}
