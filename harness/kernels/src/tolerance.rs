//! How far two computations of one number may differ, written once.

/// The accepted difference, as a fraction of the largest magnitude in the tensor, where at least one side was computed
/// in a precision of this `epsilon` as sums of `terms` products.
///
/// Rounding errors of a sum walk at random, so they grow with the square root of its length; 4 units in the last place
/// leave room for terms larger than the sum they cancel to.
pub(crate) fn tolerance(epsilon: f64, terms: usize) -> f64 {
    4.0 * epsilon * (terms.max(1) as f64).sqrt()
}

/// Panics unless every element is within [`tolerance`] of what is expected, the actual ones being f32.
#[track_caller]
pub(crate) fn assert_close(what: &str, actual: &[f32], expected: &[f64], terms: usize) {
    assert_eq!(actual.len(), expected.len(), "{what}: lengths");
    let largest = expected.iter().fold(0.0, |largest: f64, value| largest.max(value.abs()));
    let allowed = tolerance(f64::from(f32::EPSILON), terms) * largest;
    for (at, (actual, expected)) in actual.iter().zip(expected).enumerate() {
        let difference = (f64::from(*actual) - expected).abs();
        assert!(
            difference <= allowed,
            "{what}[{at}]: {actual} instead of {expected}, off by {difference:e}, allowed {allowed:e}"
        );
    }
}
