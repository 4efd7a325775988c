//! `rules.csv` and `rules.json`: the rules of thumb on trial, with one row for each comparison.

use nt_stats::p_value::round_p;
use nt_stats::verdict::{Claim, RuleVerdict};
use serde::Serialize;

use super::verdicts::rounded;
use nt_analysis::{Analysis, Trial, TrialContrast};
use nt_records::table::{TableError, finish, row_error};

/// The version of `rules.csv` and `rules.json`.
const RULES_VERSION: u32 = 1;

/// The scope of every outcome.
const SCOPE: &str = "on this data, with this network";

/// A comparison of a rule; a quadrant without a rule has one row that says why.
#[derive(Serialize, Default)]
struct Row<'a> {
    target: &'a str,
    size: &'a str,
    similarity: &'a str,
    rule: &'a str,
    rule_verdict: String,
    source: &'a str,
    advised: &'static str,
    alternative: &'static str,
    claim: &'static str,
    /// Layers that validation chose, each with its number of replicates: "3: 5, 4: 3".
    layers_chosen: String,
    gap_pp: Option<f64>,
    ci_low_pp: Option<f64>,
    ci_high_pp: Option<f64>,
    ci_level: Option<f64>,
    n: Option<usize>,
    n_test: Option<usize>,
    p_adjusted: Option<f64>,
    verdict: &'static str,
    equivalent: Option<bool>,
    /// Replicates at which the verdict was given, if that was before the last look.
    decided_at: Option<usize>,
    gap_corrected_pp: Option<f64>,
    /// What is missing, why no rule applies, or what gates took from the verdict.
    reason: String,
    scope: &'static str,
    schema_version: u32,
}

#[derive(Serialize)]
struct File<'a> {
    schema_version: u32,
    study: &'a str,
    scope: &'static str,
    /// Whether the scenario was changed after the first job.
    exploratory: bool,
    /// Number of comparisons that were adjusted together.
    family_size: usize,
    comparisons: Vec<Row<'a>>,
}

/// The trials as CSV and as JSON.
pub(crate) fn rules(analysis: &Analysis, is_exploratory: bool) -> Result<(Vec<u8>, Vec<u8>), TableError> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows(analysis) {
        writer.serialize(row).map_err(row_error("rules.csv"))?;
    }
    let csv = finish("rules.csv", writer)?;
    let file = File {
        schema_version: RULES_VERSION,
        study: &analysis.study.name,
        scope: SCOPE,
        exploratory: is_exploratory,
        family_size: analysis.family_size(),
        comparisons: rows(analysis),
    };
    let mut json = serde_json::to_vec_pretty(&file)
        .map_err(|error| TableError::Row { table: "rules.json", source: error.into() })?;
    json.push(b'\n');
    Ok((csv, json))
}

fn rows(analysis: &Analysis) -> Vec<Row<'_>> {
    let of_trial = |trial| {
        let base = || base(analysis, trial);
        match &trial.rule {
            Err(reason) => {
                vec![Row { reason: (*reason).to_owned(), rule_verdict: "NOT APPLICABLE".to_owned(), ..base() }]
            }
            Ok(_) if trial.contrasts.is_empty() => {
                vec![Row { reason: "no treatment copies from such a source".to_owned(), ..base() }]
            }
            Ok(_) => trial.contrasts.iter().map(|contrast| row(base(), contrast)).collect(),
        }
    };
    analysis.trials.iter().flat_map(of_trial).collect()
}

fn base<'a>(analysis: &'a Analysis, trial: &'a Trial) -> Row<'a> {
    let quadrant = &analysis.quadrants[trial.quadrant];
    Row {
        target: &quadrant.target,
        size: &quadrant.size,
        similarity: &quadrant.similarity,
        rule: trial.rule.as_ref().map_or("", |rule| rule.advice),
        rule_verdict: trial.verdict.as_ref().map(RuleVerdict::to_string).unwrap_or_default(),
        scope: SCOPE,
        schema_version: RULES_VERSION,
        ..Row::default()
    }
}

fn row<'a>(base: Row<'a>, contrast: &'a TrialContrast) -> Row<'a> {
    let layers: Vec<String> = contrast.layers.iter().map(|(layer, count)| format!("{layer}: {count}")).collect();
    let told = Row {
        source: &contrast.source,
        advised: contrast.advised.words(),
        alternative: contrast.alternative.words(),
        claim: match contrast.claim {
            Claim::Better => "better",
            Claim::AtLeastAsGood => "at least as good",
        },
        layers_chosen: layers.join(", "),
        ..base
    };
    match &contrast.decision {
        Err(missing) => Row { reason: missing.clone(), ..told },
        Ok(decision) => {
            let [low, high] = decision.interval_pp();
            Row {
                gap_pp: Some(rounded(decision.gap.mean_pp)),
                ci_low_pp: low.map(rounded),
                ci_high_pp: high.map(rounded),
                ci_level: Some(rounded(decision.gap.level)),
                n: Some(decision.gap.num_replicates),
                n_test: Some(decision.gap.num_examples),
                p_adjusted: Some(round_p(decision.p_adjusted)),
                verdict: decision.verdict.name(),
                equivalent: Some(decision.equivalent),
                decided_at: decision.called_early_at,
                gap_corrected_pp: decision.gap_corrected_for_an_early_call().map(rounded),
                reason: decision.taken_by_gates().unwrap_or_default(),
                ..told
            }
        }
    }
}
