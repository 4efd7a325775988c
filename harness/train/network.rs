//! A stretch of AlexNet's learned layers with its buffers, driven forward and backward layer by layer.
//!
//! The network is a straight line, so no autograd is needed: every value has its buffer, made once, and nothing is
//! computed that nobody asked for. Batches are innermost: an activation is `(features, N)`.

use super::Gradients;
use crate::model::{LayerParameters, Parameters};
use nt_kernels::conv2d::{Activation, Conv2d, Conv2dGeometry};
use nt_kernels::dropout::{self, Dropout};
use nt_kernels::geometry::GeometryError;
use nt_kernels::linear::Linear;
use nt_kernels::local_response_norm::LocalResponseNorm;
use nt_kernels::max_pool2d::MaxPool2d;
use nt_kernels::philox::Stream;
use nt_kernels::relu;
use nt_kernels::sgd;
use nt_kernels::workspace::Workspace;
use nt_scenario::network::{ConvShape, LearnedLayer, NetworkShape, PoolShape, Product};

/// Which learned layers a [`Network`] computes, and which of them are frozen; depths count from 0 to 8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Layers below this depth are not computed: the input is their activations (0: the input is images).
    pub first: usize,
    /// Depth after which the network is cut (8: logits).
    pub last: usize,
    /// Layers up to this depth get no gradient.
    pub frozen: usize,
}

impl Span {
    /// The whole network, all of it trainable.
    pub const WHOLE: Self = Self { first: 0, last: 8, frozen: 0 };
}

/// Where a training step stands in the dropout streams: a mask depends on the stream, the step and the position in the
/// batch, never on the treatment.
#[derive(Clone, Copy)]
pub struct DropoutAt<'a> {
    /// Stream of each learned layer's mask.
    pub streams: &'a [Stream],
    /// Step of the training.
    pub step: u64,
    /// The operation with its probability.
    pub op: Dropout,
}

enum ProductOp {
    Conv(Box<Conv2d>),
    Linear(Linear),
}

struct Norm {
    op: LocalResponseNorm,
    channels: usize,
    positions: usize,
}

struct Layer {
    shape: LearnedLayer,
    product: ProductOp,
    norm: Option<Norm>,
    pool: Option<MaxPool2d>,
    in_features: usize,
    /// Values an image has after the product; after the pool it may have fewer.
    product_features: usize,
    out_features: usize,
}

/// One layer's values of the batch at hand; what the layer lacks stays empty.
#[derive(Default)]
struct Values {
    mask: Vec<f32>,
    dropped: Vec<f32>,
    product: Vec<f32>,
    normed: Vec<f32>,
    pooled: Vec<f32>,
}

impl Values {
    fn output(&self) -> &[f32] {
        [&self.pooled, &self.normed].into_iter().find(|values| !values.is_empty()).unwrap_or(&self.product)
    }
}

/// A stretch of the network, with preallocated buffers for batches of up to a capacity.
pub struct Network {
    span: Span,
    layers: Vec<Layer>,
    values: Vec<Values>,
    gradient: Vec<f32>,
    gradient_below: Vec<f32>,
    /// Where a step keeps the one weight gradient it looks at.
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
    /// With `dropout`, values are dropped before trainable layers; frozen layers, and what leads into them, run as in
    /// evaluation, so that what is frozen is a fixed function.
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

    /// Runs a batch backward from the gradient of its logits, after [`Network::forward`] of the same input.
    ///
    /// Trainable layers alone are visited, and the first of them is not asked for its input's gradient.
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
    ) {
        self.descend(input, num_examples, output_gradient, &mut Collect { parameters, gradients });
    }

    /// As [`Network::backward`], and a step along the gradients, layer by layer: a fully connected layer's gradient is
    /// never written down. The same bits as one after the other.
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
            // The input's gradient first: it belongs to the weights before the step.
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

/// What is done with a trainable layer's gradients on the way back.
trait Visitor {
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

/// Writes the gradients down.
struct Collect<'a> {
    parameters: &'a Parameters,
    gradients: &'a mut Gradients,
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
        layer.weight_gradient(operands, weight, num_examples, workspace);
        layer.bias_gradient(operands.1, bias, num_examples);
    }
}

/// Takes a step along the gradients.
struct TakeStep<'a> {
    parameters: &'a mut Parameters,
    velocities: &'a mut Gradients,
    step: sgd::Step,
    /// Holds one layer's gradient: a convolution's weights, or a bias.
    gradient: &'a mut Vec<f32>,
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

fn conv_op(c: ConvShape) -> Result<Conv2d, GeometryError> {
    Conv2d::new(conv_geometry(c))
}

pub(super) fn conv_geometry(c: ConvShape) -> Conv2dGeometry {
    Conv2dGeometry {
        in_channels: c.in_channels,
        out_channels: c.out_channels,
        height: c.side,
        width: c.side,
        kernel: c.kernel,
        stride: c.stride,
        padding: c.padding,
        groups: c.groups,
    }
}

