//! What `verdicts.csv` and `verdicts.json` hold: one row a contrast.

use std::borrow::Borrow;
use std::io::Write;

use serde::{Deserialize, Serialize};

use crate::table::{TableError, flush, row_error};

/// The version of `verdicts.csv` and `verdicts.json`.
pub const VERDICTS_VERSION: u32 = 2;

/// The columns of `verdicts.csv`.
pub const VERDICT_COLUMNS: [&str; 41] = [
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
    "family",
    "is_choice",
    "ci_simultaneous",
    "specificity_gap_pp",
    "freezing_gap_pp",
    "collapsed",
    "collapsed_of",
    "reference_collapsed",
    "reference_collapsed_of",
    "collapse_p",
    "decided_at",
    "gap_corrected_pp",
    "verdict_before_gates",
    "failed_gates",
    "equivalent",
];

/// A contrast and its verdict. Numbers are rounded to four decimals, and p-values as they are printed, because further
/// digits may differ between machines.
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
    /// The cause of the gap; empty unless the verdict is NEGATIVE or POSITIVE.
    pub attribution: String,
    /// The gap to the same treatment from an untrained source.
    pub source_gap_pp: Option<f64>,
    /// Version of this file.
    pub schema_version: u32,
    /// Benjamini and Hochberg's q over the family: a screen, never a verdict.
    pub q_exploratory: Option<f64>,
    /// The true gap that the adjusted test finds four times in five.
    pub mde_pp: Option<f64>,
    /// Replicates that reduce it to the margin, on these test images.
    pub replicates_needed: Option<usize>,
    /// Test images that reduce it to the margin, if no number of replicates does.
    pub test_images_needed: Option<usize>,
    /// The family that it was decided in: `primary`, `secondary`, `control` or `placebo`.
    pub family: String,
    /// Whether it is the treatment that validation images chose in its quadrant.
    pub is_choice: bool,
    /// Whether the intervals of all rows cover at once. They do not: each agrees with the adjusted test of its own row.
    pub ci_simultaneous: bool,
    /// The gap to the same treatment from the target's twin.
    pub specificity_gap_pp: Option<f64>,
    /// The gap of that treatment from the twin to the reference.
    pub freezing_gap_pp: Option<f64>,
    /// Runs of the treatment that collapsed.
    pub collapsed: Option<u64>,
    /// All its runs in the replicates compared, where any run collapsed.
    pub collapsed_of: Option<u64>,
    /// Runs of the reference that collapsed.
    pub reference_collapsed: Option<u64>,
    /// All its runs in these replicates.
    pub reference_collapsed_of: Option<u64>,
    /// Fisher's p of "both collapse equally often".
    pub collapse_p: Option<f64>,
    /// Replicates at which its verdict was given, if that was before the last look: its gap is then larger than the true one on
    /// average.
    pub decided_at: Option<u32>,
    /// The gap corrected for that.
    pub gap_corrected_pp: Option<f64>,
    /// The verdict if every gate had held.
    pub verdict_before_gates: String,
    /// Gates that did not hold, each once: "gate 1 (equal search); gate 3 (live baseline)".
    pub failed_gates: String,
    /// Whether the gap is shown to be inside ±δ, which may stand beside a sign.
    pub equivalent: Option<bool>,
}

/// Variance components of a gap in `verdicts.json`, squared fractions, to six significant digits: what
/// `nt plan --power --pilot` reads.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct VarianceRow {
    /// Between replicates.
    pub replicate: f64,
    /// Between test images.
    pub example: f64,
    /// The residual.
    pub residual: f64,
}

/// The rows as CSV.
///
/// # Errors
/// [`TableError::Row`] if a row cannot be written.
pub fn verdicts_csv(rows: &[VerdictRow]) -> Result<Vec<u8>, TableError> {
    let mut csv = Vec::new();
    write_verdicts_csv(&mut csv, rows)?;
    Ok(csv)
}

/// The same, written as the rows come.
///
/// # Errors
/// [`TableError`] if a row cannot be written.
pub fn write_verdicts_csv<R: Borrow<VerdictRow>>(
    to: impl Write,
    rows: impl IntoIterator<Item = R>,
) -> Result<(), TableError> {
    const TABLE: &str = "verdicts.csv";
    let mut writer = csv::WriterBuilder::new().has_headers(false).from_writer(to);
    writer.write_record(VERDICT_COLUMNS).map_err(row_error(TABLE))?;
    for row in rows {
        writer.serialize(row.borrow()).map_err(row_error(TABLE))?;
    }
    flush(TABLE, writer)
}
