//! Effect sizes beside the verdicts of `verdicts.json`.

use std::io::Write;

use nt_scenario::Method;
use nt_stats::crossed::VarianceComponents;
use nt_stats::p_value::round_p;
use nt_stats::verdict::{Decision, Verdict};
use serde::{Serialize, Serializer};

use super::verdicts::{rounded, rows};
use nt_analysis::study::CellKey;
use nt_analysis::{
    Analysis, CROSS_CHECK_LEVEL, CellKind, CellResult, Checks, Chosen, ClassEffect, CrossCheck, Effects, McNemar,
    Quadrant, WithoutOverlap,
};
use nt_records::table::{TableError, json_error};
use nt_records::verdicts::{VERDICTS_VERSION, VarianceRow, VerdictRow};

/// A contrast with its effect sizes; `None` if no replicate has both arms.
#[derive(Serialize)]
struct Row {
    #[serde(flatten)]
    verdict: VerdictRow,
    effects: Option<EffectRow>,
    variance: Option<VarianceRow>,
    checks: Option<CheckRow>,
    /// The gap without the test images found among training images; `None` if the audit found none or was not made.
    without_overlap: Option<OverlapFreeRow>,
}

/// The gap on the test images that are not, and do not look like, training images.
#[derive(Serialize)]
struct OverlapFreeRow {
    n_left_out: usize,
    /// `None`, like all fields below, if no test image is left.
    gap_pp: Option<f64>,
    /// Ends of its interval, adjusted over the family at `ci_level` of its own.
    ci_low_pp: Option<f64>,
    ci_high_pp: Option<f64>,
    ci_level: Option<f64>,
    verdict_before_gates: Option<&'static str>,
}

/// What other methods say about the gap. They decide nothing.
#[derive(Serialize)]
struct CheckRow {
    /// Level of the two intervals below, unadjusted.
    level: f64,
    crossed_low_pp: Option<f64>,
    crossed_high_pp: Option<f64>,
    two_way_bootstrap_low_pp: Option<f64>,
    two_way_bootstrap_high_pp: Option<f64>,
    disagree_on_sign: Option<bool>,
    /// By joint sign flips, adjusted over the family: for this test set only.
    p_adjusted_this_test_set: Option<f64>,
    mcnemar: Option<McNemarRow>,
}

/// Two networks of one replicate.
#[derive(Serialize)]
struct McNemarRow {
    replicate: u32,
    lost: usize,
    won: usize,
    p: f64,
}

/// Effect sizes, rounded to four decimals. Below zero is harm, except for `relative_error_change`.
#[derive(Serialize)]
struct EffectRow {
    log_odds_difference: Option<f64>,
    relative_error_change: Option<f64>,
    hedges_g: Option<f64>,
    hedges_g_low: Option<f64>,
    hedges_g_high: Option<f64>,
    hedges_g_level: Option<f64>,
    interquartile_mean_pp: Option<f64>,
    probability_of_improvement: Option<f64>,
    vanishing_collapse_rate: Option<f64>,
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

/// A quadrant's choice on validation images.
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
    /// Replicates at which the verdict was given, if that was before the last look.
    decided_at: Option<usize>,
    gap_corrected_pp: Option<f64>,
    optimism_pp: Option<f64>,
}

#[derive(Serialize)]
struct PickRow<'a> {
    source: Option<&'a str>,
    copied: u8,
    frozen: u8,
    /// `training` or `probe`: the same layers may be copied and frozen for either.
    method: Method,
    replicates: usize,
}

const TABLE: &str = "verdicts.json";

#[derive(Serialize)]
struct File<'a, V> {
    schema_version: u32,
    study: &'a str,
    /// Whether the scenario was changed after the first job.
    exploratory: bool,
    /// Names of the sources that know nothing.
    untrained: Vec<&'a str>,
    verdicts: V,
    choices: Vec<ChoiceRow<'a>>,
}

/// The rows of a study as JSON, each with its effect sizes, and the choice of every quadrant.
pub(super) fn write_verdicts_json(
    mut to: impl Write,
    analysis: &Analysis,
    is_exploratory: bool,
) -> Result<(), TableError> {
    let cells = || analysis.cells.iter().filter(|cell| cell.kind != CellKind::Scratch);
    let row = |(verdict, cell): (VerdictRow, &CellResult)| Row {
        verdict,
        effects: effects_of(cell),
        variance: cell.decision.as_ref().and_then(variance_of),
        checks: cell.checks.as_ref().map(checks_of),
        without_overlap: cell.without_overlap.as_ref().map(without_overlap),
    };
    let choices =
        analysis.quadrants.iter().filter_map(|quadrant| Some(choice(analysis, quadrant, quadrant.chosen.as_ref()?)));
    let untrained = analysis.study.sources.iter().filter(|source| source.is_untrained());
    let file = File {
        schema_version: VERDICTS_VERSION,
        study: &analysis.study.name,
        exploratory: is_exploratory,
        untrained: untrained.map(|source| source.name.as_str()).collect(),
        verdicts: Each(|| rows(analysis).zip(cells()).map(row)),
        choices: choices.collect(),
    };
    serde_json::to_writer_pretty(&mut to, &file).map_err(json_error(TABLE))?;
    to.write_all(b"\n").map_err(serde_json::Error::io).map_err(json_error(TABLE))
}

