//! Looking early: verdicts at numbers of replicates that the scenario declares beforehand, with the error spent over
//! them.

use std::collections::{BTreeMap, BTreeSet};

use nt_stats::sign_flip::{Looks, Spending};
use nt_stats::verdict::Decision;

use super::family::Decided;
use super::join::key_of;
use super::{Analysis, CellKind, CellResult, Trial};
use crate::study::{CellKey, Study};
use nt_records::record::RunRecord;

/// How far a study with looks has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookTaken {
    /// Number of replicates that the verdicts rest on.
    pub replicates: u32,
    /// Number of the look, from 1; `None` if none is reached and every verdict is provisional.
    pub number: Option<usize>,
    /// Looks declared.
    pub declared: Vec<u32>,
    /// Whether no contrast is open that more replicates could decide.
    pub is_settled: bool,
}

/// A look at a study: the number of replicates, and the error that may be spent.
pub(super) struct Look {
    /// Its number, from 1; `None` before the first.
    pub number: Option<usize>,
    pub study: Study,
}

/// The looks that the records reach; if they reach none, the first one, provisionally. Without declared looks, one look
/// at everything.
///
/// α is spent as by Lan and DeMets, with O'Brien and Fleming's function. A look may use only the part that is new since
/// the look before, so that the errors of all looks add up to α at most (union bound). Equivalence spends its own α in
/// the same shares.
pub(super) fn looks(study: &Study, records: &[&RunRecord]) -> Vec<Look> {
    let Some((declared, spent)) = declared(study) else {
        return vec![Look { number: Some(1), study: study.clone() }];
    };
    let complete = complete_replicates(study, records);
    let look = |(index, &replicates): (usize, &u32)| {
        let share = spent.alpha_at(index) / study.alpha;
        let number = (replicates <= complete).then_some(index + 1);
        let (alpha, equivalence_alpha) = (share * study.alpha, share * study.equivalence_alpha);
        Look { number, study: Study { replicates, alpha, equivalence_alpha, ..study.clone() } }
    };
    let all = declared.iter().enumerate().map(look);
    let reached = declared.iter().filter(|&&replicates| replicates <= complete).count();
    all.take(reached.max(1)).collect()
}

/// The share of α, and of equivalence's α, that the last look of a study may spend; all of it without looks.
pub fn share_of_last_look(study: &Study) -> f64 {
    let spent_at_last = |(declared, spent): (&[u32], Looks)| spent.alpha_at(declared.len().saturating_sub(1));
    declared(study).map_or(1.0, |declared| spent_at_last(declared) / study.alpha)
}

/// The looks that a study declares, and what each may spend; `None` where it is looked at once.
fn declared(study: &Study) -> Option<(&[u32], Looks)> {
    let declared = study.looks.as_deref()?;
    let replicates: Vec<usize> = declared.iter().map(|&look| look as usize).collect();
    // The looks of a checked scenario ascend.
    Some((declared, Looks::new(replicates, study.alpha, Spending::ObrienFleming).ok()?))
}

/// The number of replicates, from the first on, that every cell has a record of.
fn complete_replicates(study: &Study, records: &[&RunRecord]) -> u32 {
    let mut seen: BTreeMap<CellKey, BTreeSet<u32>> = BTreeMap::new();
    for record in records.iter().filter(|record| record.role.scores_a_cell()) {
        if let Some(key) = key_of(record) {
            seen.entry(key).or_default().insert(record.replicate);
        }
    }
    let is_next = |(place, replicate): &(u32, &u32)| place == *replicate;
    let complete = |key: &CellKey| seen.get(key).map_or(0, |seen| (0..).zip(seen).take_while(is_next).count());
    study.cells().iter().map(|(key, _)| complete(key) as u32).min().unwrap_or(0)
}

