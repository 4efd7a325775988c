//! Runs by cell and replicate, each with its predictions for every test image.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use nt_scenario::{Labels, Metric, Role};
use nt_stats::{Clusters, Differences, DifferencesError};
use rayon::prelude::*;

use super::arm::Arm;
use super::chance::is_above_chance;
use super::run::{JoinedRun, TrialRun, Validation};
use super::scores::{Runs, Scores, TestImages, differences, hit_differences};
use super::{AnalysisError, TestSet, clusters};
use crate::study::{CellKey, Study};
use nt_records::audit::Audit;
use nt_records::measure::Measure;
use nt_records::predictions::Predictions;
use nt_records::record::{RunRecord, Status};

/// Runs by replicate and by the number of the fresh run in it.
type ByReplicate<'a> = BTreeMap<(u32, u32), JoinedRun<'a>>;

/// Budgets of scratch, each with its runs.
type Rungs<'a> = Vec<(f64, ByReplicate<'a>)>;

/// All runs of a study.
pub(super) struct Joined<'a> {
    cells: BTreeMap<CellKey, ByReplicate<'a>>,
    /// Runs of every cell's search, or of its choice, that ended well.
    trials: BTreeMap<CellKey, Vec<TrialRun>>,
    /// Scratch trained longer, by the scratch that it is a rung of and by its budget, ascending.
    rungs: BTreeMap<CellKey, Rungs<'a>>,
    /// Only replicates below this number are visible.
    num_seen: u32,
    pub test_sets: BTreeMap<String, TestSet>,
    /// Labels of every target's test images.
    labels: BTreeMap<String, Labels>,
    /// Identities of every target's test images.
    examples: BTreeMap<String, Vec<u32>>,
    /// Clusters of every target's test images, where they have some.
    clusters: BTreeMap<String, Arc<Clusters>>,
    /// The metric that decides.
    metric: Metric,
}

/// The cell of a record that counts: a final run or a control of a target.
pub(super) fn key_of(record: &RunRecord) -> Option<CellKey> {
    if !record.role.scores_a_cell() {
        return None;
    }
    cell_of(record)
}

/// The cell that a record is joined under: its own, or the scratch that it is a rung or a further run of.
fn place_of(record: &RunRecord) -> Option<CellKey> {
    key_of(record).or_else(|| cell_of(record).filter(|_| matches!(record.role, Role::Ladder | Role::Reference)))
}

