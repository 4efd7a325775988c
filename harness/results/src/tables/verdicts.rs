//! `verdicts.csv` and `verdicts.json`: one row a contrast.

use nt_stats::p_value::round_p;
use nt_stats::verdict::Decision;
use serde::{Deserialize, Serialize};

use super::{TableError, finish, row_error};
use crate::SCHEMA_VERSION;
use crate::analysis::{Analysis, CellKind, CellResult};
use crate::study::Study;

/// The columns of `verdicts.csv`.
pub const VERDICT_COLUMNS: [&str; 26] = [
    "source",
    "target",
    "size",
    "similarity",
    "treatment",
    "copied",
    "frozen",
    "metric",
    "reference",
    "gap_pp",
    "ci_low_pp",
    "ci_high_pp",
    "ci_level",
    "n",
    "n_test",
    "scope",
    "method",
    "p_adjusted",
    "verdict",
    "attribution",
    "source_gap_pp",
    "schema_version",
    "q_exploratory",
    "mde_pp",
    "replicates_needed",
    "test_images_needed",
];

/// A contrast and its verdict. Numbers are rounded to four decimals, p-values as printed: what is below that may differ
/// between machines.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VerdictRow {
    /// The source.
    pub source: String,
    /// The target.
    pub target: String,
    /// Name of its size.
    pub size: String,
    /// Declared similarity of the source.
    pub similarity: String,
    /// Name of the treatment.
    pub treatment: String,
    /// Layers copied.
    pub copied: u8,
    /// Of them, frozen.
    pub frozen: u8,
    /// The metric.
    pub metric: String,
    /// What the treatment is compared with.
    pub reference: String,
    /// The practical gap.
    pub gap_pp: Option<f64>,
    /// Lower end of its interval.
    pub ci_low_pp: Option<f64>,
    /// Upper end.
    pub ci_high_pp: Option<f64>,
    /// Level of that interval, which matches the adjusted test.
    pub ci_level: Option<f64>,
    /// Replicates.
    pub n: usize,
    /// Test images.
    pub n_test: usize,
    /// What the result is about.
    pub scope: String,
    /// How the interval was made.
    pub method: String,
    /// p of "no gap", adjusted over the family.
    pub p_adjusted: Option<f64>,
    /// The verdict.
    pub verdict: String,
    /// What the gap comes from; empty without a NEGATIVE or POSITIVE.
    pub attribution: String,
    /// The gap to the same treatment from an untrained source.
    pub source_gap_pp: Option<f64>,
    /// Version of this file.
    pub schema_version: u32,
    /// Benjamini and Hochberg's q over the family: a screen, never a verdict.
    pub q_exploratory: Option<f64>,
    /// The true gap that the adjusted test finds four times in five.
    pub mde_pp: Option<f64>,
    /// Replicates that bring it down to the margin, on these test images.
    pub replicates_needed: Option<usize>,
    /// Test images that bring it down to the margin, where no number of replicates does.
    pub test_images_needed: Option<usize>,
}

/// Every contrast of a study, in its order; cells without a pair of runs among them.
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
        metric: study.metric.to_owned(),
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
        schema_version: SCHEMA_VERSION,
        q_exploratory: decision.map(|decision| round_p(decision.screen_q)),
        mde_pp: of(|decision| decision.minimum_detectable_effect_pp),
        replicates_needed: decision.and_then(|decision| decision.need?.replicates()),
        test_images_needed: decision.and_then(|decision| decision.need?.test_examples()),
    }
}

/// Four decimals; never minus zero.
pub(super) fn rounded(value: f64) -> f64 {
    (value * 1e4).round() / 1e4 + 0.0
}

/// The rows as CSV.
///
/// # Errors
/// [`TableError::Row`] if a row cannot be written.
pub fn verdicts_csv(rows: &[VerdictRow]) -> Result<Vec<u8>, TableError> {
    const TABLE: &str = "verdicts.csv";
    let mut writer = csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
    writer.write_record(VERDICT_COLUMNS).map_err(row_error(TABLE))?;
    for row in rows {
        writer.serialize(row).map_err(row_error(TABLE))?;
    }
    finish(TABLE, writer)
}

#[derive(Serialize)]
struct File<'a> {
    schema_version: u32,
    study: &'a str,
    verdicts: &'a [VerdictRow],
}

/// The rows as JSON.
///
/// # Errors
/// [`TableError::Row`] if they cannot be written.
pub fn verdicts_json(study: &str, verdicts: &[VerdictRow]) -> Result<Vec<u8>, TableError> {
    let file = File { schema_version: SCHEMA_VERSION, study, verdicts };
    let mut json = serde_json::to_vec_pretty(&file)
        .map_err(|error| TableError::Row { table: "verdicts.json", source: error.into() })?;
    json.push(b'\n');
    Ok(json)
}
