use super::*;
use crate::fixture::{
    Fixture, available_simd, batch_innermost, batch_outermost, bits, central_difference, dot, normal,
    on_one_to_four_threads, to_f64,
};
use crate::tolerance::assert_close;

fn forward(norm: &LocalResponseNorm, x: &[f32], channels: usize, batch: usize) -> Vec<f32> {
    let mut y = vec![f32::NAN; x.len()];
    norm.forward(x, &mut y, channels, x.len() / channels / batch, batch);
    y
}

fn input_gradient(norm: &LocalResponseNorm, x: &[f32], dy: &[f32], channels: usize, batch: usize) -> Vec<f32> {
    let y = forward(norm, x, channels, batch);
    let mut dx = vec![f32::NAN; x.len()];
    norm.input_gradient(x, &y, dy, &mut dx, channels, x.len() / channels / batch, batch);
    dx
}

/// The definition, for `[channels][positions]`.
fn naive(norm: &LocalResponseNorm, x: &[f64], channels: usize) -> Vec<f64> {
    let plane = x.len() / channels;
    let mut y = Vec::new();
    for c in 0..channels {
        for p in 0..plane {
            let (mut sum, back) = (0.0, norm.size / 2);
            for other in 0..channels {
                if other + back >= c && other + back < c + norm.size {
                    sum += x[other * plane + p] * x[other * plane + p];
                }
            }
            let scale = f64::from(norm.k) + f64::from(norm.alpha) * sum;
            y.push(x[c * plane + p] / libm::pow(scale, f64::from(norm.beta)));
        }
    }
    y
}

#[test]
fn agrees_with_the_paper_and_with_pytorch_by_their_own_alphas() {
    let fixture = Fixture::load("local_response_norm");
    let shape = fixture.shape("x");
    let (batch, channels) = (shape[0], shape[1]);
    for (name, norm) in [
        ("paper", LocalResponseNorm::KRIZHEVSKY_2012),
        ("pytorch_5", LocalResponseNorm::from_pytorch(5, 0.25, 0.75, 1.0)),
        ("pytorch_4", LocalResponseNorm::from_pytorch(4, 0.5, 0.625, 2.0)),
    ] {
        let (x, dy) = (fixture.f32_batch_innermost("x"), fixture.f32_batch_innermost("dy"));
        let y = batch_outermost(&forward(&norm, &x, channels, batch), batch);
        assert_close(name, &y, &fixture.f64(&format!("{name}.y")), norm.size);
        let dx = batch_outermost(&input_gradient(&norm, &x, &dy, channels, batch), batch);
        assert_close(name, &dx, &fixture.f64(&format!("{name}.dx")), 2 * norm.size);
    }
}

#[test]
fn the_gradient_agrees_with_finite_differences() {
    let norm = LocalResponseNorm { size: 5, alpha: 0.1, beta: 0.75, k: 2.0 };
    let (channels, positions) = (7, 4);
    let x = normal("norm", channels * positions);
    let dy = normal("norm.dy", x.len());
    let (x64, dy64) = (to_f64(&x), to_f64(&dy));
    let loss = |x: &[f64]| dot(&naive(&norm, x, channels), &dy64);
    let expected: Vec<f64> = (0..x.len()).map(|i| central_difference(&x64, i, loss)).collect();
    assert_close("dx", &input_gradient(&norm, &x, &dy, channels, 1), &expected, 2 * norm.size);
}

#[test]
fn a_window_wider_than_the_channels_normalises_by_all_of_them() {
    let norm = LocalResponseNorm { size: 9, alpha: 1.0, beta: 0.75, k: 0.0 };
    let y = forward(&norm, &[3.0, 4.0], 2, 1);
    assert_close("y", &y, &[3.0 / libm::pow(25.0, 0.75), 4.0 / libm::pow(25.0, 0.75)], 2);
}

#[test]
fn one_nan_spoils_only_the_channels_it_normalises() {
    let mut x = vec![1.0; 8];
    x[0] = f32::NAN;
    let y = forward(&LocalResponseNorm::KRIZHEVSKY_2012, &x, 8, 1);
    let nan: Vec<bool> = y.iter().map(|y| y.is_nan()).collect();
    assert_eq!(nan, [true, true, true, false, false, false, false, false]);
}

#[test]
fn no_vector_width_no_thread_and_no_batch_size_changes_a_bit() {
    for beta in [0.75, 0.5] {
        let norm = LocalResponseNorm { size: 5, alpha: 0.1, beta, k: 2.0 };
        let (channels, positions, batch) = (24, 37, 50);
        let x = normal("norm", channels * positions * batch);
        let dy = normal("norm.dy", x.len());
        let mut results = on_one_to_four_threads(|| {
            (forward(&norm, &x, channels, batch), input_gradient(&norm, &x, &dy, channels, batch))
        });
        for simd in available_simd() {
            let (mut y, mut dx) = (vec![f32::NAN; x.len()], vec![f32::NAN; x.len()]);
            cpu::forward(simd, &norm, &x, &mut y, 0, positions * batch);
            cpu::input_gradient(simd, &norm, &x, &y, &dy, &mut dx, 0, positions * batch, &mut Vec::new());
            results.push((y, dx));
        }
        // One image alone.
        let image = |tensor: &[f32]| batch_outermost(tensor, batch)[..channels * positions].to_vec();
        let alone = (
            batch_innermost(&forward(&norm, &image(&x), channels, 1), 1),
            input_gradient(&norm, &image(&x), &image(&dy), channels, 1),
        );
        for (y, dx) in &results {
            assert_eq!(bits(y), bits(&results[0].0));
            assert_eq!(bits(dx), bits(&results[0].1));
            assert_eq!(bits(&image(y)), bits(&alone.0));
            assert_eq!(bits(&image(dx)), bits(&alone.1));
        }
    }
}

#[test]
fn an_empty_window_is_refused() {
    let norm = LocalResponseNorm { size: 0, ..LocalResponseNorm::KRIZHEVSKY_2012 };
    assert_eq!(norm.check().unwrap_err().to_string(), "local_response_norm: size is 0; give at least 1");
    assert!(LocalResponseNorm::KRIZHEVSKY_2012.check().is_ok());
}
