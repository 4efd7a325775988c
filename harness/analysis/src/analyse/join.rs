//! Runs by cell and replicate, each with its predictions for every test image.

use std::collections::BTreeMap;
use std::path::Path;

use nt_scenario::{JobId, Role};
use nt_stats::verdict::{Arm, FailedRun, FailureReason};
use nt_stats::{Differences, DifferencesError};
use rayon::prelude::*;

use super::chance::is_above_chance;
use super::{AnalysisError, TestSet};
use crate::study::{CellKey, Study};
use nt_records::file::FileRef;
use nt_records::metric;
use nt_records::predictions::Predictions;
use nt_records::record::{RunRecord, Status};

/// A run as analysis needs it.
pub(super) struct Run {
    pub job: JobId,
    pub name: String,
    pub status: &'static str,
    pub numerics: String,
    /// The one setting that was searched for: the learning rate, or a probe's L2 strength.
    pub setting: f64,
    pub learning_rate_on_edge: bool,
    pub test_openings: u32,
    /// Whether its test accuracy is above chance.
    pub is_above_chance: bool,
    /// Whether neither its test nor its training accuracy is above chance. Such a run did not train. A run that fits
    /// its training images and fails on the test images did train, and that is a result.
    pub is_at_chance: bool,
    /// Whether its training loss ended no lower than it began, if both were recorded.
    pub loss_did_not_fall: bool,
    /// Whether each test image was classified correctly, in the target's order; `None` unless the run ended well.
    pub hits: Option<Vec<bool>>,
    /// Top-1 accuracy (a fraction) and log-loss (nats) on the validation images, if there are any.
    pub validation: Option<(f64, f64)>,
    /// The deciding metric, a fraction; `None` unless the run ended well.
    pub value: Option<f64>,
    /// Its learning curve, if it wrote one.
    pub curve: Option<FileRef>,
}

impl Run {
    /// Why it is no evidence, if it did not train.
    pub fn failure(&self) -> Option<FailureReason> {
        match self.status {
            "diverged" => Some(FailureReason::Diverged),
            _ => self.is_at_chance.then_some(FailureReason::AtChance),
        }
    }
}

/// The runs of an arm that did not train, each with its row among the replicates compared, if it has one.
pub(super) fn failures_of_training<'a>(
    runs: impl Iterator<Item = (&'a u32, &'a Run)>,
    arm: Arm,
    rows: &[u32],
) -> Vec<FailedRun> {
    let failed = |(replicate, run): (&u32, &Run)| {
        let row = rows.iter().position(|row| row == replicate);
        run.failure().map(|reason| FailedRun { arm, row, reason })
    };
    runs.filter_map(failed).collect()
}

/// Budgets of scratch, each with its runs by replicate.
type Rungs = Vec<(f64, BTreeMap<u32, Run>)>;

/// All runs of a study.
pub(super) struct Joined {
    cells: BTreeMap<CellKey, BTreeMap<u32, Run>>,
    /// Scratch trained longer, by the scratch that it is a rung of and by its budget, ascending.
    rungs: BTreeMap<CellKey, Rungs>,
    /// Only replicates below this number are visible.
    num_seen: u32,
    pub test_sets: BTreeMap<String, TestSet>,
    /// Class of every test image, by target.
    labels: OfImages<usize>,
    /// Identity of every test image, by target.
    examples: OfImages<u32>,
    /// Whether every class counts the same in the deciding metric.
    is_class_balanced: bool,
}

/// The cell of a record that counts: a final run or a control of a target.
pub(super) fn key_of(record: &RunRecord) -> Option<CellKey> {
    if !matches!(record.role, Role::Final | Role::Control) {
        return None;
    }
    cell_of(record)
}

/// The cell that a record is joined under: its own, or the scratch that it is a rung of.
fn place_of(record: &RunRecord) -> Option<CellKey> {
    key_of(record).or_else(|| cell_of(record).filter(|_| record.role == Role::Ladder))
}

