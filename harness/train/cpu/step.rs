//! One step of training: forward, loss, backward, update.

use super::{DropoutAt, Gradients, Network};
use crate::model::{LayerParameters, Parameters};
use crate::train::{Span, TrainError};
use nt_kernels::cross_entropy;
use nt_kernels::geometry::GeometryError;
use nt_kernels::sgd::{Sgd, clip_factor};
use nt_scenario::network::NetworkShape;

/// A network in training: its buffers and the optimizer's state, made once, so that a step allocates nothing.
pub struct Trainer {
    network: Network,
    sgd: Sgd,
    velocities: Gradients,
    clipping: Option<Clipping>,
    logits: Vec<f32>,
    logit_gradient: Vec<f32>,
    log_loss: Vec<f64>,
    steps: u64,
}

/// The longest gradient that a step follows, and room for the gradient, all of which is known before its first step.
struct Clipping {
    longest: f64,
    gradients: Gradients,
}

impl Trainer {
    /// Prepares the layers of `span`, those above `span.frozen` to be trained, for batches of up to `capacity` examples.
    ///
    /// # Errors
    /// [`GeometryError`] where a layer's shape is impossible, which a checked scenario rules out.
    pub fn new(
        shape: &NetworkShape,
        span: Span,
        capacity: usize,
        parameters: &Parameters,
        sgd: Sgd,
    ) -> Result<Self, GeometryError> {
        let network = Network::new(shape, span, capacity)?;
        let velocities = Gradients::zeros(parameters, span.frozen);
        let num_logits = network.num_outputs() * capacity;
        Ok(Self {
            network,
            sgd,
            velocities,
            clipping: None,
            logits: Vec::with_capacity(num_logits),
            logit_gradient: Vec::with_capacity(num_logits),
            log_loss: Vec::with_capacity(capacity),
            steps: 0,
        })
    }

    /// The same, with gradients scaled down to this norm, that of all trained parameters together, where they are longer.
    pub fn clipped(self, longest: f64) -> Self {
        let mut gradients = self.velocities.clone();
        gradients.layers_mut().iter_mut().for_each(|layer| *layer = LayerParameters::zeros_like(layer));
        Self { clipping: Some(Clipping { longest, gradients }), ..self }
    }

    /// Takes one step along the gradient of a batch's mean loss, and returns that loss. A loss that is not finite
    /// changes no parameter.
    ///
    /// # Shape
    /// `input`: `(features, N)`; `labels`: `(N)`.
    /// # Units
    /// Nats.
    /// # Errors
    /// [`TrainError::Outputs`] where a label is not one of the network's classes.
    pub fn step(
        &mut self,
        parameters: &mut Parameters,
        input: &[f32],
        labels: &[u32],
        dropout: Option<DropoutAt<'_>>,
        learning_rate: f32,
    ) -> Result<f64, TrainError> {
        let num_examples = labels.len();
        let logits = self.network.forward(parameters, input, num_examples, dropout);
        self.logits.clear();
        self.logits.extend_from_slice(logits);
        self.logit_gradient.resize(logits.len(), 0.0);
        self.log_loss.resize(num_examples, 0.0);
        let mean_loss =
            cross_entropy::log_loss_and_gradient(&self.logits, labels, &mut self.log_loss, &mut self.logit_gradient)?;
        if mean_loss.is_finite() {
            let step = self.sgd.at(learning_rate, self.steps == 0);
            let gradient = &self.logit_gradient;
            match &mut self.clipping {
                None => {
                    let velocities = &mut self.velocities;
                    self.network.backward_and_step(parameters, input, num_examples, gradient, step, velocities);
                }
                Some(Clipping { longest, gradients }) => {
                    let norm = self.network.backward(parameters, input, num_examples, gradient, gradients);
                    let step = step.along(clip_factor(*longest, norm));
                    gradients.take_step(step, parameters, &mut self.velocities);
                }
            }
            self.steps += 1;
        }
        Ok(mean_loss)
    }

    /// The network's outputs for the last batch.
    ///
    /// # Shape
    /// `(classes, N)`.
    pub fn logits(&self) -> &[f32] {
        &self.logits
    }
}
