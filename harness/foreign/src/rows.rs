//! `verdicts.csv` and `verdicts.json` of a table from elsewhere, with the columns of a study's.

use std::borrow::Cow;

use nt_stats::p_value::round_p;
use nt_stats::power::Need;
use nt_stats::verdict::Reference;
use serde::Serialize;

use crate::{Judged, TableAnalysis, TableUnit};
use nt_records::table::TableError;
use nt_records::text::{no_formula, printable};
use nt_records::verdicts::{VERDICT_COLUMNS, VERDICTS_VERSION};

/// A row as [`nt_records::verdicts::VerdictRow`], except that depths may be unknown.
#[derive(Serialize)]
struct Row<'a> {
    source: Cow<'a, str>,
    target: Cow<'a, str>,
    size: Cow<'a, str>,
    similarity: Cow<'a, str>,
    treatment: Cow<'a, str>,
    copied: Option<u8>,
    frozen: Option<u8>,
    metric: Cow<'a, str>,
    reference: Cow<'a, str>,
    gap_pp: f64,
    ci_low_pp: Option<f64>,
    ci_high_pp: Option<f64>,
    ci_level: f64,
    n: usize,
    n_test: Option<usize>,
    scope: String,
    method: &'static str,
    p_adjusted: f64,
    verdict: &'static str,
    attribution: &'static str,
    source_gap_pp: Option<f64>,
    schema_version: u32,
    q_exploratory: f64,
    mde_pp: Option<f64>,
    replicates_needed: Option<usize>,
    test_images_needed: Option<usize>,
    family: &'static str,
    is_choice: bool,
    ci_simultaneous: bool,
    specificity_gap_pp: Option<f64>,
    freezing_gap_pp: Option<f64>,
    collapsed: Option<u64>,
    collapsed_of: Option<u64>,
    reference_collapsed: Option<u64>,
    reference_collapsed_of: Option<u64>,
    collapse_p: Option<f64>,
    decided_at: Option<u32>,
    gap_corrected_pp: Option<f64>,
    verdict_before_gates: &'static str,
    failed_gates: String,
    equivalent: bool,
}

#[derive(Serialize)]
struct File<'a> {
    schema_version: u32,
    study: &'a str,
    verdicts: Vec<Row<'a>>,
    /// Each verdict in words, in the order of the verdicts.
    words: Vec<String>,
    /// How the table was read and judged, what stands behind the verdicts, and what was not checked.
    notes: Vec<String>,
    /// What could not be judged.
    left_out: &'a [String],
}

impl TableAnalysis {
    /// The contrasts as CSV. What a table does not contain, such as the depth or the number of test examples, is empty.
    ///
    /// # Errors
    /// [`TableError::Row`] if a row cannot be written.
    pub fn verdicts_csv(&self) -> Result<Vec<u8>, TableError> {
        const TABLE: &str = "verdicts.csv";
        let refused = |error: csv::Error| TableError::Row { table: TABLE, source: error.into() };
        let mut writer = csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
        writer.write_record(VERDICT_COLUMNS).map_err(refused)?;
        for contrast in &self.contrasts {
            writer.serialize(self.row(contrast, no_formula)).map_err(refused)?;
        }
        let bytes =
            writer.into_inner().map_err(|error| TableError::Row { table: TABLE, source: error.into_error() })?;
        // Names are somebody's, and a table is read on terminals, too.
        Ok(printable(&String::from_utf8_lossy(&bytes)).into_owned().into_bytes())
    }

    /// The contrasts as JSON, under the table's name.
    ///
    /// # Errors
    /// [`TableError::Row`] if they cannot be written.
    pub fn verdicts_json(&self, name: &str) -> Result<Vec<u8>, TableError> {
        let verdicts = self.contrasts.iter().map(|contrast| self.row(contrast, Cow::Borrowed)).collect();
        let file = File {
            schema_version: VERDICTS_VERSION,
            study: name,
            verdicts,
            words: self.words(),
            notes: self.notes(),
            left_out: &self.left_out,
        };
        let mut json = serde_json::to_vec_pretty(&file)
            .map_err(|error| TableError::Row { table: "verdicts.json", source: error.into() })?;
        json.push(b'\n');
        Ok(json)
    }

