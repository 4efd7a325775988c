//! The scratch ladder: does a verdict survive a baseline that was trained longer?

use std::collections::BTreeMap;

use nt_stats::verdict::{Bias, Consequence, Decision, Estimate, Gate, GateFailure};

use super::arm::Arm;
use super::join::Joined;
use super::pair::pair;
use super::run::JoinedRun;
use super::rung::{Rung, RungGap};
use super::{AnalysisError, CellResult};
use crate::study::{CellKey, Study};
use nt_records::number::signed;

/// The rungs of every scratch, the usual length first; empty if there is no ladder.
pub(super) fn ladders(study: &Study, joined: &Joined) -> BTreeMap<CellKey, Vec<Rung>> {
    let mut ladders = BTreeMap::new();
    for (scratch, _) in study.cells().into_iter().filter(|(key, _)| key.source.is_none()) {
        let longer: Vec<Rung> = joined.rungs(&scratch).map(|(budget, runs)| rung(budget, &runs)).collect();
        if !longer.is_empty() {
            let usual = rung(1.0, &joined.arm(&scratch));
            ladders.insert(scratch, std::iter::once(usual).chain(longer).collect());
        }
    }
    ladders
}

fn rung(budget: f64, runs: &Arm<'_>) -> Rung {
    let done: Vec<&JoinedRun> = runs.runs().filter(|run| run.scores.is_some()).collect();
    let mean = |values: Vec<f64>| (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64);
    let trained = done.iter().filter(|run| !run.has_collapsed).collect::<Vec<_>>();
    let counted = if trained.is_empty() { done.iter().collect() } else { trained };
    Rung {
        budget,
        num_done: done.len(),
        job: done.first().map(|run| run.job),
        // Of the runs that trained, as everywhere.
        mean: mean(runs.replicates().filter_map(|replicate| runs.value(replicate)).collect()),
        validation_score: mean(counted.iter().filter_map(|run| Some(run.validation?.score)).collect()),
    }
}

/// Compares every decided cell with every rung.
pub(super) fn climb(
    study: &Study,
    joined: &Joined,
    ladders: &BTreeMap<CellKey, Vec<Rung>>,
    cells: &mut [CellResult],
) -> Result<(), AnalysisError> {
    for cell in cells {
        let (arm, scratch) = (joined.arm(&cell.key), cell.key.scratch());
        if let Some(decision) = &mut cell.decision {
            cell.ladder = hold(study, joined, ladders, &scratch, &arm, decision)?;
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
    arm: &Arm<'_>,
    decision: &mut Decision,
) -> Result<Vec<RungGap>, AnalysisError> {
    let mut gaps = Vec::new();
    let Some([usual, longer @ ..]) = ladders.get(scratch).map(Vec::as_slice) else { return Ok(gaps) };
    for ((budget, runs), rung) in joined.rungs(scratch).zip(longer) {
        let place = (scratch.target.as_str(), decision.name.as_str());
        let Some(paired) = pair(joined, place, None, arm, &runs)? else { continue };
        let gap = study.estimate_at(&paired.gap, decision.gap.level);
        let is_better_baseline =
            usual.validation_score.zip(rung.validation_score).is_some_and(|(usual, longer)| longer > usual);
        let holds = holds(decision, &gap);
        if holds == Some(false) && is_better_baseline {
            decision.downgrade(failure(budget, &gap));
        }
        gaps.push(RungGap { budget, gap, is_better_baseline, holds });
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
