//! One cell: its runs, its mean, its verdict.

use std::collections::BTreeMap;

use nt_records::number::counted;
use nt_scenario::{JobId, Metric};
use nt_stats::paired::paired;
use nt_stats::verdict::{Decision, GapUnit, Verdict};

use super::checks::Checks;
use super::effects::Effects;
use super::join::Joined;
use super::run::JoinedRun;
use super::rung::RungGap;
use super::without_overlap::WithoutOverlap;
use crate::study::{CellKey, Study};
use nt_records::file::FileRef;
use nt_records::record::Status;
use nt_records::setting::Setting;

/// Level of the interval of a cell's own mean.
pub const MEAN_LEVEL: f64 = 0.95;

/// The part that a cell plays in the study.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CellKind {
    /// The reference.
    Scratch,
    /// A treatment of a trained source: a member of the family on which verdicts are given.
    Transfer,
    /// The same treatment of an untrained source, which shows what freezing alone does.
    Control,
    /// The same treatment of the target's twin, which shows what freezing costs when the layers are right.
    Twin,
    /// Nothing frozen from an untrained source, which is scratch with other initial weights: A against A. A verdict on
    /// it is a false alarm.
    Placebo,
}

/// How one run ended.
#[derive(Debug, Clone, PartialEq)]
pub struct RunOutcome {
    /// Its replicate.
    pub replicate: u32,
    /// Which fresh run of the replicate it is: 0, but for further runs of scratch.
    pub run: u32,
    /// Its job.
    pub job: JobId,
    /// How it ended.
    pub status: Status,
    /// The deciding metric, in its unit.
    pub value: Option<f64>,
    /// The one setting that was searched for; `None` if nothing was fitted.
    pub setting: Option<Setting>,
    /// Whether that setting is the smallest or largest of the grid searched.
    pub setting_on_edge: bool,
    /// Whether it did not train: it diverged, its training accuracy is not above chance, or its training loss did not fall.
    pub has_collapsed: bool,
    /// The deciding metric on its validation images, in its unit.
    pub validation: Option<f64>,
    /// How often it opened the test labels.
    pub test_openings: u32,
    /// Its learning curve, if it wrote one.
    pub curve: Option<FileRef>,
}

impl RunOutcome {
    /// Whether its loss was no longer finite.
    pub fn has_diverged(&self) -> bool {
        matches!(self.status, Status::Diverged { .. })
    }
}

/// What was found for a cell.
#[derive(Debug, Clone, PartialEq)]
pub struct CellResult {
    /// Which cell.
    pub key: CellKey,
    /// Name of its treatment.
    pub treatment: String,
    /// Its treatment in words: "3 copied and frozen".
    pub treatment_words: String,
    /// The declared similarity of its source; `None` for scratch.
    pub similarity: Option<String>,
    /// Its part.
    pub kind: CellKind,
    /// Runs planned.
    pub num_planned: usize,
    /// Its runs, by replicate: the first of each.
    pub runs: Vec<RunOutcome>,
    /// Further runs of scratch, by replicate and number; none of a treatment.
    pub further_runs: Vec<RunOutcome>,
    /// The deciding metric of every replicate, in its unit: the mean of the runs that trained.
    pub values: BTreeMap<u32, f64>,
    /// Mean of these values.
    pub mean: Option<f64>,
    /// 95 % *t* interval of that mean over replicates: for this test set, and new draws of everything else.
    pub interval: Option<(f64, f64)>,
    /// The decision against scratch; `None` for scratch itself, and if no replicate has both arms.
    pub decision: Option<Decision>,
    /// How large the gap is in other units; `None` if there is no decision.
    pub effects: Option<Effects>,
    /// The gap to scratch trained longer, by ascending length; empty without a ladder.
    pub ladder: Vec<RungGap>,
    /// What other methods say about the gap; `None` if there is no decision.
    pub checks: Option<Checks>,
    /// The result without the test images that are also training images; `None` if there are none.
    pub without_overlap: Option<WithoutOverlap>,
}

impl CellResult {
    /// Runs that ended well.
    pub fn num_done(&self) -> usize {
        self.runs.iter().filter(|run| run.status == Status::Done).count()
    }

    /// Runs that did not train.
    pub fn num_collapsed(&self) -> usize {
        self.all_runs().filter(|run| run.has_collapsed).count()
    }

    /// All its runs: of scratch there may be several a replicate.
    pub fn all_runs(&self) -> impl Iterator<Item = &RunOutcome> {
        self.runs.iter().chain(&self.further_runs)
    }

    /// Whether every planned run ended well.
    pub fn is_complete(&self) -> bool {
        self.num_done() == self.num_planned
    }

    /// "8 runs", or "5 of 8 runs"; "8 runs, the gap of 5 that trained" where some collapsed, "12 runs, the gap of 7 of the first 8"
    /// where it was called early, too.
    pub fn completeness_words(&self) -> String {
        let runs = match (self.num_done(), self.num_planned) {
            (done, planned) if done == planned => counted(planned, "run"),
            (done, planned) => format!("{done} of {}", counted(planned, "run")),
        };
        match (self.of_those_that_trained(), self.called_early_at()) {
            (Some(trained), Some(first)) if first < self.num_done() => {
                format!("{runs}, the gap of {trained} of the first {first}")
            }
            (Some(trained), _) => format!("{runs}, the gap of {trained} that trained"),
            (None, Some(first)) if first < self.num_done() => format!("{runs}, the gap of the first {first}"),
            (None, _) => runs,
        }
    }

