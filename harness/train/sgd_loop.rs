//! The training loop on the CPU: batches, forward, loss, backward, step.

use super::{CurvePoint, DropoutAt, Outcome, Span, TrainError, Trainer, Training};
use crate::data::Inputs;
use crate::data::augmentation::Augmenter;
use crate::model::Parameters;
use nt_kernels::cross_entropy;
use nt_kernels::dropout::Dropout;
use nt_kernels::philox::Stream;
use nt_kernels::sgd::{Sgd, WeightDecay};
use nt_scenario::Recipe;
use nt_scenario::network::{LAYER_NAMES, NetworkShape};
use std::sync::atomic::{AtomicBool, Ordering};

/// Everything a training depends on but its parameters and examples.
pub struct Setup<'a> {
    /// The network.
    pub shape: &'a NetworkShape,
    /// Depth up to which the inputs were already computed (0: they are images), and depth up to which layers are frozen.
    pub span: Span,
    /// The recipe.
    pub recipe: &'a Recipe,
    /// Learning rate before the schedule.
    pub learning_rate: f64,
    /// Seed of the study.
    pub seed: u64,
    /// Scope of the streams: the task and its size, never the treatment.
    pub scope: &'a str,
    /// Stream number of the replicate.
    pub replicate: u32,
    /// Set when the user wants to stop.
    pub interrupt: &'a AtomicBool,
}

impl Setup<'_> {
    /// The stream of each learned layer's dropout masks.
    pub(super) fn dropout_streams(&self) -> Vec<Stream> {
        let stream = |layer| Stream::named(self.seed, "dropout", &format!("{}/{layer}", self.scope), self.replicate);
        LAYER_NAMES.iter().map(stream).collect()
    }

    /// What changes the training images.
    pub(super) fn augmenter(&self) -> Augmenter<'_> {
        let stream = Stream::named(self.seed, "augmentation", self.scope, self.replicate);
        Augmenter::new(&self.recipe.settings.augmentation, stream)
    }

    /// The learning rate of a step.
    pub(super) fn learning_rate_at(&self, step: u64) -> f64 {
        self.learning_rate * self.recipe.settings.schedule.multiplier(step, self.recipe.steps)
    }

    /// The order of an epoch's examples.
    pub(super) fn shuffle(&self, epoch: u64, order: &mut [u32]) {
        order.iter_mut().zip(0..).for_each(|(slot, index)| *slot = index);
        let scope = format!("{}/epoch {epoch}", self.scope);
        Stream::named(self.seed, "order", &scope, self.replicate).cursor().shuffle(order);
    }
}

/// Points a training curve has, at most.
const CURVE_POINTS: u64 = 40;

/// Steps from one point of the curve of a training of so many steps to the next.
pub(super) fn steps_per_point(steps: u64) -> u64 {
    steps.div_ceil(CURVE_POINTS).max(1)
}

/// The order of examples: every epoch is a permutation from a block of the stream that knows no treatment.
struct Batches<'a> {
    setup: &'a Setup<'a>,
    order: Vec<u32>,
    next: usize,
    epoch: u64,
}

impl<'a> Batches<'a> {
    fn new(setup: &'a Setup<'a>, num_examples: usize) -> Self {
        Self { setup, order: (0..num_examples as u32).collect(), next: num_examples, epoch: 0 }
    }

    /// The next batch; the last of an epoch may be smaller, as PyTorch's DataLoader has it.
    fn next(&mut self) -> &[u32] {
        if self.next >= self.order.len() {
            self.setup.shuffle(self.epoch, &mut self.order);
            (self.next, self.epoch) = (0, self.epoch + 1);
        }
        let end = (self.next + self.setup.recipe.settings.batch).min(self.order.len());
        let batch = &self.order[self.next..end];
        self.next = end;
        batch
    }
}

/// Trains the layers above `setup.span.frozen` on the examples, from the parameters given.
///
/// # Errors
/// [`TrainError::Interrupted`] when the user stops it. A loss that is not finite is no error but an [`Outcome`].
pub(super) fn train(
    setup: &Setup<'_>,
    mut parameters: Parameters,
    examples: Inputs<'_>,
) -> Result<Training, TrainError> {
    let settings = &setup.recipe.settings;
    let capacity = settings.batch.min(examples.len());
    let sgd = Sgd {
        momentum: settings.momentum as f32,
        weight_decay: WeightDecay::Coupled(settings.weight_decay as f32),
        nesterov: false,
    };
    let mut trainer = Trainer::new(setup.shape, setup.span, capacity, &parameters, sgd)?;
    let dropout_streams = setup.dropout_streams();
    let mut augmenter = setup.augmenter();
    let mut batches = Batches::new(setup, examples.len());
    let dropout = Dropout::new(setup.recipe.dropout)?;
    let (mut input, mut labels) = (Vec::new(), Vec::new());
    let mut curve = Curve::new(setup.recipe.steps);
    let mut outcome = Outcome::Finished;
    for step in 0..setup.recipe.steps {
        if setup.interrupt.load(Ordering::Relaxed) {
            return Err(TrainError::Interrupted);
        }
        let chosen = batches.next();
        let n = chosen.len();
        input.resize(examples.num_features() * n, 0.0);
        augmenter.seek(step as u32);
        let augmenter = (!augmenter.is_empty()).then_some(&mut augmenter);
        examples.gather(chosen, augmenter, &mut input);
        labels.clear();
        labels.extend(chosen.iter().map(|&index| examples.labels()[index as usize]));
        let at = DropoutAt { streams: &dropout_streams, step, op: dropout };
        let learning_rate = setup.learning_rate_at(step);
        let mean_loss = trainer.step(&mut parameters, &input, &labels, Some(at), learning_rate as f32)?;
        curve.count(trainer.logits(), &labels);
        if !mean_loss.is_finite() {
            outcome = Outcome::Diverged { step };
            break;
        }
        curve.record(step, learning_rate, mean_loss);
    }
    if outcome == Outcome::Finished && !parameters.are_finite() {
        outcome = Outcome::Diverged { step: setup.recipe.steps };
    }
    Ok(Training { parameters, outcome, curve: curve.points })
}

struct Curve {
    every: u64,
    last_step: u64,
    loss_sum: f64,
    batches: u64,
    right: u64,
    examples: u64,
    ranked: Vec<u32>,
    points: Vec<CurvePoint>,
}

impl Curve {
    fn new(steps: u64) -> Self {
        let every = steps_per_point(steps);
        let last_step = steps.saturating_sub(1);
        let (ranked, points) = (Vec::new(), Vec::new());
        Self { every, last_step, loss_sum: 0.0, batches: 0, right: 0, examples: 0, ranked, points }
    }

    fn count(&mut self, logits: &[f32], labels: &[u32]) {
        self.ranked.resize(labels.len(), 0);
        // Logits that are not numbers rank nothing; the loss says so in the same step.
        if cross_entropy::top_classes(logits, labels.len(), &mut self.ranked).is_ok() {
            self.right += self.ranked.iter().zip(labels).filter(|(ranked, label)| ranked == label).count() as u64;
        }
        self.examples += labels.len() as u64;
    }

    fn record(&mut self, step: u64, learning_rate: f64, loss: f64) {
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
