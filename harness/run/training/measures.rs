//! What is written down of a training.

use super::{JobOutput, Trouble};
use crate::train::{Outcome, Prediction, Purpose, Score, Trained};
use nt_records::predictions::{NO_CLASS, NUM_GUESSES};
use nt_records::{CurvePoint, Metric, Predictions, Status, metric};

/// Notes how a training ended, its curve, and its first and last loss.
pub(super) fn note_training<P: Purpose>(trained: &Trained<P>, output: &mut JobOutput) {
    output.status = match trained.outcome {
        Outcome::Finished => Status::Done,
        Outcome::Diverged { step } => {
            Status::Diverged { reason: format!("the loss was not a finite number at step {step}") }
        }
    };
    output.artifacts.curve = trained
        .curve
        .iter()
        .map(|point| CurvePoint {
            step: point.step,
            learning_rate: point.learning_rate,
            train_loss: point.train_loss,
            train_top1: point.train_top1,
            validation_top1: None,
        })
        .collect();
    if let (Some(first), Some(last)) = (trained.curve.first(), trained.curve.last()) {
        output.metrics.push(Metric::new(metric::TRAIN_LOSS_FIRST, first.train_loss, 1));
        output.metrics.push(Metric::new(metric::TRAIN_LOSS_LAST, last.train_loss, 1));
    }
}

/// Notes a score on the training images.
pub(super) fn push_training_metrics(score: &Score, output: &mut JobOutput) {
    output.metrics.push(Metric::new(metric::TRAIN_TOP1, score.top1, score.num_examples as u64));
}

/// Notes a score on the validation images.
pub(super) fn push_validation_metrics(score: &Score, output: &mut JobOutput) {
    let n = score.num_examples as u64;
    output.metrics.push(Metric::new(metric::VALIDATION_TOP1, score.top1, n));
    output.metrics.push(Metric::new(metric::VALIDATION_LOG_LOSS, score.log_loss, n));
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

/// Predictions as they are stored: by ascending example, and no class where there are fewer than five.
pub(super) fn tabulate(mut predictions: Vec<Prediction>, num_classes: usize) -> Result<Predictions, Trouble> {
    predictions.sort_by_key(|prediction| prediction.example_id);
    let guesses = |prediction: &Prediction| -> [u16; NUM_GUESSES] {
        std::array::from_fn(|rank| if rank < num_classes { prediction.top5[rank] as u16 } else { NO_CLASS })
    };
    Predictions::new(
        predictions.iter().map(|prediction| prediction.example_id).collect(),
        predictions.iter().map(|prediction| prediction.label as u16).collect(),
        predictions.iter().map(guesses).collect(),
        predictions.iter().map(|prediction| prediction.log_loss).collect(),
    )
    .map_err(|error| Trouble::Failed(error.to_string()))
}
