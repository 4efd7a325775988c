//! Names that refer to something: data of sources and targets, another source, the sources of a treatment.

use std::collections::BTreeSet;

use crate::diagnostic::Code;
use crate::raw::{RawScenario, RawTuning};
use crate::reader::Report;
use crate::scenario::Primary;
use crate::source::Surroundings;

pub(super) fn check(raw: &RawScenario, report: &mut Report) {
    let datasets: Vec<&str> = raw.data.iter().map(|data| data.name.value.as_str()).collect();
    for data in raw.targets.iter().filter_map(|target| target.data.as_ref()) {
        report.undeclared("dataset", "[data.NAME]", data, &datasets);
    }
    let training = raw.training.as_ref().map(|training| &training.settings);
    let settings = training.and_then(|settings| settings.resolve(None));
    let surroundings = Surroundings {
        sources: &raw.sources,
        datasets: &datasets,
        is_tuned: raw.tuning.is_some(),
        tunes_sources: raw.tuning.as_ref().is_some_and(RawTuning::tunes_sources),
        settings: settings.as_ref(),
        has_recipe: training.is_some_and(|settings| settings.learning_rate().is_some()),
    };
    for source in &raw.sources {
        source.check(&surroundings, report);
    }
    let sources: Vec<&str> = raw.sources.iter().filter_map(|s| Some(s.name.as_ref()?.value.as_str())).collect();
    primaries(raw, report);
    for treatment in &raw.treatments {
        if raw.sources.is_empty() {
            let message = "a treatment has no source to copy from";
            report.fault(Code::MissingKey, &treatment.header, message, "add a table `[[source]]`", None);
        }
        let Some(list) = &treatment.sources else { continue };
        if list.value.is_empty() {
            let label = "name at least one source, or leave `sources` out for all";
            report.fault(Code::MissingKey, &list.span, "a treatment names no source", label, None);
        }
        let mut seen = BTreeSet::new();
        for name in &list.value {
            report.undeclared("source", "[[source]]", name, &sources);
            if !seen.insert(name.value.as_str()) {
                let message = format!("source {:?} is named twice", name.value);
                report.fault(Code::DuplicateName, &name.span, message, "name each source once", None);
            }
        }
    }
}

/// Primary contrasts are named by words, and by names of treatments.
fn primaries(raw: &RawScenario, report: &mut Report) {
    let Some(list) = &raw.verdict.primary else { return };
    let words = Primary::WORDS.iter().map(|&(word, _)| word);
    let treatments = raw.treatments.iter().filter_map(|treatment| Some(treatment.name.as_ref()?.value.as_str()));
    let known: Vec<&str> = words.chain(treatments).collect();
    let mut seen = BTreeSet::new();
    for name in &list.value {
        report.undeclared("primary contrast", "[[treatment]]", name, &known);
        if !seen.insert(name.value.as_str()) {
            let message = format!("{:?} is named twice", name.value);
            report.fault(Code::DuplicateName, &name.span, message, "name each once", None);
        }
    }
}
