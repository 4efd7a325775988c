//! Studies with a known answer, for tests.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "only tests build it")]

mod many_cells;

use std::path::Path;

use nt_records::curve::CURVE_VERSION;
use nt_records::file::FileRef;
use nt_records::ledger::encode;
use nt_records::measure::{Measure, Measured};
use nt_records::mock::{job, record};
use nt_records::predictions::Predictions;
use nt_records::record::RunRecord;
use nt_scenario::{ChoiceOf, ClassSets, LabelKind, Method, Metric, Replicate, Role, Standing};

use crate::study::{CellKey, Study, StudyArm, StudySize, StudySource, StudyTarget};

pub use many_cells::ManyCells;

/// Changes a record before it is written, or says that it is not to be written.
type Edit = dyn Fn(&CellKey, &mut RunRecord) -> bool;

/// What a cell reaches on the validation images of a replicate.
type Reaches = dyn Fn(&CellKey, u32) -> f64;

/// A study in which every accuracy is known. It writes the records and predictions that a run would write.
pub struct Mock {
    /// Its scenario.
    pub study: Study,
    /// Test images.
    pub num_images: u32,
    has_curves: bool,
    /// What each cell reaches on validation images in the runs that its choice rests on, if it has such.
    trials: Option<Box<Reaches>>,
    labels: LabelKind,
    accuracy: Box<dyn Fn(&CellKey) -> f64>,
    edit: Box<Edit>,
}

/// A treatment by gradient descent.
fn arm(source: usize, treatment: &str, copied: u8, frozen: u8) -> StudyArm {
    StudyArm { source, treatment: treatment.to_owned(), copied, frozen, method: Method::Training }
}

/// The record of one run of a cell, without what it measured and wrote.
fn run_of(study: &Study, key: &CellKey, treatment: &str, (replicate, run): (u32, u32), number: u64) -> RunRecord {
    let source = key.source.as_deref().and_then(|name| study.source(name));
    RunRecord {
        name: format!("{}/{}", key.name(), Replicate::fresh_run(replicate, run)),
        role: if run == 0 { Role::Final } else { Role::Reference },
        run,
        source: key.source.clone(),
        similarity: source.map(|source| source.similarity.clone()),
        target: Some(key.target.clone()),
        size: Some(key.size.clone()),
        treatment: treatment.to_owned(),
        copied: key.copied,
        frozen: key.frozen,
        method: key.method,
        replicate,
        ..record(number)
    }
}

/// Classes of a mock target.
pub const NUM_CLASSES: u32 = 8;

impl Mock {
    /// The four quadrants of the default study: one target, small and large, a near, a far and an untrained source.
    pub fn four_quadrants(accuracy: impl Fn(&CellKey) -> f64 + 'static) -> Self {
        let source = |name: &str, similarity: &str| StudySource {
            name: name.to_owned(),
            similarity: similarity.to_owned(),
            standing: if similarity == "untrained" { Standing::NoKnowledge } else { Standing::Knowledge },
            network: nt_stats::verdict::Reach::Population,
        };
        let frozen = (0..3).flat_map(|source| (1..=7).map(move |depth| arm(source, "frozen", depth, depth)));
        let partial = (0..2).flat_map(|source| (0..7).map(move |depth| arm(source, "partial", 7, depth)));
        let study = Study {
            name: "mock".to_owned(),
            question: "Does copying help, and where?".to_owned(),
            replicates: 8,
            reference_runs: 1,
            choice: ChoiceOf::EachReplicate,
            primary: Vec::new(),
            metric: Metric::Top1,
            margin_pp: 5.0,
            alpha: 0.05,
            equivalence_alpha: crate::study::EQUIVALENCE_ALPHA,
            looks: None,
            network: "alexnet, width 0.125, 48 px, initialised he-normal".to_owned(),
            layers: nt_scenario::Architecture::AlexNet.layer_names().into_iter().map(str::to_owned).collect(),
            search: "fixed by the scenario, not searched".to_owned(),
            search_of: None,
            extension: 0,
            targets: vec![StudyTarget {
                cluster: None,
                name: "shapes-b".to_owned(),
                sizes: vec![StudySize::per_class("small", 10), StudySize::per_class("large", 200)],
            }],
            sources: vec![source("near", "similar"), source("far", "dissimilar"), source("random", "untrained")],
            arms: frozen.chain(partial).collect(),
        };
        Mock {
            study,
            num_images: 640,
            has_curves: false,
            trials: None,
            labels: LabelKind::OneClass,
            accuracy: Box::new(accuracy),
            edit: Box::new(|_, _| true),
        }
    }

