//! Top-1 accuracy.

use super::{Direction, Facts, Grain, Unit};
use crate::labels::LabelKind;

/// The fraction of test images whose first guess is right.
pub(super) const FACTS: Facts = Facts {
    name: "top1",
    words: "top-1 accuracy",
    unit: Unit::Fraction,
    direction: Direction::HigherIsBetter,
    grain: Grain::Image,
    chance: |shares| shares.iter().copied().fold(0.0, f64::max),
    labels: &[LabelKind::OneClass],
};
