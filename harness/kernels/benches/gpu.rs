//! The passes of an AlexNet's step on a GPU, at 224 px and width 1, in each precision, with the measured ceilings first: a
//! copy within the GPU's memory and a large product. Of products, criterion's Telem/s are TFLOP/s, two floating-point
//! operations a multiply-accumulate, padded taps not counted; of the rest, GiB/s are of the bytes that a pass must move: each
//! operand once, each result once.
//!
//! `just bench-gpu-kernels [FILTER]`. A pass is queued many times and waited for once.

use candle_core::cuda_backend::cudarc::driver::CudaSlice;
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};
use nt_kernels::conv2d::Conv2dGeometry;
use nt_kernels::cuda::{
    Chosen, Convolution, CudaError, Features, FullyConnected, Gpu, MemoryFormat, Pool, Precision, State, Storage,
    Weights, add_bias, bf16, bias_gradient_scratch, gather_images, relu_and_bias_gradient,
};
use nt_kernels::driver::number_of_gpus;
use nt_kernels::linear::Linear;
use nt_kernels::max_pool2d::MaxPool2d;
use nt_kernels::philox::Stream;
use nt_kernels::sgd::{Sgd, WeightDecay};
use std::time::{Duration, Instant};

type Fault = Box<dyn std::error::Error>;

/// Height and width of the images, pixels.
const SIDE: usize = 224;

/// Output channels, kernel, stride, padding, and whether a 3×3 pool of stride 2 follows.
const CONVOLUTIONS: [(usize, usize, usize, usize, bool); 5] =
    [(64, 11, 4, 2, true), (192, 5, 1, 2, true), (384, 3, 1, 1, false), (256, 3, 1, 1, false), (256, 3, 1, 1, true)];

/// Features in and out.
const FULLY_CONNECTED: [(usize, usize); 3] = [(9216, 4096), (4096, 4096), (4096, 1000)];

/// Parameters of the whole network, for 1000 classes.
const PARAMETERS: usize = 61_100_840;

/// What activations are stored in.
trait Stored: Storage {
    const BYTES: usize = size_of::<Self>();

    fn of(value: f32) -> Self;
}

impl Stored for f32 {
    fn of(value: f32) -> Self {
        value
    }
}

impl Stored for bf16 {
    fn of(value: f32) -> Self {
        Self::from_f32(value)
    }
}

/// A tensor of normal numbers; a million are drawn and repeated.
fn tensor<T: Stored>(gpu: &Gpu, name: &str, length: usize) -> Result<CudaSlice<T>, CudaError> {
    let mut cursor = Stream::named(0, "bench", name, 0).cursor();
    let drawn: Vec<T> = (0..length.min(1 << 20)).map(|_| T::of(cursor.normal() as f32)).collect();
    gpu.upload(&drawn.into_iter().cycle().take(length).collect::<Vec<_>>())
}

fn operations(multiply_accumulates: usize) -> Throughput {
    Throughput::Elements(2 * multiply_accumulates as u64)
}

fn bytes(bytes: usize) -> Throughput {
    Throughput::Bytes(bytes as u64)
}

struct Timer<'c> {
    group: BenchmarkGroup<'c, WallTime>,
    gpu: Gpu,
    batch: usize,
}

