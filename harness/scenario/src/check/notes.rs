//! Notes: what an author should know although it is not a fault.

use crate::choice::{ChoiceOf, SearchOf};
use crate::diagnostic::Code;
use crate::raw::Version;
use crate::reader::Report;
use crate::scenario::Scenario;
use crate::source::Learning;
use crate::suggest;

/// Fewer replicates are a pilot: with five, a sign-flip test cannot reach .05.
const MIN_REPLICATES: u32 = 6;

pub(super) fn report(scenario: &Scenario, report: &mut Report) {
    version(scenario, report);
    pilot(scenario, report);
    pool_left_out(scenario, report);
    unused(scenario, report);
}

fn version(scenario: &Scenario, report: &mut Report) {
    let written = &scenario.origin.raw.version;
    if written.value == Version::LATEST {
        return;
    }
    let (number, latest) = (written.value.number(), Version::LATEST.number());
    let message = format!("this scenario is of version {number}; the current version is {latest}");
    // What `--set` changed is in no file.
    let file = report.document.file.trim_end_matches(" with --set");
    let is_plain = |letter: char| letter.is_alphanumeric() || "_./-".contains(letter);
    let file = if file.chars().all(is_plain) { file.to_owned() } else { format!("'{}'", file.replace('\'', "'\\''")) };
    let help = Some(format!("run `nt migrate {file}` to write it as version {latest}"));
    report.fault(Code::OldVersion, &written.span, message, kept(scenario), help);
}

/// What a scenario of an older version means where it differs from what the latest would.
fn kept(scenario: &Scenario) -> String {
    let is_one_search = scenario.tuning.as_ref().is_some_and(|tuning| tuning.search == SearchOf::Once);
    let kept = [
        (is_one_search, "one search for all replicates"),
        (scenario.study.reference_runs == 1, "one run of scratch in each"),
        (scenario.verdict.choice == ChoiceOf::EachReplicate, "a choice in each"),
        (scenario.verdict.primary.is_empty(), "one family"),
    ];
    let kept: Vec<&str> = kept.iter().filter_map(|&(is_kept, words)| is_kept.then_some(words)).collect();
    if kept.is_empty() {
        "it means what the current version does".to_owned()
    } else {
        format!("it keeps its meaning: {}", kept.join(", "))
    }
}

fn pilot(scenario: &Scenario, report: &mut Report) {
    let replicates = scenario.origin.raw.study.as_ref().and_then(|study| study.replicates.as_ref());
    let Some(replicates) = replicates.filter(|replicates| replicates.value < MIN_REPLICATES.into()) else { return };
    let message = match replicates.value {
        1 => "1 replicate is a pilot".to_owned(),
        several => format!("{several} replicates are a pilot"),
    };
    let label = "a verdict needs at least 6; take 8 to 12 to confirm one";
    report.fault(Code::Pilot, &replicates.span, message, label, None);
}

fn pool_left_out(scenario: &Scenario, report: &mut Report) {
    let raw = &scenario.origin.raw;
    let shape = scenario.model.shape(2);
    let input = raw.model.as_ref().and_then(|model| model.input.as_ref());
    if let (false, Some(input)) = (shape.pools_left_out.is_empty(), input) {
        let layers = suggest::all_of(&shape.pools_left_out);
        let message = format!("the pool after {layers} does not fit and is left out");
        let label = format!(
            "at {} px, its input is smaller than its 3 × 3 window; a larger `input` keeps it",
            scenario.model.input
        );
        report.fault(Code::PoolLeftOut, &input.span, message, label, None);
    }
}

fn unused(scenario: &Scenario, report: &mut Report) {
    let raw = &scenario.origin.raw;
    for (index, source) in scenario.sources.iter().enumerate() {
        let treated = scenario.treatments.iter().any(|treatment| treatment.sources.contains(&index));
        let read = scenario.sources.iter().any(|other| other.learning() == Learning::OtherSource(&source.name));
        if let (false, false, Some(raw)) = (treated, read, raw.sources.get(index)) {
            let message = format!("source {:?} is never used", source.name);
            report.fault(Code::Unused, &raw.header, message, "no treatment names it; it is not trained", None);
        }
    }
    for data in &raw.data {
        let name = &data.name.value;
        let read = scenario.sources.iter().any(|s| s.pretraining().is_some_and(|p| p.data == *name))
            || scenario.targets.iter().any(|target| target.data == *name);
        if !read {
            let message = format!("dataset {name:?} is never used");
            report.fault(Code::Unused, &data.name.span, message, "no source and no target names it", None);
        }
    }
}
