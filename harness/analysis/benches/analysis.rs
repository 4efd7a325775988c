//! The whole analysis of a large study, from its files: CPU; 1,000 cells × 10 replicates × 10,000 test images of 10
//! classes, each run a file of 200 kB. Reading and proving the files, pairing, Holm over 996 contrasts, exact joint
//! sign flips (512 of them tell ten replicates apart), effect sizes, and 1,000 two-way bootstrap draws of the 50 cells
//! nearest to another verdict. Beside it 10,000 joint sign flips of 1,000 cells × 20 replicates.
//!
//! Writes 2 GB below the system's folder for temporary files. The peak of resident memory is printed at the end.

#![allow(clippy::expect_used, reason = "a benchmark that cannot be set up may panic")]

use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, SamplingMode, criterion_group, criterion_main};
use nt_analysis::Study;
use nt_analysis::analyse;
use nt_analysis::study::{StudyArm, StudySize, StudySource, StudyTarget};
use nt_records::record::RECORD_VERSION;
use nt_records::{FileRef, Measure, Measured, Predictions, RunRecord, Status};
use nt_scenario::{ChoiceOf, Method, Metric, Role, Standing};
use nt_stats::sign_flip::{Flips, ReplicateGaps, max_t};

const NUM_REPLICATES: u32 = 10;
const NUM_IMAGES: u32 = 10_000;
const NUM_CLASSES: u32 = 10;

/// SplitMix64: fast, and good enough for answers.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn uniform(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Four sizes of one target, each with scratch and 249 treatments of seven trained sources and an untrained one.
fn study() -> Study {
    let source = |at: usize| StudySource {
        name: format!("source-{at}"),
        similarity: ["similar", "dissimilar", "untrained"][if at == 7 { 2 } else { at % 2 }].to_owned(),
        standing: if at == 7 { Standing::NoKnowledge } else { Standing::Knowledge },
        network: nt_stats::verdict::Reach::Population,
    };
    let points = (1..=7_u8).flat_map(|copied| (0..=copied).map(move |frozen| (copied, frozen)));
    let points: Vec<(u8, u8)> = points.collect();
    let arms = (0..8).flat_map(|source| {
        let points = points.clone().into_iter().take(if source == 7 { 4 } else { 35 });
        points.map(move |(copied, frozen)| StudyArm {
            source,
            treatment: "lattice".to_owned(),
            copied,
            frozen,
            method: Method::Training,
        })
    });
    let sizes = (0..4).map(|size| StudySize::per_class(format!("size-{size}"), 10 << size)).collect();
    Study {
        name: "large".to_owned(),
        question: "How long does it take?".to_owned(),
        replicates: NUM_REPLICATES,
        reference_runs: 1,
        choice: ChoiceOf::EachReplicate,
        primary: Vec::new(),
        metric: Metric::Top1,
        margin_pp: 1.0,
        alpha: 0.05,
        equivalence_alpha: 0.05,
        looks: None,
        network: "none".to_owned(),
        layers: nt_scenario::Architecture::AlexNet.layer_names().into_iter().map(str::to_owned).collect(),
        search: "none".to_owned(),
        search_of: None,
        extension: 0,
        targets: vec![StudyTarget { name: "images".to_owned(), sizes, cluster: None }],
        sources: (0..8).map(source).collect(),
        arms: arms.collect(),
    }
}

/// Half of the answers are shared by all arms of a replicate; accuracies lie between 60 and 75 per cent.
fn predictions(cell: u64, replicate: u32) -> Predictions {
    let (mut shared, mut own) = (Random(u64::from(replicate)), Random(cell << 32 | u64::from(replicate)));
    let accuracy = 0.6 + 0.15 * Random(cell).uniform() + 0.02 * (Random(!u64::from(replicate)).uniform() - 0.5);
    let top5 = (0..NUM_IMAGES).map(|image| {
        let (together, alone) = (shared.uniform(), own.uniform());
        let luck = if own.next() & 1 == 0 { together } else { alone };
        let first = if luck < accuracy { image } else { image + 1 };
        std::array::from_fn(|rank| ((first + rank as u32) % NUM_CLASSES) as u16)
    });
    let labels = (0..NUM_IMAGES).map(|image| (image % NUM_CLASSES) as u16).collect();
    Predictions::new((0..NUM_IMAGES).collect(), labels, top5.collect(), vec![1.0; NUM_IMAGES as usize])
        .expect("columns of one length")
}

