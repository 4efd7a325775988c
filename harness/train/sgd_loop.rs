//! The training loop: batches, forward, loss, backward, step.

use super::evaluate::classify;
use super::{DropoutAt, Score, Span, Trainer};
use crate::data::augmentation::Augmenter;
use crate::data::{EndOfTraining, Inputs};
use crate::model::Parameters;
use nt_kernels::cross_entropy::{self, CrossEntropyError};
use nt_kernels::dropout::{Dropout, DropoutError};
use nt_kernels::geometry::GeometryError;
use nt_kernels::philox::Stream;
use nt_kernels::sgd::{Sgd, WeightDecay};
use nt_scenario::Recipe;
use nt_scenario::network::{LAYER_NAMES, NetworkShape};
use std::cell::Cell;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicBool, Ordering};

/// What a training is for.
pub trait Purpose {}

/// To choose a setting, on validation images.
pub enum ForTuning {}

/// To be judged, on the test set.
pub enum ForTest {}

impl Purpose for ForTuning {}
impl Purpose for ForTest {}

/// A network at the end of its training.
pub struct Trained<P: Purpose> {
    /// Its parameters.
    pub parameters: Parameters,
    /// How the training went.
    pub outcome: Outcome,
    /// Loss and rate along the way.
    pub curve: Vec<CurvePoint>,
    test_openings: Cell<u32>,
    purpose: PhantomData<P>,
}

/// A network trained to be judged opens the test set; one trained for tuning does not:
///
/// ```compile_fail
/// use negative_transfer::{data::SealedTest, train::{ForTuning, Trained}};
/// fn peek(test: &SealedTest, tuned: &Trained<ForTuning>) {
///     let _ = test.open(tuned);
/// }
/// ```
impl EndOfTraining for Trained<ForTest> {
    fn count_opening(&self) {
        self.test_openings.set(self.test_openings.get() + 1);
    }
}

/// How a training ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// After its last step.
    Finished,
    /// Before it, because the loss was no longer a finite number.
    Diverged {
        /// The step at which that was seen.
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

/// A training that cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// The user asked to stop.
    #[error("interrupted: run the same command again to go on")]
    Interrupted,
    /// A layer's shape is impossible.
    #[error(transparent)]
    Geometry(#[from] GeometryError),
    /// The dropout is impossible.
    #[error(transparent)]
    Dropout(#[from] DropoutError),
    /// The network's outputs are not numbers, or a label is none of its classes.
    #[error(transparent)]
    Outputs(#[from] CrossEntropyError),
}

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

/// Points a training curve has, at most.
const CURVE_POINTS: u64 = 40;

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
            let Setup { seed, scope, replicate, .. } = *self.setup;
            self.order.iter_mut().zip(0..).for_each(|(slot, index)| *slot = index);
            let scope = format!("{scope}/epoch {}", self.epoch);
            Stream::named(seed, "order", &scope, replicate).cursor().shuffle(&mut self.order);
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
pub fn train<P: Purpose>(
    setup: &Setup<'_>,
    mut parameters: Parameters,
    examples: Inputs<'_>,
) -> Result<Trained<P>, TrainError> {
    let settings = &setup.recipe.settings;
    let capacity = settings.batch.min(examples.len());
    let sgd = Sgd {
        momentum: settings.momentum as f32,
        weight_decay: WeightDecay::Coupled(settings.weight_decay as f32),
        nesterov: false,
    };
    let mut trainer = Trainer::new(setup.shape, setup.span, capacity, &parameters, sgd)?;
    let dropout_streams: Vec<Stream> = LAYER_NAMES
        .iter()
        .map(|layer| Stream::named(setup.seed, "dropout", &format!("{}/{layer}", setup.scope), setup.replicate))
        .collect();
    let augmentation_stream = Stream::named(setup.seed, "augmentation", setup.scope, setup.replicate);
    let mut augmenter = Augmenter::new(&settings.augmentation, augmentation_stream);
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
        let learning_rate = setup.learning_rate * settings.schedule.multiplier(step, setup.recipe.steps);
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
    Ok(Trained { parameters, outcome, curve: curve.points, test_openings: Cell::new(0), purpose: PhantomData })
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
        let every = steps.div_ceil(CURVE_POINTS).max(1);
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

impl<P: Purpose> Trained<P> {
    /// How often the test set was opened against this network.
    pub fn test_openings(&self) -> u32 {
        self.test_openings.get()
    }

    /// A network that is used as it is, without training.
    pub fn untouched(parameters: Parameters) -> Self {
        Self {
            parameters,
            outcome: Outcome::Finished,
            curve: Vec::new(),
            test_openings: Cell::new(0),
            purpose: PhantomData,
        }
    }

    /// Scores this network on training or validation examples.
    ///
    /// # Errors
    /// [`TrainError::Outputs`] where the network's outputs are not numbers.
    pub fn score(&self, shape: &NetworkShape, span: Span, examples: Inputs<'_>) -> Result<Score, TrainError> {
        Ok(Score::of(&classify(shape, span, &self.parameters, examples)?, shape.num_classes))
    }
}
