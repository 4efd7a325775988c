//! What is written down of a training.

use super::{JobOutput, Trouble};
use crate::train::{CurvePoint, Outcome, Prediction, Purpose, Score, Trained};
use nt_results::{Metric, Status, curve, metric, predictions};

/// Notes how a training ended and its first and last loss.
pub(super) fn note_training<P: Purpose>(trained: &Trained<P>, output: &mut JobOutput) {
    output.status = match trained.outcome {
        Outcome::Finished => Status::Done,
        Outcome::Diverged { step } => Status::Diverged { reason: format!("the loss was not a finite number at step {step}") },
    };
    if let (Some(first), Some(last)) = (trained.curve.first(), trained.curve.last()) {
        output.metrics.push(Metric::new(metric::TRAIN_LOSS_FIRST, first.train_loss, 1));
        output.metrics.push(Metric::new(metric::TRAIN_LOSS_LAST, last.train_loss, 1));
    }
}

/// Notes a score on the test set.
pub(super) fn push_test_metrics(score: &Score, output: &mut JobOutput) {
    let n = score.num_examples as u64;
    output.metrics.extend([
        Metric::new(metric::TOP1, score.top1, n),
        Metric::new(metric::TOP5, score.top5, n),
        Metric::new(metric::MEAN_PER_CLASS, score.mean_per_class, n),
        Metric::new(metric::LOG_LOSS, score.log_loss, n),
    ]);
}
