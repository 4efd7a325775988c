//! What is decided together: every cell of a source that is judged, and the comparisons of choices and rules that are no cells.
//! One contrast is decided once, and has one verdict wherever it is printed.

use std::collections::{BTreeMap, BTreeSet};

use nt_records::audit::Audit;
use nt_scenario::Primary;
use nt_stats::verdict::{Contrast, Family, GateFailure};
use rayon::prelude::*;

use super::chosen::{self, Choice};
use super::contrast;
use super::groups::Groups;
use super::join::Joined;
use super::quadrant::{Chosen, Quadrant, quadrants};
use super::rules::{self, Trial};
use super::rung::Rung;
use super::{AnalysisError, CellKind, CellResult, audited, cell, checks, effects, ladder};
use crate::study::{CellKey, Study, StudySource};

/// The cells of a study with their decisions, what its quadrants choose, and the trials of its rules.
pub(super) struct Decided {
    pub cells: Vec<CellResult>,
    /// Where those of each target and size stand.
    pub groups: Groups,
    pub quadrants: Vec<Quadrant>,
    pub trials: Vec<Trial>,
    /// The cell that each quadrant chose for all its replicates; `None` if it chose in each, or nothing.
    pub chosen_cells: Vec<Option<usize>>,
    /// The cell that each contrast of each trial is; `None` for a comparison of two treatments.
    pub cells_of_trials: Vec<Vec<Option<usize>>>,
    /// Contrasts that were decided together: primary and secondary.
    pub family_sizes: [usize; 2],
    /// Contrasts of sources that are not judged, which are decided together and apart from the others.
    pub num_controls: usize,
}

/// Decides a study on its first replicates. `stand` has the choices of earlier looks that stand, by quadrant.
pub(super) fn decide(
    study: &Study,
    joined: &mut Joined<'_>,
    audit: Option<&Audit>,
    stand: &[Option<usize>],
) -> Result<Decided, AnalysisError> {
    joined.see(study.replicates);
    let joined = &*joined;
    let summarise = |(key, treatment)| cell::summarise(study, key, treatment, joined);
    let mut cells: Vec<CellResult> = study.cells().into_par_iter().map(summarise).collect();
    let groups = Groups::of(&cells);
    let mut quadrants = quadrants(study, &cells, &groups);
    let mut choices = Vec::new();
    for (at, quadrant) in quadrants.iter().enumerate() {
        choices.push(match stand.get(at).copied().flatten() {
            Some(cell) => Some(Choice::Cell(cell)),
            None => chosen::choose(study, joined, &cells, quadrant)?,
        });
    }
    let opened = rules::open(study, joined, (&cells, &groups), &quadrants)?;
    let mut others = Others::new(study, choices, opened, &quadrants);
    let family = cells_of(&cells, &[CellKind::Transfer]);
    let primary = primary_cells(study, &cells, &others.chosen_cells);
    let decided = decide_cells(study, joined, audit, &mut cells, &family, (&primary, &mut others))?;
    let controls = cells_of(&cells, &[CellKind::Control, CellKind::Twin]);
    let none = BTreeSet::new();
    let num_controls = decide_cells(study, joined, audit, &mut cells, &controls, (&none, &mut Others::default()))?[1];
    let placebos = cells_of(&cells, &[CellKind::Placebo]);
    decide_cells(study, joined, audit, &mut cells, &placebos, (&none, &mut Others::default()))?;
    // A gap of a placebo has no cause to attribute, and that of a selffer is taken apart by Yosinski's decomposition alone.
    let is_selffer = |cell: &CellResult| {
        cell.key.source.as_deref().and_then(|name| study.source(name)).is_some_and(StudySource::is_selffer)
    };
    for cell in cells.iter_mut().filter(|cell| cell.kind == CellKind::Placebo || is_selffer(cell)) {
        cell.decision.iter_mut().for_each(|decision| decision.attribution = None);
    }
    for (quadrant, chosen) in quadrants.iter_mut().zip(others.chosen) {
        let best_of = match study.reference_runs {
            0 | 1 => None,
            _ => chosen::best_of(study, joined, &cells, quadrant)?,
        };
        quadrant.chosen = chosen.map(|chosen| Chosen {
            wins: chosen::wins(study, joined, &cells, &quadrant.cells),
            best_of,
            ..chosen
        });
    }
    Ok(Decided {
        cells,
        groups,
        quadrants,
        trials: others.trials,
        chosen_cells: others.chosen_cells,
        cells_of_trials: others.cells_of_trials,
        family_sizes: decided,
        num_controls,
    })
}

