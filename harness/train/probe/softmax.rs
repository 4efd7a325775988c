//! The objective: mean cross-entropy of a linear classifier on standardised codes, with an L2 penalty.

use crate::data::{Codes, Inputs, NotOneClass};
use rayon::prelude::*;

/// Features whose slope a task sums, each over the examples in their order.
const BLOCK: usize = 256;

/// A standard deviation below this share of the largest code is rounding, not variation.
const NO_VARIATION: f64 = 1e-7;

/// The objective on one set of codes. Its unknowns are the weights `(C, D)` on standardised codes, then `C` biases.
pub(super) struct Objective<'a> {
    codes: &'a Codes,
    labels: &'a [u32],
    num_classes: usize,
    num_features: usize,
    l2: f64,
    mean: Vec<f64>,
    /// 1 / standard deviation; 0 for a code that does not vary.
    scale: Vec<f64>,
}

impl<'a> Objective<'a> {
    pub(super) fn new(codes: &'a Codes, num_classes: usize, l2: f64) -> Result<Self, NotOneClass> {
        let inputs = Inputs::Codes(codes);
        let (num_features, n) = (inputs.num_features(), inputs.len() as f64);
        let (mut mean, mut variance) = (vec![0.0; num_features], vec![0.0; num_features]);
        let mut largest = 0.0f64;
        for example in 0..inputs.len() {
            for (sum, &code) in mean.iter_mut().zip(codes.row(example)) {
                *sum += f64::from(code);
                largest = largest.max(f64::from(code).abs());
            }
        }
        mean.iter_mut().for_each(|sum| *sum /= n);
        for example in 0..inputs.len() {
            for ((sum, mean), &code) in variance.iter_mut().zip(&mean).zip(codes.row(example)) {
                let off = f64::from(code) - mean;
                *sum += off * off;
            }
        }
        let scale = variance.iter().map(|sum| (sum / n).sqrt());
        let scale = scale.map(|std| if std > NO_VARIATION * largest { 1.0 / std } else { 0.0 }).collect();
        Ok(Self { codes, labels: inputs.one_class()?, num_classes, num_features, l2, mean, scale })
    }

    pub(super) fn num_unknowns(&self) -> usize {
        self.num_classes * (self.num_features + 1)
    }

    /// Weights `(C, D)` and biases on codes as they are, which give the same logits as `point` on standardised codes.
    pub(super) fn classifier(&self, point: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let (weights, biases) = point.split_at(self.num_classes * self.num_features);
        let scaled: Vec<f64> =
            weights.iter().zip(self.scale.iter().cycle()).map(|(weight, scale)| weight * scale).collect();
        let shifted = (0..self.num_classes).map(|class| {
            let row = &scaled[class * self.num_features..][..self.num_features];
            biases[class] - row.iter().zip(&self.mean).map(|(weight, mean)| weight * mean).sum::<f64>()
        });
        let shifted = shifted.collect();
        (scaled, shifted)
    }

    /// The objective at `point`, and its slope there.
    pub(super) fn value_and_slope(&self, point: &[f64], slope: &mut [f64]) -> f64 {
        let (weights, biases) = self.classifier(point);
        let (residuals, loss) = self.residuals(&weights, &biases);
        let (of_weights, of_biases) = slope.split_at_mut(self.num_classes * self.num_features);
        for (class, slope) in of_biases.iter_mut().enumerate() {
            *slope = residuals.iter().skip(class).step_by(self.num_classes).sum();
        }
        let penalised = &point[..of_weights.len()];
        for (class, slopes) in of_weights.chunks_exact_mut(self.num_features.max(1)).enumerate() {
            let (bias_slope, penalised) = (of_biases[class], &penalised[class * self.num_features..]);
            slopes.par_chunks_mut(BLOCK).enumerate().for_each(|(block, slopes)| {
                let first = block * BLOCK;
                slopes.fill(0.0);
                for (example, residuals) in residuals.chunks_exact(self.num_classes).enumerate() {
                    let codes = &self.codes.row(example)[first..first + slopes.len()];
                    for (slope, &code) in slopes.iter_mut().zip(codes) {
                        *slope += residuals[class] * f64::from(code);
                    }
                }
                for (offset, slope) in slopes.iter_mut().enumerate() {
                    let feature = first + offset;
                    *slope =
                        (*slope - self.mean[feature] * bias_slope) * self.scale[feature] + self.l2 * penalised[feature];
                }
            });
        }
        loss + 0.5 * self.l2 * penalised.iter().map(|weight| weight * weight).sum::<f64>()
    }

    /// (probability − 1 of the true class) / N of every example, `(N, C)`, and the mean cross-entropy.
    fn residuals(&self, weights: &[f64], biases: &[f64]) -> (Vec<f64>, f64) {
        let n = self.labels.len() as f64;
        let mut residuals = vec![0.0; self.labels.len() * self.num_classes];
        let losses: Vec<f64> = residuals
            .par_chunks_exact_mut(self.num_classes)
            .enumerate()
            .map(|(example, row)| {
                let codes = self.codes.row(example);
                for (class, logit) in row.iter_mut().enumerate() {
                    *logit = dot(&weights[class * self.num_features..][..self.num_features], codes) + biases[class];
                }
                let label = self.labels[example] as usize;
                let (largest, of_label) = (row.iter().copied().fold(f64::NEG_INFINITY, f64::max), row[label]);
                row.iter_mut().for_each(|value| *value = libm::exp(*value - largest));
                let total: f64 = row.iter().sum();
                row.iter_mut().for_each(|value| *value /= total * n);
                row[label] -= 1.0 / n;
                libm::log(total) + largest - of_label
            })
            .collect();
        (residuals, losses.iter().sum::<f64>() / n)
    }
}

/// Σ weights · codes, in eight sums that are then added in order. The order is the same on every machine, and eight
/// sums are fast.
pub(super) fn dot(weights: &[f64], codes: &[f32]) -> f64 {
    const LANES: usize = 8;
    let mut sums = [0.0; LANES];
    let (weights_in_lanes, last_weights) = weights.as_chunks::<LANES>();
    let (codes_in_lanes, last_codes) = codes.as_chunks::<LANES>();
    for (weights, codes) in weights_in_lanes.iter().zip(codes_in_lanes) {
        for ((sum, weight), &code) in sums.iter_mut().zip(weights).zip(codes) {
            *sum += weight * f64::from(code);
        }
    }
    let rest: f64 = last_weights.iter().zip(last_codes).map(|(weight, &code)| weight * f64::from(code)).sum();
    sums.iter().sum::<f64>() + rest
}