/// Writes every run's predictions, without waiting for the disk.
fn write(dir: &Path, study: &Study) -> Vec<RunRecord> {
    std::fs::create_dir_all(dir.join("predictions")).expect("a folder for the files");
    let mut records = Vec::new();
    for (cell, (key, treatment)) in study.cells().into_iter().enumerate() {
        for replicate in 0..NUM_REPLICATES {
            let job = format!("{:032x}", records.len()).parse().expect("32 hexadecimal digits");
            let bytes = predictions(cell as u64, replicate).to_bytes().expect("a file's bytes");
            let file = FileRef::new(Predictions::path(job), &bytes);
            std::fs::write(dir.join(&file.path), bytes).expect("room for 2 GB");
            let source = key.source.as_deref().and_then(|name| study.source(name));
            records.push(RunRecord {
                schema_version: RECORD_VERSION,
                job,
                name: format!("{}/r{replicate}", key.name()),
                study: study.name.clone(),
                role: Role::Final,
                source: key.source.clone(),
                similarity: source.map(|source| source.similarity.clone()),
                target: Some(key.target.clone()),
                size: Some(key.size.clone()),
                treatment: treatment.clone(),
                copied: key.copied,
                frozen: key.frozen,
                replicate,
                run: 0,
                budget: 1.0,
                learning_rate: Some(0.01),
                setting_on_edge: false,
                l2: None,
                method: Method::Training,
                numerics: "none".to_owned(),
                status: Status::Done,
                metrics: vec![
                    Measured::new(Measure::Train(Metric::Top1), 0.9, 1_000),
                    Measured::new(Measure::Validation(Metric::Top1), 0.7, 100),
                    Measured::new(Measure::Validation(Metric::LogLoss), 1.0, 100),
                ],
                files: vec![file],
                test_openings: 1,
                wall_seconds: 1.0,
            });
        }
    }
    records
}

/// Peak of resident memory so far, as Linux tells it.
fn peak_memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM"));
    line.map_or("not told by this system".to_owned(), |line| line.replace("VmHWM:", "").trim().to_owned())
}

fn analysis(criterion: &mut Criterion) {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let study = study();
    let records = write(dir.path(), &study);
    println!("{} cells, {} runs; peak memory before: {}", study.cells().len(), records.len(), peak_memory());
    let mut group = criterion.benchmark_group("analysis");
    group.sample_size(10).sampling_mode(SamplingMode::Flat).warm_up_time(Duration::from_millis(1));
    group.bench_function(BenchmarkId::new("analyse", "1000x10x10000"), |bencher| {
        bencher.iter(|| black_box(analyse(dir.path(), &study, &records).expect("a study that can be analysed")));
    });
    group.finish();
    println!("peak memory of the analysis: {}", peak_memory());
}

fn flips(criterion: &mut Criterion) {
    let mut random = Random(1);
    let cells = (0..1_000).map(|_| (0..20).map(|_| random.uniform() - 0.45).collect()).collect();
    let gaps = ReplicateGaps::new(cells).expect("finite gaps");
    let mut group = criterion.benchmark_group("analysis");
    group.sample_size(10);
    group.bench_function(BenchmarkId::new("max_t", "1000x20, 10000 flips"), |bencher| {
        bencher.iter(|| black_box(max_t(&gaps, &Flips { num_flips: 10_000, seed: 0 })));
    });
    group.finish();
}

criterion_group!(benches, flips, analysis);
criterion_main!(benches);
