//! The training loop: batches, forward, loss, backward, step.

use super::curve::Curve;
use super::{DropoutAt, Trainer};
use crate::data::Inputs;
use crate::model::Parameters;
use crate::train::{Outcome, Setup, TrainError, Training};
use nt_kernels::dropout::Dropout;
use std::sync::atomic::Ordering;

/// The order of examples. Every epoch is a permutation from a stream that does not depend on the treatment.
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

    /// The next batch. The last one of an epoch may be smaller, as with PyTorch's DataLoader.
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
/// [`TrainError::Interrupted`] when the user stops it. A loss that is not finite leads to an [`Outcome`], not to an
/// error.
pub(super) fn train(
    setup: &Setup<'_>,
    mut parameters: Parameters,
    examples: Inputs<'_>,
) -> Result<Training, TrainError> {
    let settings = &setup.recipe.settings;
    let capacity = settings.batch.min(examples.len());
    let mut trainer = Trainer::new(setup.shape, setup.span, capacity, &parameters, setup.sgd())?;
    if let Some(longest) = settings.clip_norm {
        trainer = trainer.clipped(longest);
    }
    let dropout_streams = setup.dropout_streams();
    let mut augmenter = setup.augmenter();
    let mut batches = Batches::new(setup, examples.len());
    let dropout = Dropout::new(setup.recipe.dropout)?;
    let classes = examples.one_class()?;
    let standardised = parameters.standardisation.tables();
    let (mut input, mut labels) = (Vec::new(), Vec::new());
    let mut curve = Curve::new(setup.recipe.steps);
    let watch = setup.watch(classes);
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
        examples.gather(chosen, augmenter, &standardised, &mut input);
        labels.clear();
        labels.extend(chosen.iter().map(|&index| classes[index as usize]));
        let at = DropoutAt { streams: &dropout_streams, step, op: dropout };
        let learning_rate = setup.learning_rate_at(step);
        let mean_loss = trainer.step(&mut parameters, &input, &labels, Some(at), learning_rate as f32)?;
        curve.count(trainer.logits(), &labels);
        if !mean_loss.is_finite() {
            outcome = Outcome::Diverged { step };
            break;
        }
        curve.record(step, learning_rate, mean_loss);
        if let Some(nothing) = watch.as_ref().filter(|watch| watch.at == step + 1).and_then(|w| w.judge(&curve.points))
        {
            return Err(nothing.after(step + 1));
        }
    }
    if outcome == Outcome::Finished && !parameters.are_finite() {
        outcome = Outcome::Diverged { step: setup.recipe.steps };
    }
    Ok(Training { parameters, outcome, curve: curve.points })
}
