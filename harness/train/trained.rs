//! A network at the end of its training, and the lock on the test set.

use super::{Backend, CurvePoint, Outcome, Score, Setup, Span, TrainError, Training, classify};
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

/// Trains the layers above `setup.span.frozen` on the examples, from the parameters given.
///
/// # Errors
/// [`TrainError::Interrupted`] when the user stops it. A loss that is not finite leads to an [`Outcome`], not to an
/// error.
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
