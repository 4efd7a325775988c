//! Treatments: only copied layers are frozen, and no point is planned twice.

use std::collections::BTreeMap;

use crate::diagnostic::Code;
use crate::raw::{RawDepths, RawScenario, RawTreatment};
use crate::reader::Report;
use crate::treatment::Method;

pub(super) fn check(raw: &RawScenario, report: &mut Report) {
    for treatment in &raw.treatments {
        frozen_past_copied(treatment, report);
    }
    planned_twice(raw, report);
}

fn frozen_past_copied(treatment: &RawTreatment, report: &mut Report) {
    let (Some(copied), Some(RawDepths::Listed(frozen))) = (&treatment.copied, &treatment.frozen) else { return };
    let Some(shallowest) = copied.iter().map(|depth| depth.value).min() else { return };
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

/// Source, method, copied, frozen, and the bits of a learning rate of its own.
type Planned<'a> = (&'a str, Option<Method>, u8, u8, Option<u64>);

/// A point of a source that two treatments plan with the same learning rate is one cell with two names.
fn planned_twice(raw: &RawScenario, report: &mut Report) {
    let all: Vec<&str> = raw.sources.iter().filter_map(|source| Some(source.name.as_ref()?.value.as_str())).collect();
    let default_rate = raw.training.as_ref().and_then(|training| training.learning_rate.as_ref());
    let mut planned: BTreeMap<Planned<'_>, &str> = BTreeMap::new();
    for treatment in &raw.treatments {
        let Some(name) = &treatment.name else { continue };
        let Some(points) = points(treatment) else { continue };
        let sources: Vec<&str> = match &treatment.sources {
            Some(list) => list.value.iter().map(|source| source.value.as_str()).collect(),
            None if treatment.has_sources => continue,
            None => all.clone(),
        };
        let rate = treatment.learning_rate.as_ref().or(default_rate).map(|rate| rate.value.to_bits());
        let mut twice = None;
        for &source in &sources {
            for &(copied, frozen) in &points {
                if let Some(other) = planned.insert((source, treatment.method, copied, frozen, rate), &name.value) {
                    twice = twice.or(Some((source, copied, frozen, other)));
                }
            }
        }
        if let Some((source, copied, frozen, other)) = twice.filter(|(_, _, _, other)| *other != name.value) {
            let message = format!("({copied},{frozen}) of source {source:?} is planned twice");
            let label = format!("treatment {other:?} plans it too: leave it out of one");
            report.fault(Code::PlannedTwice, &name.span, message, label, None);
        }
    }
}

/// The treatment's points; none where its depths could not be read.
fn points(treatment: &RawTreatment) -> Option<Vec<(u8, u8)>> {
    let frozen = super::build::frozen(treatment.frozen.as_ref()?);
    let copied = treatment.copied.as_ref()?.iter().map(|depth| depth.value);
    Some(copied.flat_map(|copied| frozen.for_copied(copied).into_iter().map(move |frozen| (copied, frozen))).collect())
}