/// The runs at a budget.
fn rung(rungs: &mut Rungs, budget: f64) -> &mut BTreeMap<u32, Run> {
    let at = rungs.iter().position(|(known, _)| *known == budget).unwrap_or_else(|| {
        rungs.push((budget, BTreeMap::new()));
        rungs.len() - 1
    });
    &mut rungs[at].1
}

/// The cell of a target's record, whatever its role.
pub(super) fn cell_of(record: &RunRecord) -> Option<CellKey> {
    Some(CellKey {
        target: record.target.clone()?,
        size: record.size.clone()?,
        source: record.source.clone(),
        copied: record.copied,
        frozen: record.frozen,
        method: record.method,
    })
}

impl Joined {
    /// Reads the predictions of every run of the study, in parallel, and sorts the runs by cell and replicate.
    pub fn new(dir: &Path, study: &Study, records: &[RunRecord]) -> Result<Self, AnalysisError> {
        let keys: BTreeMap<CellKey, ()> = study.cells().into_iter().map(|(key, _)| (key, ())).collect();
        let of_study = |record: &'_ RunRecord| place_of(record).filter(|key| keys.contains_key(key));
        let counted: Vec<(CellKey, &RunRecord)> =
            records.iter().filter_map(|record| of_study(record).map(|key| (key, record))).collect();
        let loaded: Vec<Loaded> =
            counted.par_iter().map(|(_, record)| load(dir, record, study.metric)).collect::<Result<_, _>>()?;
        let test_sets = check_pairing(dir, &counted, &loaded)?;
        let (labels, examples) = test_images(dir, &counted, &loaded)?;
        let mut cells: BTreeMap<CellKey, BTreeMap<u32, Run>> = BTreeMap::new();
        let mut rungs: BTreeMap<CellKey, Rungs> = BTreeMap::new();
        for ((key, record), loaded) in counted.into_iter().zip(loaded) {
            let name = key.name();
            let replicates = match record.role {
                Role::Ladder => rung(rungs.entry(key).or_default(), record.budget),
                _ => cells.entry(key).or_default(),
            };
            if let Some(first) = replicates.insert(record.replicate, loaded.run) {
                let (first, second) = (first.name, record.name.clone());
                return Err(AnalysisError::Twice { first, second, replicate: record.replicate, cell: name });
            }
        }
        rungs.values_mut().for_each(|rungs| rungs.sort_by(|first, second| first.0.total_cmp(&second.0)));
        let is_class_balanced = study.metric == metric::MEAN_PER_CLASS;
        Ok(Joined { cells, rungs, num_seen: study.replicates, test_sets, labels, examples, is_class_balanced })
    }

    /// The runs of a cell by replicate.
    pub fn runs(&self, key: &CellKey) -> impl Iterator<Item = (&u32, &Run)> {
        self.cells.get(key).into_iter().flat_map(|runs| runs.range(..self.num_seen))
    }

    /// Restricts the view to the first replicates.
    pub fn see(&mut self, num_replicates: u32) {
        self.num_seen = num_replicates;
    }

    /// Scratch trained longer: each budget, ascending, with its runs by replicate.
    pub fn rungs(&self, scratch: &CellKey) -> &[(f64, BTreeMap<u32, Run>)] {
        self.rungs.get(scratch).map_or(&[], Vec::as_slice)
    }

    /// Class of every test image of a target; empty if nothing was tested.
    pub fn labels(&self, target: &str) -> &[usize] {
        self.labels.get(target).map_or(&[], Vec::as_slice)
    }

    /// Identity of every test image of a target, in the order of [`Run::hits`]; empty if nothing was tested.
    pub fn examples(&self, target: &str) -> &[u32] {
        self.examples.get(target).map_or(&[], Vec::as_slice)
    }

