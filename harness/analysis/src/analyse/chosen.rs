//! The choice of a treatment without test labels.
//!
//! It is made once a quadrant, by the mean over all replicates of runs on validation images that are judged by nothing else, and
//! then its fresh runs are judged. A study may ask for the older way: in every replicate, the run that is judged decides.

use std::collections::BTreeMap;

use nt_records::setting::Setting;
use nt_scenario::{ChoiceOf, SearchOf, Version};
use nt_stats::verdict::{Contrast, Counterfactuals, Family, Reference};

use super::arm::Arm;
use super::contrast::largest_gap_pp;
use super::gates::{Versus, failures_of};
use super::join::Joined;
use super::pair::pair;
use super::quadrant::{BestOf, Quadrant};
use super::run::{JoinedRun, Validation};
use super::{AnalysisError, CellResult};
use crate::study::{CellKey, Study};

/// What a quadrant chooses.
pub(super) enum Choice {
    /// One cell for all replicates. The gap of the choice is the gap of this cell.
    Cell(usize),
    /// Different cells in different replicates: a comparison of its own.
    Runs {
        /// The cells chosen, and in how many replicates; most often first.
        picks: Vec<(usize, usize)>,
        contrast: Box<Contrast>,
    },
}

/// Makes a quadrant's choice; `None` without validation images.
pub(super) fn choose(
    study: &Study,
    joined: &Joined<'_>,
    cells: &[CellResult],
    quadrant: &Quadrant,
) -> Result<Option<Choice>, AnalysisError> {
    match study.choice {
        ChoiceOf::Once => Ok(best_of_all(study, joined, cells, &quadrant.cells).map(Choice::Cell)),
        ChoiceOf::EachReplicate => choose_runs(study, joined, cells, quadrant),
    }
}

fn scratch_of(quadrant: &Quadrant) -> CellKey {
    CellKey::scratch_of(&quadrant.target, &quadrant.size)
}

/// The candidate that does best on validation images over all replicates, or the only one.
pub(super) fn best_of_all(
    study: &Study,
    joined: &Joined<'_>,
    cells: &[CellResult],
    candidates: &[usize],
) -> Option<usize> {
    // Nothing is chosen where there is one, and no run need show that it is the best.
    if let [only] = candidates {
        return (cells[*only].num_done() > 0).then_some(*only);
    }
    let mut best: Option<(usize, Validation)> = None;
    for &at in candidates {
        let Some(validation) = mean_validation(study, joined, &cells[at].key) else { continue };
        if best.is_none_or(|(_, best)| validation.is_better_than(&best)) {
            best = Some((at, validation));
        }
    }
    best.map(|(at, _)| at)
}

/// In how many replicates each candidate would be chosen, by what its replicate tried; most often first.
pub(super) fn wins(
    study: &Study,
    joined: &Joined<'_>,
    cells: &[CellResult],
    candidates: &[usize],
) -> Vec<(usize, usize)> {
    let mut best: BTreeMap<u32, (usize, Validation)> = BTreeMap::new();
    for &at in candidates {
        for (replicate, validation) in validations(study, joined, &cells[at].key) {
            if best.get(&replicate).is_none_or(|(_, best)| validation.is_better_than(best)) {
                best.insert(replicate, (at, validation));
            }
        }
    }
    counted(best.into_values().map(|(at, _)| at))
}

fn counted(picks: impl Iterator<Item = usize>) -> Vec<(usize, usize)> {
    let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
    picks.for_each(|at| *counts.entry(at).or_default() += 1);
    let mut picks: Vec<(usize, usize)> = counts.into_iter().collect();
    picks.sort_by_key(|&(at, count)| (std::cmp::Reverse(count), at));
    picks
}

fn mean_validation(study: &Study, joined: &Joined<'_>, key: &CellKey) -> Option<Validation> {
    let validations = validations(study, joined, key);
    let mean = |value: fn(&Validation) -> f64| {
        let sum: f64 = validations.iter().map(|(_, validation)| value(validation)).sum();
        sum / validations.len() as f64
    };
    let mean = Validation { score: mean(|one| one.score), log_loss: mean(|one| one.log_loss) };
    (!validations.is_empty()).then_some(mean)
}

