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

/// A tensor's values, with channels first.
fn widened<T: Stored>(gpu: &Gpu, tensor: &CudaSlice<T>, features: Features) -> Vec<f32> {
    let mut wide = gpu.zeros(tensor.len()).unwrap();
    widen(gpu, &tensor.as_view(), &mut wide.as_view_mut(), features).unwrap();
    download(gpu, &wide)
}

const FORMATS: [MemoryFormat; 2] = [MemoryFormat::ChannelsFirst, MemoryFormat::ChannelsLast];

/// Values `(N, C, P)` as they lie in these features' format.
fn laid_out(values: &[f32], features: Features) -> Vec<f32> {
    if !features.is_channels_last() {
        return values.to_vec();
    }
    let Features { channels, positions, .. } = features;
    let example = |values: &[f32]| -> Vec<f32> {
        (0..positions)
            .flat_map(|p| (0..channels).map(move |c| (c, p)))
            .map(|(c, p)| values[c * positions + p])
            .collect()
    };
    values.chunks_exact(features.count()).flat_map(example).collect()
}

/// A tensor of these values `(N, C, P)`.
fn stored<T: Stored>(gpu: &Gpu, values: &[f32], features: Features) -> CudaSlice<T> {
    gpu.upload(&T::of(&laid_out(values, features))).unwrap()
}

/// The bias's gradient, after ReLU's where there is a `y`.
fn gradient_of_bias<T: Stored>(
    gpu: &Gpu,
    y: Option<&CudaSlice<T>>,
    dy: &mut CudaSlice<T>,
    features: Features,
) -> Vec<f32> {
    let mut db: CudaSlice<T> = gpu.zeros(features.channels).unwrap();
    let mut sums = gpu.zeros(bias_gradient_scratch(features, dy.len() / features.count())).unwrap();
    let (mut of_bias, mut sums) = (db.as_view_mut(), sums.as_view_mut());
    match y {
        None => bias_gradient(gpu, &dy.as_view(), &mut of_bias, features, &mut sums).unwrap(),
        Some(y) => {
            let (y, mut dy) = (y.as_view(), dy.as_view_mut());
            relu_and_bias_gradient(gpu, &y, &mut dy, &mut of_bias, features, &mut sums).unwrap();
        }
    }
    widened(gpu, &db, Features::flat(features.channels))
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

fn convolution<T: Stored>(precision: Precision, format: MemoryFormat, tolerance: f64) {
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
        let (mut dx, mut dw) = (vec![0.0; x.len()], vec![0.0; weight.len()]);
        op.input_gradient(&dy_in, &weight, &mut dx, batch, &mut scratch);
        op.weight_gradient(&x_in, &dy_in, &mut dw, batch, &mut scratch);
        // On the GPU, batch-outermost.
        let inputs = Features { channels: geometry.in_channels, positions: geometry.height * geometry.width, format };
        let positions = geometry.out_height() * geometry.out_width();
        let outputs = Features { channels: geometry.out_channels, positions, format };
        let taps = geometry.kernel * geometry.kernel;
        let row = Features { channels: geometry.in_channels / geometry.groups, positions: taps, format };
        let plan = Convolution::<T>::new(&gpu, geometry, batch, format).unwrap();
        let mut workspace = gpu.zeros(plan.workspace_bytes()).unwrap();
        let (x, weight) = (stored::<T>(&gpu, &x, inputs), stored::<T>(&gpu, &weight, row));
        let dy = stored::<T>(&gpu, &dy, outputs);
        let (x, weight, dy) = (x.as_view(), weight.as_view(), dy.as_view());
        let mut found: CudaSlice<T> = gpu.zeros(y.len()).unwrap();
        plan.forward(&gpu, &x, &weight, &mut found.as_view_mut(), &mut workspace.as_view_mut()).unwrap();
        let bias = gpu.upload(&bias).unwrap();
        add_bias(&gpu, &mut found.as_view_mut(), &bias.as_view(), outputs, true).unwrap();
        assert_near("y", &widened(&gpu, &found, outputs), &batch_outermost(&y, batch), tolerance);
        let mut found: CudaSlice<T> = gpu.zeros(dx.len()).unwrap();
        plan.input_gradient(&gpu, &dy, &weight, &mut found.as_view_mut(), &mut workspace.as_view_mut()).unwrap();
        assert_near("dx", &widened(&gpu, &found, inputs), &batch_outermost(&dx, batch), tolerance);
        let mut found: CudaSlice<T> = gpu.zeros(dw.len()).unwrap();
        plan.weight_gradient(&gpu, &x, &dy, &mut found.as_view_mut(), &mut workspace.as_view_mut()).unwrap();
        assert_near("dw", &widened(&gpu, &found, row), &dw, tolerance);
    }
}

