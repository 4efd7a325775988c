//! A study of as many cells as wanted, on disk, with the size of a real one: for measuring what a report takes.

use std::fs;
use std::io::Write;
use std::path::Path;

use nt_records::curve::CURVE_VERSION;
use nt_records::file::FileRef;
use nt_records::ledger::encode;
use nt_records::manifest::{Completeness, Manifest, PlannedJob};
use nt_records::measure::{Measure, Measured};
use nt_records::mock::{job, manifest};
use nt_records::names::MANIFEST_FILE;
use nt_records::predictions::Predictions;
use nt_records::record::RunRecord;
use nt_scenario::mock::TestScenario;
use nt_scenario::{JobId, Metric, Scenario};
use rayon::prelude::*;

use super::{NUM_CLASSES, run_of};
use crate::registration::preregistration;
use crate::study::{CellKey, Study};

/// Layers that a treatment can copy.
const NUM_DEPTHS: usize = 7;
/// Treatments of each source: every depth copied and frozen, and all copied with fewer frozen.
const POINTS_OF_SOURCE: usize = 2 * NUM_DEPTHS;
/// Replicates of every cell.
const NUM_REPLICATES: u32 = 8;
/// Runs of scratch in every replicate.
const REFERENCE_RUNS: u32 = 3;
/// Curves that differ. Runs share them, since their number on disk costs and their contents do not matter.
const NUM_CURVES: u64 = 64;
/// Points of a curve.
const POINTS_OF_CURVE: u64 = 40;
/// Cells that are written before their records are.
const CELLS_AT_ONCE: usize = 500;

/// The shape of a study: targets × sizes × sources × treatments, eight replicates each, scratch three times in every
/// replicate, with an untrained source and the target's twin as counterfactuals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ManyCells {
    /// Targets.
    pub targets: usize,
    /// Sizes of each.
    pub sizes: usize,
    /// Sources that are judged, half of them similar.
    pub sources: usize,
    /// Test images of each target, as many of every class.
    pub test_images: u32,
}

impl ManyCells {
    /// Cells of the study.
    pub fn num_cells(&self) -> usize {
        // scratch, the judged sources, and every depth of the untrained source and of the twin
        self.targets * self.sizes * (1 + self.sources * POINTS_OF_SOURCE + 2 * NUM_DEPTHS)
    }

    /// The scenario's text.
    pub fn scenario(&self) -> String {
        let per_class = (self.test_images / NUM_CLASSES) as usize;
        let mut scenario = TestScenario::new("many-cells")
            .study("replicates", &NUM_REPLICATES.to_string())
            .study("reference_runs", &REFERENCE_RUNS.to_string())
            .synthetic("shapes", 400, per_class);
        for number in 0..self.sources {
            let similarity = if number % 2 == 0 { "similar" } else { "dissimilar" };
            let lines = format!("data = \"shapes\"\nsimilarity = {similarity:?}\ntrain_per_class = 20\nsteps = 60");
            scenario = scenario.source(&format!("s{number:03}"), &lines);
        }
        scenario = scenario
            .source("untrained", "kind = \"untrained\"")
            .source("twin", "kind = \"twin\"\ntrain_per_class = 20\nsteps = 60");
        for number in 0..self.targets {
            scenario = scenario.target(&format!("t{number:02}"), "data = \"shapes\"\nvalidation_fraction = 0.2");
            for size in 0..self.sizes {
                let lines = format!("train_per_class = {}\nsteps = 40", 10 * (size + 1));
                scenario = scenario.size(&format!("n{size}"), &lines);
            }
        }
        let judged: Vec<String> = (0..self.sources).map(|number| format!("\"s{number:03}\"")).collect();
        let partial =
            format!("sources = [{}]\ncopied = {NUM_DEPTHS}\nfrozen = \"0..={}\"", judged.join(", "), NUM_DEPTHS - 1);
        scenario
            .treatment("frozen", &format!("copied = \"1..={NUM_DEPTHS}\"\nfrozen = \"copied\""))
            .treatment("partial", &partial)
            .text()
    }

