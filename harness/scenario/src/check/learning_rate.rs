//! Learning rates: fixed or tuned, never both for one arm; and the validation images that tuning needs.

use crate::choice::SearchOf;
use crate::diagnostic::Code;
use crate::raw::{RawScenario, RawTarget, RawTuning};
use crate::reader::{Report, ascends};
use crate::train_images::check_images_left;

use super::defaults::Defaults;

pub(super) fn check(raw: &RawScenario, report: &mut Report) {
    let fixed = raw.training.as_ref().and_then(|training| training.learning_rate.as_ref());
    match (raw.has_tuning, fixed) {
        (true, Some(fixed)) => {
            let label = match &raw.tuning {
                Some(tuning) => format!("remove it, or [tuning] on line {}", report.document.line(tuning.header.start)),
                None => "remove it, or [tuning]".to_owned(),
            };
            report.fault(Code::LearningRate, &fixed.span, "learning rates are both fixed and tuned", label, None);
        }
        (false, None) => neither(raw, report),
        (true, None) | (false, Some(_)) => {}
    }
    if let Some(training) = &raw.training {
        training.settings.check(None, report);
    }
    let defaults = Defaults::of(raw.version.value);
    if let Some(tuning) = &raw.tuning {
        grid(tuning, report);
        replicates(tuning, &defaults, report);
    }
    for fit in raw.treatments.iter().filter_map(|treatment| treatment.fit.as_ref()) {
        fit.check(raw.has_tuning, report);
    }
    if let Some(ladder) = raw.training.as_ref().and_then(|training| training.ladder.as_ref()) {
        ascends("rung", &ladder.value, report);
    }
    for target in &raw.targets {
        validation(target, raw.has_tuning, &defaults, report);
    }
}

/// Neither fixed nor tuned; silent where [training] could not be read, which was reported.
fn neither(raw: &RawScenario, report: &mut Report) {
    let Some(training) = raw.training.as_ref() else { return };
    if !training.has_learning_rate && training.settings.learning_rate().is_none() {
        let label = "add `learning_rate = 0.01` here, or a table `[tuning]`";
        report.fault(Code::LearningRate, &training.header, "no learning rate is fixed or tuned", label, None);
    }
}

fn grid(tuning: &RawTuning, report: &mut Report) {
    let rates = &tuning.learning_rates;
    if rates.value.len() < 2 {
        let message = match rates.value.len() {
            0 => "a grid without a learning rate leaves nothing to choose".to_owned(),
            _ => "a grid of one learning rate leaves nothing to choose".to_owned(),
        };
        let label = "give at least two, or remove [tuning] and write `learning_rate` in [training]";
        report.fault(Code::Grid, &rates.span, message, label, None);
    }
    ascends("learning rate", &rates.value, report);
}

/// Replicates of a search belong to one that serves all replicates.
fn replicates(tuning: &RawTuning, defaults: &Defaults, report: &mut Report) {
    let (SearchOf::EachReplicate, Some(replicates)) = (defaults.search_of(tuning), &tuning.replicates) else { return };
    let message = "a search that every replicate makes for itself has no replicates of its own";
    let label = "remove it, or add `search = \"once\"` for one search that serves all replicates";
    report.fault(Code::SearchReplicates, &replicates.span, message, label, None);
}

fn validation(target: &RawTarget, tuned: bool, defaults: &Defaults, report: &mut Report) {
    let fraction = target.validation_fraction.as_ref().map_or(defaults.validation_fraction, |fraction| fraction.value);
    let span = target.validation_fraction.as_ref().map_or(&target.header, |fraction| &fraction.span);
    if tuned && fraction == 0.0 && (target.validation_fraction.is_some() || !target.has_validation_fraction) {
        let (message, label) =
            ("learning rates are tuned without validation images", "add `validation_fraction = 0.2`, or fix the rate");
        report.fault(Code::Validation, span, message, label, None);
    }
    for images in target.sizes.iter().filter_map(|size| size.train_images.as_ref()) {
        check_images_left(fraction, images, report);
    }
}
