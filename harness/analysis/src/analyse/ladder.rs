//! The scratch ladder: does a verdict survive a baseline that was trained longer?

use std::collections::BTreeMap;

use nt_stats::verdict::{Bias, Consequence, Decision, Estimate, Gate, GateFailure};

use super::join::{Joined, JoinedRun};
use super::rung::{Rung, RungGap};
use super::scores::Scores;
use super::{AnalysisError, CellResult};
use crate::study::{CellKey, Study};
use nt_records::number::signed;

/// The rungs of every scratch, the usual length first; empty if there is no ladder.
pub(super) fn ladders(study: &Study, joined: &Joined) -> BTreeMap<CellKey, Vec<Rung>> {
    let mut ladders = BTreeMap::new();
    for (scratch, _) in study.cells().into_iter().filter(|(key, _)| key.source.is_none()) {
        let longer = joined.rungs(&scratch);
        if longer.is_empty() {
            continue;
        }
        let usual = rung(1.0, joined.runs(&scratch).map(|(_, run)| run));
        let longer =
            longer.iter().map(|(budget, runs)| rung(*budget, runs.range(..study.replicates).map(|(_, run)| run)));
        let rungs = std::iter::once(usual).chain(longer).collect();
        ladders.insert(scratch, rungs);
    }
    ladders
}

fn rung<'a>(budget: f64, runs: impl Iterator<Item = &'a JoinedRun>) -> Rung {
    let done: Vec<&JoinedRun> = runs.filter(|run| run.scores.is_some()).collect();
    let mean = |values: Vec<f64>| (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64);
    Rung {
        budget,
        num_done: done.len(),
        job: done.first().map(|run| run.job),
        mean: mean(done.iter().filter_map(|run| run.value).collect()),
        validation_score: mean(done.iter().filter_map(|run| Some(run.validation?.score)).collect()),
    }
}

/// The scores of a treatment's runs on the test images, by replicate.
pub(super) type Rows<'a> = Vec<(u32, &'a Scores)>;

/// Compares every decided cell with every rung.
pub(super) fn climb(
    study: &Study,
    joined: &Joined,
    ladders: &BTreeMap<CellKey, Vec<Rung>>,
    cells: &mut [CellResult],
) -> Result<(), AnalysisError> {
    for cell in cells {
        let rows = joined.runs(&cell.key).filter_map(|(&replicate, run)| Some((replicate, run.scores.as_ref()?)));
        let (rows, scratch) = (rows.collect::<Rows>(), cell.key.scratch());
        if let Some(decision) = &mut cell.decision {
            cell.ladder = hold(study, joined, ladders, &scratch, &rows, decision)?;
        }
    }
    Ok(())
}

/// Compares a decided cell with every rung of its scratch, and takes the verdict one step down if its sign does not
/// hold against a better baseline.
pub(super) fn hold(
    study: &Study,
    joined: &Joined,
    ladders: &BTreeMap<CellKey, Vec<Rung>>,
    scratch: &CellKey,
    rows: &Rows<'_>,
    decision: &mut Decision,
) -> Result<Vec<RungGap>, AnalysisError> {
    let mut gaps = Vec::new();
    let Some([usual, longer @ ..]) = ladders.get(scratch).map(Vec::as_slice) else { return Ok(gaps) };
    for ((budget, runs), rung) in joined.rungs(scratch).iter().zip(longer) {
        let pairs =
            rows.iter().filter_map(|(replicate, scores)| Some((*scores, runs.get(replicate)?.scores.as_ref()?)));
        let (arm, reference): (Vec<&Scores>, Vec<&Scores>) = pairs.unzip();
        if arm.is_empty() {
            continue;
        }
        let differences = joined
            .differences(&scratch.target, None, &arm, &reference)
            .map_err(|source| AnalysisError::Differences { cell: decision.name.clone(), source })?;
        let gap = study.estimate_at(&differences, decision.gap.level);
        let is_better_baseline =
            usual.validation_score.zip(rung.validation_score).is_some_and(|(usual, longer)| longer > usual);
        let holds = holds(decision, &gap);
        if holds == Some(false) && is_better_baseline {
            decision.downgrade(failure(*budget, &gap));
        }
        gaps.push(RungGap { budget: *budget, gap, is_better_baseline, holds });
    }
    Ok(gaps)
}

/// Whether the verdict's sign, before gates, also holds against this baseline.
fn holds(decision: &Decision, gap: &Estimate) -> Option<bool> {
    let verdict = decision.verdict_before_gates;
    if verdict.is_negative() {
        Some(gap.lies_below(0.0))
    } else if verdict.is_positive() {
        Some(gap.lies_above(0.0))
    } else {
        None
    }
}

fn failure(budget: f64, gap: &Estimate) -> GateFailure {
    let ends = gap
        .low_pp
        .zip(gap.high_pp)
        .map(|(low, high)| format!(" [{}, {}]", signed(low), signed(high)))
        .unwrap_or_default();
    GateFailure {
        gate: Gate::LiveBaseline,
        consequence: Consequence::Downgrade,
        bias: Some(Bias::HidesHarm),
        detail: format!(
            "against scratch trained {budget}× as long, which does better on validation, the gap is {}{ends}",
            signed(gap.mean_pp)
        ),
    }
}
