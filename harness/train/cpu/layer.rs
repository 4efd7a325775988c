//! One learned layer: its product, and what follows it.

use super::DropoutAt;
use crate::train::geometry::conv_geometry;
use nt_kernels::adaptive_avg_pool2d::AdaptiveAvgPool2d;
use nt_kernels::conv2d::{Activation, Conv2d};
use nt_kernels::dropout;
use nt_kernels::geometry::GeometryError;
use nt_kernels::linear::Linear;
use nt_kernels::local_response_norm::LocalResponseNorm;
use nt_kernels::max_pool2d::MaxPool2d;
use nt_kernels::philox::Stream;
use nt_kernels::relu;
use nt_kernels::workspace::Workspace;
use nt_scenario::network::{AveragePoolShape, LearnedLayer, PoolShape, Product};

/// A layer's product.
pub(super) enum ProductOp {
    Conv(Box<Conv2d>),
    Linear(Linear),
}

/// A layer's normalisation.
struct Norm {
    op: LocalResponseNorm,
    channels: usize,
    positions: usize,
}

/// A layer with its operations.
pub(super) struct Layer {
    shape: LearnedLayer,
    pub product: ProductOp,
    norm: Option<Norm>,
    pool: Option<MaxPool2d>,
    average_pool: Option<AdaptiveAvgPool2d>,
    pub in_features: usize,
    /// Values of an image after the product. After the pools there may be fewer, or more.
    pub product_features: usize,
    /// Values of an image after the max pool.
    pooled_features: usize,
    pub out_features: usize,
}

/// One layer's values of a batch. Those of an operation that the layer lacks stay empty.
#[derive(Default)]
pub(super) struct Values {
    pub mask: Vec<f32>,
    pub dropped: Vec<f32>,
    product: Vec<f32>,
    normed: Vec<f32>,
    pooled: Vec<f32>,
    averaged: Vec<f32>,
}

impl Values {
    pub fn output(&self) -> &[f32] {
        if self.averaged.is_empty() { self.before_average_pool() } else { &self.averaged }
    }

    fn before_average_pool(&self) -> &[f32] {
        [&self.pooled, &self.normed].into_iter().find(|values| !values.is_empty()).unwrap_or(&self.product)
    }
}

fn pool_op(p: PoolShape) -> Result<MaxPool2d, GeometryError> {
    MaxPool2d::new(p.channels, p.side, p.side, p.kernel, p.stride)
}

fn average_pool_op(p: AveragePoolShape) -> Result<AdaptiveAvgPool2d, GeometryError> {
    AdaptiveAvgPool2d::new(p.channels, p.side, p.side, p.out_side)
}

impl Layer {
    pub fn new(shape: LearnedLayer, in_features: usize) -> Result<Self, GeometryError> {
        let (product, product_features, norm) = match shape.product {
            Product::Conv(c) => {
                let (channels, positions) = (c.out_channels, c.out_side() * c.out_side());
                let op = LocalResponseNorm::KRIZHEVSKY_2012;
                let norm = shape.response_norm.then_some(Norm { op, channels, positions });
                (ProductOp::Conv(Box::new(Conv2d::new(conv_geometry(c))?)), channels * positions, norm)
            }
            Product::Linear { in_features, out_features } => {
                (ProductOp::Linear(Linear::new(in_features, out_features)?), out_features, None)
            }
        };
        let pool = shape.pool.map(pool_op).transpose()?;
        let average_pool = shape.average_pool.map(average_pool_op).transpose()?;
        let (pooled_features, out_features) = (shape.num_before_average_pool(), shape.num_activations());
        Ok(Self {
            shape,
            product,
            norm,
            pool,
            average_pool,
            in_features,
            product_features,
            pooled_features,
            out_features,
        })
    }

    pub fn forward(
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
            values.pooled.resize(self.pooled_features * n, 0.0);
            let pool_input = if self.norm.is_some() { &values.normed } else { &values.product };
            pool.forward(pool_input, &mut values.pooled, n);
        }
        if let Some(pool) = &self.average_pool {
            let mut averaged = std::mem::take(&mut values.averaged);
            averaged.resize(self.out_features * n, 0.0);
            pool.forward(values.before_average_pool(), &mut averaged, n);
            values.averaged = averaged;
        }
    }

    /// Turns the gradient of this layer's output into that of its product: back through pools, normalisation and ReLU.
    pub fn activation_gradient(&self, values: &Values, n: usize, gradient: &mut Vec<f32>, other: &mut Vec<f32>) {
        let (inner, outer) = (self.product_features * n, self.pooled_features * n);
        if let Some(pool) = &self.average_pool {
            pool.input_gradient(&gradient[..self.out_features * n], &mut other[..outer], n);
            std::mem::swap(gradient, other);
        }
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

    pub fn weight_gradient(
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

    pub fn bias_gradient(&self, product_gradient: &[f32], bias: &mut [f32], n: usize) {
        match &self.product {
            ProductOp::Conv(conv) => conv.bias_gradient(product_gradient, bias, n),
            ProductOp::Linear(linear) => linear.bias_gradient(product_gradient, bias, n),
        }
    }

    pub fn input_gradient(
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
