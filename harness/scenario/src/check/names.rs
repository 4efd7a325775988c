//! Names: each fits a file and a column, stands once, and is not one that the plan uses itself.

use std::collections::BTreeMap;

use crate::diagnostic::Code;
use crate::place::Located;
use crate::raw::RawScenario;
use crate::reader::Report;
use crate::scenario::SCRATCH;

/// Longest name, in bytes.
const MAX_NAME: usize = 64;

pub(super) fn check(raw: &RawScenario, report: &mut Report) {
    if let Some(name) = raw.study.as_ref().and_then(|study| study.name.as_ref()) {
        well_formed("study", name, report);
    }
    for data in &raw.data {
        well_formed("dataset", &data.name, report);
    }
    distinct("source", raw.sources.iter().filter_map(|source| source.name.as_ref()), report);
    distinct("target", raw.targets.iter().filter_map(|target| target.name.as_ref()), report);
    for target in &raw.targets {
        distinct("size", target.sizes.iter().filter_map(|size| size.name.as_ref()), report);
    }
    distinct("treatment", raw.treatments.iter().filter_map(|treatment| treatment.name.as_ref()), report);
    for name in raw.treatments.iter().filter_map(|treatment| treatment.name.as_ref()) {
        if name.value == SCRATCH {
            let message = "treatment \"scratch\" is always planned";
            report.fault(Code::BadName, &name.span, message, "take another name, or leave the treatment out", None);
        }
    }
    for similarity in raw.sources.iter().filter_map(|source| source.similarity.as_ref()) {
        well_formed("similarity", similarity, report);
    }
}

fn distinct<'a>(what: &str, names: impl Iterator<Item = &'a Located<String>>, report: &mut Report) {
    let mut lines = BTreeMap::new();
    for name in names {
        well_formed(what, name, report);
        let line = report.document.line(name.span.start);
        if let Some(first) = lines.insert(name.value.as_str(), line) {
            let message = format!("two {what}s are named {:?}", name.value);
            let label = format!("the first is on line {first}: give one another name");
            report.fault(Code::DuplicateName, &name.span, message, label, None);
        }
    }
}

fn well_formed(what: &str, name: &Located<String>, report: &mut Report) {
    let text = name.value.as_str();
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if !text.is_empty() && text.len() <= MAX_NAME && text.chars().all(allowed) && !text.starts_with(['.', '-']) {
        return;
    }
    let message = format!("{what} {text:?} cannot name a file or a column");
    let accepted = format!("1 to {MAX_NAME} of a-z A-Z 0-9 - _ . and no - or . first");
    let mut repaired: String = text.chars().map(|c| if allowed(c) { c } else { '-' }).take(MAX_NAME).collect();
    repaired = repaired.trim_start_matches(['.', '-']).to_owned();
    let help = (!repaired.is_empty()).then(|| format!("did you mean {repaired:?}?"));
    report.fault(Code::BadName, &name.span, message, accepted, help);
}
