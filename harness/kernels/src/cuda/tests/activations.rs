//! What is done to activations between products.

use super::*;
use crate::dropout::Dropout;
use crate::fixture::{batch_innermost, batch_outermost, bits};
use crate::local_response_norm::LocalResponseNorm;
use crate::max_pool2d::MaxPool2d;
use crate::philox::Stream;
use crate::{dropout as dropout_on_cpu, relu};

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
