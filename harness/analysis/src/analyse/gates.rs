//! Gates that need records only: 1 (edge of the search), 3 (live baseline), 5 (test lock). Gates 6 and 7, which rest on
//! the data, are in [`super::audited`].

use nt_stats::verdict::{Bias, Consequence, Gate, GateFailure};

use super::join::Joined;
use super::run::JoinedRun;
use crate::study::CellKey;

/// The gates that a cell against its scratch fails.
pub(super) fn failures(joined: &Joined<'_>, key: &CellKey, scratch: &CellKey) -> Vec<GateFailure> {
    let [arm, reference] = [key, scratch].map(|key| joined.arm(key).runs().collect::<Vec<_>>());
    failures_of(&arm, &reference, Versus::Scratch)
}

/// What an arm's runs are compared with.
#[derive(Clone, Copy)]
pub(super) enum Versus {
    /// Training from scratch, which must be alive.
    Scratch,
    /// Another treatment; both by their names.
    Arm { ours: &'static str, theirs: &'static str },
}

/// The gates that an arm's runs against those of its reference fail.
pub(super) fn failures_of(arm: &[&JoinedRun<'_>], reference: &[&JoinedRun<'_>], versus: Versus) -> Vec<GateFailure> {
    let mut failures = Vec::new();
    let (ours, theirs) = match versus {
        Versus::Scratch => ("the treatment", "scratch"),
        Versus::Arm { ours, theirs } => (ours, theirs),
    };
    for (runs, whose, bias) in [(arm, ours, Bias::ExaggeratesHarm), (reference, theirs, Bias::HidesHarm)] {
        failures.extend(edge(runs, whose, bias));
    }
    if let Versus::Scratch = versus {
        failures.extend(dead_baseline(reference));
    }
    if let Some(run) = arm.iter().chain(reference).find(|run| run.record.test_openings > 1) {
        failures.push(GateFailure {
            gate: Gate::TestLock,
            consequence: Consequence::Invalid,
            bias: None,
            detail: format!("{} opened the test labels {} times", run.record.name, run.record.test_openings),
        });
    }
    failures
}

/// A search ends on an edge if that of most replicates does. Where every replicate searches for itself, one of them ends there
/// by luck, which says little about the mean of all.
fn edge(runs: &[&JoinedRun<'_>], whose: &str, bias: Bias) -> Option<GateFailure> {
    let on_edge: Vec<_> = runs.iter().filter_map(|run| run.setting().filter(|_| run.record.setting_on_edge)).collect();
    let setting = on_edge.first().filter(|_| 2 * on_edge.len() > runs.len())?;
    let often = match on_edge.len() == runs.len() {
        true => String::new(),
        false => format!(" in {} of {} runs", on_edge.len(), runs.len()),
    };
    Some(GateFailure {
        gate: Gate::EqualSearch,
        consequence: Consequence::Downgrade,
        bias: Some(bias),
        detail: format!("{whose} did best at {setting}{often}, on the edge of the grid (widen it)"),
    })
}

/// Scratch as a whole is dead if at least half of its runs are. A single dead run is reported as such.
fn dead_baseline(reference: &[&JoinedRun<'_>]) -> Option<GateFailure> {
    let done = reference.iter().filter(|run| run.scores.is_some()).count();
    let dead =
        reference.iter().filter(|run| run.scores.is_some() && (!run.is_above_chance || run.has_collapsed)).count();
    (done > 0 && 2 * dead >= done).then(|| GateFailure {
        gate: Gate::LiveBaseline,
        consequence: Consequence::Invalid,
        bias: Some(Bias::HidesHarm),
        detail: format!("{dead} of {done} runs of scratch guess the class no better than chance, or did not train"),
    })
}
