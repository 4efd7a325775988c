//! The result of a training.

use crate::model::Parameters;

/// The result of a training, whatever its purpose.
pub struct Training {
    /// The network's parameters at its end.
    pub parameters: Parameters,
    /// How it went.
    pub outcome: Outcome,
    /// Loss and rate along the way.
    pub curve: Vec<CurvePoint>,
}

/// How a training ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// After its last step.
    Finished,
    /// Before its last step, because the loss was no longer a finite number.
    Diverged {
        /// The step at which that was noticed.
        step: u64,
    },
}

/// A point of the training curve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CurvePoint {
    /// Steps done.
    pub step: u64,
    /// Learning rate of the last of them.
    pub learning_rate: f64,
    /// Mean cross-entropy of the batches since the point before, nats.
    pub train_loss: f64,
    /// Fraction right, over the same batches.
    pub train_top1: f64,
}

/// Most points of a training curve.
const CURVE_POINTS: u64 = 40;

/// Steps from one point of the curve to the next, in a training of `steps` steps.
pub(super) fn steps_per_point(steps: u64) -> u64 {
    steps.div_ceil(CURVE_POINTS).max(1)
}
