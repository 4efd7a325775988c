use super::*;
use crate::fixture::{Fixture, available_simd, bits, normal, on_one_to_four_threads, to_f64};
use crate::tolerance::assert_close;

const MOMENTUM: Sgd = Sgd { momentum: 0.9, weight_decay: WeightDecay::Coupled(0.0), nesterov: false };

#[test]
fn six_steps_follow_pytorch_in_every_variant() {
    let fixture = Fixture::load("sgd");
    let (rates, gradients) = (fixture.f32("learning_rate"), fixture.f32("gradient"));
    for (name, sgd) in [
        ("plain", Sgd { momentum: 0.0, ..MOMENTUM }),
        ("momentum", MOMENTUM),
        ("coupled", Sgd { weight_decay: WeightDecay::Coupled(0.05), ..MOMENTUM }),
        ("nesterov", Sgd { weight_decay: WeightDecay::Coupled(0.05), nesterov: true, ..MOMENTUM }),
        ("decoupled", Sgd { weight_decay: WeightDecay::Decoupled(0.05), ..MOMENTUM }),
    ] {
        let mut weight = fixture.f32("weight");
        let size = weight.len();
        let mut velocity = vec![f32::NAN; size];
        for (step, expected) in fixture.f64(name).chunks_exact(size).enumerate() {
            sgd.step(rates[step], &mut weight, &gradients[step * size..][..size], &mut velocity, step == 0);
            assert_close(name, &weight, expected, step + 1);
        }
    }
}

#[test]
fn the_first_step_ignores_what_the_velocity_held() {
    let (mut weight, mut velocity) = ([1.0], [f32::NAN]);
    MOMENTUM.step(0.5, &mut weight, &[2.0], &mut velocity, true);
    assert_eq!((weight, velocity), ([0.0], [2.0]));
    MOMENTUM.step(0.5, &mut weight, &[2.0], &mut velocity, false);
    assert_eq!(velocity, [0.9 * 2.0 + 2.0]);
}

#[test]
fn a_gradient_of_zero_leaves_the_weights_unless_they_decay() {
    let start = normal("weight", 33);
    for (weight_decay, factor) in [
        (WeightDecay::Coupled(0.0), 1.0),
        (WeightDecay::Decoupled(0.0), 1.0),
        (WeightDecay::Coupled(0.5), 0.95),
        (WeightDecay::Decoupled(0.5), 0.95),
    ] {
        let (mut weight, mut velocity) = (start.clone(), vec![0.0; 33]);
        Sgd { weight_decay, ..MOMENTUM }.step(0.1, &mut weight, &[0.0; 33], &mut velocity, true);
        let expected: Vec<f64> = to_f64(&start).iter().map(|weight| factor * weight).collect();
        assert_close("weight", &weight, &expected, 1);
        if factor == 1.0 {
            assert_eq!(bits(&weight), bits(&start));
        }
    }
}

#[test]
fn no_vector_width_and_no_thread_changes_a_bit() {
    let sgd = Sgd { weight_decay: WeightDecay::Coupled(5e-4), nesterov: true, ..MOMENTUM };
    let (start, gradient) = (normal("weight", 70_001), normal("gradient", 70_001));
    let step = sgd.at(0.01, false).along(0.75);
    // Element by element, in the order that the documentation gives.
    let (mut expected, mut expected_velocity) = (start.clone(), gradient.clone());
    for ((w, v), g) in expected.iter_mut().zip(&mut expected_velocity).zip(&gradient) {
        let g = 0.75 * g + 5e-4 * *w;
        *v = 0.9 * *v + g;
        *w -= 0.01 * (g + 0.9 * *v);
    }
    let mut results = on_one_to_four_threads(|| {
        let (mut weight, mut velocity) = (start.clone(), gradient.clone());
        step.take(&mut weight, &gradient, &mut velocity);
        (weight, velocity)
    });
    for simd in available_simd() {
        let (mut weight, mut velocity) = (start.clone(), gradient.clone());
        cpu::step(simd, step, &mut weight, &gradient, &mut velocity);
        results.push((weight, velocity));
    }
    for (weight, velocity) in results {
        assert_eq!(bits(&weight), bits(&expected));
        assert_eq!(bits(&velocity), bits(&expected_velocity));
    }
}

#[test]
fn a_norm_has_the_same_bits_whatever_the_threads_and_the_vectors() {
    for length in [0, 1, 15, 16, 1 << 14, 70_001] {
        let values = normal("values", length);
        let mut expected = 0.0;
        for chunk in values.chunks(1 << 14) {
            let mut lanes = [0.0f64; 16];
            chunk.iter().enumerate().for_each(|(at, &x)| lanes[at % 16] += f64::from(x) * f64::from(x));
            expected += lanes.iter().fold(0.0, |sum, lane| sum + lane);
        }
        let exact: f64 = values.iter().map(|&x| f64::from(x).powi(2)).sum();
        assert!((expected - exact).abs() <= 1e-12 * exact);
        let of_widths = available_simd().filter_map(|simd| simd.run(|| sum_of_squares(&values)));
        for found in on_one_to_four_threads(|| sum_of_squares(&values)).into_iter().chain(of_widths) {
            assert_eq!(found.to_bits(), expected.to_bits());
        }
    }
}

/// `torch.nn.utils.clip_grad_norm_` divides by the norm and a millionth.
#[test]
fn a_gradient_is_scaled_down_only_where_it_is_too_long() {
    assert_eq!(clip_factor(1.0, 0.5), 1.0);
    assert_eq!(clip_factor(1.0, 4.0), (1.0 / 4.000001f64) as f32);
    assert_eq!(clip_factor(1.0, f64::INFINITY), 0.0);
    assert_eq!(clip_factor(1.0, f64::NAN), 1.0);
}