    /// A row, with names as `text` writes them.
    fn row<'a>(&'a self, contrast: &'a Judged, text: impl Fn(&'a str) -> Cow<'a, str>) -> Row<'a> {
        let Judged { labels, decision, .. } = contrast;
        let gap = &decision.gap;
        let collapsed = decision.collapsed;
        let [low, high] = decision.interval_pp();
        let rounded = |value: f64| rounded(value, self.unit);
        Row {
            source: text(&labels.source),
            target: text(&labels.target),
            size: text(&labels.size),
            similarity: text(&labels.similarity),
            treatment: text(&labels.treatment),
            copied: labels.copied,
            frozen: labels.frozen,
            metric: text(&self.metric),
            reference: match &decision.reference {
                Reference::Arm(name) => text(name),
                Reference::Scratch => Cow::Owned(decision.reference.to_string()),
            },
            gap_pp: rounded(gap.mean_pp),
            ci_low_pp: low.map(rounded),
            ci_high_pp: high.map(rounded),
            ci_level: rounded(gap.level),
            n: gap.num_replicates,
            n_test: contrast.num_test_examples,
            scope: self.scope(decision),
            method: self.method.name(),
            p_adjusted: round_p(decision.p_adjusted),
            verdict: decision.verdict.name(),
            attribution: decision
                .attribution
                .filter(|_| decision.verdict.is_negative())
                .map_or("", |cause| cause.name()),
            source_gap_pp: decision.source_gap.as_ref().map(|gap| rounded(gap.mean_pp)),
            schema_version: VERDICTS_VERSION,
            q_exploratory: round_p(decision.screen_q),
            mde_pp: decision.minimum_detectable_effect_pp.map(rounded),
            replicates_needed: decision.need.and_then(Need::replicates),
            test_images_needed: decision.need.and_then(Need::test_examples),
            // A table declares nothing beforehand: its contrasts are one family.
            family: if contrast.is_control { "control" } else { "all" },
            is_choice: false,
            ci_simultaneous: false,
            specificity_gap_pp: decision.specificity_gap.as_ref().map(|gap| rounded(gap.mean_pp)),
            freezing_gap_pp: decision.freezing_gap.as_ref().map(|gap| rounded(gap.mean_pp)),
            collapsed: collapsed.map(|collapsed| collapsed.treatment[0]),
            collapsed_of: collapsed.map(|collapsed| collapsed.treatment[1]),
            reference_collapsed: collapsed.map(|collapsed| collapsed.reference[0]),
            reference_collapsed_of: collapsed.map(|collapsed| collapsed.reference[1]),
            collapse_p: collapsed.map(|collapsed| round_p(collapsed.p_value)),
            decided_at: None,
            gap_corrected_pp: None,
            verdict_before_gates: decision.verdict_before_gates.name(),
            // Gates are asked of a study's records, which a table does not have.
            failed_gates: String::new(),
            equivalent: decision.equivalent,
        }
    }
}

/// Rounds to four decimals, and in a unit of the metric's own to six digits; never gives minus zero.
fn rounded(value: f64, unit: TableUnit) -> f64 {
    let decimals = match unit {
        TableUnit::Own if value != 0.0 && value.is_finite() => {
            (5.0 - libm::log10(value.abs()).floor()).clamp(4.0, 300.0)
        }
        TableUnit::Own | TableUnit::Fraction | TableUnit::Percent | TableUnit::Nats => 4.0,
    };
    let scale = libm::pow(10.0, decimals);
    (value * scale).round() / scale + 0.0
}