    /// Yosinski's networks on two halves of a task: 10 points of co-adaptation at depth 4, 4 points of specificity a
    /// depth past 3, and fine-tuning wins back what is lost.
    pub fn two_halves() -> Self {
        let mut mock = Self::four_quadrants(|key| {
            let depth = i32::from(key.frozen);
            let split = if depth == 4 { 0.10 } else { 0.0 };
            match key.source.as_deref() {
                Some("half-a") => 0.80 - split - 0.04 * f64::from((depth - 3).max(0)),
                Some("half-b") => 0.80 - split,
                _ => 0.80,
            }
        });
        let source = |name: &str, is_selffer| StudySource {
            name: name.to_owned(),
            similarity: if is_selffer { "selffer" } else { "similar" }.to_owned(),
            standing: if is_selffer { Standing::TargetItself } else { Standing::Knowledge },
            network: nt_stats::verdict::Reach::Population,
        };
        mock.study.sources = vec![source("half-a", false), source("half-b", true)];
        let frozen = (0..2).flat_map(|source| (1..=7).map(move |depth| arm(source, "frozen", depth, depth)));
        mock.study.arms = frozen.chain((1..=7).map(|depth| arm(0, "fine-tuned", depth, 0))).collect();
        mock.study.targets[0].sizes.truncate(1);
        mock
    }

    /// With other accuracies.
    pub fn scoring(mut self, accuracy: impl Fn(&CellKey) -> f64 + 'static) -> Self {
        self.accuracy = Box::new(accuracy);
        self
    }

    /// Changes records before they are written; a record for which it says false is not.
    pub fn editing(mut self, edit: impl Fn(&CellKey, &mut RunRecord) -> bool + 'static) -> Self {
        self.edit = Box::new(edit);
        self
    }

    /// Judges by this metric, and gives images the labels that it needs.
    pub fn judged_by(mut self, metric: Metric) -> Self {
        self.study.metric = metric;
        self.labels = if metric.fits(LabelKind::OneClass) { LabelKind::OneClass } else { LabelKind::SeveralClasses };
        self
    }

    /// Gives every cell a run a replicate that is judged by validation images alone, with what it reaches on them, and lets
    /// these choose a treatment for all replicates.
    pub fn with_trials(mut self, reaches: impl Fn(&CellKey, u32) -> f64 + 'static) -> Self {
        self.study.choice = ChoiceOf::Once;
        self.trials = Some(Box::new(reaches));
        self
    }

    /// Runs scratch so often in every replicate.
    pub fn with_reference_runs(mut self, runs: u32) -> Self {
        self.study.reference_runs = runs;
        self
    }

    /// Adds a twin of the target, with features frozen at every depth.
    pub fn with_a_twin(mut self) -> Self {
        let source = self.study.sources.len();
        self.study.sources.push(StudySource {
            name: "twin".to_owned(),
            similarity: "twin".to_owned(),
            standing: Standing::Twin,
            network: nt_stats::verdict::Reach::Population,
        });
        let arm = |depth| StudyArm {
            source,
            treatment: "frozen".to_owned(),
            copied: depth,
            frozen: depth,
            method: Method::Training,
        };
        self.study.arms.extend((1..=7).map(arm));
        self
    }

    /// Gives every run a learning curve.
    pub fn with_curves(mut self) -> Self {
        self.has_curves = true;
        self
    }

    /// Writes the study's folder, and returns its records.
    pub fn write(&self, dir: &Path) -> Vec<RunRecord> {
        // Plain writes: the ledger would make them durable, and that costs a test seconds.
        std::fs::create_dir_all(dir.join("predictions")).unwrap();
        let mut records = Vec::new();
        let mut number = 0;
        for (key, treatment) in self.study.cells() {
            let runs = if key.source.is_none() { self.study.reference_runs } else { 1 };
            for (replicate, run) in (0..self.study.replicates).flat_map(|one| (0..runs).map(move |run| (one, run))) {
                number += 1;
                records.extend(self.record(dir, number, &key, &treatment, (replicate, run)));
            }
            if let Some(reaches) = &self.trials {
                for replicate in 0..self.study.replicates {
                    number += 1;
                    records.push(trial(number, &key, replicate, reaches(&key, replicate), self.study.metric));
                }
            }
        }
        let lines: Vec<u8> = records.iter().flat_map(|record| encode(record).unwrap()).collect();
        std::fs::write(dir.join("runs.jsonl"), lines).unwrap();
        records
    }

