//! What is written down of a training.

use super::{JobOutput, Trouble};
use crate::train::{Outcome, Prediction, Purpose, Score, Trained};
use nt_records::predictions::{NO_CLASS, NUM_GUESSES};
use nt_records::{CurvePoint, Measure, Measured, Predictions, Status};
use nt_scenario::Metric;

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
        output.metrics.push(Measured::new(Measure::TrainLossFirst, first.train_loss, 1));
        output.metrics.push(Measured::new(Measure::TrainLossLast, last.train_loss, 1));
    }
}

/// Notes a score on the training images.
pub(super) fn push_training_metrics(score: &Score, output: &mut JobOutput) {
    output.metrics.push(Measured::new(Measure::Train(Metric::Top1), score.top1, score.num_examples as u64));
}

/// Notes a score on the validation images: top-1 accuracy, log-loss, and the metric that decides where it is another.
pub(super) fn push_validation_metrics(deciding: Metric, score: &Score, output: &mut JobOutput) {
    let always = [Metric::Top1, Metric::LogLoss];
    let metrics = always.into_iter().chain(Some(deciding).filter(|metric| !always.contains(metric)));
    output.metrics.extend(metrics.filter_map(|metric| measured(Measure::Validation(metric), metric, score)));
}

fn measured(measure: Measure, metric: Metric, score: &Score) -> Option<Measured> {
    Some(Measured::new(measure, score.value(metric)?, score.num_examples as u64))
}

/// Notes a score on the test set.
pub(super) fn push_test_metrics(score: &Score, output: &mut JobOutput) {
    output.metrics.extend(Metric::ALL.iter().filter_map(|&metric| measured(Measure::Test(metric), metric, score)));
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
    .map_err(Trouble::from)
}
