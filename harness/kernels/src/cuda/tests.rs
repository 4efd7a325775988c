//! Every operation against the CPU's. What needs a GPU is skipped, with a message, where there is none.

use super::*;
use crate::conv2d::{Activation, Conv2d, Conv2dGeometry};
use crate::driver::number_of_gpus;
use crate::dropout::Dropout;
use crate::fixture::{batch_innermost, batch_outermost, bits, normal};
use crate::linear::Linear;
use crate::local_response_norm::LocalResponseNorm;
use crate::max_pool2d::MaxPool2d;
use crate::philox::Stream;
use crate::sgd::{self, WeightDecay};
use crate::workspace::Workspace;
use crate::{cross_entropy as on_cpu, dropout as dropout_on_cpu, relu};

/// The norm-wise error allowed in single precision, relative: what the project promises of a GPU.
const STRICT: f64 = 1e-4;
/// In bfloat16, whose numbers have 8 bits.
const HALF: f64 = 2e-2;

/// A GPU of this precision, if the machine has one.
fn gpu(precision: Precision) -> Option<Gpu> {
    match number_of_gpus() {
        Ok(_) => Some(Gpu::open(0, precision).unwrap()),
        Err(reason) => {
            eprintln!("skipped: {reason}");
            None
        }
    }
}

#[track_caller]
fn assert_near(what: &str, actual: &[f32], expected: &[f32], tolerance: f64) {
    assert_eq!(actual.len(), expected.len(), "{what}: lengths");
    let square = |sum: f64, x: f64| sum + x * x;
    let norm = expected.iter().map(|&x| f64::from(x)).fold(0.0, square).sqrt();
    let difference = actual.iter().zip(expected).map(|(&a, &e)| f64::from(a) - f64::from(e)).fold(0.0, square).sqrt();
    assert!(difference <= tolerance * norm, "{what}: off by {:e} of its norm", difference / norm);
}

fn download(gpu: &Gpu, tensor: &CudaSlice<f32>) -> Vec<f32> {
    let mut values = vec![f32::NAN; tensor.len()];
    gpu.read(tensor, &mut values).unwrap();
    values
}

/// Tensors of one type of storage on the GPU, and their values as that type holds them.
trait Stored: Storage {
    fn of(values: &[f32]) -> Vec<Self>;
}

impl Stored for f32 {
    fn of(values: &[f32]) -> Vec<f32> {
        values.to_vec()
    }
}

impl Stored for bf16 {
    fn of(values: &[f32]) -> Vec<bf16> {
        values.iter().map(|&value| bf16::from_f32(value)).collect()
    }
}

fn widened<T: Stored>(gpu: &Gpu, tensor: &CudaSlice<T>) -> Vec<f32> {
    let mut wide = gpu.zeros(tensor.len()).unwrap();
    widen(gpu, &tensor.as_view(), &mut wide.as_view_mut()).unwrap();
    download(gpu, &wide)
}

/// What the CPU is given: the values that the storage holds.
fn rounded(precision: Precision, values: Vec<f32>) -> Vec<f32> {
    match precision {
        Precision::Bf16 => values.into_iter().map(|value| bf16::from_f32(value).to_f32()).collect(),
        Precision::Fp32 | Precision::Tf32 => values,
    }
}

/// Convolutions like AlexNet's: a wide stride, groups, a padded 3 × 3, and one whose edge is not used.
const CONVOLUTIONS: [Conv2dGeometry; 4] = [
    Conv2dGeometry {
        in_channels: 3,
        out_channels: 8,
        height: 40,
        width: 40,
        kernel: 11,
        stride: 4,
        padding: 2,
        groups: 1,
    },
    Conv2dGeometry {
        in_channels: 8,
        out_channels: 12,
        height: 9,
        width: 9,
        kernel: 5,
        stride: 1,
        padding: 2,
        groups: 2,
    },
    Conv2dGeometry {
        in_channels: 12,
        out_channels: 8,
        height: 5,
        width: 5,
        kernel: 3,
        stride: 1,
        padding: 1,
        groups: 1,
    },
    Conv2dGeometry {
        in_channels: 4,
        out_channels: 4,
        height: 8,
        width: 8,
        kernel: 3,
        stride: 2,
        padding: 0,
        groups: 1,
    },
];

