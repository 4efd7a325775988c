//! A network at the end of its training, and the lock on the test set.

use super::evaluate::classify;
use super::{Backend, Score, Setup, Span, TrainError};
use crate::data::{EndOfTraining, Inputs};
use crate::model::Parameters;
use nt_scenario::network::NetworkShape;
use std::cell::Cell;
use std::marker::PhantomData;

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

/// What comes of a training, whatever it was for.
pub struct Training {
    /// The network's parameters at its end.
    pub parameters: Parameters,
    /// How it went.
    pub outcome: Outcome,
    /// Loss and rate along the way.
    pub curve: Vec<CurvePoint>,
}

/// Trains the layers above `setup.span.frozen` on the examples, from the parameters given.
///
/// # Errors
/// [`TrainError::Interrupted`] when the user stops it. A loss that is not finite is no error but an [`Outcome`].
pub fn train<P: Purpose>(
    backend: &dyn Backend,
    setup: &Setup<'_>,
    parameters: Parameters,
    examples: Inputs<'_>,
) -> Result<Trained<P>, TrainError> {
    let Training { parameters, outcome, curve } = backend.train(setup, parameters, examples)?;
    Ok(Trained { parameters, outcome, curve, test_openings: Cell::new(0), purpose: PhantomData })
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
    pub fn score(
        &self,
        backend: &dyn Backend,
        shape: &NetworkShape,
        span: Span,
        examples: Inputs<'_>,
    ) -> Result<Score, TrainError> {
        Ok(Score::of(&classify(backend, shape, span, &self.parameters, examples)?, shape.num_classes))
    }
}
