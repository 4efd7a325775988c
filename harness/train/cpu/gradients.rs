//! Gradients and optimizer state, for the trainable layers only.

use crate::model::{LayerParameters, Parameters};
use nt_kernels::sgd;

/// A weight and a bias for each trainable layer: gradients, or the velocities of SGD with momentum.
#[derive(Clone, Debug, PartialEq)]
pub struct Gradients {
    frozen: usize,
    layers: Vec<LayerParameters>,
}

impl Gradients {
    /// Zeros for every layer above depth `frozen`.
    pub fn zeros(parameters: &Parameters, frozen: usize) -> Self {
        let trainable = parameters.layers.get(frozen..).unwrap_or(&[]);
        Self { frozen, layers: trainable.iter().map(LayerParameters::zeros_like).collect() }
    }

    /// Number of frozen layers, which have no entry.
    pub fn frozen(&self) -> usize {
        self.frozen
    }

    /// The trainable layers' entries, lowest first.
    pub fn layers(&self) -> &[LayerParameters] {
        &self.layers
    }

    /// The trainable layers' entries, to be changed.
    pub fn layers_mut(&mut self) -> &mut [LayerParameters] {
        &mut self.layers
    }

    /// Takes a step along them.
    pub(super) fn take_step(&self, step: sgd::Step, parameters: &mut Parameters, velocities: &mut Self) {
        let parameters = parameters.layers.iter_mut().skip(self.frozen);
        for ((parameters, gradient), velocity) in parameters.zip(&self.layers).zip(&mut velocities.layers) {
            step.take(&mut parameters.weight, &gradient.weight, &mut velocity.weight);
            step.take(&mut parameters.bias, &gradient.bias, &mut velocity.bias);
        }
    }

    /// The entry of the layer at `depth` (0 … 7), which must be trainable.
    pub(super) fn layer_mut(&mut self, depth: usize) -> &mut LayerParameters {
        &mut self.layers[depth - self.frozen]
    }
}