fn convolution<T: Stored>(precision: Precision, tolerance: f64) {
    let Some(gpu) = gpu(precision) else { return };
    for geometry in CONVOLUTIONS {
        let batch = 5;
        let draw = |name: &str, length| rounded(precision, normal(name, length));
        let x = draw("x", batch * geometry.in_features());
        let weight = draw("weight", geometry.weights());
        let dy = draw("dy", batch * geometry.out_features());
        let bias = normal("bias", geometry.out_channels);
        // On the CPU, batch-innermost.
        let op = Conv2d::new(geometry).unwrap();
        let mut scratch = Workspace::new();
        let (x_in, dy_in) = (batch_innermost(&x, batch), batch_innermost(&dy, batch));
        let mut y = vec![0.0; dy.len()];
        op.forward(&x_in, &weight, &bias, &mut y, batch, Activation::Relu, &mut scratch);
        let (mut dx, mut dw, mut db) = (vec![0.0; x.len()], vec![0.0; weight.len()], vec![0.0; bias.len()]);
        op.input_gradient(&dy_in, &weight, &mut dx, batch, &mut scratch);
        op.weight_gradient(&x_in, &dy_in, &mut dw, batch, &mut scratch);
        op.bias_gradient(&dy_in, &mut db, batch);
        // On the GPU, batch-outermost.
        let plan = Convolution::<T>::new(&gpu, geometry, batch).unwrap();
        let mut workspace = gpu.zeros(plan.workspace_bytes()).unwrap();
        let [x, weight, dy] = [&x, &weight, &dy].map(|values| gpu.upload(&T::of(values)).unwrap());
        let (x, weight, dy) = (x.as_view(), weight.as_view(), dy.as_view());
        let mut found: CudaSlice<T> = gpu.zeros(y.len()).unwrap();
        plan.forward(&gpu, &x, &weight, &mut found.as_view_mut(), &mut workspace.as_view_mut()).unwrap();
        let positions = geometry.out_height() * geometry.out_width();
        let bias = gpu.upload(&bias).unwrap();
        add_bias(&gpu, &mut found.as_view_mut(), &bias.as_view(), positions, true).unwrap();
        assert_near("y", &widened(&gpu, &found), &batch_outermost(&y, batch), tolerance);
        let mut found: CudaSlice<T> = gpu.zeros(dx.len()).unwrap();
        plan.input_gradient(&gpu, &dy, &weight, &mut found.as_view_mut(), &mut workspace.as_view_mut()).unwrap();
        assert_near("dx", &widened(&gpu, &found), &batch_outermost(&dx, batch), tolerance);
        let mut found: CudaSlice<T> = gpu.zeros(dw.len()).unwrap();
        plan.weight_gradient(&gpu, &x, &dy, &mut found.as_view_mut(), &mut workspace.as_view_mut()).unwrap();
        assert_near("dw", &widened(&gpu, &found), &dw, tolerance);
        let mut found: CudaSlice<T> = gpu.zeros(db.len()).unwrap();
        bias_gradient(&gpu, &dy, &mut found.as_view_mut(), positions).unwrap();
        assert_near("db", &widened(&gpu, &found), &db, tolerance);
    }
}

#[test]
fn convolutions_and_their_gradients_are_the_cpus() {
    convolution::<f32>(Precision::Fp32, STRICT);
}

#[test]
fn convolutions_in_bfloat16_are_the_cpus_of_the_same_operands() {
    convolution::<bf16>(Precision::Bf16, HALF);
}

