//! Treatments: only copied layers are frozen, and no point is planned twice.

use std::collections::BTreeMap;

use crate::diagnostic::Code;
use crate::method::{Method, WrittenFrozen, WrittenTreatment};
use crate::raw::RawScenario;
use crate::reader::Report;

pub(super) fn check(raw: &RawScenario, report: &mut Report) {
    for treatment in &raw.treatments {
        frozen_past_copied(treatment, report);
    }
    planned_twice(raw, report);
}

fn frozen_past_copied(treatment: &WrittenTreatment, report: &mut Report) {
    let (Some(copied), Some(frozen)) = (treatment.copied(), treatment.frozen()) else { return };
    let Some(shallowest) = copied.iter().map(|depth| depth.value).min() else { return };
    let frozen = match frozen {
        WrittenFrozen::Copied => return,
        WrittenFrozen::Listed(frozen) => frozen,
        WrittenFrozen::UpToCopied(from) if from.value > shallowest => {
            let message = format!("frozen \"{}..=copied\" plans nothing for copied depth {shallowest}", from.value);
            let label = format!("only copied layers are frozen: begin at {shallowest} or less");
            let help = format!("or leave copied depths below {} out", from.value);
            report.fault(Code::FrozenPastCopied, &from.span, message, label, Some(help));
            return;
        }
        WrittenFrozen::UpToCopied(_) => return,
    };
    // A range is one place: it is reported once, with its first depth that is too deep.
    let mut reported = None;
    for depth in frozen.iter().filter(|depth| depth.value > shallowest) {
        if reported.replace(&depth.span) == Some(&depth.span) {
            continue;
        }
        let message = format!("frozen depth {} is past copied depth {shallowest}", depth.value);
        let label = format!("only copied layers are frozen: at most {shallowest} here");
        let help = "\"copied\" freezes all that is copied, \"0..=copied\" plans the triangle".to_owned();
        report.fault(Code::FrozenPastCopied, &depth.span, message, label, Some(help));
    }
}

/// Source, method, copied and frozen.
type Planned<'a> = (&'a str, Method, u8, u8);

/// A point of a source is one cell, with one verdict: two treatments that plan it, be it at two learning rates, would train what no
/// report can show.
fn planned_twice(raw: &RawScenario, report: &mut Report) {
    let all: Vec<&str> = raw.sources.iter().filter_map(|source| Some(source.name.as_ref()?.value.as_str())).collect();
    let default_rate = raw.training.as_ref().and_then(|training| Some(training.learning_rate.as_ref()?.value));
    let mut planned: BTreeMap<Planned<'_>, (&str, Option<u64>)> = BTreeMap::new();
    for treatment in &raw.treatments {
        let (Some(name), Some(fit)) = (&treatment.name, &treatment.fit) else { continue };
        let Some(points) = treatment.points() else { continue };
        let sources: Vec<&str> = match &treatment.sources {
            Some(list) => list.value.iter().map(|source| source.value.as_str()).collect(),
            None if treatment.has_sources => continue,
            None => all.clone(),
        };
        let rate = fit.own_learning_rate().or(default_rate).map(f64::to_bits);
        let mut twice = None;
        for &source in &sources {
            for &(copied, frozen) in &points {
                let before = planned.insert((source, fit.method(), copied, frozen), (&name.value, rate));
                if let Some((other, other_rate)) = before {
                    twice = twice.or(Some((source, copied, frozen, other, other_rate)));
                }
            }
        }
        if let Some((source, copied, frozen, other, other_rate)) = twice.filter(|twice| twice.3 != name.value) {
            let message = format!("copied {copied}, frozen {frozen} of source {source:?} is planned twice");
            let (at, help) = match other_rate == rate {
                true => ("", None),
                false => (
                    ", at another learning rate",
                    Some("a point has one verdict: search for its rate with [tuning], or give each rate a study of its own".to_owned()),
                ),
            };
            let label = format!("treatment {other:?} plans it too{at}: leave it out of one");
            report.fault(Code::PlannedTwice, &name.span, message, label, help);
        }
    }
}