fn cells_of(cells: &[CellResult], kinds: &[CellKind]) -> Vec<usize> {
    (0..cells.len()).filter(|&at| kinds.contains(&cells[at].kind)).collect()
}

/// The cells that a study is about.
fn primary_cells(study: &Study, cells: &[CellResult], chosen: &[Option<usize>]) -> BTreeSet<usize> {
    let chooses = study.primary.contains(&Primary::Choice);
    let is_primary = |&at: &usize| {
        let cell = &cells[at];
        (chooses && chosen.contains(&Some(at))) || study.is_primary(&cell.key, &cell.treatment)
    };
    cells_of(cells, &[CellKind::Transfer]).into_iter().filter(is_primary).collect()
}

/// What is decided together with the cells and is none of them.
#[derive(Default)]
struct Others {
    contrasts: Vec<Contrast>,
    /// The cells that each is of.
    cells: Vec<BTreeSet<usize>>,
    /// Where each decision belongs.
    places: Vec<Place>,
    trials: Vec<Trial>,
    cells_of_trials: Vec<Vec<Option<usize>>>,
    chosen_cells: Vec<Option<usize>>,
    /// What each quadrant chooses, its decision being that of the cell or still to come.
    chosen: Vec<Option<Chosen>>,
    picks: Vec<Option<Vec<(usize, usize)>>>,
}

/// Where a decision belongs.
#[derive(Clone, Copy)]
enum Place {
    Choice(usize),
    Trial(usize, usize),
}

impl Others {
    fn new(study: &Study, choices: Vec<Option<Choice>>, opened: rules::Opened, quadrants: &[Quadrant]) -> Self {
        let mut others = Self { chosen: quadrants.iter().map(|_| None).collect(), ..Self::default() };
        let choice_is_primary = study.primary.contains(&Primary::Choice);
        for (at, choice) in choices.into_iter().enumerate() {
            others.chosen_cells.push(None);
            others.picks.push(None);
            match choice {
                None => {}
                Some(Choice::Cell(cell)) => {
                    others.chosen_cells[at] = Some(cell);
                    others.picks[at] = Some(vec![(cell, study.replicates as usize)]);
                }
                Some(Choice::Runs { picks, contrast, .. }) => {
                    let family = if choice_is_primary { Family::Primary } else { Family::Secondary };
                    others.cells.push(picks.iter().map(|&(cell, _)| cell).collect());
                    others.contrasts.push(Contrast { family, ..*contrast });
                    others.places.push(Place::Choice(at));
                    others.picks[at] = Some(picks);
                }
            }
        }
        others.cells_of_trials = opened.trials.iter().map(|trial| vec![None; trial.contrasts.len()]).collect();
        for ((trial, place), comparison) in opened.places.into_iter().zip(opened.comparisons) {
            match comparison {
                rules::Prepared::Cell(cell) => others.cells_of_trials[trial][place] = Some(cell),
                rules::Prepared::Comparison(contrast, cells) => {
                    others.contrasts.push(*contrast);
                    others.cells.push(cells);
                    others.places.push(Place::Trial(trial, place));
                }
            }
        }
        others.trials = opened.trials;
        others
    }

    /// Lets every comparison fail the gates of the audit that one of its cells fails.
    fn inherit(&mut self, places: &[usize], contrasts: &[Contrast]) {
        let of_cell: BTreeMap<usize, &Contrast> = places.iter().copied().zip(contrasts).collect();
        for ((contrast, cells), place) in self.contrasts.iter_mut().zip(&self.cells).zip(&self.places) {
            let of_cells = cells.iter().filter_map(|at| of_cell.get(at));
            let inherited = audited::inherited(of_cells.copied());
            contrast.failed_gates.extend(inherited.into_iter().map(|failure| match place {
                Place::Choice(_) => failure,
                // An overlap helps both treatments, and it is unknown which of them it helps more.
                Place::Trial(..) => GateFailure { bias: None, ..failure },
            }));
        }
    }
}