#[test]
fn convolutions_and_their_gradients_are_the_cpus() {
    for format in FORMATS {
        convolution::<f32>(Precision::Fp32, format, STRICT);
    }
}

#[test]
fn convolutions_in_bfloat16_are_the_cpus_of_the_same_operands() {
    for format in FORMATS {
        convolution::<bf16>(Precision::Bf16, format, HALF);
    }
}

/// Widths that packs of channels fill and do not fill, few positions and many, more rows than a part has.
const BIASED: [(usize, usize, usize); 6] =
    [(5, 16, 9), (3, 13, 25), (2, 8, 300), (70, 5, 1), (9, 130, 4), (600, 24, 36)];

fn biases<T: Stored>(precision: Precision, format: MemoryFormat, tolerance: f64) {
    let Some(gpu) = gpu(precision) else { return };
    for (batch, channels, positions) in BIASED {
        let features = Features { channels, positions, format };
        let draw = |name: &str| rounded(precision, normal(name, batch * features.count()));
        let (x, dy, bias) = (draw("x"), draw("dy"), normal("bias", channels));
        let of_channel = |i: usize| i / positions % channels;
        let sums: Vec<f32> = x.iter().enumerate().map(|(i, x)| x + bias[of_channel(i)]).collect();
        let masked: Vec<f32> = x.iter().zip(&dy).map(|(&x, &dy)| if x > 0.0 { dy } else { 0.0 }).collect();
        let total = |dy: &[f32]| -> Vec<f32> {
            let mut totals = vec![0.0; channels];
            dy.iter().enumerate().for_each(|(i, &dy)| totals[of_channel(i)] += f64::from(dy));
            totals.into_iter().map(|total| total as f32).collect()
        };
        let (bias, mut y) = (gpu.upload(&bias).unwrap(), stored::<T>(&gpu, &x, features));
        add_bias(&gpu, &mut y.as_view_mut(), &bias.as_view(), features, false).unwrap();
        let name = format!("{features:?}, batch {batch}");
        assert_near(&format!("y of {name}"), &widened(&gpu, &y, features), &sums, tolerance);
        let (x, mut on_gpu) = (stored::<T>(&gpu, &x, features), stored::<T>(&gpu, &dy, features));
        let found = gradient_of_bias(&gpu, None, &mut on_gpu, features);
        assert_near(&format!("db of {name}"), &found, &total(&dy), tolerance);
        assert_eq!(widened(&gpu, &on_gpu, features), dy, "{name}: dy is left alone");
        let found = gradient_of_bias(&gpu, Some(&x), &mut on_gpu, features);
        assert_near(&format!("db after ReLU of {name}"), &found, &total(&masked), tolerance);
        assert_eq!(widened(&gpu, &on_gpu, features), masked, "{name}");
    }
}