    /// Replicates at which its verdict was given, where that was before the last look declared.
    pub fn called_early_at(&self) -> Option<usize> {
        self.decision.as_ref()?.called_early_at
    }

    /// The replicates that the gap is of, where runs of others collapsed.
    pub fn of_those_that_trained(&self) -> Option<usize> {
        self.decision.as_ref()?.of_those_that_trained()
    }

    /// The verdict; `None` for scratch. A cell without a single pair is INCONCLUSIVE, or INCONCLUSIVE (OPTIMISATION) if
    /// runs diverged.
    pub fn verdict(&self) -> Option<Verdict> {
        match (&self.decision, self.kind) {
            (_, CellKind::Scratch) => None,
            (Some(decision), _) => Some(decision.verdict),
            (None, _) if self.runs.iter().any(RunOutcome::has_diverged) => Some(Verdict::InconclusiveOptimisation),
            (None, _) => Some(Verdict::Inconclusive),
        }
    }

    /// The verdict in words, with gaps counted in `unit`. It says "negative transfer" only for NEGATIVE with attribution
    /// SOURCE, and never of a control, which transfers nothing.
    pub fn words(&self, unit: GapUnit) -> String {
        let Some(decision) = &self.decision else {
            return match self.kind {
                CellKind::Scratch => "the reference".to_owned(),
                CellKind::Transfer | CellKind::Control | CellKind::Twin | CellKind::Placebo => {
                    format!("inconclusive: no replicate has this cell and scratch ({})", self.completeness_words())
                }
            };
        };
        match self.words_of_its_kind(decision.verdict) {
            Some(words) => match decision.taken_by_gates() {
                Some(taken) => format!("{words} ({taken})"),
                None => words.to_owned(),
            },
            // They name the gates, too.
            None => decision.words(unit),
        }
    }

    /// What a verdict means of a cell that transfers nothing; `None` where it means what it says.
    fn words_of_its_kind(&self, verdict: Verdict) -> Option<&'static str> {
        let side = (verdict.is_negative(), verdict.is_positive());
        match (self.kind, side) {
            (CellKind::Control, (true, _)) => Some("worse than scratch without any knowledge"),
            (CellKind::Control, (_, true)) => Some("better than scratch without any knowledge"),
            (CellKind::Twin, (true, _)) => Some("worse than scratch although the layers have learned this task"),
            (CellKind::Twin, (_, true)) => Some("better than scratch with layers that have learned this task"),
            (CellKind::Placebo, (false, false)) if verdict == Verdict::Invalid => None,
            (CellKind::Placebo, (false, false)) => {
                Some("no false alarm: scratch against scratch with other initial weights")
            }
            (CellKind::Placebo, _) => Some("a false alarm: scratch against scratch with other initial weights"),
            (CellKind::Scratch | CellKind::Transfer | CellKind::Control | CellKind::Twin, _) => None,
        }
    }

    /// The gap to scratch, percentage points.
    pub fn gap_pp(&self) -> Option<f64> {
        self.decision.as_ref().map(|decision| decision.gap.mean_pp)
    }
}

pub(super) fn summarise(study: &Study, key: CellKey, treatment: String, joined: &Joined<'_>) -> CellResult {
    let source = key.source.as_deref().and_then(|name| study.source(name));
    let kind = match source {
        None => CellKind::Scratch,
        Some(source) if source.is_untrained() && key.frozen == 0 => CellKind::Placebo,
        Some(source) if source.is_untrained() => CellKind::Control,
        Some(source) if source.is_twin() => CellKind::Twin,
        Some(_) => CellKind::Transfer,
    };
    let all = joined.all_runs(&key).map(|(&at, run)| outcome(study.metric, at, run));
    let (runs, further_runs): (Vec<RunOutcome>, Vec<RunOutcome>) = all.partition(|run| run.run == 0);
    let arm = joined.arm(&key);
    let values: BTreeMap<u32, f64> =
        arm.replicates().filter_map(|replicate| Some((replicate, arm.value(replicate)?))).collect();
    let by_replicate: Vec<f64> = values.values().copied().collect();
    let mean = (!values.is_empty()).then(|| by_replicate.iter().sum::<f64>() / by_replicate.len() as f64);
    let interval = paired(&by_replicate).and_then(|estimate| estimate.interval(MEAN_LEVEL));
    CellResult {
        similarity: source.map(|source| source.similarity.clone()),
        treatment_words: study.treatment_words(&key),
        key,
        treatment,
        kind,
        num_planned: study.replicates as usize,
        runs,
        further_runs,
        values,
        mean,
        interval,
        decision: None,
        effects: None,
        ladder: Vec::new(),
        checks: None,
        without_overlap: None,
    }
}

fn outcome(metric: Metric, (replicate, number): (u32, u32), run: &JoinedRun<'_>) -> RunOutcome {
    RunOutcome {
        replicate,
        run: number,
        job: run.record.job,
        status: run.record.status.clone(),
        value: run.value,
        setting: run.setting(),
        setting_on_edge: run.record.setting_on_edge,
        has_collapsed: run.has_collapsed,
        validation: run.validation.map(|validation| metric.oriented(validation.score)),
        test_openings: run.record.test_openings,
        curve: run.curve().cloned(),
    }
}
