//! Which treatment to use, as one who may not look at test labels would choose it: in every replicate the one that does
//! best on that replicate's validation images.

use std::collections::BTreeMap;

use nt_stats::verdict::{Arm, Contrast, Decision, FailedRun, FailureReason, Reference};

use super::gates::{Versus, failures_of};
use super::join::{Joined, Run, Validation};
use super::ladder::{self, Rows, Rung};
use super::scores::Scores;
use super::{AnalysisError, CellResult, Quadrant, audited};
use crate::study::{CellKey, Study};

/// The choice on validation images, and what it is worth on test images.
#[derive(Debug, Clone, PartialEq)]
pub struct Chosen {
    /// Positions in [`super::Analysis::cells`] of the cells chosen, and in how many replicates; most often first.
    pub picks: Vec<(usize, usize)>,
    /// The chosen runs against scratch, decided in one family with the other quadrants' choices.
    pub decision: Decision,
    /// Gap of the cell that does best on the test images less that of the choice, percentage points: what looking at
    /// test labels would have pretended.
    pub optimism_pp: Option<f64>,
}

impl Chosen {
    /// Replicates in which a choice was made.
    pub fn num_replicates(&self) -> usize {
        self.picks.iter().map(|(_, count)| count).sum()
    }
}

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
    let mut pairs: Vec<(&Run, &Run)> = Vec::new();
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
    let (arm, reference): (Vec<&Run>, Vec<&Run>) = pairs.into_iter().unzip();
    let mut failed_gates = failures_of(&arm, &reference, Versus::Scratch);
    // What the audit says against a treatment that was chosen, it says against the choice.
    failed_gates.extend(audited::inherited(counts.keys().map(|&at| &cells[at])));
    let contrast = Contrast {
        name,
        reference: Reference::Scratch,
        frozen: counts.keys().map(|&at| usize::from(cells[at].key.frozen)).max().unwrap_or(0),
        gap,
        source_gap: None,
        failed_runs: at_chance(&arm, Arm::Treatment).chain(at_chance(&reference, Arm::Reference)).collect(),
        failed_gates,
    };
    let mut picks: Picks = counts.into_iter().collect();
    picks.sort_by_key(|&(at, count)| (std::cmp::Reverse(count), at));
    Ok(Some(Choice { contrast, picks, rows }))
}

/// By the deciding metric on validation images; ties by validation log-loss, then by the study's order.
pub(super) fn best_on_validation<'a>(
    joined: &'a Joined,
    cells: &[CellResult],
    candidates: &[usize],
    replicate: u32,
) -> Option<(usize, &'a Run, &'a Scores)> {
    let mut best: Option<(usize, &Run, &Scores, Validation)> = None;
    for &at in candidates {
        let Some(run) = joined.run(&cells[at].key, replicate) else { continue };
        let (Some(scores), Some(validation)) = (&run.scores, run.validation) else { continue };
        if best.is_none_or(|(_, _, _, best)| validation.is_better_than(&best)) {
            best = Some((at, run, scores, validation));
        }
    }
    best.map(|(at, run, scores, _)| (at, run, scores))
}

fn at_chance<'a>(runs: &'a [&Run], arm: Arm) -> impl Iterator<Item = FailedRun> + 'a {
    let failed = runs.iter().enumerate().filter(|(_, run)| run.is_at_chance);
    failed.map(move |(row, _)| FailedRun { arm, row: Some(row), reason: FailureReason::AtChance })
}
