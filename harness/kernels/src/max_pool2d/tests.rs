use super::*;
use crate::fixture::{Fixture, available_simd, bits, central_difference, dot, normal, on_one_to_four_threads, to_f64};
use crate::tolerance::assert_close;

const ALEXNET: MaxPool2d = MaxPool2d { channels: 3, height: 13, width: 10, kernel: 3, stride: 2 };

fn forward(pool: &MaxPool2d, x: &[f32], batch: usize) -> Vec<f32> {
    let mut y = vec![f32::NAN; pool.out_features() * batch];
    pool.forward(x, &mut y, batch);
    y
}

fn input_gradient(pool: &MaxPool2d, x: &[f32], dy: &[f32], batch: usize) -> Vec<f32> {
    let mut dx = vec![f32::NAN; x.len()];
    pool.input_gradient(x, &forward(pool, x, batch), dy, &mut dx, batch);
    dx
}

/// Index into `[C][H][W][N]`.
fn at(pool: &MaxPool2d, batch: usize, c: usize, iy: usize, ix: usize, n: usize) -> usize {
    ((c * pool.height + iy) * pool.width + ix) * batch + n
}

/// `(index of the first maximum, its value)` of every output, in order.
fn naive(pool: &MaxPool2d, x: &[f64], batch: usize) -> Vec<(usize, f64)> {
    let mut maxima = Vec::new();
    for c in 0..pool.channels {
        for oy in 0..pool.out_height() {
            for ox in 0..pool.out_width() {
                for n in 0..batch {
                    let mut best = at(pool, batch, c, oy * pool.stride, ox * pool.stride, n);
                    for ky in 0..pool.kernel {
                        for kx in 0..pool.kernel {
                            let tap = at(pool, batch, c, oy * pool.stride + ky, ox * pool.stride + kx, n);
                            best = if x[tap] > x[best] { tap } else { best };
                        }
                    }
                    maxima.push((best, x[best]));
                }
            }
        }
    }
    maxima
}

#[test]
fn agrees_with_pytorch_exactly_ties_and_rest_included() {
    let fixture = Fixture::load("max_pool2d");
    let shape = fixture.shape("x");
    let (batch, x) = (shape[0], fixture.f32_batch_innermost("x"));
    let pool = MaxPool2d::new(shape[1], shape[2], shape[3], 3, 2).unwrap();
    assert_eq!([pool.out_height(), pool.out_width()], fixture.shape("y")[2..]);
    assert_eq!(forward(&pool, &x, batch), fixture.f32_batch_innermost("y"));
    // Multiples of 1/8: their sums are exact.
    let dx = input_gradient(&pool, &x, &fixture.f32_batch_innermost("dy"), batch);
    assert_eq!(dx, fixture.f32_batch_innermost("dx"));
}

#[test]
fn the_gradient_agrees_with_finite_differences() {
    let batch = 2;
    let x = normal("pool", ALEXNET.in_features() * batch);
    let dy = normal("pool.dy", ALEXNET.out_features() * batch);
    let (x64, dy64) = (to_f64(&x), to_f64(&dy));
    let loss = |x: &[f64]| {
        let y: Vec<f64> = naive(&ALEXNET, x, batch).into_iter().map(|(_, maximum)| maximum).collect();
        dot(&y, &dy64)
    };
    let expected: Vec<f64> = (0..x.len()).map(|i| central_difference(&x64, i, loss)).collect();
    assert_close("dx", &input_gradient(&ALEXNET, &x, &dy, batch), &expected, 4);
}

