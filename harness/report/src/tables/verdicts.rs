//! `verdicts.csv` and `verdicts.json`: one row for each contrast.

use nt_analysis::study::Study;
use nt_analysis::{Analysis, CellKind, CellResult};
use nt_records::verdicts::{VERDICTS_VERSION, VerdictRow};
use nt_stats::p_value::round_p;
use nt_stats::verdict::Decision;

/// Every contrast of a study in its order, including cells without a pair of runs.
pub fn verdict_rows(analysis: &Analysis) -> Vec<VerdictRow> {
    let cells = analysis.cells.iter().filter(|cell| cell.kind != CellKind::Scratch);
    cells.map(|cell| row(&analysis.study, cell)).collect()
}

fn row(study: &Study, cell: &CellResult) -> VerdictRow {
    let decision = cell.decision.as_ref();
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
        ci_low_pp: of(|decision| decision.gap.low_pp),
        ci_high_pp: of(|decision| decision.gap.high_pp),
        ci_level: of(|decision| Some(decision.gap.level)),
        n: decision.map_or(0, |decision| decision.gap.num_replicates),
        n_test: decision.map_or(0, |decision| decision.gap.num_examples),
        scope: text(|decision| decision.gap.scope.to_string()),
        method: text(|decision| decision.gap.method.to_string()),
        p_adjusted: decision.map(|decision| round_p(decision.p_adjusted)),
        verdict: cell.verdict().map(|verdict| verdict.name().to_owned()).unwrap_or_default(),
        attribution: text(|decision| decision.attribution.map(|cause| cause.name().to_owned()).unwrap_or_default()),
        source_gap_pp: of(|decision| decision.source_gap.as_ref().map(|gap| gap.mean_pp)),
        schema_version: VERDICTS_VERSION,
        q_exploratory: decision.map(|decision| round_p(decision.screen_q)),
        mde_pp: of(|decision| decision.minimum_detectable_effect_pp),
        replicates_needed: decision.and_then(|decision| decision.need?.replicates()),
        test_images_needed: decision.and_then(|decision| decision.need?.test_examples()),
    }
}

/// Rounds to four decimals, and never gives minus zero.
pub(crate) fn rounded(value: f64) -> f64 {
    (value * 1e4).round() / 1e4 + 0.0
}
