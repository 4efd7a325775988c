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
    let step = Step { learning_rate: 0.01, momentum: 0.9, coupled: 5e-4, shrink: 1.0, nesterov: true, first: false };
    // Element by element, in the order that the documentation gives.
    let (mut expected, mut expected_velocity) = (start.clone(), gradient.clone());
    for ((w, v), g) in expected.iter_mut().zip(&mut expected_velocity).zip(&gradient) {
        let g = g + 5e-4 * *w;
        *v = 0.9 * *v + g;
        *w -= 0.01 * (g + 0.9 * *v);
    }
    let mut results = on_one_to_four_threads(|| {
        let (mut weight, mut velocity) = (start.clone(), gradient.clone());
        sgd.step(0.01, &mut weight, &gradient, &mut velocity, false);
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