fn linear<T: Stored>(precision: Precision, tolerance: f64) {
    let Some(gpu) = gpu(precision) else { return };
    let (batch, inputs, outputs) = (7, 33, 20);
    let draw = |name: &str, length| rounded(precision, normal(name, length));
    let (x, weight, dy) = (draw("x", batch * inputs), draw("w", inputs * outputs), draw("dy", batch * outputs));
    let op = Linear::new(inputs, outputs).unwrap();
    let mut scratch = Workspace::new();
    let (x_in, dy_in) = (batch_innermost(&x, batch), batch_innermost(&dy, batch));
    let (mut y, mut dx) = (vec![0.0; dy.len()], vec![0.0; x.len()]);
    let (mut dw, mut db) = (vec![0.0; weight.len()], vec![0.0; outputs]);
    op.forward(&x_in, &weight, &vec![0.0; outputs], &mut y, batch, Activation::None, &mut scratch);
    op.input_gradient(&dy_in, &weight, &mut dx, batch, &mut scratch);
    op.weight_gradient(&x_in, &dy_in, &mut dw, batch, &mut scratch);
    op.bias_gradient(&dy_in, &mut db, batch);
    let layer = FullyConnected::new(op);
    let [x, weight, dy] = [&x, &weight, &dy].map(|values| gpu.upload(&T::of(values)).unwrap());
    let (x, weight, dy) = (x.as_view(), weight.as_view(), dy.as_view());
    let mut found: CudaSlice<T> = gpu.zeros(y.len()).unwrap();
    layer.forward(&gpu, &x, &weight, &mut found.as_view_mut()).unwrap();
    assert_near("y", &widened(&gpu, &found), &batch_outermost(&y, batch), tolerance);
    let mut found: CudaSlice<T> = gpu.zeros(dx.len()).unwrap();
    layer.input_gradient(&gpu, &dy, &weight, &mut found.as_view_mut()).unwrap();
    assert_near("dx", &widened(&gpu, &found), &batch_outermost(&dx, batch), tolerance);
    let mut found: CudaSlice<T> = gpu.zeros(dw.len()).unwrap();
    layer.weight_gradient(&gpu, &x, &dy, &mut found.as_view_mut()).unwrap();
    assert_near("dw", &widened(&gpu, &found), &dw, tolerance);
    let mut found: CudaSlice<T> = gpu.zeros(outputs).unwrap();
    bias_gradient(&gpu, &dy, &mut found.as_view_mut(), 1).unwrap();
    assert_near("db", &widened(&gpu, &found), &db, tolerance);
}

#[test]
fn fully_connected_layers_and_their_gradients_are_the_cpus() {
    linear::<f32>(Precision::Fp32, STRICT);
}

#[test]
fn fully_connected_layers_in_bfloat16_are_the_cpus_of_the_same_operands() {
    linear::<bf16>(Precision::Bf16, HALF);
}

#[test]
fn relu_and_its_gradient_are_the_cpus_bit_for_bit() {
    let Some(gpu) = gpu(Precision::Fp32) else { return };
    let (mut y, mut dy) = (normal("y", 3 * 4 * 5), normal("dy", 3 * 4 * 5));
    y[7] = f32::NAN;
    y[8] = -0.0;
    let mut on_gpu = gpu.upload(&y).unwrap();
    add_bias(&gpu, &mut on_gpu.as_view_mut(), &gpu.upload(&[0.0; 4]).unwrap().as_view(), 5, true).unwrap();
    let mut gradient = gpu.upload(&dy).unwrap();
    relu_gradient(&gpu, &on_gpu.as_view(), &mut gradient.as_view_mut()).unwrap();
    relu::forward_in_place(&mut y);
    relu::gradient_in_place(&y, &mut dy);
    for (at, (found, expected)) in download(&gpu, &on_gpu).iter().zip(&y).enumerate() {
        assert!(found == expected || (found.is_nan() && expected.is_nan()), "y[{at}]: {found} instead of {expected}");
    }
    assert_eq!(bits(&download(&gpu, &gradient)), bits(&dy));
}

#[test]
fn response_normalisation_and_its_gradient_are_the_cpus_bit_for_bit() {
    let Some(gpu) = gpu(Precision::Fp32) else { return };
    for (size, channels) in [(5, 11), (4, 7), (1, 3), (5, 2)] {
        let (batch, positions) = (3, 6);
        let op = LocalResponseNorm { size, alpha: 0.3, beta: 0.75, k: 1.5 };
        let (x, dy) = (normal("x", batch * channels * positions), normal("dy", batch * channels * positions));
        let (x_in, dy_in) = (batch_innermost(&x, batch), batch_innermost(&dy, batch));
        let (mut y, mut dx) = (vec![0.0; x.len()], vec![0.0; x.len()]);
        op.forward(&x_in, &mut y, channels, positions, batch);
        op.input_gradient(&x_in, &y, &dy_in, &mut dx, channels, positions, batch);
        let norm = ResponseNorm::new(op, channels, positions);
        let (x, dy) = (gpu.upload(&x).unwrap(), gpu.upload(&dy).unwrap());
        let mut found: [CudaSlice<f32>; 3] = std::array::from_fn(|_| gpu.zeros(x.len()).unwrap());
        let [found_y, scale, found_dx] = &mut found;
        norm.forward(&gpu, &x.as_view(), &mut found_y.as_view_mut(), &mut scale.as_view_mut()).unwrap();
        let forward = (&x.as_view(), &found_y.as_view(), &scale.as_view());
        norm.input_gradient(&gpu, forward, &dy.as_view(), &mut found_dx.as_view_mut()).unwrap();
        assert_eq!(bits(&download(&gpu, found_y)), bits(&batch_outermost(&y, batch)), "size {size}");
        assert_eq!(bits(&download(&gpu, found_dx)), bits(&batch_outermost(&dx, batch)), "size {size}");
    }
}