/// Decides these cells as a family, together with what is none of them. Returns the number of primary and of secondary contrasts.
fn decide_cells(
    study: &Study,
    joined: &Joined<'_>,
    audit: Option<&Audit>,
    cells: &mut [CellResult],
    family: &[usize],
    (primary, others): (&BTreeSet<usize>, &mut Others),
) -> Result<[usize; 2], AnalysisError> {
    // What needs a cell's differences is computed while they are there: those of all cells would not fit in memory.
    let prepare = |&at: &usize| {
        let family = if primary.contains(&at) { Family::Primary } else { Family::Secondary };
        let Some(ready) = contrast::prepare(study, joined, &cells[at].key, family, &BTreeSet::new())? else {
            return Ok(None);
        };
        let effects = effects::effects(study.metric, joined, &cells[at].key, &ready)?;
        Ok(Some((at, ready.contrast, effects)))
    };
    let prepared: Vec<_> = family.par_iter().map(prepare).collect::<Result<_, AnalysisError>>()?;
    let (mut places, mut contrasts, mut all_effects) = (Vec::new(), Vec::new(), Vec::new());
    for (at, contrast, effects) in prepared.into_iter().flatten() {
        places.push(at);
        contrasts.push(contrast);
        all_effects.push(effects);
    }
    let all = |contrasts: &[Contrast], others: &Others| {
        study.decide(&contrasts.iter().chain(&others.contrasts).collect::<Vec<_>>())
    };
    let mut decisions = all(&contrasts, others)?;
    if let Some(audit) = audit {
        let of_cells = &decisions[..contrasts.len()];
        if audited::hold(study, joined, audit, (cells, &places), (&mut contrasts, of_cells), &others.contrasts)? {
            others.inherit(&places, &contrasts);
            decisions = all(&contrasts, others)?;
        }
    }
    let of_others = decisions.split_off(contrasts.len());
    let keys: Vec<_> = places.iter().map(|&at| &cells[at].key).collect();
    let (planned, settings) = (study.replicates as usize, study.settings());
    let checks = checks::check(joined, (&keys, &contrasts), &decisions, planned, &settings)?;
    let members = contrasts.iter().chain(&others.contrasts);
    let num_primary = members.filter(|contrast| contrast.family == Family::Primary).count();
    let sizes = [num_primary, contrasts.len() + others.contrasts.len() - num_primary];
    for (((at, mut decision), effects), checks) in places.into_iter().zip(decisions).zip(all_effects).zip(checks) {
        study.limit_to_networks(&mut decision, cells[at].key.source.as_deref());
        cells[at].decision = Some(decision);
        cells[at].effects = Some(effects);
        cells[at].checks = Some(checks);
    }
    for (place, mut decision) in others.places.iter().zip(of_others) {
        match *place {
            Place::Choice(at) => {
                let picks = others.picks[at].clone().unwrap_or_default();
                study.limit_to_networks(
                    &mut decision,
                    picks.iter().filter_map(|&(cell, _)| cells[cell].key.source.as_deref()),
                );
                others.chosen[at] =
                    Some(Chosen { picks, wins: Vec::new(), decision, best_of: None, optimism_pp: None });
            }
            Place::Trial(trial, contrast) => {
                let judged = &mut others.trials[trial].contrasts[contrast];
                study.limit_to_networks(&mut decision, [judged.source.as_str()]);
                judged.decision = Ok(decision);
            }
        }
    }
    for (at, chosen) in others.chosen.iter_mut().enumerate() {
        let (Some(cell), Some(picks)) = (others.chosen_cells[at], others.picks[at].clone()) else { continue };
        if let Some(decision) = cells[cell].decision.clone() {
            *chosen = Some(Chosen { picks, wins: Vec::new(), decision, best_of: None, optimism_pp: None });
        }
    }
    Ok(sizes)
}

impl Decided {
    /// Holds every verdict against scratch to scratch trained longer, and reads what rests on cells from them.
    pub fn climb(
        &mut self,
        study: &Study,
        joined: &Joined<'_>,
        ladders: &BTreeMap<CellKey, Vec<Rung>>,
    ) -> Result<(), AnalysisError> {
        ladder::climb(study, joined, ladders, &mut self.cells)?;
        for (quadrant, cell) in self.quadrants.iter_mut().zip(&self.chosen_cells) {
            match (cell, &mut quadrant.chosen) {
                (Some(cell), Some(chosen)) => {
                    if let Some(decision) = &self.cells[*cell].decision {
                        chosen.decision = decision.clone();
                    }
                }
                (None, Some(chosen)) => {
                    let arm = chosen::judged_runs(joined, &self.cells, &quadrant.cells);
                    let scratch = CellKey::scratch_of(&quadrant.target, &quadrant.size);
                    ladder::hold(study, joined, ladders, &scratch, &arm, &mut chosen.decision)?;
                }
                (_, None) => {}
            }
        }
        for (trial, cells) in self.trials.iter_mut().zip(&self.cells_of_trials) {
            for (contrast, cell) in trial.contrasts.iter_mut().zip(cells) {
                let Some(cell) = cell.map(|cell| &self.cells[cell]) else { continue };
                contrast.decision =
                    cell.decision.clone().ok_or_else(|| format!("{} has no pair of runs", cell.key.name()));
            }
        }
        rules::judge(&mut self.trials);
        self.quadrants.iter_mut().for_each(|quadrant| quadrant.count(&self.cells));
        Ok(())
    }
}