/// The runs at a budget.
fn rung<'r, 'a>(rungs: &'r mut Rungs<'a>, budget: f64) -> &'r mut ByReplicate<'a> {
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

impl<'a> Joined<'a> {
    /// Reads the predictions of every run of the study, in parallel, and sorts the runs by cell and replicate.
    pub fn new(
        dir: &Path,
        study: &Study,
        records: &[&'a RunRecord],
        audit: Option<&Audit>,
    ) -> Result<Self, AnalysisError> {
        let keys: BTreeSet<CellKey> = study.cells().into_iter().map(|(key, _)| key).collect();
        let of_study = |record: &RunRecord| place_of(record).and_then(|key| keys.get(&key));
        let counted: Vec<(&CellKey, &'a RunRecord)> =
            records.iter().filter_map(|&record| of_study(record).map(|key| (key, record))).collect();
        let loaded: Vec<Loaded<'a>> =
            counted.par_iter().map(|(_, record)| load(dir, record, study.metric)).collect::<Result<_, _>>()?;
        let mut test_sets = check_pairing(dir, &counted, &loaded)?;
        let (labels, examples) = test_images(dir, &counted, &loaded)?;
        let clusters = clusters::of_targets(study, &examples, audit)?;
        for (target, clusters) in &clusters {
            if let Some(test_set) = test_sets.get_mut(target) {
                test_set.clusters = Some(clusters.as_ref().into());
            }
        }
        let mut cells: BTreeMap<CellKey, ByReplicate<'a>> = BTreeMap::new();
        let mut rungs: BTreeMap<CellKey, Rungs<'a>> = BTreeMap::new();
        for ((key, record), loaded) in counted.into_iter().zip(loaded) {
            let replicates = match record.role {
                Role::Ladder => rung(rungs.entry(key.clone()).or_default(), record.budget),
                Role::Source | Role::Tuning | Role::Final | Role::Reference | Role::Control => {
                    cells.entry(key.clone()).or_default()
                }
            };
            if let Some(first) = replicates.insert((record.replicate, record.run), loaded.run) {
                let named = |record: &RunRecord| format!("{} ({})", record.job, record.name);
                let (first, second) = (named(first.record), named(record));
                return Err(AnalysisError::Twice { first, second, replicate: record.replicate, cell: key.name() });
            }
        }
        rungs.values_mut().for_each(|rungs| rungs.sort_by(|first, second| first.0.total_cmp(&second.0)));
        let trials = trials(records, &keys, study.metric);
        Ok(Joined {
            cells,
            trials,
            rungs,
            num_seen: study.replicates,
            test_sets,
            labels,
            examples,
            clusters,
            metric: study.metric,
        })
    }

    /// The runs of a cell by replicate: the first of each.
    pub fn runs(&self, key: &CellKey) -> impl Iterator<Item = (&u32, &JoinedRun<'a>)> {
        self.all_runs(key).filter(|((_, run), _)| *run == 0).map(|((replicate, _), run)| (replicate, run))
    }

    /// All runs of a cell, by replicate and number.
    pub fn all_runs(&self, key: &CellKey) -> impl Iterator<Item = (&(u32, u32), &JoinedRun<'a>)> {
        self.cells.get(key).into_iter().flat_map(|runs| runs.range(..(self.num_seen, 0)))
    }

    /// The runs of a cell as an arm of a comparison.
    pub fn arm(&self, key: &CellKey) -> Arm<'_> {
        self.all_runs(key).map(|(&(replicate, _), run)| (replicate, run)).collect()
    }

    /// The runs that a cell's settings were tried by, in the replicates that are seen. A search for all replicates is seen as
    /// a whole.
    pub fn trials(&self, key: &CellKey) -> &[TrialRun] {
        self.trials.get(key).map_or(&[], Vec::as_slice)
    }

    /// The replicates that are seen.
    pub fn replicates(&self) -> std::ops::Range<u32> {
        0..self.num_seen
    }

    /// Whether a replicate is seen.
    pub fn sees(&self, replicate: u32) -> bool {
        replicate < self.num_seen
    }

    /// Restricts the view to the first replicates.
    pub fn see(&mut self, num_replicates: u32) {
        self.num_seen = num_replicates;
    }

    /// The replicates in which a run of both cells ended in order.
    pub fn common_replicates(&self, first: &CellKey, second: &CellKey) -> Vec<u32> {
        let has = |key: &CellKey, replicate| self.run(key, replicate).is_some_and(|run| run.scores.is_some());
        let replicates = self.runs(first).map(|(&replicate, _)| replicate);
        replicates.filter(|&replicate| has(first, replicate) && has(second, replicate)).collect()
    }

    /// Scratch trained longer: each budget, ascending, with its runs.
    pub fn rungs(&self, scratch: &CellKey) -> impl Iterator<Item = (f64, Arm<'_>)> {
        self.rungs.get(scratch).into_iter().flatten().map(|(budget, runs)| {
            let seen = runs.range(..(self.num_seen, 0));
            (*budget, seen.map(|(&(replicate, _), run)| (replicate, run)).collect())
        })
    }

    /// What guessing scores on a target's test images in the deciding metric; higher is better.
    pub fn chance(&self, target: &str) -> f64 {
        self.test_sets.get(target).map_or(0.0, |test_set| self.metric.oriented(test_set.chance))
    }

    /// Labels of a target's test images; empty if nothing was tested.
    pub fn labels(&self, target: &str) -> &Labels {
        const NOTHING: &Labels = &Labels::OneClass(Vec::new());
        self.labels.get(target).unwrap_or(NOTHING)
    }

    /// Identity of every test image of a target, in the order of [`JoinedRun::scores`]; empty if nothing was tested.
    pub fn examples(&self, target: &str) -> &[u32] {
        self.examples.get(target).map_or(&[], Vec::as_slice)
    }

    /// Paired differences of the deciding metric on a target's test images, or on some of them, given by their places.
    /// One row for each replicate.
    pub fn differences(
        &self,
        target: &str,
        kept: Option<&[usize]>,
        ours: &[Runs<'_>],
        theirs: &[Runs<'_>],
    ) -> Result<Differences, DifferencesError> {
        let test_images = TestImages { labels: self.labels(target), clusters: self.clusters.get(target) };
        differences(self.metric, test_images, kept, ours, theirs)
    }

    /// Paired differences of hits between two cells, in the replicates given, whatever the metric.
    pub fn hit_differences(
        &self,
        ours: &CellKey,
        theirs: &CellKey,
        replicates: &[u32],
    ) -> Result<Differences, DifferencesError> {
        let hits = hit_differences(&self.scores(ours, replicates), &self.scores(theirs, replicates))?;
        match self.clusters.get(&ours.target) {
            Some(clusters) => hits.in_clusters(clusters),
            None => Ok(hits),
        }
    }

    /// The scores of those of a cell's runs that ended well, in the given replicates.
    pub fn scores(&self, key: &CellKey, replicates: &[u32]) -> Vec<&Scores> {
        replicates.iter().filter_map(|&replicate| self.run(key, replicate)?.scores.as_ref()).collect()
    }

    /// One run.
    pub fn run(&self, key: &CellKey, replicate: u32) -> Option<&JoinedRun<'a>> {
        self.cells.get(key)?.get(&(replicate, 0)).filter(|_| replicate < self.num_seen)
    }
}

struct Loaded<'a> {
    run: JoinedRun<'a>,
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

fn load<'a>(dir: &Path, record: &'a RunRecord, metric: Metric) -> Result<Loaded<'a>, AnalysisError> {
    let predictions = predictions_of(dir, record)?;
    let test_set = predictions.as_ref().map(|predictions| TestSet {
        num_images: predictions.len(),
        num_classes: predictions.num_classes(),
        chance: metric.chance(&predictions.labels().shares()),
        clusters: None,
    });
    let is_above_chance = predictions.as_ref().is_some_and(is_above_chance_on_test);
    let fitted = predictions
        .as_ref()
        .is_some_and(|predictions| is_above_chance_on_training(record, predictions.chance()).unwrap_or(true));
    let did_fall = match (record.value(Measure::TrainLossFirst), record.value(Measure::TrainLossLast)) {
        (Some(first), Some(last)) => last < first,
        _ => true,
    };
    // A network that is taken as it is has nothing to train.
    let is_trained = record.setting().is_some();
    // A network whose last step threw its weights out of all bounds answers with no numbers, whatever its losses were before.
    let answers = predictions.as_ref().is_none_or(|all| all.log_loss().iter().all(|loss| loss.is_finite()));
    let has_diverged = matches!(record.status, Status::Diverged { .. }) || !answers;
    let bytes: Vec<u8> =
        predictions.iter().flat_map(Predictions::example_ids).flat_map(|id| id.to_le_bytes()).collect();
    let labels = predictions.as_ref().map(|predictions| predictions.labels().clone());
    let scores = predictions.filter(|_| answers).map(|predictions| Scores::new(metric, predictions));
    let value = scores.as_ref().zip(labels.as_ref()).map(|(scores, labels)| scores.value(labels));
    let run = JoinedRun {
        record,
        is_above_chance,
        has_collapsed: has_diverged || (scores.is_some() && is_trained && !(fitted && did_fall)),
        scores,
        value,
        validation: Validation::of(record, metric),
    };
    Ok(Loaded { run, examples: blake3::hash(&bytes), test_set })
}

/// Labels and identities of the test images of every target.
type LabelsAndIds = (BTreeMap<String, Labels>, BTreeMap<String, Vec<u32>>);

/// Labels and identities of each target's test images, from the first of its runs.
fn test_images(
    dir: &Path,
    counted: &[(&CellKey, &RunRecord)],
    loaded: &[Loaded<'_>],
) -> Result<LabelsAndIds, AnalysisError> {
    let (mut labels, mut examples) = (BTreeMap::new(), BTreeMap::new());
    for ((key, record), _) in counted.iter().zip(loaded).filter(|(_, loaded)| loaded.test_set.is_some()) {
        if labels.contains_key(&key.target) {
            continue;
        }
        if let Some(predictions) = predictions_of(dir, record)? {
            labels.insert(key.target.clone(), predictions.labels().clone());
            examples.insert(key.target.clone(), predictions.example_ids().to_vec());
        }
    }
    Ok((labels, examples))
}

fn is_above_chance_on_test(predictions: &Predictions) -> bool {
    let hits = predictions.hits(1).into_iter().filter(|&hit| hit).count();
    is_above_chance(hits as u64, predictions.len() as u64, predictions.chance())
}

/// Whether a run's guesses on its training images are above chance, if they were recorded.
fn is_above_chance_on_training(record: &RunRecord, chance: f64) -> Option<bool> {
    let train = record.measured(Measure::Train(Metric::Top1))?;
    let hits = (train.value * train.n as f64).round().max(0.0) as u64;
    Some(is_above_chance(hits, train.n, chance))
}

/// The runs of searches and choices, by cell.
fn trials(records: &[&RunRecord], keys: &BTreeSet<CellKey>, metric: Metric) -> BTreeMap<CellKey, Vec<TrialRun>> {
    let mut trials: BTreeMap<CellKey, Vec<TrialRun>> = BTreeMap::new();
    // Scratch trained longer is searched on its own, and is no cell.
    let of_cells = records.iter().filter(|record| record.role == Role::Tuning && record.budget == 1.0);
    for record in of_cells.filter(|record| record.status == Status::Done) {
        let (Some(key), Some(validation)) = (cell_of(record), Validation::of(record, metric)) else { continue };
        if keys.contains(&key) {
            let trial = TrialRun { replicate: record.replicate, setting: record.setting(), validation };
            trials.entry(key).or_default().push(trial);
        }
    }
    trials
}

/// Checks that all runs of a target used the same test images and the same arithmetic.
fn check_pairing(
    dir: &Path,
    counted: &[(&CellKey, &RunRecord)],
    loaded: &[Loaded<'_>],
) -> Result<BTreeMap<String, TestSet>, AnalysisError> {
    let mut first_of: BTreeMap<&str, (&Loaded<'_>, &RunRecord)> = BTreeMap::new();
    let mut test_sets = BTreeMap::new();
    for ((key, record), loaded) in counted.iter().zip(loaded) {
        let Some(test_set) = loaded.test_set else { continue };
        let (first, first_record) = *first_of.entry(&key.target).or_insert((loaded, record));
        if first.examples != loaded.examples {
            let ids = |record| -> Result<Vec<u32>, AnalysisError> {
                Ok(predictions_of(dir, record)?.map_or_else(Vec::new, |predictions| predictions.example_ids().to_vec()))
            };
            let example_id = first_difference(&ids(first_record)?, &ids(record)?);
            let (first, second) = (first_record.name.clone(), record.name.clone());
            return Err(AnalysisError::Examples { first, second, example_id });
        }
        if first_record.numerics != record.numerics {
            return Err(AnalysisError::Numerics {
                first: first_record.name.clone(),
                first_numerics: first_record.numerics.clone(),
                second: record.name.clone(),
                second_numerics: record.numerics.clone(),
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