#[test]
fn max_pooling_and_its_gradient_are_the_cpus_bit_for_bit() {
    let Some(gpu) = gpu(Precision::Fp32) else { return };
    for (height, width, kernel, stride) in [(7, 7, 3, 2), (8, 6, 3, 2), (5, 5, 2, 2), (6, 6, 2, 3), (3, 3, 3, 1)] {
        let (batch, channels) = (4, 3);
        let op = MaxPool2d::new(channels, height, width, kernel, stride).unwrap();
        // Few different values, so that windows have ties.
        let mut x: Vec<f32> = normal("x", batch * op.in_features()).iter().map(|x| x.round()).collect();
        x[5] = f32::NAN;
        let dy = normal("dy", batch * op.out_features());
        let (x_in, dy_in) = (batch_innermost(&x, batch), batch_innermost(&dy, batch));
        let (mut y, mut dx) = (vec![0.0; dy.len()], vec![0.0; x.len()]);
        op.forward(&x_in, &mut y, batch);
        op.input_gradient(&x_in, &y, &dy_in, &mut dx, batch);
        let pool = Pool::new(op);
        let (x, dy) = (gpu.upload(&x).unwrap(), gpu.upload(&dy).unwrap());
        let mut taps = gpu.zeros(dy.len()).unwrap();
        let (mut found_y, mut found_dx) = (gpu.zeros(dy.len()).unwrap(), gpu.zeros(x.len()).unwrap());
        pool.forward(&gpu, &x.as_view(), &mut found_y.as_view_mut(), &mut taps.as_view_mut()).unwrap();
        pool.input_gradient(&gpu, &dy.as_view(), &taps.as_view(), &mut found_dx.as_view_mut()).unwrap();
        let numbers = |values: &[f32]| values.iter().map(|x| x.to_string()).collect::<Vec<_>>();
        assert_eq!(numbers(&download(&gpu, &found_y)), numbers(&batch_outermost(&y, batch)));
        assert_eq!(bits(&download(&gpu, &found_dx)), bits(&batch_outermost(&dx, batch)), "{kernel} by {stride}");
    }
}

#[test]
fn dropout_masks_are_the_cpus() {
    let Some(gpu) = gpu(Precision::Fp32) else { return };
    let stream = Stream::named(7, "dropout", "fc7", 3);
    let op = Dropout::new(0.37).unwrap();
    for (batch, features, step) in [(5, 13, 0), (3, 4, 9), (2, 1, 1 << 20)] {
        let x = normal("x", batch * features);
        let mut mask = vec![0.0; x.len()];
        op.mask(&stream, step, features, batch, &mut mask);
        let mut expected = batch_innermost(&x, batch);
        dropout_on_cpu::forward_in_place(&mask, &mut expected);
        let expected = bits(&batch_outermost(&expected, batch));
        let state = gpu.upload(&[State { step, ..State::BEGIN }]).unwrap();
        let mut on_gpu = gpu.upload(&x).unwrap();
        let mut elsewhere = gpu.zeros(x.len()).unwrap();
        let source = on_gpu.as_view();
        dropout(&gpu, (op, stream), &state, Some(&source), &mut elsewhere.as_view_mut(), features).unwrap();
        dropout(&gpu, (op, stream), &state, None, &mut on_gpu.as_view_mut(), features).unwrap();
        assert_eq!(bits(&download(&gpu, &elsewhere)), expected);
        assert_eq!(bits(&download(&gpu, &on_gpu)), expected);
    }
}