    fn record(
        &self,
        dir: &Path,
        number: u64,
        key: &CellKey,
        treatment: &str,
        (replicate, run): (u32, u32),
    ) -> Option<RunRecord> {
        let predictions = match self.labels {
            LabelKind::OneClass => self.predictions(key, (replicate, run)),
            LabelKind::SeveralClasses => self.scores(key, replicate),
        };
        let bytes = predictions.to_bytes().unwrap();
        let file = FileRef::new(Predictions::path(job(number)), &bytes);
        std::fs::write(dir.join(&file.path), bytes).unwrap();
        let hits = predictions.hits(1).into_iter().filter(|&hit| hit).count();
        let mut record = RunRecord {
            metrics: vec![
                Measured::new(
                    Measure::Test(Metric::Top1),
                    hits as f64 / f64::from(self.num_images),
                    u64::from(self.num_images),
                ),
                Measured::new(Measure::Train(Metric::Top1), 0.95, 80),
                Measured::new(Measure::Validation(self.study.metric), (self.accuracy)(key), 40),
                Measured::new(Measure::Validation(Metric::LogLoss), 1.0, 40),
            ],
            files: vec![file],
            ..run_of(&self.study, key, treatment, (replicate, run), number)
        };
        if self.has_curves {
            record.files.push(self.curve(dir, number, key));
        }
        (self.edit)(key, &mut record).then_some(record)
    }

    /// Forty points; the loss falls the faster the better the cell is.
    fn curve(&self, dir: &Path, number: u64, key: &CellKey) -> FileRef {
        let loss = |step: u64| 2.0 / (1.0 + (self.accuracy)(key) * step as f64 / 50.0);
        let row = |step: u64| format!("{CURVE_VERSION},{step},0.01,{:.6},0.5,\n", loss(step));
        let rows: String = (1..=40).map(|point| row(5 * point)).collect();
        let text = format!("schema_version,step,learning_rate,train_loss,train_top1,validation_top1\n{rows}");
        let file = FileRef::new(format!("curves/{}.csv", job(number)), text.as_bytes());
        std::fs::create_dir_all(dir.join("curves")).unwrap();
        std::fs::write(dir.join(&file.path), text).unwrap();
        file
    }

    /// Seven images in ten are got right or wrong alike by all arms of a replicate: the pairing of a real study.
    fn predictions(&self, key: &CellKey, (replicate, run): (u32, u32)) -> Predictions {
        let drift = 0.04 * (uniform(&["replicate", &replicate.to_string()]) - 0.5);
        let chance_of_hit = (self.accuracy)(key) + drift;
        let run = if run == 0 { String::new() } else { format!("/{run}") };
        let (replicate, arm) = (replicate.to_string(), format!("{}{run}", key.name()));
        let top5 = (0..self.num_images).map(|image| {
            let (label, image) = (image % NUM_CLASSES, image.to_string());
            let is_shared = uniform(&["shared", &replicate, &image, &arm]) < 0.7;
            let luck = if is_shared { uniform(&[&replicate, &image]) } else { uniform(&[&replicate, &image, &arm]) };
            let first = if luck < chance_of_hit { label } else { (label + 1) % NUM_CLASSES };
            std::array::from_fn(|rank| ((first + rank as u32) % NUM_CLASSES) as u16)
        });
        let top5: Vec<[u16; 5]> = top5.collect();
        let labels: Vec<u16> = (0..self.num_images).map(|image| (image % NUM_CLASSES) as u16).collect();
        let loss = |(label, guesses): (&u16, &[u16; 5])| if guesses[0] == *label { 0.5 } else { 2.0 };
        let losses = labels.iter().zip(&top5).map(loss).collect();
        Predictions::new((0..self.num_images).collect(), labels, top5, losses).unwrap()
    }