    /// Writes the study's folder as runs would have left it, without a report.
    pub fn write(&self, dir: &Path) {
        for folder in ["predictions", "curves"] {
            fs::create_dir_all(dir.join(folder)).unwrap();
        }
        let text = self.scenario();
        fs::write(dir.join("scenario.toml"), &text).unwrap();
        let study = Study::from_scenario(&Scenario::parse(&text, "scenario.toml").unwrap());
        let curves: Vec<FileRef> = (0..NUM_CURVES).map(|number| write_curve(dir, number)).collect();
        let cells = study.cells();
        let runs_of = |key: &CellKey| u64::from(if key.source.is_none() { REFERENCE_RUNS } else { 1 });
        let firsts: Vec<u64> = cells
            .iter()
            .scan(0, |next, (key, _)| {
                let first = *next;
                *next += runs_of(key) * u64::from(NUM_REPLICATES);
                Some(first)
            })
            .collect();
        let mut ledger = fs::File::create(dir.join("runs.jsonl")).unwrap();
        let mut plan = Vec::new();
        let all: Vec<(&(CellKey, String), u64)> = cells.iter().zip(firsts).collect();
        for chunk in all.chunks(CELLS_AT_ONCE) {
            let written: Vec<Vec<RunRecord>> = chunk
                .par_iter()
                .map(|&((key, treatment), first)| {
                    let runs = (0..NUM_REPLICATES).flat_map(|one| (0..runs_of(key) as u32).map(move |run| (one, run)));
                    let numbered = (first..).zip(runs);
                    numbered.map(|(number, at)| self.run(dir, number, (&study, key, treatment), at, &curves)).collect()
                })
                .collect();
            for record in written.into_iter().flatten() {
                ledger.write_all(&encode(&record).unwrap()).unwrap();
                plan.push(planned(&record));
            }
        }
        self.write_manifest(dir, &study, plan);
    }

    fn write_manifest(&self, dir: &Path, study: &Study, plan: Vec<PlannedJob>) {
        let count = plan.len() as u64;
        let manifest = Manifest {
            study: study.name.clone(),
            preregistration: preregistration(study),
            plan,
            completeness: Completeness { planned: count, done: count, ..Completeness::default() },
            test_openings: count,
            ..manifest()
        };
        // A plain write, which costs a test no sync.
        fs::write(dir.join(MANIFEST_FILE), serde_json::to_vec_pretty(&manifest).unwrap()).unwrap();
    }

    fn run(
        &self,
        dir: &Path,
        number: u64,
        (study, key, treatment): (&Study, &CellKey, &str),
        (replicate, run): (u32, u32),
        curves: &[FileRef],
    ) -> RunRecord {
        let predictions = self.predictions(key, (replicate, run));
        let bytes = predictions.to_bytes().unwrap();
        let file = FileRef::new(Predictions::path(job(number)), &bytes);
        fs::write(dir.join(&file.path), bytes).unwrap();
        let shared = &curves[(number % NUM_CURVES) as usize];
        let curve = FileRef { path: format!("curves/{}.csv", job(number)), ..shared.clone() };
        link(&dir.join(&shared.path), &dir.join(&curve.path));
        let hits = predictions.hits(1).into_iter().filter(|&hit| hit).count();
        let accuracy = hits as f64 / f64::from(self.test_images);
        let measured = |measure, value, n| Measured::new(measure, value, n);
        RunRecord {
            study: study.name.clone(),
            metrics: vec![
                measured(Measure::TrainLossFirst, 2.1, 1),
                measured(Measure::TrainLossLast, 0.4, 1),
                measured(Measure::Train(Metric::Top1), 0.9, 320),
                measured(Measure::Test(Metric::Top1), accuracy, u64::from(self.test_images)),
                measured(Measure::Validation(Metric::Top1), accuracy, 64),
                measured(Measure::Validation(Metric::LogLoss), 1.5 - accuracy, 64),
            ],
            files: vec![file, curve],
            ..run_of(study, key, treatment, (replicate, run), number)
        }
    }