#[test]
fn cross_entropy_its_gradient_and_what_is_right_are_the_cpus() {
    let Some(gpu) = gpu(Precision::Fp32) else { return };
    for (batch, classes) in [(6, 5), (3, 1000), (1, 2)] {
        let mut logits: Vec<f32> = normal("logits", batch * classes).iter().map(|x| 5.0 * x).collect();
        // A tie for the first place: the lower class wins.
        logits[1] = 40.0;
        logits[0] = 40.0;
        let labels: Vec<u32> = (0..batch).map(|n| (n % classes) as u32).collect();
        let innermost = batch_innermost(&logits, batch);
        let (mut losses, mut dlogits) = (vec![0.0; batch], vec![0.0; logits.len()]);
        let mean = on_cpu::log_loss_and_gradient(&innermost, &labels, &mut losses, &mut dlogits).unwrap();
        let mut top = vec![0; batch];
        on_cpu::top_classes(&innermost, batch, &mut top).unwrap();
        let right = top.iter().zip(&labels).filter(|(top, label)| top == label).count();
        // Examples lie in another order than the batch: the last of the labels is the first of the batch.
        let reversed: Vec<u32> = labels.iter().rev().copied().collect();
        let order: Vec<u32> = (0..batch as u32).rev().collect();
        let (reversed, order) = (gpu.upload(&reversed).unwrap(), gpu.upload(&order).unwrap());
        let mut state = gpu.upload(&[State::BEGIN]).unwrap();
        let mut outcome = CrossEntropy::new(&gpu, batch).unwrap();
        let mut found: CudaSlice<f32> = gpu.zeros(logits.len()).unwrap();
        let logits = gpu.upload(&logits).unwrap();
        let chosen = Chosen { order: &order, state: &state };
        let gradient = &mut found.as_view_mut();
        cross_entropy(&gpu, &logits.as_view(), &reversed, chosen, &mut outcome, gradient, classes).unwrap();
        assert_near("dlogits", &download(&gpu, &found), &batch_outermost(&dlogits, batch), 1e-6);
        judge_step(&gpu, &outcome, &mut state, batch).unwrap();
        let mut points = gpu.zeros(1).unwrap();
        end_step(&gpu, &mut state, &mut points, batch, (1, 1)).unwrap();
        let mut point = [CurvePoint::default()];
        gpu.read(&points, &mut point).unwrap();
        assert!((point[0].train_loss - mean).abs() <= 1e-6 * mean, "{} and {mean}", point[0].train_loss);
        assert_eq!(point[0].train_top1, right as f64 / batch as f64);
    }
}

#[test]
fn a_step_of_sgd_is_the_cpus_bit_for_bit_and_none_is_taken_after_a_loss_that_is_not_finite() {
    let Some(gpu) = gpu(Precision::Fp32) else { return };
    let length = 1000;
    let (start, gradients) = (normal("w", length), [normal("g0", length), normal("g1", length), normal("g2", length)]);
    let rates = [0.1, 0.05, 0.025];
    let cpu = sgd::Sgd { momentum: 0.9, weight_decay: WeightDecay::Coupled(5e-4), nesterov: false };
    let (mut weight, mut velocity) = (start.clone(), vec![0.0; length]);
    for (step, (gradient, rate)) in gradients.iter().zip(rates).enumerate() {
        cpu.step(rate, &mut weight, gradient, &mut velocity, step == 0);
    }
    let op = Sgd { momentum: 0.9, weight_decay: 5e-4 };
    let mut weights = Weights::<f32>::new(&gpu, &start).unwrap();
    let (mut velocities, rates) = (gpu.zeros(length).unwrap(), gpu.upload(&rates).unwrap());
    for (step, gradient) in gradients.iter().enumerate() {
        let state = gpu.upload(&[State { step: step as u64, ..State::BEGIN }]).unwrap();
        let gradient = gpu.upload(gradient).unwrap();
        weights.step(&gpu, op, 0, (&mut velocities, &gradient), &rates, &state).unwrap();
        let ended = gpu.upload(&[State { step: step as u64, diverged_at: 0, ..State::BEGIN }]).unwrap();
        weights.step(&gpu, op, 0, (&mut velocities, &gradient), &rates, &ended).unwrap();
    }
    assert_eq!(bits(&weights.read(&gpu).unwrap()), bits(&weight));
    assert_eq!(bits(&download(&gpu, &velocities)), bits(&velocity));
}

