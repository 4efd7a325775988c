//! What the backward pass does with a layer's gradients: store them, or take a step along them.

use super::Gradients;
use super::layer::{Layer, ProductOp};
use crate::model::{LayerParameters, Parameters};
use nt_kernels::sgd::{self, sum_of_squares};
use nt_kernels::workspace::Workspace;

/// Is called with each trainable layer, from the last to the first.
pub(super) trait Visitor {
    /// The layer's weights before it is visited.
    fn weight(&self, depth: usize) -> &[f32];

    /// Visits the layer with its input and its product's gradient.
    fn visit(
        &mut self,
        depth: usize,
        layer: &Layer,
        operands: (&[f32], &[f32]),
        num_examples: usize,
        workspace: &mut Workspace,
    );
}

/// Stores the gradients, and sums their squares: from the last layer to the first, weights before biases.
pub(super) struct Collect<'a> {
    pub parameters: &'a Parameters,
    pub gradients: &'a mut Gradients,
    pub squares: f64,
}

impl Visitor for Collect<'_> {
    fn weight(&self, depth: usize) -> &[f32] {
        &self.parameters.layers[depth].weight
    }

    fn visit(
        &mut self,
        depth: usize,
        layer: &Layer,
        operands: (&[f32], &[f32]),
        num_examples: usize,
        workspace: &mut Workspace,
    ) {
        let LayerParameters { weight, bias } = self.gradients.layer_mut(depth);
        self.squares += match &layer.product {
            ProductOp::Conv(_) => {
                layer.weight_gradient(operands, weight, num_examples, workspace);
                sum_of_squares(weight)
            }
            ProductOp::Linear(linear) => linear.weight_gradient_and_squares(operands, weight, num_examples, workspace),
        };
        layer.bias_gradient(operands.1, bias, num_examples);
        self.squares += sum_of_squares(bias);
    }
}

/// Takes a step along the gradients.
pub(super) struct TakeStep<'a> {
    pub parameters: &'a mut Parameters,
    pub velocities: &'a mut Gradients,
    pub step: sgd::Step,
    /// Holds one layer's gradient: that of a convolution's weights, or of a bias.
    pub gradient: &'a mut Vec<f32>,
}

impl Visitor for TakeStep<'_> {
    fn weight(&self, depth: usize) -> &[f32] {
        &self.parameters.layers[depth].weight
    }

    fn visit(
        &mut self,
        depth: usize,
        layer: &Layer,
        operands: (&[f32], &[f32]),
        num_examples: usize,
        workspace: &mut Workspace,
    ) {
        let (parameters, velocity) = (&mut self.parameters.layers[depth], self.velocities.layer_mut(depth));
        self.gradient.resize(parameters.bias.len(), 0.0);
        layer.bias_gradient(operands.1, self.gradient, num_examples);
        self.step.take(&mut parameters.bias, self.gradient, &mut velocity.bias);
        let (weight, velocity) = (&mut parameters.weight, &mut velocity.weight);
        match &layer.product {
            ProductOp::Conv(_) => {
                self.gradient.resize(weight.len(), 0.0);
                layer.weight_gradient(operands, self.gradient, num_examples, workspace);
                self.step.take(weight, self.gradient, velocity);
            }
            ProductOp::Linear(linear) => {
                linear.weight_step(operands, self.step, weight, velocity, num_examples, workspace);
            }
        }
    }
}