#[test]
fn biases_and_their_gradients_are_sums_over_examples_and_positions() {
    for format in FORMATS {
        biases::<f32>(Precision::Fp32, format, 1e-6);
        biases::<bf16>(Precision::Bf16, format, 4e-3);
    }
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
    let mut dw = vec![0.0; weight.len()];
    op.forward(&x_in, &weight, &vec![0.0; outputs], &mut y, batch, Activation::None, &mut scratch);
    op.input_gradient(&dy_in, &weight, &mut dx, batch, &mut scratch);
    op.weight_gradient(&x_in, &dy_in, &mut dw, batch, &mut scratch);
    let layer = FullyConnected::new(op);
    let [x, weight, dy] = [&x, &weight, &dy].map(|values| gpu.upload(&T::of(values)).unwrap());
    let (x, weight, dy) = (x.as_view(), weight.as_view(), dy.as_view());
    let mut found: CudaSlice<T> = gpu.zeros(y.len()).unwrap();
    layer.forward(&gpu, &x, &weight, &mut found.as_view_mut()).unwrap();
    assert_near("y", &widened(&gpu, &found, Features::flat(outputs)), &batch_outermost(&y, batch), tolerance);
    let mut found: CudaSlice<T> = gpu.zeros(dx.len()).unwrap();
    layer.input_gradient(&gpu, &dy, &weight, &mut found.as_view_mut()).unwrap();
    assert_near("dx", &widened(&gpu, &found, Features::flat(inputs)), &batch_outermost(&dx, batch), tolerance);
    let mut found: CudaSlice<T> = gpu.zeros(dw.len()).unwrap();
    layer.weight_gradient(&gpu, &x, &dy, &mut found.as_view_mut()).unwrap();
    assert_near("dw", &widened(&gpu, &found, Features::flat(inputs)), &dw, tolerance);
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
    let features = Features { channels: 4, positions: 5, format: MemoryFormat::ChannelsFirst };
    let no_bias = gpu.upload(&[0.0; 4]).unwrap();
    add_bias(&gpu, &mut on_gpu.as_view_mut(), &no_bias.as_view(), features, true).unwrap();
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
    for ((size, channels), format) in [(5, 11), (4, 7), (1, 3), (5, 2)].map(|case| FORMATS.map(|f| (case, f))).concat()
    {
        let (batch, positions) = (3, 6);
        let op = LocalResponseNorm { size, alpha: 0.3, beta: 0.75, k: 1.5 };
        let (x, dy) = (normal("x", batch * channels * positions), normal("dy", batch * channels * positions));
        let (x_in, dy_in) = (batch_innermost(&x, batch), batch_innermost(&dy, batch));
        let (mut y, mut dx) = (vec![0.0; x.len()], vec![0.0; x.len()]);
        op.forward(&x_in, &mut y, channels, positions, batch);
        op.input_gradient(&x_in, &y, &dy_in, &mut dx, channels, positions, batch);
        let features = Features { channels, positions, format };
        let norm = ResponseNorm::new(op, features);
        let (x, dy) = (stored::<f32>(&gpu, &x, features), stored::<f32>(&gpu, &dy, features));
        let mut found: [CudaSlice<f32>; 3] = std::array::from_fn(|_| gpu.zeros(x.len()).unwrap());
        let [found_y, scale, found_dx] = &mut found;
        norm.forward(&gpu, &x.as_view(), &mut found_y.as_view_mut(), &mut scale.as_view_mut()).unwrap();
        let forward = (&x.as_view(), &found_y.as_view(), &scale.as_view());
        norm.input_gradient(&gpu, forward, &dy.as_view(), &mut found_dx.as_view_mut()).unwrap();
        for (found, expected) in [(found_y, &y), (found_dx, &dx)] {
            let found = bits(&widened(&gpu, found, features));
            assert_eq!(found, bits(&batch_outermost(expected, batch)), "size {size}, {format:?}");
        }
    }
}

#[test]
fn max_pooling_and_its_gradient_are_the_cpus_bit_for_bit() {
    let Some(gpu) = gpu(Precision::Fp32) else { return };
    // Three channels, and four, a pack of those that come last.
    let sizes = [(7, 7, 3, 2), (8, 6, 3, 2), (5, 5, 2, 2), (6, 6, 2, 3), (3, 3, 3, 1)];
    let cases = sizes.map(|size| [(3, FORMATS[0]), (3, FORMATS[1]), (4, FORMATS[1])].map(|with| (size, with))).concat();
    for ((height, width, kernel, stride), (channels, format)) in cases {
        let batch = 4;
        let op = MaxPool2d::new(channels, height, width, kernel, stride).unwrap();
        // Few different values, so that windows have ties.
        let mut x: Vec<f32> = normal("x", batch * op.in_features()).iter().map(|x| x.round()).collect();
        x[5] = f32::NAN;
        let dy = normal("dy", batch * op.out_features());
        let (x_in, dy_in) = (batch_innermost(&x, batch), batch_innermost(&dy, batch));
        let (mut y, mut dx) = (vec![0.0; dy.len()], vec![0.0; x.len()]);
        op.forward(&x_in, &mut y, batch);
        op.input_gradient(&x_in, &y, &dy_in, &mut dx, batch);
        let pool = Pool::new(op, format);
        let inputs = Features { channels, positions: height * width, format };
        let outputs = Features { channels, positions: op.out_height() * op.out_width(), format };
        let (x, dy) = (stored::<f32>(&gpu, &x, inputs), stored::<f32>(&gpu, &dy, outputs));
        let mut taps = gpu.zeros(dy.len()).unwrap();
        let (mut found_y, mut found_dx) = (gpu.zeros(dy.len()).unwrap(), gpu.zeros(x.len()).unwrap());
        pool.forward(&gpu, &x.as_view(), &mut found_y.as_view_mut(), &mut taps.as_view_mut()).unwrap();
        pool.input_gradient(&gpu, &dy.as_view(), &taps.as_view(), &mut found_dx.as_view_mut()).unwrap();
        let numbers = |values: &[f32]| values.iter().map(|x| x.to_string()).collect::<Vec<_>>();
        let name = format!("{kernel} by {stride}, {channels} channels, {format:?}");
        assert_eq!(numbers(&widened(&gpu, &found_y, outputs)), numbers(&batch_outermost(&y, batch)), "{name}");
        assert_eq!(bits(&widened(&gpu, &found_dx, inputs)), bits(&batch_outermost(&dx, batch)), "{name}");
    }
}

