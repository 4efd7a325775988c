//! A training step of the whole network on one thread, f32, CPU: gather, forward, loss, backward, SGD. Throughput is in
//! images; criterion's Kelem/s are thousands of images a second.
//!
//! `cargo bench --bench training_step` with `NT_SIMD=scalar|avx2|avx512` to pick the instructions.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use negative_transfer::data::{Codes, Inputs};
use negative_transfer::model::{Init, initialise};
use negative_transfer::train::{ForTuning, Setup, Span, train};
use nt_kernels::philox::Stream;
use nt_scenario::network::{Architecture, NetworkShape};
use nt_scenario::{Initialiser, Recipe, Schedule, Settings};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

const CLASSES: usize = 10;

/// Input side (pixels), width factor, batch, steps a measurement.
const NETWORKS: [(usize, f64, usize, u64); 5] =
    [(48, 0.125, 32, 50), (32, 0.25, 64, 20), (64, 0.25, 64, 10), (64, 1.0, 64, 2), (224, 1.0, 32, 1)];

fn training_step(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("training_step");
    group.sample_size(10).measurement_time(Duration::from_secs(5));
    for (side, width, batch, steps) in NETWORKS {
        let shape = NetworkShape::new(Architecture::AlexNet, width, side, CLASSES);
        let start = initialise(&shape, Initialiser::HeNormal, Init { seed: 0, scope: "bench", replicate: 0 });
        let features = 3 * side * side;
        let mut cursor = Stream::named(0, "images", "", 0).cursor();
        let values = (0..batch * features).map(|_| cursor.normal() as f32).collect();
        let labels = (0..batch as u32).map(|index| index % CLASSES as u32).collect();
        let images = Codes::from_parts(features, values, labels, (0..batch as u32).collect());
        for frozen in [0, 5] {
            let settings = Settings {
                batch,
                momentum: 0.9,
                weight_decay: 5e-4,
                schedule: Schedule::Constant,
                augmentation: Vec::new(),
            };
            let recipe = Recipe { settings, dropout: 0.5, steps };
            let setup = Setup {
                shape: &shape,
                span: Span { frozen, ..Span::WHOLE },
                recipe: &recipe,
                learning_rate: 1e-4,
                seed: 0,
                scope: "bench",
                replicate: 0,
                interrupt: &AtomicBool::new(false),
            };
            group.throughput(Throughput::Elements(batch as u64 * steps));
            let name = format!("{side}px width {width} batch {batch}");
            group.bench_function(BenchmarkId::new(name, format!("frozen {frozen}")), |bencher| {
                bencher.iter(|| train::<ForTuning>(&setup, start.clone(), Inputs::Codes(&images)));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, training_step);
criterion_main!(benches);