    /// Paired differences of the deciding metric on a target's test images, one row for each replicate. They are
    /// differences of hits, weighted if every class counts the same.
    pub fn differences(
        &self,
        target: &str,
        ours: &[&[bool]],
        theirs: &[&[bool]],
    ) -> Result<Differences, DifferencesError> {
        let hits = Differences::from_hits(ours, theirs)?;
        if self.is_class_balanced { hits.class_balanced(self.labels(target)) } else { Ok(hits) }
    }

    /// The same on some of the test images, given by their places. The classes among these count the same there, too.
    pub fn differences_on(
        &self,
        target: &str,
        kept: &[usize],
        ours: &[&[bool]],
        theirs: &[&[bool]],
    ) -> Result<Differences, DifferencesError> {
        let hits = Differences::from_hits(ours, theirs)?.select_examples(kept)?;
        if !self.is_class_balanced {
            return Ok(hits);
        }
        let labels = self.labels(target);
        hits.class_balanced(&kept.iter().filter_map(|&place| labels.get(place).copied()).collect::<Vec<_>>())
    }

    /// One run.
    pub fn run(&self, key: &CellKey, replicate: u32) -> Option<&Run> {
        self.cells.get(key)?.get(&replicate).filter(|_| replicate < self.num_seen)
    }
}

struct Loaded {
    run: Run,
    /// Hash of its images' ids. The ids of ten thousand runs would take a gigabyte.
    examples: blake3::Hash,
    test_set: Option<TestSet>,
}

/// The predictions of a run that ended well, for the test images.
fn predictions_of(dir: &Path, record: &RunRecord) -> Result<Option<Predictions>, AnalysisError> {
    let file = record.file_in("predictions").filter(|_| record.status == Status::Done);
    file.map(|file| Predictions::read(dir, file))
        .transpose()
        .map_err(|source| AnalysisError::Predictions { name: record.name.clone(), source })
}

fn load(dir: &Path, record: &RunRecord, metric_name: &str) -> Result<Loaded, AnalysisError> {
    let predictions = predictions_of(dir, record)?;
    let test_set = predictions.as_ref().map(|predictions| TestSet {
        num_images: predictions.len(),
        num_classes: predictions.num_classes(),
        chance: predictions.chance(),
    });
    let is_above_chance = predictions.as_ref().is_some_and(is_above_chance_on_test);
    let fitted =
        predictions.as_ref().is_some_and(|predictions| is_above_chance_on_training(record, predictions.chance()));
    let fell = |first: f64, last: f64| last < first;
    let hits =
        predictions.as_ref().map(|predictions| predictions.hits(if metric_name == metric::TOP5 { 5 } else { 1 }));
    let value = predictions.as_ref().zip(hits.as_ref()).map(|(told, hits)| score(hits, told.labels(), metric_name));
    let run = Run {
        job: record.job,
        name: record.name.clone(),
        status: record.status.word(),
        numerics: record.numerics.clone(),
        setting: record.l2.unwrap_or(record.learning_rate),
        learning_rate_on_edge: record.learning_rate_on_edge,
        test_openings: record.test_openings,
        is_above_chance,
        is_at_chance: predictions.is_some() && !is_above_chance && !fitted,
        loss_did_not_fall: match (record.metric(metric::TRAIN_LOSS_FIRST), record.metric(metric::TRAIN_LOSS_LAST)) {
            (Some(first), Some(last)) => !fell(first, last),
            _ => false,
        },
        hits,
        value,
        validation: record.metric(metric::VALIDATION_TOP1).zip(record.metric(metric::VALIDATION_LOG_LOSS)),
        curve: record.file_in("curves").cloned(),
    };
    let bytes: Vec<u8> =
        predictions.iter().flat_map(|told| told.example_ids()).flat_map(|id| id.to_le_bytes()).collect();
    Ok(Loaded { run, examples: blake3::hash(&bytes), test_set })
}

