//! Convolution and linear layers of AlexNet on one CPU thread, f32: criterion's Gelem/s are GFLOP/s, two floating-point
//! operations a multiply-accumulate, padded taps not counted.
//!
//! `NT_SIMD=scalar|avx2|avx512` picks the instructions. A call ends when its result is in memory, so there is nothing to
//! synchronise.

use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use nt_kernels::conv2d::{Activation, Conv2d, Conv2dGeometry, GeometryError};
use nt_kernels::linear::Linear;
use nt_kernels::philox::Stream;
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

fn products(criterion: &mut Criterion) {
    if let Err(error) = rayon::ThreadPoolBuilder::new().num_threads(1).build_global() {
        eprintln!("more than one thread: {error}");
    }
    for (side, width, batch) in NETWORKS {
        if let Err(error) = network(criterion, side, width, batch) {
            eprintln!("{side} px, width {width}: {error}");
        }
    }
}

criterion_group!(benches, products);
criterion_main!(benches);
