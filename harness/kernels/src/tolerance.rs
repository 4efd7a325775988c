//! How far two computations of one number may differ, written once.

/// The precision that a result was computed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Precision {
    /// f32, 24 bits.
    Single,
    /// f64, 53 bits.
    Double,
}

/// The accepted difference, as a fraction of the largest magnitude in the tensor.
///
/// Rounding errors of a sum of `terms` products walk at random, so they grow with the square root of its length; 4 units in the last place
/// leave room for terms larger than the sum they cancel to.
pub(crate) fn tolerance(precision: Precision, terms: usize) -> f64 {
    let epsilon = match precision {
        Precision::Single => f64::from(f32::EPSILON),
        Precision::Double => f64::EPSILON,
    };
    4.0 * epsilon * (terms.max(1) as f64).sqrt()
}

/// Panics unless every element is within [`tolerance`] of what is expected, both computed as sums of `terms` products.
#[track_caller]
pub(crate) fn assert_close(what: &str, actual: &[f32], expected: &[f64], terms: usize) {
    assert_eq!(actual.len(), expected.len(), "{what}: lengths");
    let largest = expected.iter().fold(0.0, |largest: f64, value| largest.max(value.abs()));
    let allowed = tolerance(Precision::Single, terms) * largest;
    for (at, (actual, expected)) in actual.iter().zip(expected).enumerate() {
        let difference = (f64::from(*actual) - expected).abs();
        assert!(
            difference <= allowed,
            "{what}[{at}]: {actual} instead of {expected}, off by {difference:e}, allowed {allowed:e}"
        );
    }
}
