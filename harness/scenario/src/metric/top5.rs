//! Top-5 accuracy.

use super::{Direction, Facts, Grain, Unit};
use crate::labels::LabelKind;

/// The fraction of test images whose class is among the first five guesses.
pub(super) const FACTS: Facts = Facts {
    name: "top5",
    words: "top-5 accuracy",
    unit: Unit::Fraction,
    direction: Direction::HigherIsBetter,
    grain: Grain::Image,
    chance: five_largest,
    labels: &[LabelKind::OneClass],
};

fn five_largest(shares: &[f64]) -> f64 {
    let mut shares = shares.to_vec();
    shares.sort_by(|a, b| b.total_cmp(a));
    shares.iter().take(5).sum::<f64>().min(1.0)
}