fn pool_op(p: PoolShape) -> Result<MaxPool2d, GeometryError> {
    MaxPool2d::new(p.channels, p.side, p.side, p.kernel, p.stride)
}

impl Layer {
    fn new(shape: LearnedLayer, in_features: usize) -> Result<Self, GeometryError> {
        let (product, product_features, norm) = match shape.product {
            Product::Conv(c) => {
                let (channels, positions) = (c.out_channels, c.out_side() * c.out_side());
                let op = LocalResponseNorm::KRIZHEVSKY_2012;
                let norm = shape.response_norm.then_some(Norm { op, channels, positions });
                (ProductOp::Conv(Box::new(conv_op(c)?)), channels * positions, norm)
            }
            Product::Linear { in_features, out_features } => {
                (ProductOp::Linear(Linear::new(in_features, out_features)?), out_features, None)
            }
        };
        let pool = shape.pool.map(pool_op).transpose()?;
        let out_features = shape.num_activations();
        Ok(Self { shape, product, norm, pool, in_features, product_features, out_features })
    }

    fn forward(
        &self,
        (weight, bias): (&[f32], &[f32]),
        input: &[f32],
        n: usize,
        dropout: Option<(Stream, DropoutAt<'_>)>,
        values: &mut Values,
        workspace: &mut Workspace,
    ) {
        let dropout = dropout.filter(|_| self.shape.dropout_before);
        let input = match dropout {
            Some((stream, at)) => {
                values.mask.resize(input.len(), 0.0);
                values.dropped.resize(input.len(), 0.0);
                at.op.mask(&stream, at.step, self.in_features, n, &mut values.mask);
                dropout::forward(input, &values.mask, &mut values.dropped);
                &values.dropped
            }
            None => {
                values.mask.clear();
                values.dropped.clear();
                input
            }
        };
        values.product.resize(self.product_features * n, 0.0);
        let activation = if self.shape.relu { Activation::Relu } else { Activation::None };
        match &self.product {
            ProductOp::Conv(conv) => conv.forward(input, weight, bias, &mut values.product, n, activation, workspace),
            ProductOp::Linear(linear) => {
                linear.forward(input, weight, bias, &mut values.product, n, activation, workspace);
            }
        }
        if let Some(norm) = &self.norm {
            values.normed.resize(values.product.len(), 0.0);
            norm.op.forward(&values.product, &mut values.normed, norm.channels, norm.positions, n);
        }
        if let Some(pool) = &self.pool {
            values.pooled.resize(self.out_features * n, 0.0);
            let pool_input = if self.norm.is_some() { &values.normed } else { &values.product };
            pool.forward(pool_input, &mut values.pooled, n);
        }
    }

    /// Turns the gradient of this layer's output into that of its product: back through pool, normalisation and ReLU.
    fn activation_gradient(&self, values: &Values, n: usize, gradient: &mut Vec<f32>, other: &mut Vec<f32>) {
        let (inner, outer) = (self.product_features * n, self.out_features * n);
        if let Some(pool) = &self.pool {
            let pool_input = if self.norm.is_some() { &values.normed } else { &values.product };
            pool.input_gradient(pool_input, &values.pooled, &gradient[..outer], &mut other[..inner], n);
            std::mem::swap(gradient, other);
        }
        if let Some(Norm { op, channels, positions }) = &self.norm {
            let (dy, dx) = (&gradient[..inner], &mut other[..inner]);
            op.input_gradient(&values.product, &values.normed, dy, dx, *channels, *positions, n);
            std::mem::swap(gradient, other);
        }
        if self.shape.relu {
            relu::gradient_in_place(&values.product, &mut gradient[..inner]);
        }
    }

    fn weight_gradient(
        &self,
        (input, product_gradient): (&[f32], &[f32]),
        weight: &mut [f32],
        n: usize,
        workspace: &mut Workspace,
    ) {
        match &self.product {
            ProductOp::Conv(conv) => conv.weight_gradient(input, product_gradient, weight, n, workspace),
            ProductOp::Linear(linear) => linear.weight_gradient(input, product_gradient, weight, n, workspace),
        }
    }

    fn bias_gradient(&self, product_gradient: &[f32], bias: &mut [f32], n: usize) {
        match &self.product {
            ProductOp::Conv(conv) => conv.bias_gradient(product_gradient, bias, n),
            ProductOp::Linear(linear) => linear.bias_gradient(product_gradient, bias, n),
        }
    }

    fn input_gradient(
        &self,
        product_gradient: &[f32],
        weight: &[f32],
        input_gradient: &mut [f32],
        n: usize,
        workspace: &mut Workspace,
    ) {
        match &self.product {
            ProductOp::Conv(conv) => conv.input_gradient(product_gradient, weight, input_gradient, n, workspace),
            ProductOp::Linear(linear) => linear.input_gradient(product_gradient, weight, input_gradient, n, workspace),
        }
    }
}
