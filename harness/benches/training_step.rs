//! Whole training steps (forward, loss, backward, SGD; dropout .5; images at hand) and a whole small study, f32, CPU, on
//! one thread and on all. Throughput is in images; criterion's Kelem/s are thousands of images a second.
//!
//! `cargo bench --bench training_step`; `NT_SIMD=scalar|avx2|avx512` picks the instructions. How it compares with PyTorch is
//! `just bench-peers`'s to say.

mod training;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use negative_transfer::run::{OpenStudy, Progress, RunOptions};
use negative_transfer::train::{AtChance, Cpu};
use nt_records::ledger::Shard;
use nt_scenario::{Scenario, apply_set};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;
use training::{Fault, Training};

/// Input side (pixels), width factor, batch.
const NETWORKS: [(usize, f64, usize); 5] =
    [(224, 1.0, 32), (64, 1.0, 64), (64, 0.25, 64), (32, 0.25, 64), (48, 0.125, 32)];

fn steps(criterion: &mut Criterion, threads: usize) -> Result<(), Fault> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
    let mut group = criterion.benchmark_group(format!("training_step/{threads} threads"));
    group.sample_size(10).measurement_time(Duration::from_secs(3));
    for (side, width, batch) in NETWORKS {
        let name = format!("{side}px width {width} batch {batch}");
        let trainings = [
            ("frozen 0", Training::new(side, width, batch, 0)?),
            ("frozen 5", Training::new(side, width, batch, 5)?),
            ("clipped", Training::new(side, width, batch, 0)?.clipped()),
        ];
        for (what, mut training) in trainings {
            group.throughput(Throughput::Elements(batch as u64));
            group.bench_function(BenchmarkId::new(&name, what), |bencher| {
                pool.install(|| bencher.iter(|| training.step().ok()));
            });
        }
    }
    group.finish();
    Ok(())
}

/// One replicate of the smallest study, from its scenario to its records: 2 sources, 12 cells, tuned on 2 rates.
fn matrix(criterion: &mut Criterion) -> Result<(), Fault> {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/smoke.toml"))?;
    let text = apply_set(&text, &["study.replicates=1".to_owned()])?;
    let folder = tempfile::tempdir()?;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let options =
        RunOptions { jobs: cores, threads: 1, cache_bytes: 1 << 30, at_chance: AtChance::GoesOn, keep_networks: false };
    let run = |out: &Path| -> Result<usize, Fault> {
        let scenario = Scenario::parse(&text, "smoke.toml")?;
        let study = OpenStudy::open(scenario, folder.path(), &folder.path().join("cache"), Arc::new(Cpu))?;
        let mut ledger = study.open_ledger(out, Shard::WHOLE)?;
        let tally = study.run(&mut ledger, Shard::WHOLE, &options, &Progress::quiet(), &AtomicBool::new(false))?;
        Ok(tally.ran)
    };
    // Draws the pictures into the cache, and counts the jobs.
    let jobs = run(&folder.path().join("first"))?;
    let mut group = criterion.benchmark_group("study");
    group.sample_size(10).measurement_time(Duration::from_secs(10));
    group.throughput(Throughput::Elements(jobs as u64));
    group.bench_function(BenchmarkId::new("smoke.toml, one replicate", format!("{cores} jobs at a time")), |bencher| {
        let mut number = 0;
        bencher.iter(|| {
            number += 1;
            run(&folder.path().join(number.to_string())).ok()
        });
    });
    group.finish();
    Ok(())
}

fn benches(criterion: &mut Criterion) {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let outcome = steps(criterion, 1)
        .and_then(|()| if cores > 1 { steps(criterion, cores) } else { Ok(()) })
        .and_then(|()| matrix(criterion));
    if let Err(fault) = outcome {
        eprintln!("not all was timed: {fault}");
    }
}

criterion_group!(all, benches);
criterion_main!(all);
