//! The mean of the middle half.

/// Interquartile mean: that of the values left when a quarter of them, rounded down, is taken off each end. `None` without
/// values. A run that collapsed moves it less than it moves the mean.
///
/// # Units
/// Those of the values.
/// # Source
/// Agarwal et al. 2021 ("statistical precipice"); SciPy's `trim_mean(values, 0.25)`.
pub fn interquartile_mean(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let cut = sorted.len() / 4;
    crate::sample::mean(&sorted[cut..sorted.len() - cut])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_scipy() {
        assert_eq!(interquartile_mean(&[3.0, -1.0, 2.5, 0.0, 7.0, -20.0, 1.0, 1.5]), Some(1.25));
        assert_eq!(interquartile_mean(&[1.0, 2.0, 9.0]), Some(4.0));
        assert_eq!(interquartile_mean(&[4.0, 1.0, 2.0, 3.0, 10.0]), Some(3.0));
        assert_eq!(interquartile_mean(&[]), None);
    }
}