/// What a function gives, written one after the other.
struct Each<F>(F);

impl<T: Serialize, I: Iterator<Item = T>, F: Fn() -> I> Serialize for Each<F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq((self.0)())
    }
}

fn variance_of(decision: &Decision) -> Option<VarianceRow> {
    let VarianceComponents { replicate, example, residual } = decision.components?;
    let [replicate, example, residual] = [replicate, example, residual].map(significant);
    Some(VarianceRow { replicate, example, residual })
}

/// Six significant digits.
fn significant(value: f64) -> f64 {
    format!("{value:.5e}").parse().unwrap_or(value)
}

fn checks_of(checks: &Checks) -> CheckRow {
    let end = |pick: fn(&CrossCheck) -> f64| checks.cross_check.as_ref().map(pick).map(rounded);
    CheckRow {
        level: CROSS_CHECK_LEVEL,
        crossed_low_pp: end(|check| check.crossed_pp.0),
        crossed_high_pp: end(|check| check.crossed_pp.1),
        two_way_bootstrap_low_pp: end(|check| check.bootstrap_pp.0),
        two_way_bootstrap_high_pp: end(|check| check.bootstrap_pp.1),
        disagree_on_sign: checks.cross_check.as_ref().map(CrossCheck::disagrees),
        p_adjusted_this_test_set: checks.fixed_test_set.map(|fixed| round_p(fixed.p_adjusted)),
        mcnemar: checks.mcnemar.map(|McNemar { replicate, lost, won, p }| McNemarRow {
            replicate,
            lost,
            won,
            p: round_p(p),
        }),
    }
}

fn without_overlap(without: &WithoutOverlap) -> OverlapFreeRow {
    let gap = without.gap.as_ref();
    OverlapFreeRow {
        n_left_out: without.num_left_out,
        gap_pp: gap.map(|gap| rounded(gap.mean_pp)),
        ci_low_pp: gap.and_then(|gap| gap.low_pp).map(rounded),
        ci_high_pp: gap.and_then(|gap| gap.high_pp).map(rounded),
        ci_level: gap.map(|gap| rounded(gap.level)),
        verdict_before_gates: without.verdict.map(Verdict::name),
    }
}

fn effects_of(cell: &CellResult) -> Option<EffectRow> {
    let effects: &Effects = cell.effects.as_ref()?;
    let standardized = effects.standardized.as_ref();
    Some(EffectRow {
        log_odds_difference: effects.log_odds.map(rounded),
        relative_error_change: effects.relative_error.map(rounded),
        hedges_g: standardized.map(|size| rounded(size.hedges_g)),
        hedges_g_low: standardized.map(|size| rounded(size.low)),
        hedges_g_high: standardized.map(|size| rounded(size.high)),
        hedges_g_level: standardized.map(|size| size.level),
        interquartile_mean_pp: effects.interquartile_pp.map(rounded),
        probability_of_improvement: effects.probability_of_improvement.map(rounded),
        vanishing_collapse_rate: effects.vanishing_rate.map(rounded),
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
    let (decision, gap) = (&chosen.decision, &chosen.decision.gap);
    let [low, high] = decision.interval_pp();
    let pick = |&(at, replicates): &(usize, usize)| {
        let CellKey { source, copied, frozen, method, .. } = &analysis.cells[at].key;
        PickRow { source: source.as_deref(), copied: *copied, frozen: *frozen, method: *method, replicates }
    };
    ChoiceRow {
        target: &quadrant.target,
        size: &quadrant.size,
        similarity: &quadrant.similarity,
        picks: chosen.picks.iter().map(pick).collect(),
        gap_pp: rounded(gap.mean_pp),
        ci_low_pp: low.map(rounded),
        ci_high_pp: high.map(rounded),
        ci_level: rounded(gap.level),
        n: gap.num_replicates,
        p_adjusted: round_p(decision.p_adjusted),
        verdict: decision.verdict.name(),
        decided_at: decision.called_early_at,
        gap_corrected_pp: decision.gap_corrected_for_an_early_call().map(rounded),
        optimism_pp: chosen.optimism_pp.map(rounded),
    }
}
