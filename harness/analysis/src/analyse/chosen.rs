//! The choice of a treatment without test labels: in every replicate, the one that does best on that replicate's
//! validation images.

use std::collections::BTreeMap;

use nt_stats::verdict::{Contrast, FailedRun, FailureReason, Family, Reference, Side};

use super::gates::{Versus, failures_of};
use super::join::{Joined, JoinedRun, Validation};
use super::ladder::{self, Rows};
use super::quadrant::{Chosen, Quadrant};
use super::rung::Rung;
use super::scores::Scores;
use super::{AnalysisError, CellResult, audited};
use crate::study::{CellKey, Study};

/// Makes every quadrant's choice.
pub(super) fn choose(
    study: &Study,
    joined: &Joined,
    cells: &[CellResult],
    ladders: &BTreeMap<CellKey, Vec<Rung>>,
    quadrants: &mut [Quadrant],
) -> Result<(), AnalysisError> {
    let mut contrasts = Vec::new();
    let mut places = Vec::new();
    for (place, quadrant) in quadrants.iter().enumerate() {
        if let Some(choice) = choice(joined, cells, quadrant)? {
            contrasts.push(choice.contrast);
            places.push((place, choice.picks, choice.rows));
        }
    }
    for ((place, picks, rows), mut decision) in places.into_iter().zip(study.decide(&contrasts)?) {
        let quadrant = &mut quadrants[place];
        ladder::hold(study, joined, ladders, &scratch_of(quadrant), &rows, &mut decision)?;
        let best = quadrant.best.and_then(|at| cells[at].gap_pp());
        let optimism_pp = best.map(|best| best - decision.gap.mean_pp);
        quadrant.chosen = Some(Chosen { picks, decision, optimism_pp });
    }
    Ok(())
}

type Picks = Vec<(usize, usize)>;

/// The runs chosen, against scratch.
struct Choice<'a> {
    contrast: Contrast,
    picks: Picks,
    rows: Rows<'a>,
}

fn scratch_of(quadrant: &Quadrant) -> CellKey {
    CellKey::scratch_of(&quadrant.target, &quadrant.size)
}

fn choice<'a>(
    joined: &'a Joined,
    cells: &[CellResult],
    quadrant: &Quadrant,
) -> Result<Option<Choice<'a>>, AnalysisError> {
    let scratch = scratch_of(quadrant);
    let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
    let mut pairs: Vec<(&JoinedRun, &JoinedRun)> = Vec::new();
    let mut rows = Rows::new();
    let mut scores: Vec<(&Scores, &Scores)> = Vec::new();
    for (&replicate, reference) in joined.runs(&scratch) {
        let best = best_on_validation(joined, cells, &quadrant.cells, replicate);
        if let (Some(reference_scores), Some((at, run, chosen_scores))) = (&reference.scores, best) {
            *counts.entry(at).or_default() += 1;
            pairs.push((run, reference));
            scores.push((chosen_scores, reference_scores));
            rows.push((replicate, chosen_scores));
        }
    }
    if pairs.is_empty() {
        return Ok(None);
    }
    let (chosen, reference): (Vec<&Scores>, Vec<&Scores>) = scores.into_iter().unzip();
    let name = format!("{}/{}/{}/chosen on validation", quadrant.target, quadrant.size, quadrant.similarity);
    let gap = joined
        .differences(&quadrant.target, None, &chosen, &reference)
        .map_err(|source| AnalysisError::Differences { cell: name.clone(), source })?;
    let (arm, reference): (Vec<&JoinedRun>, Vec<&JoinedRun>) = pairs.into_iter().unzip();
    let mut failed_gates = failures_of(&arm, &reference, Versus::Scratch);
    // The choice fails the gates of the audit that any chosen treatment fails.
    failed_gates.extend(audited::inherited(counts.keys().map(|&at| &cells[at])));
    let contrast = Contrast {
        name,
        reference: Reference::Scratch,
        family: Family::Primary,
        frozen: counts.keys().map(|&at| usize::from(cells[at].key.frozen)).max().unwrap_or(0),
        gap,
        source_gap: None,
        collapse: None,
        failed_runs: at_chance(&arm, Side::Treatment).chain(at_chance(&reference, Side::Reference)).collect(),
        failed_gates,
    };
    let mut picks: Picks = counts.into_iter().collect();
    picks.sort_by_key(|&(at, count)| (std::cmp::Reverse(count), at));
    Ok(Some(Choice { contrast, picks, rows }))
}

/// Orders by the deciding metric on validation images, then by validation log-loss, then by the study's order.
pub(super) fn best_on_validation<'a>(
    joined: &'a Joined,
    cells: &[CellResult],
    candidates: &[usize],
    replicate: u32,
) -> Option<(usize, &'a JoinedRun, &'a Scores)> {
    let mut best: Option<(usize, &JoinedRun, &Scores, Validation)> = None;
    for &at in candidates {
        let Some(run) = joined.run(&cells[at].key, replicate) else { continue };
        let (Some(scores), Some(validation)) = (&run.scores, run.validation) else { continue };
        if best.is_none_or(|(_, _, _, best)| validation.is_better_than(&best)) {
            best = Some((at, run, scores, validation));
        }
    }
    best.map(|(at, run, scores, _)| (at, run, scores))
}

fn at_chance<'a>(runs: &'a [&JoinedRun], arm: Side) -> impl Iterator<Item = FailedRun> + 'a {
    let failed = runs.iter().enumerate().filter(|(_, run)| run.is_at_chance);
    failed.map(move |(row, _)| FailedRun { arm, row: Some(row), reason: FailureReason::AtChance })
}
