//! Probes: a linear softmax classifier on the codes of a network that is cut after one of its layers.
//!
//! The classifier minimises mean cross-entropy + ½ λ ‖W‖². W are its weights on standardised codes: mean 0 and standard
//! deviation 1 over the training examples. A code that does not vary there is left out, and biases are not penalised.
//! It is what scikit-learn's `StandardScaler` and `LogisticRegression(C = 1 / (N λ))` compute. The minimum is unique,
//! so a probe depends on its codes and on λ alone: there is no learning rate, no order of examples and no random
//! number.

mod minimise;
mod softmax;
#[cfg(test)]
mod tests;

use super::prediction::Ranking;
use super::{ForTest, Outcome, Prediction, Purpose, Score, TrainError};
use crate::data::{Codes, EndOfTraining};
use minimise::{Stop, minimise};
use softmax::Objective;
use std::cell::Cell;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicBool, Ordering};

/// When fitting ends: as with scikit-learn's `LogisticRegression`, but with more steps for slower problems.
const STOP: Stop = Stop { largest_slope: 1e-4, most_steps: 300 };

/// Examples whose logits are held at a time.
const BATCH: usize = 128;

/// A fitted probe.
pub struct Probe<P: Purpose> {
    /// How its fitting ended.
    pub outcome: Outcome,
    /// Mean cross-entropy over the training examples at its end, nats; none unless it finished.
    pub train_loss: Option<f64>,
    num_classes: usize,
    /// `(C, D)`, on the codes as they are.
    weights: Vec<f64>,
    biases: Vec<f64>,
    test_openings: Cell<u32>,
    purpose: PhantomData<P>,
}

impl EndOfTraining for Probe<ForTest> {
    fn count_opening(&self) {
        self.test_openings.set(self.test_openings.get() + 1);
    }
}

impl<P: Purpose> Probe<P> {
    /// Fits a probe with L2 strength `l2` to the training examples' codes.
    ///
    /// Codes that are not finite numbers lead to an [`Outcome`], not to an error.
    ///
    /// # Errors
    /// [`TrainError::Interrupted`] when the user stops it.
    /// # Source
    /// Nocedal and Wright, Numerical Optimization, 2nd edition, algorithm 7.5 (L-BFGS), in double precision.
    pub fn fit(codes: &Codes, num_classes: usize, l2: f64, interrupt: &AtomicBool) -> Result<Self, TrainError> {
        Self::fit_until(codes, num_classes, l2, STOP, interrupt)
    }

    fn fit_until(
        codes: &Codes,
        num_classes: usize,
        l2: f64,
        stop: Stop,
        interrupt: &AtomicBool,
    ) -> Result<Self, TrainError> {
        let objective = Objective::new(codes, num_classes, l2)?;
        let mut point = vec![0.0; objective.num_unknowns()];
        let is_stopped = || interrupt.load(Ordering::Relaxed);
        let is_finite = minimise(|at, slope| objective.value_and_slope(at, slope), &mut point, stop, is_stopped)
            .ok_or(TrainError::Interrupted)?;
        let (weights, biases) = objective.classifier(&point);
        let mut probe = Self {
            outcome: if is_finite { Outcome::Finished } else { Outcome::Diverged { step: 0 } },
            train_loss: None,
            num_classes,
            weights,
            biases,
            test_openings: Cell::new(0),
            purpose: PhantomData,
        };
        if is_finite {
            probe.train_loss = Some(probe.score(codes)?.log_loss);
        }
        Ok(probe)
    }

    /// How often the test set was opened against this probe.
    pub fn test_openings(&self) -> u32 {
        self.test_openings.get()
    }

    /// Classifies examples by their codes, in their order.
    ///
    /// # Errors
    /// [`TrainError::Outputs`] where the codes are not numbers.
    pub fn classify(&self, codes: &Codes) -> Result<Vec<Prediction>, TrainError> {
        let examples = crate::data::Inputs::Codes(codes);
        let mut ranking = Ranking::new(examples, self.num_classes);
        let mut logits = Vec::new();
        let order: Vec<u32> = (0..examples.len() as u32).collect();
        for chosen in order.chunks(BATCH) {
            logits.resize(self.num_classes * chosen.len(), 0.0);
            for (column, &example) in chosen.iter().enumerate() {
                let code = codes.row(example as usize);
                let rows = self.weights.chunks_exact(code.len().max(1)).zip(&self.biases).enumerate();
                for (class, (weights, bias)) in rows {
                    logits[class * chosen.len() + column] = (softmax::dot(weights, code) + bias) as f32;
                }
            }
            ranking.push(chosen, &logits)?;
        }
        Ok(ranking.predictions)
    }

    /// Scores this probe on training or validation examples.
    ///
    /// # Errors
    /// As [`Probe::classify`].
    pub fn score(&self, codes: &Codes) -> Result<Score, TrainError> {
        Ok(Score::of(&self.classify(codes)?, self.num_classes))
    }
}
