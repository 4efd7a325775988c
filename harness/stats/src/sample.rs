//! Moments and quantiles of a sample.

/// The mean; `None` without values.
pub fn mean(values: &[f64]) -> Option<f64> {
    if values.is_empty() { None } else { Some(values.iter().sum::<f64>() / values.len() as f64) }
}

/// The sample variance, ddof = 1; `None` below two values.
pub fn variance(values: &[f64]) -> Option<f64> {
    if values.len() < 2 {
        return None;
    }
    let centre = mean(values)?;
    // Equal values must have no variance at all, whatever the rounding of their mean.
    if values.iter().all(|value| *value == values[0]) {
        return Some(0.0);
    }
    let squares = values.iter().map(|value| (value - centre) * (value - centre)).sum::<f64>();
    Some(squares / (values.len() - 1) as f64)
}

/// The sample standard deviation, ddof = 1; `None` below two values.
pub fn standard_deviation(values: &[f64]) -> Option<f64> {
    variance(values).map(f64::sqrt)
}

/// The `p`-quantile of values sorted in ascending order; `None` without values.
///
/// # Source
/// Hyndman and Fan 1996, type 7: linear between order statistics, NumPy's and R's default.
pub fn quantile(sorted: &[f64], p: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let position = p.clamp(0.0, 1.0) * last as f64;
    let below = position.floor() as usize;
    let above = (below + 1).min(last);
    let weight = position - below as f64;
    Some(sorted[below] + weight * (sorted[above] - sorted[below]))
}