/// How a cell does on validation images at the settings that its judged runs have, replicate by replicate: in runs that are not
/// judged themselves. Where nothing is fitted, no run differs from the judged one.
fn validations(study: &Study, joined: &Joined<'_>, key: &CellKey) -> Vec<(u32, Validation)> {
    let settings: BTreeMap<u32, Option<Setting>> =
        joined.runs(key).map(|(&replicate, run)| (replicate, run.setting())).collect();
    if settings.values().all(Option::is_none) {
        let judged = joined.runs(key).filter_map(|(&replicate, run)| Some((replicate, run.validation?)));
        return judged.collect();
    }
    let is_one_search = study.search_of == Some(SearchOf::Once);
    let judged_at = |replicate: u32| match is_one_search {
        // All replicates have the same.
        true => settings.values().next().copied().flatten(),
        false => settings.get(&replicate).copied().flatten().filter(|_| joined.sees(replicate)),
    };
    let trials = joined.trials(key).iter();
    let of_judged = trials.filter(|trial| trial.setting.is_some() && trial.setting == judged_at(trial.replicate));
    of_judged.map(|trial| (trial.replicate, trial.validation)).collect()
}

fn choose_runs(
    study: &Study,
    joined: &Joined<'_>,
    cells: &[CellResult],
    quadrant: &Quadrant,
) -> Result<Option<Choice>, AnalysisError> {
    let scratch = joined.arm(&scratch_of(quadrant));
    let picked = |replicate| best_on_validation(joined, cells, &quadrant.cells, replicate);
    let picks = counted(joined.replicates().filter_map(|replicate| Some(picked(replicate)?.0)));
    // Where every replicate chooses the same, there is one comparison, and it is decided once. Version 1 decided it twice.
    if let &[(at, count)] = picks.as_slice()
        && study.meaning() != Version::One
        && count == joined.arm(&cells[at].key).replicates().count()
    {
        return Ok(Some(Choice::Cell(at)));
    }
    let arm = judged_runs(joined, cells, &quadrant.cells);
    let name = format!("{}/{}/{}/chosen on validation", quadrant.target, quadrant.size, quadrant.similarity);
    let Some(paired) = pair(joined, (&quadrant.target, &name), None, &arm, &scratch)? else { return Ok(None) };
    let contrast = Contrast {
        name,
        reference: Reference::Scratch,
        family: Family::Primary,
        frozen: picks.iter().map(|&(at, _)| usize::from(cells[at].key.frozen)).max().unwrap_or(0),
        gap: paired.gap.into(),
        counterfactuals: Counterfactuals::default(),
        collapse: paired.collapse,
        largest_gap_pp: largest_gap_pp(study, &scratch, &paired.replicates),
        failed_gates: failures_of(
            &arm.runs().collect::<Vec<_>>(),
            &scratch.runs().collect::<Vec<_>>(),
            Versus::Scratch,
        ),
    };
    Ok(Some(Choice::Runs { picks, contrast: Box::new(contrast) }))
}

/// The runs that do best on their own validation images, one a replicate.
pub(super) fn judged_runs<'a>(joined: &'a Joined<'a>, cells: &[CellResult], candidates: &[usize]) -> Arm<'a> {
    let picked = |replicate| Some((replicate, best_on_validation(joined, cells, candidates, replicate)?.1));
    joined.replicates().filter_map(picked).collect()
}

