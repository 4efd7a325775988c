//! A step around its network: the batch, the loss, the parameters, and where the training stands.

use super::*;
use crate::cross_entropy as on_cpu;
use crate::fixture::{batch_innermost, batch_outermost, bits};
use crate::sgd::{Sgd, WeightDecay, clip_factor, sum_of_squares};

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
    let plain = Sgd { momentum: 0.9, weight_decay: WeightDecay::Coupled(5e-4), nesterov: false };
    let ahead = Sgd { nesterov: true, weight_decay: WeightDecay::Decoupled(5e-4), ..plain };
    for (sgd, longest) in [(plain, None), (ahead, None), (plain, Some(10.0)), (ahead, Some(1e3))] {
        let (mut weight, mut velocity) = (start.clone(), vec![0.0; length]);
        for (step, (gradient, rate)) in gradients.iter().zip(rates).enumerate() {
            let factor = longest.map_or(1.0, |longest| clip_factor(longest, sum_of_squares(gradient).sqrt()));
            sgd.at(rate, step == 0).along(factor).take(&mut weight, gradient, &mut velocity);
        }
        let mut clipping = longest.map(|longest| Clipping::new(&gpu, longest, length).unwrap());
        let mut weights = Weights::<f32>::new(&gpu, &start).unwrap();
        let (mut velocities, rates) = (gpu.zeros(length).unwrap(), gpu.upload(&rates).unwrap());
        for (step, gradient) in gradients.iter().enumerate() {
            let gradient = gpu.upload(gradient).unwrap();
            if let Some(clipping) = &mut clipping {
                clipping.measure(&gpu, &gradient).unwrap();
            }
            for diverged_at in [-1, 0] {
                let state = gpu.upload(&[State { step: step as u64, diverged_at, ..State::BEGIN }]).unwrap();
                let buffers = (&mut velocities, &gradient);
                weights.step(&gpu, sgd, 0, buffers, clipping.as_ref(), &rates, &state).unwrap();
            }
        }
        assert_eq!(bits(&weights.read(&gpu).unwrap()), bits(&weight), "{sgd:?}, {longest:?}");
        assert_eq!(bits(&download(&gpu, &velocities)), bits(&velocity), "{sgd:?}, {longest:?}");
    }
}

#[test]
fn weights_in_bfloat16_follow_those_in_single_precision() {
    let Some(gpu) = gpu(Precision::Bf16) else { return };
    let start = normal("w", 300);
    let mut weights = Weights::<bf16>::new(&gpu, &start).unwrap();
    let gradient = gpu.upload(&<bf16 as Stored>::of(&normal("g", 200))).unwrap();
    let (mut velocities, rates) = (gpu.zeros(200).unwrap(), gpu.upload(&[0.5f32]).unwrap());
    let state = gpu.upload(&[State::BEGIN]).unwrap();
    let op = Sgd { momentum: 0.9, weight_decay: WeightDecay::Coupled(0.0), nesterov: false };
    weights.step(&gpu, op, 100, (&mut velocities, &gradient), None, &rates, &state).unwrap();
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
