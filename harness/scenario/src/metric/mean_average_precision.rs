//! Mean average precision, over all points.

use super::{Direction, Facts, Grain, Unit, mean_share};
use crate::labels::LabelKind;

/// The mean over classes of the area under the precision–recall curve, precision being made to fall with recall.
///
/// # Source
/// PASCAL VOC development kit, 2010 and later.
pub(super) const FACTS: Facts = Facts {
    name: "mean_average_precision",
    words: "mean average precision",
    unit: Unit::Fraction,
    direction: Direction::HigherIsBetter,
    grain: Grain::Run,
    chance: mean_share,
    labels: &[LabelKind::SeveralClasses],
};
