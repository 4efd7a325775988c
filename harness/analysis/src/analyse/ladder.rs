//! The scratch ladder: does a verdict survive a baseline that was trained longer?

use std::collections::BTreeMap;

use nt_stats::PairedGap;
use nt_stats::verdict::{Bias, Consequence, Decision, Estimate, Gate, GateFailure, Verdict};
use rayon::prelude::*;

use super::arm::Arm;
use super::join::Joined;
use super::pair::pair;
use super::run::JoinedRun;
use super::rung::{Rung, RungGap, Survival};
use super::{AnalysisError, CellKind, CellResult};
use crate::study::{CellKey, Study};
use nt_records::number::{signed, text};

/// Level at which a claim must be given again against a better baseline, each gap alone. The claim itself was adjusted over its
/// family; what is asked here can only take it away.
pub const RUNG_LEVEL: f64 = 0.95;

/// The rungs of every scratch, the usual length first; empty if there is no ladder.
pub(super) fn ladders(study: &Study, joined: &Joined<'_>) -> BTreeMap<CellKey, Vec<Rung>> {
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
    let done: Vec<&JoinedRun<'_>> = runs.runs().filter(|run| run.scores.is_some()).collect();
    let mean = |values: Vec<f64>| (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64);
    let trained = done.iter().filter(|run| !run.has_collapsed).collect::<Vec<_>>();
    let counted = if trained.is_empty() { done.iter().collect() } else { trained };
    Rung {
        budget,
        num_done: done.len(),
        job: done.first().map(|run| run.record.job),
        // Of the runs that trained, as everywhere.
        mean: mean(runs.replicates().filter_map(|replicate| runs.value(replicate)).collect()),
        validation_score: mean(counted.iter().filter_map(|run| Some(run.validation?.score)).collect()),
    }
}

/// Compares every decided cell with every rung.
pub(super) fn climb(
    study: &Study,
    joined: &Joined<'_>,
    ladders: &BTreeMap<CellKey, Vec<Rung>>,
    cells: &mut [CellResult],
) -> Result<(), AnalysisError> {
    // A placebo is scratch against scratch: that longer-trained scratch does better says nothing of it.
    cells.par_iter_mut().filter(|cell| cell.kind != CellKind::Placebo).try_for_each(|cell| {
        let (arm, scratch) = (joined.arm(&cell.key), cell.key.scratch());
        if let Some(decision) = &mut cell.decision {
            cell.ladder = hold(study, joined, ladders, &scratch, &arm, decision)?;
        }
        Ok(())
    })
}

/// Compares a decided cell with every rung of its scratch, and leaves of its verdict what a better baseline leaves.
pub(super) fn hold(
    study: &Study,
    joined: &Joined<'_>,
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
        let paired_gap = PairedGap::from(paired.gap);
        let gap = study.estimate_at(&paired_gap, RUNG_LEVEL);
        let is_better_baseline =
            usual.validation_score.zip(rung.validation_score).is_some_and(|(usual, longer)| longer > usual);
        let is_equivalent = is_equivalent(study, &paired_gap);
        let lost = decision.lost_to(Some(&gap), is_equivalent);
        if let Some(consequence) = lost.filter(|_| is_better_baseline) {
            decision.fail(failure(decision, budget, &gap, consequence), is_equivalent);
        }
        let survival = survival(decision.verdict_before_gates, lost);
        gaps.push(RungGap { budget, gap, is_better_baseline, survival });
    }
    Ok(gaps)
}

/// Whether a gap is inside the margin, by two one-sided tests.
fn is_equivalent(study: &Study, gap: &PairedGap) -> bool {
    let estimate = study.estimate_at(gap, 1.0 - 2.0 * (1.0 - RUNG_LEVEL));
    let is_inside = |end: Option<f64>| end.is_some_and(|end| end.abs() < study.margin_pp);
    is_inside(estimate.low_pp) && is_inside(estimate.high_pp)
}

fn survival(verdict: Verdict, lost: Option<Consequence>) -> Option<Survival> {
    let claims = verdict.is_negative() || verdict.is_positive() || verdict == Verdict::Equivalent;
    claims.then_some(match lost {
        None => Survival::Whole,
        Some(Consequence::Downgrade | Consequence::NotEquivalent) => Survival::Sign,
        Some(Consequence::Undecided | Consequence::Invalid) => Survival::Lost,
    })
}

fn failure(decision: &Decision, budget: f64, gap: &Estimate, consequence: Consequence) -> GateFailure {
    let ends = gap
        .low_pp
        .zip(gap.high_pp)
        .map(|(low, high)| format!(" [{}, {}], {} % of its own", signed(low), signed(high), text(100.0 * gap.level)))
        .unwrap_or_default();
    GateFailure {
        gate: Gate::LiveBaseline,
        consequence,
        bias: Some(if gap.mean_pp < decision.gap.mean_pp { Bias::HidesHarm } else { Bias::ExaggeratesHarm }),
        detail: format!(
            "against scratch trained {budget}× as long, which does better on validation, the gap is {}{ends}",
            signed(gap.mean_pp)
        ),
    }
}