impl Timer<'_> {
    fn time(
        &mut self,
        name: &str,
        throughput: Throughput,
        mut pass: impl FnMut(&Gpu) -> Result<(), CudaError>,
    ) -> Result<(), CudaError> {
        let (gpu, mut outcome) = (&self.gpu, Ok(()));
        self.group.throughput(throughput).bench_function(name, |bencher| {
            bencher.iter_custom(|calls| {
                let mut queued = gpu.wait();
                let began = Instant::now();
                for _ in 0..calls {
                    queued = queued.and_then(|()| pass(gpu));
                }
                if let Err(error) = queued.and_then(|()| gpu.wait()) {
                    outcome = Err(error);
                }
                // Criterion divides by it.
                began.elapsed().max(Duration::from_nanos(1))
            });
        });
        outcome
    }

    fn ceilings<T: Stored>(&mut self, size: usize) -> Result<(), CudaError> {
        let (a, b) = (tensor::<T>(&self.gpu, "a", size * size)?, tensor::<T>(&self.gpu, "b", size * size)?);
        let mut c: CudaSlice<T> = self.gpu.zeros(size * size)?;
        self.time("ceiling: copy", bytes(2 * size * size * T::BYTES), |gpu| {
            Ok(gpu.stream().memcpy_dtod(&a, &mut c)?)
        })?;
        let Ok(linear) = Linear::new(size, size) else { return Ok(()) };
        let layer = FullyConnected::new(linear);
        self.time("ceiling: product", operations(size * size * size), |gpu| {
            layer.forward(gpu, &a.as_view(), &b.as_view(), &mut c.as_view_mut())
        })
    }

    fn images<T: Stored>(&mut self, format: MemoryFormat) -> Result<(), CudaError> {
        let (gpu, batch, plane) = (&self.gpu, self.batch, SIDE * SIDE);
        let pixels: Vec<u8> = (0..batch * 3 * plane).map(|i| (i * 89 % 251) as u8).collect();
        let order: Vec<u32> = (0..batch as u32).rev().collect();
        let (pixels, order, state) = (gpu.upload(&pixels)?, gpu.upload(&order)?, gpu.upload(&[State::BEGIN])?);
        let tables = tensor::<f32>(gpu, "tables", 3 * 256)?;
        let mut out: CudaSlice<T> = gpu.zeros(pixels.len())?;
        let features = Features { channels: 3, positions: plane, format };
        self.time("images", bytes(pixels.len() * (1 + T::BYTES)), |gpu| {
            let chosen = Chosen { order: &order, state: &state };
            gather_images(gpu, &pixels, chosen, &tables, &mut out.as_view_mut(), features)
        })
    }

    fn convolution<T: Stored>(
        &mut self,
        name: &str,
        geometry: Conv2dGeometry,
        pools: bool,
        format: MemoryFormat,
    ) -> Result<(), Fault> {
        let (gpu, batch) = (&self.gpu, self.batch);
        let side = geometry.out_height();
        let outputs = Features { channels: geometry.out_channels, positions: side * side, format };
        let plan = Convolution::<T>::new(gpu, geometry, batch, format)?;
        println!("{name}: {}", plan.algorithms().join(", "));
        let mut workspace = gpu.zeros(plan.workspace_bytes())?;
        let x = tensor::<T>(gpu, "x", batch * geometry.in_features())?;
        let weight = tensor::<T>(gpu, "weight", geometry.weights())?;
        let mut y = tensor::<T>(gpu, "y", batch * geometry.out_features())?;
        let mut dy = tensor::<T>(gpu, "dy", y.len())?;
        let (mut dx, mut dw): (CudaSlice<T>, CudaSlice<T>) = (gpu.zeros(x.len())?, gpu.zeros(weight.len())?);
        let work = batch * geometry.weights() * side * side;
        self.time(&format!("{name} forward"), operations(work), |gpu| {
            let mut workspace = workspace.as_view_mut();
            plan.forward(gpu, &x.as_view(), &weight.as_view(), &mut y.as_view_mut(), &mut workspace)
        })?;
        self.time(&format!("{name} weight gradient"), operations(work), |gpu| {
            let mut workspace = workspace.as_view_mut();
            plan.weight_gradient(gpu, &x.as_view(), &dy.as_view(), &mut dw.as_view_mut(), &mut workspace)
        })?;
        if geometry.in_channels > 3 {
            self.time(&format!("{name} input gradient"), operations(work), |gpu| {
                let mut workspace = workspace.as_view_mut();
                plan.input_gradient(gpu, &dy.as_view(), &weight.as_view(), &mut dx.as_view_mut(), &mut workspace)
            })?;
        }
        let bias = tensor::<f32>(&self.gpu, "bias", geometry.out_channels)?;
        self.time(&format!("{name} bias and ReLU"), bytes(2 * y.len() * T::BYTES), |gpu| {
            add_bias(gpu, &mut y.as_view_mut(), &bias.as_view(), outputs, true)
        })?;
        if !pools {
            return Ok(self.gradient_of_bias(name, &y, &mut dy, outputs)?);
        }
        let op = MaxPool2d::new(geometry.out_channels, side, side, 3, 2)?;
        let (pool, pooled) = (Pool::new(op, format), batch * op.out_features());
        let mut taps = self.gpu.zeros(pooled)?;
        let mut below = tensor::<T>(&self.gpu, "below", pooled)?;
        let moved = (y.len() + pooled) * T::BYTES + pooled;
        self.time(&format!("{name} pool"), bytes(moved), |gpu| {
            pool.forward(gpu, &y.as_view(), &mut below.as_view_mut(), &mut taps.as_view_mut())
        })?;
        let features = Features { positions: op.out_height() * op.out_width(), ..outputs };
        let mut gradient = tensor::<T>(&self.gpu, "gradient", pooled)?;
        self.gradient_of_bias(name, &below, &mut gradient, features)?;
        self.time(&format!("{name} pool gradient"), bytes(moved), |gpu| {
            pool.input_gradient(gpu, &gradient.as_view(), &taps.as_view(), &mut dy.as_view_mut())
        })?;
        Ok(())
    }

    fn gradient_of_bias<T: Stored>(
        &mut self,
        name: &str,
        y: &CudaSlice<T>,
        dy: &mut CudaSlice<T>,
        features: Features,
    ) -> Result<(), CudaError> {
        let mut db: CudaSlice<T> = self.gpu.zeros(features.channels)?;
        let mut sums = self.gpu.zeros(bias_gradient_scratch(features, self.batch))?;
        self.time(&format!("{name} gradients of ReLU and bias"), bytes(3 * y.len() * T::BYTES), |gpu| {
            let (mut dy, mut db) = (dy.as_view_mut(), db.as_view_mut());
            relu_and_bias_gradient(gpu, &y.as_view(), &mut dy, &mut db, features, &mut sums.as_view_mut())
        })
    }

    fn fully_connected<T: Stored>(&mut self, name: &str, inputs: usize, outputs: usize) -> Result<(), Fault> {
        let (gpu, batch, layer) = (&self.gpu, self.batch, FullyConnected::new(Linear::new(inputs, outputs)?));
        let (x, weight) = (tensor::<T>(gpu, "x", batch * inputs)?, tensor::<T>(gpu, "weight", inputs * outputs)?);
        let mut y = tensor::<T>(gpu, "y", batch * outputs)?;
        let mut dy = tensor::<T>(gpu, "dy", batch * outputs)?;
        let (mut dx, mut dw): (CudaSlice<T>, CudaSlice<T>) = (gpu.zeros(x.len())?, gpu.zeros(weight.len())?);
        let work = batch * inputs * outputs;
        self.time(&format!("{name} forward"), operations(work), |gpu| {
            layer.forward(gpu, &x.as_view(), &weight.as_view(), &mut y.as_view_mut())
        })?;
        self.time(&format!("{name} weight gradient"), operations(work), |gpu| {
            layer.weight_gradient(gpu, &x.as_view(), &dy.as_view(), &mut dw.as_view_mut())
        })?;
        self.time(&format!("{name} input gradient"), operations(work), |gpu| {
            layer.input_gradient(gpu, &dy.as_view(), &weight.as_view(), &mut dx.as_view_mut())
        })?;
        Ok(self.gradient_of_bias(name, &y, &mut dy, Features::flat(outputs))?)
    }

    fn sgd<T: Stored>(&mut self, parameters: usize) -> Result<(), CudaError> {
        let gpu = &self.gpu;
        let mut weights = Weights::<T>::new(gpu, &vec![0.01; parameters])?;
        let (mut velocities, gradients) = (gpu.zeros(parameters)?, tensor::<T>(gpu, "gradients", parameters)?);
        let (rates, state) = (gpu.upload(&[1e-6f32])?, gpu.upload(&[State::BEGIN])?);
        let copy = if T::BYTES < 4 { T::BYTES } else { 0 };
        self.time("SGD step", bytes(parameters * (16 + T::BYTES + copy)), |gpu| {
            let sgd = Sgd { momentum: 0.9, weight_decay: WeightDecay::Coupled(5e-4), nesterov: false };
            weights.step(gpu, sgd, 0, (&mut velocities, &gradients), None, &rates, &state)
        })
    }
}

