//! The kernels on AlexNet's shapes, on one CPU thread, f32. Of products, criterion's Gelem/s are GFLOP/s, two floating-point
//! operations a multiply-accumulate, padded taps not counted; the first one, which stays in the first-level cache, is the
//! peak to hold the others against. Of the rest, Gelem/s are elements of the larger side.
//!
//! `NT_SIMD=scalar|avx2|avx512` picks the instructions. A call ends when its result is in memory, so there is nothing to
//! synchronise.

use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use nt_kernels::conv2d::{Activation, Conv2d, Conv2dGeometry, GeometryError};
use nt_kernels::dropout::Dropout;
use nt_kernels::linear::Linear;
use nt_kernels::local_response_norm::LocalResponseNorm;
use nt_kernels::max_pool2d::MaxPool2d;
use nt_kernels::philox::Stream;
use nt_kernels::relu;
use nt_kernels::sgd::{Sgd, WeightDecay};
use nt_kernels::tile::Simd;
use nt_kernels::workspace::Workspace;

/// A network that is trained here: input side, width factor, batch.
const NETWORKS: [(usize, f64, usize); 3] = [(48, 0.125, 32), (64, 0.25, 64), (224, 1.0, 32)];

/// Output channels at width 1, kernel, stride, padding, and whether a 3×3 pool of stride 2 follows.
const CONVOLUTIONS: [(usize, usize, usize, usize, bool); 5] =
    [(64, 11, 4, 2, true), (192, 5, 1, 2, true), (384, 3, 1, 1, false), (256, 3, 1, 1, false), (256, 3, 1, 1, true)];

fn normal(name: &str, length: usize) -> Vec<f32> {
    let mut cursor = Stream::named(0, "bench", name, 0).cursor();
    (0..length).map(|_| cursor.normal() as f32).collect()
}

/// Operands and results of a layer's passes.
struct Tensors {
    x: Vec<f32>,
    weight: Vec<f32>,
    bias: Vec<f32>,
    dy: Vec<f32>,
    y: Vec<f32>,
    dx: Vec<f32>,
    dw: Vec<f32>,
    db: Vec<f32>,
    workspace: Workspace,
}

impl Tensors {
    fn new(inputs: usize, weights: usize, biases: usize, outputs: usize) -> Self {
        Self {
            x: normal("x", inputs),
            weight: normal("weight", weights),
            bias: normal("bias", biases),
            dy: normal("dy", outputs),
            y: vec![0.0; outputs],
            dx: vec![0.0; inputs],
            dw: vec![0.0; weights],
            db: vec![0.0; biases],
            workspace: Workspace::new(),
        }
    }
}

/// A pass and its name.
type Pass<'a> = (&'a str, &'a dyn Fn(&mut Tensors));

