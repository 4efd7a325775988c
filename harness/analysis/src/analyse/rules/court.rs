//! Tries a rule: finds the runs of the two arms that it compares, and takes their differences replicate by replicate.

use std::collections::{BTreeMap, BTreeSet};

use nt_stats::verdict::{Contrast, Family, GateFailure, Reference, Side};

use super::super::chosen::best_on_validation;
use super::super::gates::{self, Versus};
use super::super::join::{Joined, JoinedRun, failures_of_training};
use super::super::scores::Scores;
use super::super::{AnalysisError, CellKind, CellResult, Quadrant, audited};
use super::{Rule, RuleArm, Trial, TrialContrast, probe_depth, rule_of};
use crate::study::Study;

/// What a trial needs: the study, its runs and its results.
pub(super) struct Court<'a> {
    pub study: &'a Study,
    pub joined: &'a Joined,
    pub cells: &'a [CellResult],
}

/// The runs of one arm, one a replicate. If validation chose between layers, it also holds the layers chosen.
struct ArmRuns<'a> {
    runs: BTreeMap<u32, &'a JoinedRun>,
    cells: BTreeSet<usize>,
    layers: Vec<(u8, usize)>,
}

impl ArmRuns<'_> {
    fn by_replicate(&self) -> impl Iterator<Item = (&u32, &JoinedRun)> {
        self.runs.iter().map(|(replicate, run)| (replicate, *run))
    }
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

    /// The contrast's differences, or what is missing.
    pub fn prepare(
        &self,
        quadrant: &Quadrant,
        contrast: &mut TrialContrast,
    ) -> Result<Result<Contrast, String>, AnalysisError> {
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
        let has_scores =
            |arm: &ArmRuns<'_>, replicate: &u32| arm.runs.get(replicate).is_some_and(|run| run.scores.is_some());
        let replicates: Vec<u32> =
            ours.runs.keys().copied().filter(|one| has_scores(&ours, one) && has_scores(&theirs, one)).collect();
        if replicates.is_empty() {
            return Ok(Err(format!("no replicate has {} and {}; run the study", advised.words(), alternative.words())));
        }
        let name = format!(
            "{}/{}/{source}: {} against {}",
            quadrant.target,
            quadrant.size,
            advised.words(),
            alternative.words()
        );
        let scores = |arm: &ArmRuns<'a>| -> Vec<&'a Scores> {
            replicates.iter().filter_map(|one| arm.runs.get(one)?.scores.as_ref()).collect()
        };
        let gap = self
            .joined
            .differences(&quadrant.target, None, &scores(&ours), &scores(&theirs))
            .map_err(|source| AnalysisError::Differences { cell: name.clone(), source })?;
        let mut failed_runs = failures_of_training(ours.by_replicate(), Side::Treatment, &replicates);
        failed_runs.extend(failures_of_training(theirs.by_replicate(), Side::Reference, &replicates));
        let failed_gates = self.failed_gates(contrast, &ours, &theirs);
        Ok(Ok(Contrast {
            name,
            // Never "negative transfer": a refuted rule shows only that its advice was the worse one.
            reference: Reference::Arm(alternative.words().to_owned()),
            family: Family::Primary,
            frozen: 0,
            gap,
            source_gap: None,
            collapse: None,
            failed_runs,
            failed_gates,
        }))
    }

    fn failed_gates(&self, contrast: &TrialContrast, ours: &ArmRuns<'a>, theirs: &ArmRuns<'a>) -> Vec<GateFailure> {
        let versus = match contrast.alternative {
            RuleArm::Scratch => Versus::Scratch,
            other @ (RuleArm::TopProbe | RuleArm::EarlierProbe | RuleArm::FineTuning) => {
                Versus::Arm { ours: contrast.advised.words(), theirs: other.words() }
            }
        };
        let runs = |arm: &ArmRuns<'a>| -> Vec<&'a JoinedRun> { arm.runs.values().copied().collect() };
        let mut failed = gates::failures_of(&runs(ours), &runs(theirs), versus);
        let of_audit = audited::inherited(ours.cells.union(&theirs.cells).map(|&at| &self.cells[at]));
        failed.extend(of_audit.into_iter().map(|failure| match versus {
            Versus::Scratch => failure,
            // The overlap helps both treatments, and it is unknown which of them it helps more.
            Versus::Arm { .. } => GateFailure { bias: None, ..failure },
        }));
        failed
    }

    fn runs(&self, quadrant: &Quadrant, source: &str, arm: RuleArm) -> Result<ArmRuns<'a>, String> {
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
        let candidates: Vec<usize> = (0..self.cells.len())
            .filter(|&at| is_here(&self.cells[at]) && is_of_source(&self.cells[at]) && is_meant(&self.cells[at]))
            .collect();
        let Some(&first) = candidates.first() else { return Err(arm.wanted(source, top)) };
        if arm != RuleArm::EarlierProbe {
            let runs = self.joined.runs(&self.cells[first].key).map(|(&replicate, run)| (replicate, run)).collect();
            return Ok(ArmRuns { runs, cells: [first].into(), layers: Vec::new() });
        }
        let mut runs = BTreeMap::new();
        let mut cells = BTreeSet::new();
        let mut layers: BTreeMap<u8, usize> = BTreeMap::new();
        for replicate in 0..self.study.replicates {
            if let Some((at, run, _)) = best_on_validation(self.joined, self.cells, &candidates, replicate) {
                runs.insert(replicate, run);
                cells.insert(at);
                *layers.entry(depth(&self.cells[at]).unwrap_or_default()).or_default() += 1;
            }
        }
        if runs.is_empty() {
            return Err("no run has validation images by which to choose the layer; set validation_fraction".to_owned());
        }
        Ok(ArmRuns { runs, cells, layers: layers.into_iter().collect() })
    }
}
