//! Tries a rule: finds the runs of the two arms that it compares, and takes their differences replicate by replicate.

use std::collections::{BTreeMap, BTreeSet};

use nt_scenario::ChoiceOf;
use nt_stats::verdict::{Contrast, Counterfactuals, Family, GateFailure, Reference};

use super::super::arm::Arm;
use super::super::chosen::{best_of_all, best_on_validation};
use super::super::contrast::largest_gap_pp;
use super::super::gates::{self, Versus};
use super::super::groups::Groups;
use super::super::join::Joined;
use super::super::pair::pair;
use super::super::run::JoinedRun;
use super::super::{AnalysisError, CellKind, CellResult, Quadrant};
use super::{Rule, RuleArm, Trial, TrialContrast, probe_depth, rule_of};
use crate::study::Study;

/// What a trial needs: the study, its runs and its cells.
pub(super) struct Court<'a> {
    pub study: &'a Study,
    pub joined: &'a Joined<'a>,
    pub cells: &'a [CellResult],
    pub groups: &'a Groups,
}

/// An arm that a rule compares. If validation chose between layers, it also holds the layers chosen.
struct RuleRuns<'a> {
    arm: Arm<'a>,
    cells: BTreeSet<usize>,
    layers: Vec<(u8, usize)>,
}

/// A comparison of a rule, ready to be decided.
pub(in super::super) enum Prepared {
    /// It is a cell against scratch, which has a verdict of its own.
    Cell(usize),
    /// It is a comparison of two treatments, and of the cells that they are of.
    Comparison(Box<Contrast>, BTreeSet<usize>),
}

