use super::*;
use crate::fixture::{bits, normal, on_one_to_four_threads};

#[test]
fn keeps_what_is_above_zero() {
    let mut y = [-1.5, -0.0, 0.0, 2.0, f32::INFINITY, f32::NEG_INFINITY];
    forward_in_place(&mut y);
    assert_eq!(y, [0.0, 0.0, 0.0, 2.0, f32::INFINITY, 0.0]);
}

#[test]
fn nan_stays_nan_and_its_gradient_is_zero() {
    let mut y = [f32::NAN];
    forward_in_place(&mut y);
    assert!(y[0].is_nan());
    let mut dy = [1.0];
    gradient_in_place(&y, &mut dy);
    assert_eq!(dy, [0.0]);
}

#[test]
fn the_gradient_passes_where_the_result_is_above_zero() {
    let mut dy = [1.0, 2.0, f32::NAN, -4.0];
    gradient_in_place(&[0.0, 1.0, 0.0, 1e-30], &mut dy);
    assert_eq!(dy, [0.0, 2.0, 0.0, -4.0]);
}

#[test]
fn no_thread_changes_a_bit() {
    let x = normal("relu", 100_003);
    let dy = normal("relu.dy", x.len());
    let expected: Vec<f32> = x.iter().map(|x| if *x < 0.0 { 0.0 } else { *x }).collect();
    let expected_dx: Vec<f32> = expected.iter().zip(&dy).map(|(y, dy)| if *y > 0.0 { *dy } else { 0.0 }).collect();
    let results = on_one_to_four_threads(|| {
        let (mut y, mut dx) = (x.clone(), dy.clone());
        forward_in_place(&mut y);
        gradient_in_place(&y, &mut dx);
        (y, dx)
    });
    for (y, dx) in results {
        assert_eq!(bits(&y), bits(&expected));
        assert_eq!(bits(&dx), bits(&expected_dx));
    }
}