    /// Half of the images are got right or wrong alike by all runs of a replicate: the pairing of a real study.
    fn predictions(&self, key: &CellKey, (replicate, run): (u32, u32)) -> Predictions {
        let of_arm = hash(format!("{}/{run}", key.name()).as_bytes());
        let of_replicate = hash(&[key.target.as_bytes(), &replicate.to_le_bytes()].concat());
        let chance_of_hit = accuracy(key) + 0.03 * (uniform(of_replicate) - 0.5);
        let guesses = |image: u32| {
            let own = mixed(of_arm ^ of_replicate.rotate_left(17) ^ u64::from(image));
            let shared = mixed(of_replicate ^ u64::from(image));
            let luck = uniform(if own & 1 == 0 { own } else { shared });
            let first = if luck < chance_of_hit { image } else { image + 1 };
            std::array::from_fn(|rank| ((first + rank as u32) % NUM_CLASSES) as u16)
        };
        let top5: Vec<[u16; 5]> = (0..self.test_images).map(guesses).collect();
        let labels: Vec<u16> = (0..self.test_images).map(|image| (image % NUM_CLASSES) as u16).collect();
        let losses = labels.iter().zip(&top5).map(|(label, guesses)| if guesses[0] == *label { 0.5 } else { 2.0 });
        let losses = losses.collect();
        Predictions::new((0..self.test_images).collect(), labels, top5, losses).unwrap()
    }
}

/// What a cell reaches: near sources help, far ones harm the deeper they are frozen, and no two are quite alike.
fn accuracy(key: &CellKey) -> f64 {
    let Some(source) = &key.source else { return 0.5 };
    let depth = f64::from(key.frozen) / NUM_DEPTHS as f64;
    let own = 0.08 * (uniform(hash(source.as_bytes())) - 0.5);
    match source.as_str() {
        "untrained" => 0.5 - 0.3 * depth,
        "twin" => 0.62 - 0.05 * depth,
        name if name.ends_with(['0', '2', '4', '6', '8']) => 0.55 + own - 0.05 * depth,
        _ => 0.5 + own - 0.2 * depth,
    }
}

/// A file with another name and the same contents: a link where the system has them.
fn link(from: &Path, to: &Path) {
    if fs::hard_link(from, to).is_err() {
        fs::copy(from, to).unwrap();
    }
}

fn write_curve(dir: &Path, number: u64) -> FileRef {
    let row = |point: u64| {
        let loss = 2.2 / (1.0 + (1.0 + number as f64 / 64.0) * point as f64 / 10.0);
        format!("{CURVE_VERSION},{},0.01,{loss:.6},0.5,\n", 5 * point)
    };
    let rows: String = (1..=POINTS_OF_CURVE).map(row).collect();
    let text = format!("schema_version,step,learning_rate,train_loss,train_top1,validation_top1\n{rows}");
    let file = FileRef::new(format!("curves/shared-{number}.csv"), text.as_bytes());
    fs::write(dir.join(&file.path), text).unwrap();
    file
}

fn planned(record: &RunRecord) -> PlannedJob {
    let job: JobId = record.job;
    PlannedJob {
        job,
        name: record.name.clone(),
        role: record.role,
        line: 1,
        multiply_accumulates: 1_000_000,
        record: String::new(),
    }
}

fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| mixed(hash ^ u64::from(byte)))
}

/// The last step of SplitMix64.
fn mixed(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ value >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ value >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ value >> 31
}

/// A number in [0, 1) from the upper bits.
fn uniform(bits: u64) -> f64 {
    (bits >> 11) as f64 / (1u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shape_says_how_many_cells_there_are() {
        let shape = ManyCells { targets: 2, sizes: 2, sources: 3, test_images: 40 };
        let scenario = Scenario::parse(&shape.scenario(), "scenario.toml").unwrap();
        assert_eq!(Study::from_scenario(&scenario).cells().len(), shape.num_cells());
    }
}