impl<'a> Court<'a> {
    pub fn open(&self, at: usize, quadrant: &Quadrant) -> Trial {
        let rule = rule_of(self.study, quadrant);
        let mut sources: Vec<&str> = Vec::new();
        for source in quadrant.cells.iter().filter_map(|&cell| self.cells[cell].key.source.as_deref()) {
            if !sources.contains(&source) {
                sources.push(source);
            }
        }
        let of_rule = |rule: &&'static Rule| -> Vec<TrialContrast> {
            let of_source = |source: &&str| {
                let source = (*source).to_owned();
                rule.contrasts.iter().map(move |&(advised, alternative, claim)| TrialContrast {
                    source: source.clone(),
                    advised,
                    alternative,
                    claim,
                    layers: Vec::new(),
                    decision: Err(String::new()),
                })
            };
            sources.iter().flat_map(of_source).collect()
        };
        let contrasts = rule.as_ref().map(of_rule).unwrap_or_default();
        Trial { quadrant: at, rule, contrasts, verdict: None }
    }

    /// The comparison, or what is missing.
    pub fn prepare(
        &self,
        quadrant: &Quadrant,
        contrast: &mut TrialContrast,
    ) -> Result<Result<Prepared, String>, AnalysisError> {
        let (source, advised, alternative) = (contrast.source.clone(), contrast.advised, contrast.alternative);
        let arms = self.runs(quadrant, &source, advised).and_then(|ours| {
            let theirs = self.runs(quadrant, &source, alternative)?;
            Ok((ours, theirs))
        });
        let (ours, theirs) = match arms {
            Ok(arms) => arms,
            Err(missing) => return Ok(Err(missing)),
        };
        contrast.layers = [&ours, &theirs].into_iter().flat_map(|arm| arm.layers.iter().copied()).collect();
        if let (RuleArm::Scratch, Some(&cell), 1) = (alternative, ours.cells.first(), ours.cells.len()) {
            return Ok(Ok(Prepared::Cell(cell)));
        }
        let name = format!(
            "{}/{}/{source}: {} against {}",
            quadrant.target,
            quadrant.size,
            advised.words(),
            alternative.words()
        );
        let Some(paired) = pair(self.joined, (&quadrant.target, &name), None, &ours.arm, &theirs.arm)? else {
            return Ok(Err(format!("no replicate has {} and {}; run the study", advised.words(), alternative.words())));
        };
        let comparison = Contrast {
            name,
            // Never "negative transfer": a refuted rule shows only that its advice was the worse one.
            reference: Reference::Arm(alternative.words().to_owned()),
            family: Family::Secondary,
            frozen: 0,
            gap: paired.gap.into(),
            counterfactuals: Counterfactuals::default(),
            collapse: paired.collapse,
            largest_gap_pp: largest_gap_pp(self.study, &theirs.arm, &paired.replicates),
            failed_gates: self.failed_gates(contrast, &ours, &theirs),
        };
        let cells = ours.cells.union(&theirs.cells).copied().collect();
        Ok(Ok(Prepared::Comparison(Box::new(comparison), cells)))
    }

    fn failed_gates(&self, contrast: &TrialContrast, ours: &RuleRuns<'a>, theirs: &RuleRuns<'a>) -> Vec<GateFailure> {
        let versus = match contrast.alternative {
            RuleArm::Scratch => Versus::Scratch,
            other @ (RuleArm::TopProbe | RuleArm::EarlierProbe | RuleArm::FineTuning) => {
                Versus::Arm { ours: contrast.advised.words(), theirs: other.words() }
            }
        };
        let runs = |arm: &RuleRuns<'a>| -> Vec<&'a JoinedRun<'a>> { arm.arm.runs().collect() };
        gates::failures_of(&runs(ours), &runs(theirs), versus)
    }

    fn runs(&self, quadrant: &Quadrant, source: &str, arm: RuleArm) -> Result<RuleRuns<'a>, String> {
        let top = self.study.top_depth();
        let depth = |cell: &CellResult| probe_depth(&cell.key);
        let is_meant = |cell: &CellResult| match arm {
            RuleArm::TopProbe => depth(cell) == Some(top),
            RuleArm::EarlierProbe => depth(cell).is_some_and(|depth| depth < top),
            RuleArm::FineTuning => depth(cell).is_none() && (cell.key.copied, cell.key.frozen) == (top, 0),
            RuleArm::Scratch => cell.kind == CellKind::Scratch,
        };
        let is_of_source = |cell: &CellResult| arm == RuleArm::Scratch || cell.key.source.as_deref() == Some(source);
        let is_here = |cell: &CellResult| cell.key.target == quadrant.target && cell.key.size == quadrant.size;
        let here = self.groups.places(&quadrant.target, &quadrant.size);
        let candidates: Vec<usize> = here
            .filter(|&at| is_here(&self.cells[at]) && is_of_source(&self.cells[at]) && is_meant(&self.cells[at]))
            .collect();
        let Some(&first) = candidates.first() else { return Err(arm.wanted(source, top)) };
        let whole =
            |at: usize, layers| RuleRuns { arm: self.joined.arm(&self.cells[at].key), cells: [at].into(), layers };
        if arm != RuleArm::EarlierProbe {
            return Ok(whole(first, Vec::new()));
        }
        let depth_of = |at: usize| depth(&self.cells[at]).unwrap_or_default();
        let missing =
            || "no run has validation images by which to choose the layer; set validation_fraction".to_owned();
        if self.study.choice == ChoiceOf::Once {
            let best = best_of_all(self.study, self.joined, self.cells, &candidates).ok_or_else(missing)?;
            return Ok(whole(best, vec![(depth_of(best), self.study.replicates as usize)]));
        }
        let (mut arm, mut cells) = (Arm::default(), BTreeSet::new());
        let mut layers: BTreeMap<u8, usize> = BTreeMap::new();
        for replicate in 0..self.study.replicates {
            if let Some((at, run)) = best_on_validation(self.joined, self.cells, &candidates, replicate) {
                arm.push(replicate, run);
                cells.insert(at);
                *layers.entry(depth_of(at)).or_default() += 1;
            }
        }
        if cells.is_empty() {
            return Err(missing());
        }
        Ok(RuleRuns { arm, cells, layers: layers.into_iter().collect() })
    }
}