#[test]
fn weights_in_bfloat16_follow_those_in_single_precision() {
    let Some(gpu) = gpu(Precision::Bf16) else { return };
    let start = normal("w", 300);
    let mut weights = Weights::<bf16>::new(&gpu, &start).unwrap();
    let gradient = gpu.upload(&<bf16 as Stored>::of(&normal("g", 200))).unwrap();
    let (mut velocities, rates) = (gpu.zeros(200).unwrap(), gpu.upload(&[0.5f32]).unwrap());
    let state = gpu.upload(&[State::BEGIN]).unwrap();
    let op = Sgd { momentum: 0.9, weight_decay: 0.0 };
    weights.step(&gpu, op, 100, (&mut velocities, &gradient), &rates, &state).unwrap();
    let full = weights.read(&gpu).unwrap();
    assert_eq!(full[..100], start[..100], "the frozen part stays");
    assert_ne!(full[100..], start[100..]);
    let mut wide = gpu.zeros(300).unwrap();
    widen(&gpu, &weights.in_products(0..300), &mut wide.as_view_mut()).unwrap();
    let expected: Vec<f32> = full.iter().map(|&w| bf16::from_f32(w).to_f32()).collect();
    assert_eq!(download(&gpu, &wide), expected);
}

#[test]
fn a_loss_that_is_not_finite_is_kept_with_its_step_and_ends_the_count() {
    let Some(gpu) = gpu(Precision::Fp32) else { return };
    let mut state = gpu.upload(&[State { step: 4, ..State::BEGIN }]).unwrap();
    let mut outcome = CrossEntropy::new(&gpu, 2).unwrap();
    gpu.write(&[1.0f64, f64::NAN], &mut outcome.log_loss).unwrap();
    let mut points = gpu.zeros(10).unwrap();
    for _ in 0..2 {
        judge_step(&gpu, &outcome, &mut state, 2).unwrap();
        end_step(&gpu, &mut state, &mut points, 2, (1, 10)).unwrap();
    }
    let mut found = [State::BEGIN];
    gpu.read(&state, &mut found).unwrap();
    assert_eq!(found[0], State { step: 4, diverged_at: 4, ..State::BEGIN });
}

#[test]
fn a_captured_step_does_what_was_queued_each_time_it_is_launched() {
    let Some(gpu) = gpu(Precision::Fp32) else { return };
    let mut state = gpu.upload(&[State::BEGIN]).unwrap();
    let mut points = gpu.zeros(3).unwrap();
    let graph = Graph::capture(&gpu, || end_step(&gpu, &mut state, &mut points, 8, (1, 3))).unwrap().unwrap();
    let step = |state: &CudaSlice<State>| {
        let mut found = [State::BEGIN];
        gpu.read(state, &mut found).unwrap();
        (found[0].step, found[0].position)
    };
    assert_eq!(step(&state), (0, 0), "nothing is done while it is captured");
    for launch in 1..=3 {
        graph.launch().unwrap();
        assert_eq!(step(&state), (launch, 8 * launch as u32));
    }
}

#[test]
fn memory_that_is_used_up_is_told_as_that() {
    let Some(gpu) = gpu(Precision::Fp32) else { return };
    let (_, total) = gpu.memory().unwrap();
    let refused = gpu.zeros::<f32>(total);
    assert!(matches!(refused, Err(CudaError::OutOfMemory)), "four times the memory there is");
    assert!(gpu.zeros::<f32>(10).is_ok(), "and it goes on");
}

#[test]
fn the_numerics_name_precision_gpu_and_libraries() {
    let Some(gpu) = gpu(Precision::Tf32) else { return };
    let numerics = gpu.numerics().unwrap();
    assert!(numerics.starts_with(&format!("cuda-tf32-{CUDA_NUMERICS_VERSION} {}", gpu.model().unwrap())), "{numerics}");
    for part in ["driver-", "cudnn-", "cublas-"] {
        assert!(numerics.contains(part), "{numerics}");
    }
}

#[test]
fn a_gpu_that_does_not_exist_is_refused() {
    if gpu(Precision::Fp32).is_some() {
        assert!(matches!(Gpu::open(99, Precision::Fp32), Err(CudaError::Open { ordinal: 99, .. })));
    }
}
