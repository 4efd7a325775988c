//! Effect sizes beside the verdicts of `verdicts.json`.

use nt_stats::p_value::round_p;
use serde::Serialize;

use super::TableError;
use super::verdicts::{VerdictRow, rounded};
use crate::SCHEMA_VERSION;
use crate::analysis::{Analysis, CellKind, CellResult, Chosen, ClassEffect, Effects, Quadrant};
use crate::study::CellKey;

/// A contrast with its effect sizes; none where no replicate has both arms.
#[derive(Serialize)]
struct Row<'a> {
    #[serde(flatten)]
    verdict: &'a VerdictRow,
    effects: Option<EffectRow>,
}

/// Effect sizes, rounded to four decimals; below zero is harm but for `relative_error_change`.
#[derive(Serialize)]
struct EffectRow {
    log_odds_difference: f64,
    relative_error_change: Option<f64>,
    hedges_g: Option<f64>,
    hedges_g_low: Option<f64>,
    hedges_g_high: Option<f64>,
    hedges_g_level: Option<f64>,
    probability_scratch_wins: Option<f64>,
    negative_flip_rate: Option<f64>,
    positive_flip_rate: Option<f64>,
    classes: Vec<ClassRow>,
}

#[derive(Serialize)]
struct ClassRow {
    class: usize,
    n_test: usize,
    gap_pp: f64,
    ci_low_pp: Option<f64>,
    ci_high_pp: Option<f64>,
}

/// What choosing on validation images comes to in a quadrant.
#[derive(Serialize)]
struct ChoiceRow<'a> {
    target: &'a str,
    size: &'a str,
    similarity: &'a str,
    picks: Vec<PickRow<'a>>,
    gap_pp: f64,
    ci_low_pp: Option<f64>,
    ci_high_pp: Option<f64>,
    ci_level: f64,
    n: usize,
    p_adjusted: f64,
    verdict: &'static str,
    optimism_pp: Option<f64>,
}

#[derive(Serialize)]
struct PickRow<'a> {
    source: Option<&'a str>,
    copied: u8,
    frozen: u8,
    replicates: usize,
}

#[derive(Serialize)]
struct File<'a> {
    schema_version: u32,
    study: &'a str,
    verdicts: Vec<Row<'a>>,
    choices: Vec<ChoiceRow<'a>>,
}

/// The rows of a study as JSON, each with its effect sizes, and the choice of every quadrant.
pub(super) fn verdicts_json(analysis: &Analysis, rows: &[VerdictRow]) -> Result<Vec<u8>, TableError> {
    let cells = analysis.cells.iter().filter(|cell| cell.kind != CellKind::Scratch);
    let verdicts = rows.iter().zip(cells).map(|(verdict, cell)| Row { verdict, effects: effects_of(cell) });
    let choices =
        analysis.quadrants.iter().filter_map(|quadrant| Some(choice(analysis, quadrant, quadrant.chosen.as_ref()?)));
    let file = File {
        schema_version: SCHEMA_VERSION,
        study: &analysis.study.name,
        verdicts: verdicts.collect(),
        choices: choices.collect(),
    };
    let mut json = serde_json::to_vec_pretty(&file)
        .map_err(|error| TableError::Row { table: "verdicts.json", source: error.into() })?;
    json.push(b'\n');
    Ok(json)
}

fn effects_of(cell: &CellResult) -> Option<EffectRow> {
    let effects: &Effects = cell.effects.as_ref()?;
    let standardized = effects.standardized.as_ref();
    Some(EffectRow {
        log_odds_difference: rounded(effects.log_odds),
        relative_error_change: effects.relative_error.map(rounded),
        hedges_g: standardized.map(|size| rounded(size.hedges_g)),
        hedges_g_low: standardized.map(|size| rounded(size.low)),
        hedges_g_high: standardized.map(|size| rounded(size.high)),
        hedges_g_level: standardized.map(|size| size.level),
        probability_scratch_wins: effects.scratch_wins.map(rounded),
        negative_flip_rate: effects.flips.map(|flips| rounded(flips.negative)),
        positive_flip_rate: effects.flips.map(|flips| rounded(flips.positive)),
        classes: effects.classes.iter().map(class_row).collect(),
    })
}

fn class_row(class: &ClassEffect) -> ClassRow {
    ClassRow {
        class: class.class,
        n_test: class.num_examples,
        gap_pp: rounded(class.gap_pp),
        ci_low_pp: class.interval_pp.map(|(low, _)| rounded(low)),
        ci_high_pp: class.interval_pp.map(|(_, high)| rounded(high)),
    }
}

fn choice<'a>(analysis: &'a Analysis, quadrant: &'a Quadrant, chosen: &'a Chosen) -> ChoiceRow<'a> {
    let gap = &chosen.decision.gap;
    let pick = |&(at, replicates): &(usize, usize)| {
        let CellKey { source, copied, frozen, .. } = &analysis.cells[at].key;
        PickRow { source: source.as_deref(), copied: *copied, frozen: *frozen, replicates }
    };
    ChoiceRow {
        target: &quadrant.target,
        size: &quadrant.size,
        similarity: &quadrant.similarity,
        picks: chosen.picks.iter().map(pick).collect(),
        gap_pp: rounded(gap.mean_pp),
        ci_low_pp: gap.low_pp.map(rounded),
        ci_high_pp: gap.high_pp.map(rounded),
        ci_level: rounded(gap.level),
        n: gap.num_replicates,
        p_adjusted: round_p(chosen.decision.p_adjusted),
        verdict: chosen.decision.verdict.name(),
        optimism_pp: chosen.optimism_pp.map(rounded),
    }
}
