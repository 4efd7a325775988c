//! Log-loss.

use super::{Direction, Facts, Grain, Unit};
use crate::labels::LabelKind;

/// The mean negative log-probability of each test image's class.
pub(super) const FACTS: Facts = Facts {
    name: "log_loss",
    words: "log-loss",
    unit: Unit::Nats,
    direction: Direction::LowerIsBetter,
    grain: Grain::Image,
    chance: entropy,
    labels: &[LabelKind::OneClass],
};

/// The loss of always giving each class its share.
fn entropy(shares: &[f64]) -> f64 {
    shares.iter().filter(|&&share| share > 0.0).map(|&share| -share * libm::log(share)).sum()
}
