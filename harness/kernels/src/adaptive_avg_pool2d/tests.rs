use super::*;
use crate::fixture::{Fixture, available_simd, bits, central_difference, dot, normal, on_one_to_four_threads, to_f64};
use crate::tolerance::assert_close;

fn forward(pool: &AdaptiveAvgPool2d, x: &[f32], batch: usize) -> Vec<f32> {
    let mut y = vec![f32::NAN; pool.out_features() * batch];
    pool.forward(x, &mut y, batch);
    y
}

fn input_gradient(pool: &AdaptiveAvgPool2d, dy: &[f32], batch: usize) -> Vec<f32> {
    let mut dx = vec![f32::NAN; pool.in_features() * batch];
    pool.input_gradient(dy, &mut dx, batch);
    dx
}

/// Whether output position `at` is made of input position `from`.
fn is_in_window(at: usize, from: usize, length: usize, side: usize) -> bool {
    // From ⌊at · length / side⌋ to ⌈(at + 1) · length / side⌉, without a division.
    side * (from + 1) > at * length && side * from < (at + 1) * length
}

/// The means by their definition, in double precision.
fn naive(pool: &AdaptiveAvgPool2d, x: &[f64], batch: usize) -> Vec<f64> {
    let mut means = Vec::new();
    for c in 0..pool.channels {
        for (oy, ox) in (0..pool.side).flat_map(|oy| (0..pool.side).map(move |ox| (oy, ox))) {
            for n in 0..batch {
                let (mut sum, mut count) = (0.0, 0.0);
                for (iy, ix) in (0..pool.height).flat_map(|iy| (0..pool.width).map(move |ix| (iy, ix))) {
                    if is_in_window(oy, iy, pool.height, pool.side) && is_in_window(ox, ix, pool.width, pool.side) {
                        sum += x[((c * pool.height + iy) * pool.width + ix) * batch + n];
                        count += 1.0;
                    }
                }
                means.push(sum / count);
            }
        }
    }
    means
}

#[test]
fn agrees_with_pytorch() {
    let fixture = Fixture::load("adaptive_avg_pool2d");
    for case in ["uneven", "one", "same"] {
        let values = |name: &str| fixture.f32_batch_innermost(&format!("{case}.{name}"));
        let shape = fixture.shape(&format!("{case}.x"));
        let pool = AdaptiveAvgPool2d::new(shape[1], shape[2], shape[3], 6).unwrap();
        assert_close("y", &forward(&pool, &values("x"), shape[0]), &to_f64(&values("y")), 16);
        assert_close("dx", &input_gradient(&pool, &values("dy"), shape[0]), &to_f64(&values("dx")), 36);
    }
}

#[test]
fn agrees_with_its_definition_and_its_gradient_with_finite_differences() {
    for (height, width, side) in [(7, 5, 3), (2, 3, 6), (6, 6, 6), (1, 1, 6), (13, 13, 6)] {
        let (pool, batch) = (AdaptiveAvgPool2d::new(2, height, width, side).unwrap(), 2);
        let x = normal("pool", pool.in_features() * batch);
        let dy = normal("pool.dy", pool.out_features() * batch);
        let (x64, dy64) = (to_f64(&x), to_f64(&dy));
        assert_close("y", &forward(&pool, &x, batch), &naive(&pool, &x64, batch), 16);
        let loss = |x: &[f64]| dot(&naive(&pool, x, batch), &dy64);
        let expected: Vec<f64> = (0..x.len()).map(|i| central_difference(&x64, i, loss)).collect();
        assert_close("dx", &input_gradient(&pool, &dy, batch), &expected, 64);
    }
}

#[test]
fn an_input_of_the_outputs_size_is_kept_bit_for_bit() {
    let pool = AdaptiveAvgPool2d::new(3, 6, 6, 6).unwrap();
    assert!(pool.is_identity());
    let x = normal("pool", pool.in_features() * 5);
    assert_eq!(bits(&forward(&pool, &x, 5)), bits(&x));
    assert_eq!(bits(&input_gradient(&pool, &x, 5)), bits(&x));
}

#[test]
fn nan_stays_in_its_windows() {
    let pool = AdaptiveAvgPool2d::new(1, 4, 4, 2).unwrap();
    let mut x = [1.0; 16];
    x[0] = f32::NAN;
    let y = forward(&pool, &x, 1);
    assert!(y[0].is_nan());
    assert_eq!(y[1..], [1.0; 3]);
}

#[test]
fn no_vector_width_no_thread_and_no_batch_size_changes_a_bit() {
    for batch in [1, 5, 16, 37] {
        let pool = AdaptiveAvgPool2d::new(24, 7, 5, 6).unwrap();
        let x = normal("pool", pool.in_features() * batch);
        let dy = normal("pool.dy", pool.out_features() * batch);
        let mut results = on_one_to_four_threads(|| (forward(&pool, &x, batch), input_gradient(&pool, &dy, batch)));
        for simd in available_simd() {
            let (mut y, mut dx) = (vec![f32::NAN; dy.len()], vec![f32::NAN; x.len()]);
            cpu::forward(simd, &pool, &x, &mut y, batch);
            cpu::input_gradient(simd, &pool, &dy, &mut dx, batch);
            results.push((y, dx));
        }
        let (expected, expected_dx) = results[0].clone();
        for (y, dx) in results {
            assert_eq!((bits(&y), bits(&dx)), (bits(&expected), bits(&expected_dx)));
        }
    }
}

#[test]
fn a_pool_to_nothing_is_refused() {
    let error = AdaptiveAvgPool2d::new(1, 8, 8, 0).unwrap_err();
    assert_eq!(error.to_string(), "adaptive_avg_pool2d: side is 0; give at least 1");
}

#[test]
fn its_bits_change_only_with_the_numerics_version() {
    let golden = (1, "c44f7210da24f9602fed2cf9ba6fc802");
    let mut hasher = blake3::Hasher::new();
    for (height, width) in [(13, 4), (1, 1), (7, 9)] {
        let (pool, batch) = (AdaptiveAvgPool2d::new(5, height, width, 6).unwrap(), 19);
        let x = normal("x", pool.in_features() * batch);
        let dy = normal("dy", pool.out_features() * batch);
        for value in forward(&pool, &x, batch).into_iter().chain(input_gradient(&pool, &dy, batch)) {
            hasher.update(&value.to_bits().to_le_bytes());
        }
    }
    let found = hasher.finalize().to_hex()[..32].to_owned();
    let told = "if that is meant, raise NUMERICS_VERSION, write both here, and say so in the changelog under \"Changes results\"";
    assert_eq!((crate::NUMERICS_VERSION, found.as_str()), golden, "results have changed: {told}");
}