/// Orders by the deciding metric on validation images, then by validation log-loss, then by the study's order.
pub(super) fn best_on_validation<'a>(
    joined: &'a Joined<'a>,
    cells: &[CellResult],
    candidates: &[usize],
    replicate: u32,
) -> Option<(usize, &'a JoinedRun<'a>)> {
    let mut best: Option<(usize, &JoinedRun<'_>, Validation)> = None;
    for &at in candidates {
        let Some(run) = joined.run(&cells[at].key, replicate).filter(|run| run.scores.is_some()) else { continue };
        let Some(validation) = run.validation else { continue };
        if best.is_none_or(|(_, _, best)| validation.is_better_than(&best)) {
            best = Some((at, run, validation));
        }
    }
    best.map(|(at, run, _)| (at, run))
}

/// What choosing by luck alone gives scratch, and what is left of the best treatment beside it: in every replicate the best of
/// treatments' judged runs against the best of as many of scratch's, each by its own validation images. Where one side has more
/// runs than the other, it is the mean over every choice of as many among them. It has no verdict.
pub(super) fn best_of(
    study: &Study,
    joined: &Joined<'_>,
    cells: &[CellResult],
    quadrant: &Quadrant,
) -> Result<Option<BestOf>, AnalysisError> {
    /// Level of its interval, which is not adjusted.
    const LEVEL: f64 = 0.95;
    let scratch = joined.arm(&scratch_of(quadrant));
    let num_compared = quadrant.cells.len().min(study.reference_runs as usize);
    let (mut ours, mut theirs) = (Arm::default(), Arm::default());
    for replicate in scratch.replicates() {
        let treated = quadrant.cells.iter().filter_map(|&at| joined.run(&cells[at].key, replicate));
        let (treated, reference) = (best_first(treated), best_first(scratch.of(replicate)));
        let drawn = num_compared.min(treated.len()).min(reference.len());
        for (arm, runs) in [(&mut ours, treated), (&mut theirs, reference)] {
            for (weight, run) in shares_of_best(drawn, runs.len()).into_iter().zip(runs) {
                arm.push_weighted(replicate, run, weight);
            }
        }
    }
    let name = format!("{}/{}/{}/best of all", quadrant.target, quadrant.size, quadrant.similarity);
    let place = (quadrant.target.as_str(), name.as_str());
    let (Some(gap), Some(gain)) =
        (pair(joined, place, None, &ours, &theirs)?, pair(joined, place, None, &theirs, &scratch)?)
    else {
        return Ok(None);
    };
    Ok(Some(BestOf {
        num_compared,
        num_treatments: quadrant.cells.len(),
        num_runs: study.reference_runs as usize,
        gap: study.estimate_at(&gap.gap.into(), LEVEL),
        gain: study.estimate_at(&gain.gap.into(), LEVEL),
    }))
}

/// Those of the runs that ended well, by their own validation images.
fn best_first<'a>(runs: impl Iterator<Item = &'a JoinedRun<'a>>) -> Vec<&'a JoinedRun<'a>> {
    let validated = runs.filter(|run| run.scores.is_some()).filter_map(|run| Some((run.validation?, run)));
    let mut validated: Vec<(Validation, &JoinedRun<'_>)> = validated.collect();
    // A stable order: what is equal stays in the study's.
    validated.sort_by(|(first, _), (second, _)| first.order(second));
    validated.into_iter().map(|(_, run)| run).collect()
}

/// How often each of `count` runs, the best first, is the best of `drawn` among them (at most `count`), over every way to draw them;
/// those that are never, left out.
///
/// C(count − 1 − i, drawn − 1) / C(count, drawn)
fn shares_of_best(drawn: usize, count: usize) -> Vec<f64> {
    if drawn == 0 {
        return Vec::new();
    }
    let mut share = drawn as f64 / count as f64;
    let mut shares = vec![share];
    for rank in 0..count - drawn {
        share *= (count - drawn - rank) as f64 / (count - 1 - rank) as f64;
        shares.push(share);
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::shares_of_best;

    #[test]
    fn the_best_of_two_among_four_is_the_first_in_half_of_the_draws() {
        let near = |drawn, count, expected: &[f64]| {
            let shares = shares_of_best(drawn, count);
            assert_eq!(shares.len(), expected.len(), "{shares:?}");
            assert!(
                shares.iter().zip(expected).all(|(share, expected)| (share - expected).abs() < 1e-12),
                "{shares:?}"
            );
        };
        near(2, 4, &[3.0 / 6.0, 2.0 / 6.0, 1.0 / 6.0]);
        near(4, 4, &[1.0]);
        near(1, 3, &[1.0 / 3.0; 3]);
        near(1, 1, &[1.0]);
        near(0, 3, &[]);
        let shares = shares_of_best(4, 14);
        assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-12 && shares.len() == 11, "{shares:?}");
    }
}