    /// Scores of images that have each class with a chance of .2. A class that an image has is found, scored above what
    /// it lacks, as often as the cell is accurate.
    fn scores(&self, key: &CellKey, replicate: u32) -> Predictions {
        let drift = 0.04 * (uniform(&["replicate", &replicate.to_string()]) - 0.5);
        let chance_of_hit = (self.accuracy)(key) + drift;
        let (replicate, arm) = (replicate.to_string(), key.name());
        let (mut has, mut scores) = (Vec::new(), Vec::new());
        for question in (0..self.num_images).flat_map(|image| (0..NUM_CLASSES).map(move |class| (image, class))) {
            let words = [question.0.to_string(), question.1.to_string()];
            let [image, class] = words.each_ref().map(String::as_str);
            let has_it = uniform(&["has", image, class]) < 0.2;
            let is_found = uniform(&[&replicate, image, class, &arm]) < chance_of_hit;
            let noise = 0.4 * uniform(&["score", &replicate, image, class, &arm]);
            has.push(has_it);
            scores.push((noise + if has_it && is_found { 0.5 } else { 0.0 }) as f32);
        }
        let (ids, losses) = ((0..self.num_images).collect(), vec![1.0; self.num_images as usize]);
        let sets = ClassSets::new(NUM_CLASSES as usize, has).unwrap();
        Predictions::of_several(ids, sets, scores, losses).unwrap()
    }
}

/// A run that is judged by validation images alone.
fn trial(number: u64, key: &CellKey, replicate: u32, reaches: f64, metric: Metric) -> RunRecord {
    RunRecord {
        name: format!("{}/s{replicate}/lr0.01", key.name()),
        role: Role::Tuning,
        source: key.source.clone(),
        target: Some(key.target.clone()),
        size: Some(key.size.clone()),
        copied: key.copied,
        frozen: key.frozen,
        method: key.method,
        replicate,
        metrics: vec![
            Measured::new(Measure::Validation(metric), reaches, 40),
            Measured::new(Measure::Validation(Metric::LogLoss), 1.0, 40),
        ],
        test_openings: 0,
        ..record(number)
    }
}

/// A number in [0, 1) that depends on the words alone.
fn uniform(words: &[&str]) -> f64 {
    let hash = blake3::hash(words.join("/").as_bytes());
    let bits = hash.as_bytes()[..6].iter().fold(0u64, |bits, &byte| bits << 8 | u64::from(byte));
    bits as f64 / (1u64 << 48) as f64
}

/// What a prototype of the default study found, roughly: help when small and similar, harm of freezing when dissimilar.
pub fn like_the_default_study(key: &CellKey) -> f64 {
    let is_small = key.size == "small";
    let at = |values: [f64; 8], depth: u8| values[usize::from(depth)];
    let depth = key.frozen;
    let fully = |tuned: f64, frozen: f64| tuned + (frozen - tuned) * f64::from(depth) / 7.0;
    match (key.source.as_deref(), is_small, key.copied == depth) {
        (None, true, _) => 0.287,
        (None, false, _) => 0.802,
        (Some("near"), true, true) => at([0.0, 0.55, 0.64, 0.71, 0.70, 0.686, 0.69, 0.69], depth),
        (Some("near"), true, false) => fully(0.708, 0.69),
        (Some("near"), false, true) => at([0.0, 0.824, 0.83, 0.827, 0.80, 0.786, 0.78, 0.777], depth),
        (Some("near"), false, false) => fully(0.866, 0.777),
        (Some("far"), true, true) => at([0.0, 0.353, 0.31, 0.273, 0.23, 0.209, 0.207, 0.206], depth),
        (Some("far"), true, false) => fully(0.311, 0.206),
        (Some("far"), false, true) => at([0.0, 0.661, 0.55, 0.463, 0.38, 0.308, 0.29, 0.272], depth),
        (Some("far"), false, false) => fully(0.80, 0.272),
        (Some(_), true, _) => at([0.0, 0.26, 0.23, 0.211, 0.20, 0.189, 0.18, 0.172], depth),
        (Some(_), false, _) => at([0.0, 0.532, 0.42, 0.31, 0.29, 0.281, 0.27, 0.25], depth),
    }
}
