//! A stretch of AlexNet's learned layers with its buffers, driven forward and backward layer by layer.
//!
//! The network is a straight line, so no autograd is needed. Every value has its buffer, which is made once, and nothing
//! is computed that is not asked for. Batches are innermost: an activation is `(features, N)`.

use super::layer::{Layer, Values};
use super::visitor::{Collect, TakeStep, Visitor};
use super::{DropoutAt, Gradients};
use crate::model::Parameters;
use crate::train::Span;
use nt_kernels::dropout;
use nt_kernels::geometry::GeometryError;
use nt_kernels::sgd;
use nt_kernels::workspace::Workspace;
use nt_scenario::network::NetworkShape;

/// A stretch of the network, with preallocated buffers for batches of up to a capacity.
pub struct Network {
    span: Span,
    layers: Vec<Layer>,
    values: Vec<Values>,
    gradient: Vec<f32>,
    gradient_below: Vec<f32>,
    /// Room for the one weight gradient that a step needs at a time.
    weight_gradient: Vec<f32>,
    workspace: Workspace,
}

impl Network {
    /// Prepares the layers of `span` for batches of up to `capacity` examples.
    ///
    /// # Errors
    /// [`GeometryError`] where a layer's shape is impossible, which a checked scenario rules out.
    pub fn new(shape: &NetworkShape, span: Span, capacity: usize) -> Result<Self, GeometryError> {
        let mut below = 3 * shape.input * shape.input;
        let mut layers = Vec::with_capacity(span.last - span.first);
        for (depth, layer) in shape.layers.iter().enumerate().take(span.last) {
            if depth >= span.first {
                layers.push(Layer::new(*layer, below)?);
            }
            below = layer.num_activations();
        }
        let values = layers.iter().map(|_| Values::default()).collect();
        let widest = layers.iter().map(|layer| layer.in_features.max(layer.product_features)).max().unwrap_or(0);
        let trains = span.frozen < span.last;
        let scratch = if trains { widest * capacity } else { 0 };
        Ok(Self {
            span,
            layers,
            values,
            gradient: vec![0.0; scratch],
            gradient_below: vec![0.0; scratch],
            weight_gradient: Vec::new(),
            workspace: Workspace::default(),
        })
    }

    /// Values an example has at the end of this stretch.
    pub fn num_outputs(&self) -> usize {
        self.layers.last().map_or(0, |layer| layer.out_features)
    }

    /// Runs a batch forward and returns the values after the last layer.
    ///
    /// With `dropout`, values are dropped before trainable layers. Frozen layers and their inputs are computed as in
    /// evaluation, so that the frozen part is a fixed function.
    ///
    /// # Shape
    /// `input`: `(features, N)` → `(num_outputs, N)`.
    pub fn forward(
        &mut self,
        parameters: &Parameters,
        input: &[f32],
        num_examples: usize,
        dropout: Option<DropoutAt<'_>>,
    ) -> &[f32] {
        for index in 0..self.layers.len() {
            let depth = self.span.first + index;
            let (below, rest) = self.values.split_at_mut(index);
            let input = below.last().map_or(input, Values::output);
            let dropout = dropout.filter(|at| at.op.probability() > 0.0 && depth >= self.span.frozen);
            let weights = &parameters.layers[depth];
            let layer = &self.layers[index];
            layer.forward(
                (&weights.weight, &weights.bias),
                input,
                num_examples,
                dropout.map(|at| (at.streams[depth], at)),
                &mut rest[0],
                &mut self.workspace,
            );
        }
        self.values.last().map_or(&[], Values::output)
    }

    /// Runs a batch backward from the gradient of its logits, after [`Network::forward`] of the same input, and returns the
    /// norm of all gradients together.
    ///
    /// Only trainable layers are visited, and the gradient of the first one's input is not computed.
    ///
    /// # Shape
    /// `input`: as given forward; `output_gradient`: `(num_outputs, N)`; `gradients`: of the trainable layers.
    pub fn backward(
        &mut self,
        parameters: &Parameters,
        input: &[f32],
        num_examples: usize,
        output_gradient: &[f32],
        gradients: &mut Gradients,
    ) -> f64 {
        let mut collect = Collect { parameters, gradients, squares: 0.0 };
        self.descend(input, num_examples, output_gradient, &mut collect);
        collect.squares.sqrt()
    }

    /// As [`Network::backward`], with a step along each layer's gradients. The gradient of a fully connected layer is
    /// never stored. The bits are the same as those of a backward pass followed by a step.
    ///
    /// # Shape
    /// As [`Network::backward`]'s; `velocities`: of the trainable layers.
    pub fn backward_and_step(
        &mut self,
        parameters: &mut Parameters,
        input: &[f32],
        num_examples: usize,
        output_gradient: &[f32],
        step: sgd::Step,
        velocities: &mut Gradients,
    ) {
        let mut scratch = std::mem::take(&mut self.weight_gradient);
        let mut take_step = TakeStep { parameters, velocities, step, gradient: &mut scratch };
        self.descend(input, num_examples, output_gradient, &mut take_step);
        self.weight_gradient = scratch;
    }

    fn descend(&mut self, input: &[f32], num_examples: usize, output_gradient: &[f32], visitor: &mut impl Visitor) {
        self.gradient[..output_gradient.len()].copy_from_slice(output_gradient);
        let first_trainable = self.span.frozen.max(self.span.first);
        for depth in (first_trainable..self.span.last).rev() {
            let index = depth - self.span.first;
            let (layer, values) = (&self.layers[index], &self.values[index]);
            layer.activation_gradient(values, num_examples, &mut self.gradient, &mut self.gradient_below);
            let below = if index == 0 { input } else { self.values[index - 1].output() };
            let input = if values.dropped.is_empty() { below } else { &values.dropped };
            let product_gradient = &self.gradient[..layer.product_features * num_examples];
            // The gradient of the input comes first, since it takes the weights before the step.
            if depth > first_trainable {
                let input_gradient = &mut self.gradient_below[..layer.in_features * num_examples];
                let weight = visitor.weight(depth);
                layer.input_gradient(product_gradient, weight, input_gradient, num_examples, &mut self.workspace);
                if !values.mask.is_empty() {
                    dropout::gradient_in_place(&values.mask, input_gradient);
                }
            }
            visitor.visit(depth, layer, (input, product_gradient), num_examples, &mut self.workspace);
            std::mem::swap(&mut self.gradient, &mut self.gradient_below);
        }
    }
}