fn gathered<T: Stored>(precision: Precision, format: MemoryFormat) {
    let Some(gpu) = gpu(precision) else { return };
    // Sides whose images packs of pixels fill and do not fill.
    for side in [4, 5] {
        let (batch, plane) = (3, side * side);
        let (features, size) = (Features { channels: 3, positions: plane, format }, 3 * plane);
        let pixels: Vec<u8> = (0..4 * size).map(|i| (i * 89 % 251) as u8).collect();
        let tables = rounded(precision, normal("tables", 3 * 256));
        let order = [1u32, 3, 0, 2, 1];
        // From the third of the order on.
        let chosen: Vec<usize> = order[2..].iter().map(|&n| n as usize).collect();
        let pixel = |n: usize, c: usize, p: usize| pixels[(n * plane + p) * 3 + c];
        let expected: Vec<f32> = chosen
            .iter()
            .flat_map(|&n| (0..size).map(move |f| (n, f / plane, f % plane)))
            .map(|(n, c, p)| tables[256 * c + usize::from(pixel(n, c, p))])
            .collect();
        let state = gpu.upload(&[State { position: 2, ..State::BEGIN }]).unwrap();
        let (pixels, tables) = (gpu.upload(&pixels).unwrap(), gpu.upload(&tables).unwrap());
        let order = gpu.upload(&order).unwrap();
        let at = Chosen { order: &order, state: &state };
        let mut found: CudaSlice<T> = gpu.zeros(batch * size).unwrap();
        gather_images(&gpu, &pixels, at, &tables, &mut found.as_view_mut(), features).unwrap();
        assert_eq!(widened(&gpu, &found, features), expected, "images of side {side}, {format:?}");
        let mut copied = gpu.zeros(batch * size).unwrap();
        copy_images(&gpu, &pixels, at, &mut copied.as_view_mut(), plane).unwrap();
        let mut found: CudaSlice<T> = gpu.zeros(batch * size).unwrap();
        standardise_images(&gpu, &copied.as_view(), &tables, &mut found.as_view_mut(), features).unwrap();
        assert_eq!(widened(&gpu, &found, features), expected, "copied images of side {side}, {format:?}");
        let codes = rounded(precision, normal("codes", 4 * size));
        let expected: Vec<f32> = chosen.iter().flat_map(|&n| codes[n * size..(n + 1) * size].to_vec()).collect();
        let codes = gpu.upload(&codes).unwrap();
        let mut found: CudaSlice<T> = gpu.zeros(batch * size).unwrap();
        gather_codes(&gpu, &codes, at, &mut found.as_view_mut(), features).unwrap();
        assert_eq!(widened(&gpu, &found, features), expected, "codes, {format:?}");
    }
}

#[test]
fn batches_hold_the_chosen_examples_in_their_order() {
    for format in FORMATS {
        gathered::<f32>(Precision::Fp32, format);
        gathered::<bf16>(Precision::Bf16, format);
    }
}

#[test]
fn dropout_masks_are_the_cpus() {
    let Some(gpu) = gpu(Precision::Fp32) else { return };
    let stream = Stream::named(7, "dropout", "fc7", 3);
    let op = Dropout::new(0.37).unwrap();
    let sizes = [(5, (13, 1), 0), (3, (4, 1), 9), (2, (1, 1), 1 << 20), (3, (5, 8), 1), (2, (6, 9), 2)];
    for ((batch, (channels, positions), step), format) in sizes.map(|size| FORMATS.map(|f| (size, f))).concat() {
        let features = Features { channels, positions, format };
        let x = normal("x", batch * features.count());
        let mut mask = vec![0.0; x.len()];
        op.mask(&stream, step, features.count(), batch, &mut mask);
        let mut expected = batch_innermost(&x, batch);
        dropout_on_cpu::forward_in_place(&mask, &mut expected);
        let expected = bits(&batch_outermost(&expected, batch));
        let state = gpu.upload(&[State { step, ..State::BEGIN }]).unwrap();
        let mut on_gpu = stored::<f32>(&gpu, &x, features);
        let mut elsewhere = gpu.zeros(x.len()).unwrap();
        let source = on_gpu.as_view();
        dropout(&gpu, (op, stream), &state, Some(&source), &mut elsewhere.as_view_mut(), features).unwrap();
        dropout(&gpu, (op, stream), &state, None, &mut on_gpu.as_view_mut(), features).unwrap();
        assert_eq!(bits(&widened(&gpu, &elsewhere, features)), expected, "{features:?}");
        assert_eq!(bits(&widened(&gpu, &on_gpu, features)), expected, "{features:?}");
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
    widen(&gpu, &weights.in_products(0..300), &mut wide.as_view_mut(), Features::flat(300)).unwrap();
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
