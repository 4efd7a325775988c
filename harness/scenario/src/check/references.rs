//! Names that refer to something: data of sources and targets, another source, the sources of a treatment.

use std::collections::BTreeSet;

use crate::diagnostic::Code;
use crate::origin::Located;
use crate::raw::{RawScenario, RawSource};
use crate::reader::Report;
use crate::suggest;

pub(super) fn check(raw: &RawScenario, report: &mut Report) {
    let datasets: Vec<&str> = raw.data.iter().map(|data| data.name.value.as_str()).collect();
    let named =
        raw.sources.iter().filter_map(|s| s.data.as_ref()).chain(raw.targets.iter().filter_map(|t| t.data.as_ref()));
    for data in named {
        known_name("dataset", "[data.NAME]", data, &datasets, report);
    }
    for source in &raw.sources {
        moments(source, raw, report);
        fixed_similarity(source, report);
    }
    let sources: Vec<&str> = raw.sources.iter().filter_map(|s| Some(s.name.as_ref()?.value.as_str())).collect();
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
            known_name("source", "[[source]]", name, &sources, report);
            if !seen.insert(name.value.as_str()) {
                let message = format!("source {:?} is named twice", name.value);
                report.fault(Code::DuplicateName, &name.span, message, "name each source once", None);
            }
        }
    }
}

fn known_name(what: &str, table: &str, name: &Located<String>, declared: &[&str], report: &mut Report) {
    if declared.contains(&name.value.as_str()) {
        return;
    }
    let label = match declared {
        [] => format!("no {what} is declared: add a table `{table}`"),
        _ => format!("declared: {}", suggest::all_of(declared)),
    };
    let help = suggest::did_you_mean(&name.value, declared.iter().copied());
    report.fault(Code::UnknownReference, &name.span, format!("there is no {what} {:?}", name.value), label, help);
}

/// `of` names a source that has a training of its own.
fn moments(source: &RawSource, raw: &RawScenario, report: &mut Report) {
    let Some(of) = source.of.as_ref().filter(|_| source.kind.as_deref() == Some("mean-and-variance")) else { return };
    let trained = |other: &&RawSource| matches!(other.kind.as_deref(), None | Some("trained" | "shuffled-labels"));
    let names: Vec<&str> =
        raw.sources.iter().filter(trained).filter_map(|other| Some(other.name.as_ref()?.value.as_str())).collect();
    known_name("trained source", "[[source]]", of, &names, report);
}

/// An untrained source and a selffer have similarities of their own.
fn fixed_similarity(source: &RawSource, report: &mut Report) {
    let (Some(kind @ ("untrained" | "selffer")), Some(similarity)) = (source.kind.as_deref(), &source.similarity)
    else {
        return;
    };
    if similarity.value != kind {
        let message = format!("the similarity of kind {kind:?} is always {kind:?}");
        report.fault(Code::UnknownWord, &similarity.span, message, "leave `similarity` out", None);
    }
}