/// The deciding metric of a run's hits.
fn score(hits: &[bool], labels: &[u16], metric_name: &str) -> f64 {
    if metric_name != metric::MEAN_PER_CLASS {
        return hits.iter().filter(|&&hit| hit).count() as f64 / hits.len() as f64;
    }
    // accuracy[c] = hits[c] / images[c]
    let mut classes: BTreeMap<u16, (u32, u32)> = BTreeMap::new();
    for (hit, label) in hits.iter().zip(labels) {
        let (right, all) = classes.entry(*label).or_default();
        *right += u32::from(*hit);
        *all += 1;
    }
    classes.values().map(|(right, all)| f64::from(*right) / f64::from(*all)).sum::<f64>() / classes.len() as f64
}

/// A property of every test image, by target.
type OfImages<T> = BTreeMap<String, Vec<T>>;

/// Class and identity of every test image of each target, from the first of its runs.
fn test_images(
    dir: &Path,
    counted: &[(CellKey, &RunRecord)],
    loaded: &[Loaded],
) -> Result<(OfImages<usize>, OfImages<u32>), AnalysisError> {
    let (mut labels, mut examples) = (BTreeMap::new(), BTreeMap::new());
    for ((key, record), _) in counted.iter().zip(loaded).filter(|(_, loaded)| loaded.test_set.is_some()) {
        if labels.contains_key(&key.target) {
            continue;
        }
        if let Some(told) = predictions_of(dir, record)? {
            labels.insert(key.target.clone(), told.labels().iter().map(|&label| usize::from(label)).collect());
            examples.insert(key.target.clone(), told.example_ids().to_vec());
        }
    }
    Ok((labels, examples))
}

fn is_above_chance_on_test(predictions: &Predictions) -> bool {
    let hits = predictions.hits(1).into_iter().filter(|&hit| hit).count();
    is_above_chance(hits as u64, predictions.len() as u64, predictions.chance())
}

fn is_above_chance_on_training(record: &RunRecord, chance: f64) -> bool {
    record.metrics.iter().find(|metric| metric.name == metric::TRAIN_TOP1).is_some_and(|train| {
        let hits = (train.value * train.n as f64).round().max(0.0) as u64;
        is_above_chance(hits, train.n, chance)
    })
}

/// Checks that all runs of a target used the same test images and the same arithmetic.
fn check_pairing(
    dir: &Path,
    counted: &[(CellKey, &RunRecord)],
    loaded: &[Loaded],
) -> Result<BTreeMap<String, TestSet>, AnalysisError> {
    let mut first_of: BTreeMap<&str, (&Loaded, &RunRecord)> = BTreeMap::new();
    let mut test_sets = BTreeMap::new();
    for ((key, record), loaded) in counted.iter().zip(loaded) {
        let Some(test_set) = loaded.test_set else { continue };
        let (first, first_record) = *first_of.entry(&key.target).or_insert((loaded, record));
        if first.examples != loaded.examples {
            let ids = |record| -> Result<Vec<u32>, AnalysisError> {
                Ok(predictions_of(dir, record)?.map_or_else(Vec::new, |told| told.example_ids().to_vec()))
            };
            let example_id = first_difference(&ids(first_record)?, &ids(record)?);
            let (first, second) = (first.run.name.clone(), loaded.run.name.clone());
            return Err(AnalysisError::Examples { first, second, example_id });
        }
        if first.run.numerics != loaded.run.numerics {
            return Err(AnalysisError::Numerics {
                first: first.run.name.clone(),
                first_numerics: first.run.numerics.clone(),
                second: loaded.run.name.clone(),
                second_numerics: loaded.run.numerics.clone(),
            });
        }
        test_sets.entry(key.target.clone()).or_insert(test_set);
    }
    Ok(test_sets)
}

fn first_difference(first: &[u32], second: &[u32]) -> u32 {
    let pairs = first.iter().zip(second);
    let differing = pairs.into_iter().find(|(first, second)| first != second).map(|(first, second)| *first.min(second));
    let longer = if first.len() > second.len() { first } else { second };
    differing.or_else(|| longer.get(first.len().min(second.len())).copied()).unwrap_or(0)
}