/// Benchmarks each named pass under the layer's name.
fn passes(
    criterion: &mut Criterion,
    layer: &str,
    multiply_accumulates: u64,
    tensors: &mut Tensors,
    passes: &[Pass<'_>],
) {
    let mut group = criterion.benchmark_group(format!("cpu-f32-{}/{layer}", Simd::current().name()));
    group.sample_size(10).warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
    group.throughput(Throughput::Elements(2 * multiply_accumulates));
    for (pass, run) in passes {
        group.bench_function(BenchmarkId::from_parameter(pass), |bencher| bencher.iter(|| run(tensors)));
    }
    group.finish();
}

fn convolution(criterion: &mut Criterion, geometry: Conv2dGeometry, batch: usize) -> Result<(), GeometryError> {
    let layer = Conv2d::new(geometry)?;
    let Conv2dGeometry { in_channels, out_channels, height, width, kernel, stride, .. } = geometry;
    let name = format!("conv {in_channels}x{height}x{width} to {out_channels}, k{kernel} s{stride}, batch {batch}");
    let (inputs, outputs) = (geometry.in_features() * batch, geometry.out_features() * batch);
    let mut tensors = Tensors::new(inputs, geometry.weights(), out_channels, outputs);
    passes(
        criterion,
        &name,
        geometry.multiply_accumulates() * batch as u64,
        &mut tensors,
        &[
            ("forward", &|t: &mut Tensors| {
                layer.forward(&t.x, &t.weight, &t.bias, &mut t.y, batch, Activation::Relu, &mut t.workspace);
            }),
            ("weight gradient", &|t: &mut Tensors| {
                layer.weight_gradient(&t.x, &t.dy, &mut t.dw, batch, &mut t.workspace);
                layer.bias_gradient(&t.dy, &mut t.db, batch);
            }),
            ("input gradient", &|t: &mut Tensors| {
                layer.input_gradient(&t.dy, &t.weight, &mut t.dx, batch, &mut t.workspace);
            }),
        ],
    );
    Ok(())
}

fn linear(criterion: &mut Criterion, ins: usize, outs: usize, batch: usize) -> Result<(), GeometryError> {
    let layer = Linear::new(ins, outs)?;
    let mut tensors = Tensors::new(ins * batch, ins * outs, outs, outs * batch);
    passes(
        criterion,
        &format!("linear {ins} to {outs}, batch {batch}"),
        layer.multiply_accumulates() * batch as u64,
        &mut tensors,
        &[
            ("forward", &|t: &mut Tensors| {
                layer.forward(&t.x, &t.weight, &t.bias, &mut t.y, batch, Activation::Relu, &mut t.workspace);
            }),
            ("weight gradient", &|t: &mut Tensors| {
                layer.weight_gradient(&t.x, &t.dy, &mut t.dw, batch, &mut t.workspace);
                layer.bias_gradient(&t.dy, &mut t.db, batch);
            }),
            ("input gradient", &|t: &mut Tensors| {
                layer.input_gradient(&t.dy, &t.weight, &mut t.dx, batch, &mut t.workspace);
            }),
        ],
    );
    Ok(())
}

/// The layers of one network.
fn network(criterion: &mut Criterion, side: usize, width: f64, batch: usize) -> Result<(), GeometryError> {
    let channels = |at_width_one: usize| (at_width_one as f64 * width) as usize;
    let (mut side, mut in_channels) = (side, 3);
    for (out_channels, kernel, stride, padding, pooled) in CONVOLUTIONS {
        let out_channels = channels(out_channels);
        let geometry =
            Conv2dGeometry { in_channels, out_channels, height: side, width: side, kernel, stride, padding, groups: 1 };
        convolution(criterion, geometry, batch)?;
        (side, in_channels) = (geometry.out_height(), out_channels);
        if pooled && side >= 3 {
            side = (side - 3) / 2 + 1;
        }
    }
    let hidden = channels(4096);
    for (ins, outs) in [(in_channels * side * side, hidden), (hidden, hidden), (hidden, 10)] {
        linear(criterion, ins, outs, batch)?;
    }
    Ok(())
}

/// `C[m][n] = A[m][k] B[k][n]`: the peak, and squares.
fn squares(criterion: &mut Criterion) -> Result<(), GeometryError> {
    for (name, m, n, k) in
        [("peak", 168, 32, 256), ("512", 512, 512, 512), ("1024", 1024, 1024, 1024), ("2048", 2048, 2048, 2048)]
    {
        let layer = Linear::new(k, m)?;
        let mut tensors = Tensors::new(k * n, m * k, m, m * n);
        passes(
            criterion,
            &format!("product {m}x{n}x{k}"),
            (m * n * k) as u64,
            &mut tensors,
            &[(name, &|t| {
                layer.forward(&t.x, &t.weight, &t.bias, &mut t.y, n, Activation::None, &mut t.workspace);
            })],
        );
    }
    Ok(())
}

/// What is no product: pooling, normalisation, ReLU, dropout and the step, at conv1's and fc6's sizes of the full network.
fn element_by_element(criterion: &mut Criterion) -> Result<(), GeometryError> {
    let batch = 32;
    let pool = MaxPool2d::new(64, 55, 55, 3, 2)?;
    let (inner, outer) = (pool.in_features() * batch, pool.out_features() * batch);
    let mut t = Tensors::new(inner, 1, 1, outer);
    let mut group = criterion.benchmark_group(format!("cpu-f32-{}/64x55x55, batch {batch}", Simd::current().name()));
    group.sample_size(10).warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
    group.throughput(Throughput::Elements(inner as u64));
    group.bench_function("max pool forward", |bencher| bencher.iter(|| pool.forward(&t.x, &mut t.y, batch)));
    group.bench_function("max pool gradient", |bencher| {
        bencher.iter(|| pool.input_gradient(&t.x, &t.y, &t.dy, &mut t.dx, batch));
    });
    group.bench_function("ReLU gradient", |bencher| bencher.iter(|| relu::gradient_in_place(&t.x, &mut t.dx)));
    let (norm, mut normed) = (LocalResponseNorm::KRIZHEVSKY_2012, vec![0.0; inner]);
    group.bench_function("response normalisation forward", |bencher| {
        bencher.iter(|| norm.forward(&t.x, &mut normed, 64, 55 * 55, batch));
    });
    let dy = normal("dy", inner);
    group.bench_function("response normalisation gradient", |bencher| {
        bencher.iter(|| norm.input_gradient(&t.x, &normed, &dy, &mut t.dx, 64, 55 * 55, batch));
    });
    group.finish();

    let weights = 9216 * 4096;
    let (mut weight, mut velocity, gradient) = (vec![0.0; weights], vec![0.0; weights], vec![1e-3; weights]);
    let mut group = criterion.benchmark_group(format!("cpu-f32-{}/fc6 9216 to 4096", Simd::current().name()));
    group.sample_size(10).warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
    group.throughput(Throughput::Elements(weights as u64));
    let sgd = Sgd { momentum: 0.9, weight_decay: WeightDecay::Coupled(5e-4), nesterov: false };
    group.bench_function("SGD step", |bencher| {
        bencher.iter(|| sgd.step(1e-3, &mut weight, &gradient, &mut velocity, false));
    });
    if let (Ok(layer), Ok(dropout)) = (Linear::new(9216, 4096), Dropout::new(0.5)) {
        let mut t = Tensors::new(9216 * batch, 1, 1, 4096 * batch);
        group.bench_function(format!("weight gradient and SGD step, batch {batch}"), |bencher| {
            let step = sgd.at(1e-3, false);
            bencher.iter(|| {
                layer.weight_step((&t.x, &t.dy), step, &mut weight, &mut velocity, batch, &mut t.workspace);
            });
        });
        group.throughput(Throughput::Elements((9216 * batch) as u64));
        let stream = Stream::named(0, "dropout", "bench", 0);
        group.bench_function(format!("dropout mask, batch {batch}"), |bencher| {
            bencher.iter(|| dropout.mask(&stream, 0, 9216, batch, &mut t.dx));
        });
    }
    group.finish();
    Ok(())
}

fn products(criterion: &mut Criterion) {
    if let Err(error) = rayon::ThreadPoolBuilder::new().num_threads(1).build_global() {
        eprintln!("more than one thread: {error}");
    }
    if let Err(error) = squares(criterion).and_then(|()| element_by_element(criterion)) {
        eprintln!("{error}");
    }
    for (side, width, batch) in NETWORKS {
        if let Err(error) = network(criterion, side, width, batch) {
            eprintln!("{side} px, width {width}: {error}");
        }
    }
}

criterion_group!(benches, products);
criterion_main!(benches);
