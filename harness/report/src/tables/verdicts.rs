//! `verdicts.csv` and `verdicts.json`: one row for each contrast.

use std::collections::HashSet;

use nt_analysis::{Analysis, CellKind, CellResult};
use nt_records::verdicts::{VERDICTS_VERSION, VerdictRow};
use nt_stats::p_value::round_p;
use nt_stats::power::Need;
use nt_stats::verdict::{Decision, Family};

/// Every contrast of a study in its order, including cells without a pair of runs.
pub fn verdict_rows(analysis: &Analysis) -> Vec<VerdictRow> {
    rows(analysis).collect()
}

/// The same, one after the other.
pub(super) fn rows(analysis: &Analysis) -> impl Iterator<Item = VerdictRow> {
    let chosen = choices(analysis);
    let cells = analysis.cells.iter().enumerate().filter(|(_, cell)| cell.kind != CellKind::Scratch);
    cells.map(move |(at, cell)| row(analysis, cell, chosen.contains(&at)))
}

/// The word for the family that a cell is decided in.
fn family_of(cell: &CellResult) -> &'static str {
    match (cell.kind, cell.decision.as_ref().map(|decision| decision.family)) {
        (CellKind::Scratch, _) => "",
        (CellKind::Placebo, _) => "placebo",
        (CellKind::Control | CellKind::Twin, _) => "control",
        (CellKind::Transfer, Some(Family::Primary)) => "primary",
        (CellKind::Transfer, Some(Family::Secondary) | None) => "secondary",
    }
}

/// The cells that a quadrant chose for all its replicates, by their places.
fn choices(analysis: &Analysis) -> HashSet<usize> {
    let chosen = analysis.quadrants.iter().filter_map(|quadrant| quadrant.chosen.as_ref());
    let single = chosen.filter_map(|chosen| match chosen.picks.as_slice() {
        &[(at, _)] => Some(at),
        _ => None,
    });
    single.collect()
}

fn row(analysis: &Analysis, cell: &CellResult, is_choice: bool) -> VerdictRow {
    let study = &analysis.study;
    let collapsed = cell.decision.as_ref().and_then(|decision| decision.collapsed);
    let decision = cell.decision.as_ref();
    let need = decision.filter(|decision| decision.is_for_data_to_decide()).and_then(|decision| decision.need);
    let of = |value: fn(&Decision) -> Option<f64>| decision.and_then(value).map(rounded);
    let text = |word: fn(&Decision) -> String| decision.map(word).unwrap_or_default();
    VerdictRow {
        source: cell.key.source.clone().unwrap_or_default(),
        target: cell.key.target.clone(),
        size: cell.key.size.clone(),
        similarity: cell.similarity.clone().unwrap_or_default(),
        treatment: cell.treatment.clone(),
        copied: cell.key.copied,
        frozen: cell.key.frozen,
        metric: study.metric.name().to_owned(),
        reference: "scratch".to_owned(),
        gap_pp: of(|decision| Some(decision.gap.mean_pp)),
        ci_low_pp: of(|decision| decision.interval_pp()[0]),
        ci_high_pp: of(|decision| decision.interval_pp()[1]),
        ci_level: of(|decision| Some(decision.gap.level)),
        n: decision.map_or(0, |decision| decision.gap.num_replicates),
        n_test: decision.map_or(0, |decision| decision.gap.num_examples),
        scope: text(|decision| decision.gap.scope.to_string()),
        method: text(|decision| decision.gap.method.to_string()),
        p_adjusted: decision.map(|decision| round_p(decision.p_adjusted)),
        verdict: cell.verdict().map(|verdict| verdict.name().to_owned()).unwrap_or_default(),
        // A control transfers nothing.
        attribution: decision
            .filter(|_| cell.kind == CellKind::Transfer)
            .and_then(|decision| decision.attribution)
            .map(|cause| cause.name().to_owned())
            .unwrap_or_default(),
        source_gap_pp: of(|decision| decision.source_gap.as_ref().map(|gap| gap.mean_pp)),
        schema_version: VERDICTS_VERSION,
        q_exploratory: decision.map(|decision| round_p(decision.screen_q)),
        mde_pp: of(|decision| decision.minimum_detectable_effect_pp.filter(|_| decision.is_for_data_to_decide())),
        replicates_needed: need.and_then(Need::replicates),
        test_images_needed: need.and_then(Need::test_examples),
        family: family_of(cell).to_owned(),
        is_choice,
        ci_simultaneous: false,
        specificity_gap_pp: of(|decision| decision.specificity_gap.as_ref().map(|gap| gap.mean_pp)),
        freezing_gap_pp: of(|decision| decision.freezing_gap.as_ref().map(|gap| gap.mean_pp)),
        collapsed: collapsed.map(|collapsed| collapsed.treatment[0]),
        collapsed_of: collapsed.map(|collapsed| collapsed.treatment[1]),
        reference_collapsed: collapsed.map(|collapsed| collapsed.reference[0]),
        reference_collapsed_of: collapsed.map(|collapsed| collapsed.reference[1]),
        collapse_p: collapsed.map(|collapsed| round_p(collapsed.p_value)),
        decided_at: decision.and_then(|decision| decision.called_early_at).and_then(|at| u32::try_from(at).ok()),
        verdict_before_gates: text(|decision| decision.verdict_before_gates.name().to_owned()),
        failed_gates: text(|decision| {
            let mut gates: Vec<String> = decision.failed_gates.iter().map(|failure| failure.gate.to_string()).collect();
            gates.dedup();
            gates.join("; ")
        }),
        equivalent: decision.map(|decision| decision.equivalent),
        gap_corrected_pp: of(Decision::gap_corrected_for_an_early_call),
    }
}

/// Rounds to four decimals, and never gives minus zero.
pub(crate) fn rounded(value: f64) -> f64 {
    (value * 1e4).round() / 1e4 + 0.0
}
