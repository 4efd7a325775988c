//! Mean average precision, interpolated at eleven recalls.

use super::{Direction, Facts, Grain, Unit, mean_share};
use crate::labels::LabelKind;

/// The mean over classes of the mean of the interpolated precision at the recalls 0, .1 … 1.
///
/// # Source
/// PASCAL VOC development kit, 2007.
pub(super) const FACTS: Facts = Facts {
    name: "mean_average_precision_11",
    words: "mean average precision (11 points)",
    unit: Unit::Fraction,
    direction: Direction::HigherIsBetter,
    grain: Grain::Run,
    chance: mean_share,
    labels: &[LabelKind::SeveralClasses],
};