#[test]
fn a_tie_gives_the_whole_gradient_to_the_first_maximum_in_row_order() {
    let pool = MaxPool2d::new(1, 3, 3, 3, 2).unwrap();
    let x = [0.0, 1.0, 7.0, 7.0, 7.0, 2.0, 3.0, 4.0, 7.0];
    assert_eq!(input_gradient(&pool, &x, &[5.0], 1), [0.0, 0.0, 5.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
}

#[test]
fn a_maximum_that_windows_share_collects_the_gradient_of_each() {
    let pool = MaxPool2d::new(1, 5, 5, 3, 2).unwrap();
    let mut x = [0.0; 25];
    x[12] = 1.0;
    let mut expected = [0.0; 25];
    expected[12] = 1.0 + 2.0 + 4.0 + 8.0;
    assert_eq!(input_gradient(&pool, &x, &[1.0, 2.0, 4.0, 8.0], 1), expected);
}

#[test]
fn rows_and_columns_that_no_window_reaches_get_no_gradient() {
    let pool = MaxPool2d::new(1, 4, 6, 3, 2).unwrap();
    assert_eq!((pool.out_height(), pool.out_width()), (1, 2));
    let x: Vec<f32> = (0..24).map(|i| i as f32).collect();
    let dx = input_gradient(&pool, &x, &[1.0, 1.0], 1);
    assert!(dx[18..].iter().all(|gradient| *gradient == 0.0));
    assert_eq!(dx.iter().sum::<f32>(), 2.0);
}

#[test]
fn nan_propagates_and_its_gradient_goes_to_the_first_nan() {
    let pool = MaxPool2d::new(1, 3, 3, 3, 2).unwrap();
    let x = [9.0, 1.0, f32::NAN, 2.0, f32::NAN, f32::INFINITY, 0.0, 0.0, 0.0];
    assert!(forward(&pool, &x, 1)[0].is_nan());
    assert_eq!(input_gradient(&pool, &x, &[5.0], 1), [0.0, 0.0, 5.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
}

#[test]
fn a_window_of_minus_infinity_alone_has_that_maximum() {
    let pool = MaxPool2d::new(1, 2, 2, 2, 2).unwrap();
    let x = [f32::NEG_INFINITY; 4];
    assert_eq!(forward(&pool, &x, 1), [f32::NEG_INFINITY]);
    assert_eq!(input_gradient(&pool, &x, &[1.0], 1), [1.0, 0.0, 0.0, 0.0]);
}

#[test]
fn no_vector_width_no_thread_and_no_batch_size_changes_a_bit() {
    for (kernel, stride) in [(3, 2), (2, 2), (3, 1), (2, 3), (1, 1)] {
        for batch in [1, 5, 16, 37] {
            let pool = MaxPool2d::new(24, 12, 9, kernel, stride).unwrap();
            // Rounded, so that there are ties.
            let x: Vec<f32> = normal("pool", pool.in_features() * batch).iter().map(|x| (x * 2.0).round()).collect();
            let dy = normal("pool.dy", pool.out_features() * batch);
            let mut results = on_one_to_four_threads(|| {
                let y = forward(&pool, &x, batch);
                let dx = input_gradient(&pool, &x, &dy, batch);
                (y, dx)
            });
            for simd in available_simd() {
                let (mut y, mut dx) = (vec![f32::NAN; dy.len()], vec![f32::NAN; x.len()]);
                cpu::forward(simd, &pool, &x, &mut y, batch);
                cpu::input_gradient(simd, &pool, &x, &y, &dy, &mut dx, batch);
                results.push((y, dx));
            }
            // The same order of sums, one image after the other.
            let (mut expected, mut expected_dx) = (Vec::new(), vec![0.0f32; x.len()]);
            for ((first, maximum), dy) in naive(&pool, &to_f64(&x), batch).into_iter().zip(&dy) {
                expected.push(maximum as f32);
                expected_dx[first] += dy;
            }
            for (y, dx) in results {
                assert_eq!(y, expected);
                assert_eq!(bits(&dx), bits(&expected_dx));
            }
        }
    }
}

#[test]
fn an_impossible_window_is_refused_with_what_would_fit() {
    let error = MaxPool2d::new(1, 2, 8, 3, 2).unwrap_err();
    assert_eq!(
        error.to_string(),
        "max_pool2d: a 3×3 kernel does not fit an input of 2×8 with padding 0; take a smaller kernel or a larger input"
    );
    assert_eq!(MaxPool2d::new(1, 8, 8, 3, 0).unwrap_err().to_string(), "max_pool2d: stride is 0; give at least 1");
}
