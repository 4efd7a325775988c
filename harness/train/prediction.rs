//! Predictions of networks and probes.

use super::TrainError;
use crate::data::Inputs;
use nt_kernels::cross_entropy;

/// The prediction for one example.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prediction {
    /// Identity of the example within its side of the data set.
    pub example_id: u32,
    /// Its class.
    pub label: u32,
    /// The five likeliest classes, likeliest first. With fewer classes the last one is repeated.
    pub top5: [u32; 5],
    /// Cross-entropy of the true class, nats.
    pub log_loss: f32,
}

/// Makes predictions from logits.
pub(super) struct Ranking<'a> {
    examples: Inputs<'a>,
    num_ranked: usize,
    labels: Vec<u32>,
    log_loss: Vec<f64>,
    ranked: Vec<u32>,
    /// The predictions made so far.
    pub predictions: Vec<Prediction>,
}

impl<'a> Ranking<'a> {
    pub(super) fn new(examples: Inputs<'a>, num_classes: usize) -> Self {
        let predictions = Vec::with_capacity(examples.len());
        let num_ranked = num_classes.min(5);
        Self { examples, num_ranked, labels: Vec::new(), log_loss: Vec::new(), ranked: Vec::new(), predictions }
    }

    /// Adds the predictions for the chosen examples from their logits, `(C, N)`.
    pub(super) fn push(&mut self, chosen: &[u32], logits: &[f32]) -> Result<(), TrainError> {
        let examples = self.examples;
        self.labels.clear();
        let classes = examples.one_class()?;
        self.labels.extend(chosen.iter().map(|&index| classes[index as usize]));
        self.log_loss.resize(chosen.len(), 0.0);
        self.ranked.resize(self.num_ranked * chosen.len(), 0);
        cross_entropy::log_loss(logits, &self.labels, &mut self.log_loss)?;
        cross_entropy::top_classes(logits, chosen.len(), &mut self.ranked)?;
        let ranks = self.ranked.chunks_exact(self.num_ranked);
        for ((&index, &log_loss), ranked) in chosen.iter().zip(&self.log_loss).zip(ranks) {
            self.predictions.push(Prediction {
                example_id: examples.ids()[index as usize],
                label: classes[index as usize],
                top5: std::array::from_fn(|rank| ranked[rank.min(self.num_ranked - 1)]),
                log_loss: log_loss as f32,
            });
        }
        Ok(())
    }
}
