//! Mean per-class accuracy.

use super::{Direction, Facts, Grain, Unit};
use crate::labels::LabelKind;

/// The mean over classes of the fraction of each class's test images whose first guess is right.
///
/// # Source
/// Oxford Flowers' convention (Nilsback and Zisserman, ICVGIP 2008).
pub(super) const FACTS: Facts = Facts {
    name: "mean_per_class",
    words: "mean per-class accuracy",
    unit: Unit::Fraction,
    direction: Direction::HigherIsBetter,
    grain: Grain::Class,
    chance: |shares| 1.0 / shares.len().max(1) as f64,
    labels: &[LabelKind::OneClass],
};
