//! Predictions, scores and codes of a network as it is.

use super::{Backend, Network, Span, TrainError};
use crate::data::Inputs;
use crate::model::Parameters;
use nt_kernels::{cross_entropy, layout};
use nt_scenario::network::NetworkShape;

/// Examples evaluated at a time. Every example is computed on its own, so this changes no bit.
const EVALUATION_BATCH: usize = 128;

/// What a network says of one example.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prediction {
    /// Identity of the example within its side of the data set.
    pub example_id: u32,
    /// Its class.
    pub label: u32,
    /// The five likeliest classes, likeliest first; with fewer classes the last is repeated.
    pub top5: [u32; 5],
    /// Cross-entropy of the true class, nats.
    pub log_loss: f32,
}

/// Means over examples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score {
    /// Fraction whose likeliest class is the true one.
    pub top1: f64,
    /// Fraction whose true class is among the five likeliest.
    pub top5: f64,
    /// Mean over classes of the fraction right within the class.
    pub mean_per_class: f64,
    /// Mean cross-entropy, nats.
    pub log_loss: f64,
    /// Number of examples.
    pub num_examples: usize,
}

impl Score {
    /// Scores predictions over `num_classes` classes; classes without an example do not count.
    pub fn of(predictions: &[Prediction], num_classes: usize) -> Self {
        let (mut right, mut seen) = (vec![0u64; num_classes], vec![0u64; num_classes]);
        let (mut among_five, mut log_loss) = (0u64, 0.0);
        for prediction in predictions {
            let class = prediction.label as usize;
            seen[class] += 1;
            right[class] += u64::from(prediction.top5[0] == prediction.label);
            among_five += u64::from(prediction.top5.contains(&prediction.label));
            log_loss += f64::from(prediction.log_loss);
        }
        let n = predictions.len() as f64;
        let per_class = right.iter().zip(&seen).filter(|&(_, &seen)| seen > 0);
        let (sum, classes) =
            per_class.fold((0.0, 0.0), |(sum, count), (&right, &seen)| (sum + right as f64 / seen as f64, count + 1.0));
        Self {
            top1: right.iter().sum::<u64>() as f64 / n,
            top5: among_five as f64 / n,
            mean_per_class: sum / classes,
            log_loss: log_loss / n,
            num_examples: predictions.len(),
        }
    }
}

/// Classifies the examples, in their order.
///
/// # Errors
/// [`TrainError::Outputs`] where the network's outputs are not numbers.
pub fn classify(
    backend: &dyn Backend,
    shape: &NetworkShape,
    span: Span,
    parameters: &Parameters,
    examples: Inputs<'_>,
) -> Result<Vec<Prediction>, TrainError> {
    let logits = backend.outputs(shape, span, parameters, examples)?;
    let mut ranking = Ranking::new(examples, shape.num_classes);
    let order: Vec<u32> = (0..examples.len() as u32).collect();
    let mut batch = Vec::new();
    let rows = logits.chunks(EVALUATION_BATCH * shape.num_classes);
    for (chosen, rows) in order.chunks(EVALUATION_BATCH).zip(rows) {
        batch.resize(rows.len(), 0.0);
        layout::nchw_to_chwn(rows, &mut batch, shape.num_classes, chosen.len());
        ranking.push(chosen, &batch)?;
    }
    Ok(ranking.predictions)
}

/// Predictions on their way out of logits.
pub(super) struct Ranking<'a> {
    examples: Inputs<'a>,
    num_ranked: usize,
    labels: Vec<u32>,
    log_loss: Vec<f64>,
    ranked: Vec<u32>,
    /// Those made so far.
    pub predictions: Vec<Prediction>,
}

impl<'a> Ranking<'a> {
    pub(super) fn new(examples: Inputs<'a>, num_classes: usize) -> Self {
        let predictions = Vec::with_capacity(examples.len());
        let num_ranked = num_classes.min(5);
        Self { examples, num_ranked, labels: Vec::new(), log_loss: Vec::new(), ranked: Vec::new(), predictions }
    }

    /// Adds what the logits `(C, N)` say of the chosen examples.
    pub(super) fn push(&mut self, chosen: &[u32], logits: &[f32]) -> Result<(), TrainError> {
        let examples = self.examples;
        self.labels.clear();
        self.labels.extend(chosen.iter().map(|&index| examples.labels()[index as usize]));
        self.log_loss.resize(chosen.len(), 0.0);
        self.ranked.resize(self.num_ranked * chosen.len(), 0);
        cross_entropy::log_loss(logits, &self.labels, &mut self.log_loss)?;
        cross_entropy::top_classes(logits, chosen.len(), &mut self.ranked)?;
        let ranks = self.ranked.chunks_exact(self.num_ranked);
        for ((&index, &log_loss), ranked) in chosen.iter().zip(&self.log_loss).zip(ranks) {
            self.predictions.push(Prediction {
                example_id: examples.ids()[index as usize],
                label: examples.labels()[index as usize],
                top5: std::array::from_fn(|rank| ranked[rank.min(self.num_ranked - 1)]),
                log_loss: log_loss as f32,
            });
        }
        Ok(())
    }
}

/// The values of the examples after depth `span.last`, `(N, num_outputs)`, on the CPU.
pub(super) fn outputs(
    shape: &NetworkShape,
    span: Span,
    parameters: &Parameters,
    examples: Inputs<'_>,
) -> Result<Vec<f32>, TrainError> {
    let num_features = shape.layers[..span.last].last().map_or(examples.num_features(), |l| l.num_activations());
    let mut values = vec![0.0; examples.len() * num_features];
    let mut network = Network::new(shape, Span { frozen: span.last, ..span }, EVALUATION_BATCH.min(examples.len()))?;
    let order: Vec<u32> = (0..examples.len() as u32).collect();
    let mut input = Vec::new();
    let rows = values.chunks_mut((EVALUATION_BATCH * num_features).max(1));
    for (chosen, rows) in order.chunks(EVALUATION_BATCH).zip(rows) {
        input.resize(examples.num_features() * chosen.len(), 0.0);
        examples.gather(chosen, None, &mut input);
        let outputs = network.forward(parameters, &input, chosen.len(), None);
        layout::chwn_to_nchw(outputs, rows, num_features, chosen.len());
    }
    Ok(values)
}