fn network<T: Stored>(criterion: &mut Criterion, precision: Precision, is_test: bool) -> Result<(), Fault> {
    let batches: &[usize] = if is_test { &[1] } else { &[128, 512] };
    for &batch in batches {
        let gpu = Gpu::open(0, precision)?;
        let format = gpu.memory_format();
        let mut group = criterion.benchmark_group(format!("cuda-{}/batch {batch}", precision.name()));
        group.sample_size(10).warm_up_time(Duration::from_millis(100)).measurement_time(Duration::from_millis(300));
        let mut timer = Timer { group, gpu, batch };
        timer.ceilings::<T>(if is_test { 16 } else { 8192 })?;
        timer.images::<T>(format)?;
        let (mut side, mut in_channels) = (SIDE, 3);
        for (index, (out_channels, kernel, stride, padding, pools)) in CONVOLUTIONS.into_iter().enumerate() {
            let (height, width) = (side, side);
            let geometry =
                Conv2dGeometry { in_channels, out_channels, height, width, kernel, stride, padding, groups: 1 };
            timer.convolution::<T>(&format!("conv{}", index + 1), geometry, pools, format)?;
            side = geometry.out_height();
            if pools {
                side = (side - 3) / 2 + 1;
            }
            in_channels = out_channels;
        }
        if format == MemoryFormat::ChannelsLast {
            // Would images pay that have a pack's channels, the rest zeros?
            for in_channels in [4, 8] {
                let geometry = Conv2dGeometry {
                    in_channels,
                    out_channels: 64,
                    height: SIDE,
                    width: SIDE,
                    kernel: 11,
                    stride: 4,
                    padding: 2,
                    groups: 1,
                };
                timer.convolution::<T>(&format!("conv1 of {in_channels} channels"), geometry, false, format)?;
            }
        }
        for (index, (inputs, outputs)) in FULLY_CONNECTED.into_iter().enumerate() {
            timer.fully_connected::<T>(&format!("fc{}", index + 6), inputs, outputs)?;
        }
        timer.sgd::<T>(if is_test { 1000 } else { PARAMETERS })?;
    }
    Ok(())
}

fn benches(criterion: &mut Criterion) {
    if let Err(reason) = number_of_gpus() {
        eprintln!("nothing is timed: {reason}");
        return;
    }
    // Each pass once, at the smallest size.
    let is_test = std::env::args().any(|word| word == "--test");
    let outcome = network::<f32>(criterion, Precision::Fp32, is_test)
        .and_then(|()| network::<f32>(criterion, Precision::Tf32, is_test))
        .and_then(|()| network::<bf16>(criterion, Precision::Bf16, is_test));
    if let Err(fault) = outcome {
        eprintln!("not all was timed: {fault}");
    }
}

criterion_group!(gpu, benches);
criterion_main!(gpu);
