//! The training curve.

use crate::train::CurvePoint;
use crate::train::training::steps_per_point;
use nt_kernels::cross_entropy;

/// The points of a training curve, and what has been counted since the last of them.
pub(super) struct Curve {
    every: u64,
    last_step: u64,
    loss_sum: f64,
    batches: u64,
    right: u64,
    examples: u64,
    ranked: Vec<u32>,
    pub(super) points: Vec<CurvePoint>,
}

impl Curve {
    pub(super) fn new(steps: u64) -> Self {
        let every = steps_per_point(steps);
        let last_step = steps.saturating_sub(1);
        let (ranked, points) = (Vec::new(), Vec::new());
        Self { every, last_step, loss_sum: 0.0, batches: 0, right: 0, examples: 0, ranked, points }
    }

    pub(super) fn count(&mut self, logits: &[f32], labels: &[u32]) {
        self.ranked.resize(labels.len(), 0);
        // Logits that are not numbers cannot be ranked. The loss of the same step is then no number either, which ends
        // the training.
        if cross_entropy::top_classes(logits, labels.len(), &mut self.ranked).is_ok() {
            self.right += self.ranked.iter().zip(labels).filter(|(ranked, label)| ranked == label).count() as u64;
        }
        self.examples += labels.len() as u64;
    }

    pub(super) fn record(&mut self, step: u64, learning_rate: f64, loss: f64) {
        self.loss_sum += loss;
        self.batches += 1;
        if (step + 1).is_multiple_of(self.every) || step == self.last_step {
            let train_loss = self.loss_sum / self.batches as f64;
            let train_top1 = self.right as f64 / self.examples as f64;
            self.points.push(CurvePoint { step: step + 1, learning_rate, train_loss, train_top1 });
            (self.loss_sum, self.batches, self.right, self.examples) = (0.0, 0, 0, 0);
        }
    }
}