/// Keeps what an earlier look decided. More data neither take a verdict back nor give it again.
pub(super) fn keep_decided(before: Decided, now: &mut Decided) {
    for (before, cell) in before.cells.into_iter().zip(&mut now.cells) {
        if before.decision.is_some() && !is_open(&before) {
            (cell.decision, cell.effects, cell.checks) = (before.decision, before.effects, before.checks);
            cell.without_overlap = before.without_overlap;
        }
    }
    // What is a cell has the verdict of that cell. What is a comparison of its own keeps what was decided of it.
    for ((before, quadrant), cell) in before.quadrants.into_iter().zip(&mut now.quadrants).zip(&now.chosen_cells) {
        if cell.is_none() {
            quadrant.chosen = before.chosen.filter(|chosen| !chosen.decision.may_change()).or(quadrant.chosen.take());
        }
    }
    let contrasts = |trials: Vec<Trial>| trials.into_iter().flat_map(|trial| trial.contrasts);
    let cells = now.cells_of_trials.iter().flatten();
    let now = now.trials.iter_mut().flat_map(|trial| &mut trial.contrasts);
    for ((before, contrast), cell) in contrasts(before.trials).zip(now).zip(cells) {
        if cell.is_none() && before.decision.as_ref().is_ok_and(|decision| !decision.may_change()) {
            *contrast = before;
        }
    }
}

/// The choices that stand, by quadrant: a choice is made anew at every look until its cell is decided.
pub(super) fn choices_that_stand(decided: &Decided) -> Vec<Option<usize>> {
    let stands = |cell: &Option<usize>| cell.filter(|&at| !is_open(&decided.cells[at]));
    decided.chosen_cells.iter().map(stands).collect()
}

/// Whether more replicates may give a cell another verdict.
fn is_open(cell: &CellResult) -> bool {
    match &cell.decision {
        None => cell.kind != CellKind::Scratch,
        Some(decision) => decision.may_change(),
    }
}

/// Marks what this look decided, if it is not the last one declared, whether or not others follow: to stop here is to call early,
/// too.
pub(super) fn mark_called(declared: &Study, look: &Look, decided: &mut Decided) {
    let last = declared.looks.as_ref().and_then(|looks| looks.last());
    if look.number.is_none() || last.is_none_or(|&last| look.study.replicates >= last) {
        return;
    }
    let of_cells = decided.cells.iter_mut().filter_map(|cell| cell.decision.as_mut());
    let of_choices = decided.quadrants.iter_mut().filter_map(|quadrant| Some(&mut quadrant.chosen.as_mut()?.decision));
    let of_rules = decided.trials.iter_mut().flat_map(|trial| &mut trial.contrasts);
    let of_rules = of_rules.filter_map(|contrast| contrast.decision.as_mut().ok());
    let called = of_cells.chain(of_choices).chain(of_rules).filter(|decision| !decision.may_change());
    for decision in called {
        decision.called_early_at.get_or_insert(look.study.replicates as usize);
    }
}

/// Whether no contrast that is judged is open: no cell, no choice, no comparison of a rule.
fn is_settled(decided: &Decided) -> bool {
    let is_closed = |decision: &Decision| !decision.may_change();
    let mut cells = decided.cells.iter().filter(|cell| cell.kind == CellKind::Transfer);
    let mut choices = decided.quadrants.iter().filter_map(|quadrant| quadrant.chosen.as_ref());
    let mut compared = decided.trials.iter().flat_map(|trial| &trial.contrasts);
    cells.all(|cell| !is_open(cell))
        && choices.all(|chosen| is_closed(&chosen.decision))
        // What was not tested, more replicates do not test either.
        && compared.all(|contrast| contrast.decision.as_ref().map_or(true, is_closed))
}

pub(super) fn taken(study: &Study, look: &Look, decided: &Decided) -> Option<LookTaken> {
    study.looks.as_ref().map(|declared| LookTaken {
        replicates: look.study.replicates,
        number: look.number,
        declared: declared.clone(),
        is_settled: look.number.is_some() && is_settled(decided),
    })
}

impl Analysis {
    /// What a reader must know about the looks.
    pub(super) fn looks_in_words(taken: &LookTaken) -> String {
        let LookTaken { replicates, number, declared, is_settled } = taken;
        let (first, last) = (declared.first().unwrap_or(replicates), declared.last().unwrap_or(replicates));
        match (number, is_settled) {
            (None, _) => {
                format!("The first look, after {first} replicates, is not reached: every verdict here is provisional.")
            }
            (Some(number), true) => format!(
                "Look {number} of {}, after {replicates} of at most {last} replicates, leaves no verdict open that \
                more replicates could decide.",
                declared.len()
            ),
            (Some(number), false) => {
                format!("This is look {number} of {}, after {replicates} of at most {last} replicates.", declared.len())
            }
        }
    }
}
