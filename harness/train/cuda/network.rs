//! A stretch of AlexNet's learned layers on a GPU, driven forward and backward layer by layer, as [`crate::train::Network`]
//! on the CPU. Here a batch is outermost: an activation is `(N, features)`.

use super::ParameterLayout;
use crate::train::network::conv_geometry;
use crate::train::{Span, TrainError};
use nt_kernels::cuda::{
    Convolution, CudaError, CudaSlice, CudaView, FullyConnected, Gpu, Pool, ResponseNorm, State, Storage, Weights,
    add_bias, bias_gradient, dropout, relu_gradient,
};
use nt_kernels::dropout::Dropout;
use nt_kernels::linear::Linear;
use nt_kernels::local_response_norm::LocalResponseNorm;
use nt_kernels::max_pool2d::MaxPool2d;
use nt_kernels::philox::Stream;
use nt_scenario::network::{LearnedLayer, NetworkShape, Product};
use std::collections::BTreeMap;

/// The dropout of a training: a mask depends on the layer's stream, the step and the position in the batch.
pub(super) struct Dropping {
    pub op: Dropout,
    pub streams: Vec<Stream>,
}

enum ProductOp<T> {
    /// With a plan for each size of batch.
    Conv(BTreeMap<usize, Convolution<T>>),
    Linear(FullyConnected),
}

struct Layer<T> {
    shape: LearnedLayer,
    product: ProductOp<T>,
    norm: Option<ResponseNorm>,
    pool: Option<Pool>,
    in_features: usize,
    /// Values an image has after the product; after the pool it may have fewer.
    product_features: usize,
    /// Positions of a channel of the product.
    positions: usize,
    out_features: usize,
}

/// One layer's values of the batch at hand, each with room for the largest; what the layer lacks is absent.
struct Values<T> {
    dropped: Option<CudaSlice<T>>,
    product: CudaSlice<T>,
    normed: Option<(CudaSlice<T>, CudaSlice<f32>)>,
    pooled: Option<(CudaSlice<T>, CudaSlice<u8>)>,
}

impl<T> Values<T> {
    fn output(&self) -> &CudaSlice<T> {
        match (&self.pooled, &self.normed) {
            (Some((pooled, _)), _) => pooled,
            (None, Some((normed, _))) => normed,
            (None, None) => &self.product,
        }
    }
}

/// A stretch of the network, with buffers for batches of up to a capacity, made once.
pub(super) struct Network<T> {
    span: Span,
    layers: Vec<Layer<T>>,
    values: Vec<Values<T>>,
    gradient: CudaSlice<T>,
    gradient_below: CudaSlice<T>,
    workspace: CudaSlice<u8>,
}

impl<T: Storage> Network<T> {
    /// Prepares the layers of `span` for batches of these sizes.
    pub fn new(
        gpu: &Gpu,
        shape: &NetworkShape,
        span: Span,
        batches: &[usize],
        drops: bool,
    ) -> Result<Self, TrainError> {
        let capacity = batches.iter().copied().max().unwrap_or(0);
        let mut below = 3 * shape.input * shape.input;
        let (mut layers, mut values) = (Vec::new(), Vec::new());
        for (depth, layer) in shape.layers.iter().enumerate().take(span.last) {
            if depth >= span.first {
                let layer = Layer::new(gpu, *layer, below, batches)?;
                values.push(layer.values(gpu, capacity, drops && depth >= span.frozen)?);
                layers.push(layer);
            }
            below = layer.num_activations();
        }
        let trains = span.frozen < span.last;
        let widest = layers.iter().map(|layer| layer.in_features.max(layer.product_features)).max().unwrap_or(0);
        let scratch = if trains { widest * capacity } else { 0 };
        let workspace = layers.iter().map(Layer::workspace_bytes).max().unwrap_or(0);
        Ok(Self {
            span,
            layers,
            values,
            gradient: gpu.zeros(scratch)?,
            gradient_below: gpu.zeros(scratch)?,
            workspace: gpu.zeros(workspace)?,
        })
    }

    /// Values an example has at the end of this stretch.
    pub fn num_outputs(&self) -> usize {
        self.layers.last().map_or(0, |layer| layer.out_features)
    }

    /// What came out of the last batch, of `n` examples.
    pub fn outputs(&self, n: usize) -> Option<CudaView<'_, T>> {
        self.values.last().map(|values| values.output().slice(..n * self.num_outputs()))
    }

    /// Queues a batch forward. Layers from `span.frozen` on drop out where `dropping` is given; frozen layers, and what
    /// leads into them, run as in evaluation.
    pub fn forward(
        &mut self,
        gpu: &Gpu,
        (weights, layout): (&Weights<T>, &ParameterLayout),
        input: &CudaSlice<T>,
        n: usize,
        dropping: Option<(&Dropping, &CudaSlice<State>)>,
    ) -> Result<(), CudaError> {
        for index in 0..self.layers.len() {
            let depth = self.span.first + index;
            let (below, rest) = self.values.split_at_mut(index);
            let (layer, values) = (&self.layers[index], &mut rest[0]);
            let mut input = below.last().map_or(input, Values::output).slice(..n * layer.in_features);
            if let (Some((dropping, state)), Some(dropped)) = (dropping, &mut values.dropped) {
                let mut dropped = dropped.slice_mut(..n * layer.in_features);
                let at = (dropping.op, dropping.streams[depth]);
                dropout(gpu, at, state, Some(&input), &mut dropped, layer.in_features)?;
                input = values.dropped.as_ref().map_or(input, |dropped| dropped.slice(..n * layer.in_features));
            }
            let weight = weights.in_products(layout.weight(depth));
            let bias = weights.in_full(layout.bias(depth));
            let mut product = values.product.slice_mut(..n * layer.product_features);
            match &layer.product {
                ProductOp::Conv(plans) => {
                    let mut workspace = self.workspace.as_view_mut();
                    plans[&n].forward(gpu, &input, &weight, &mut product, &mut workspace)?;
                }
                ProductOp::Linear(linear) => linear.forward(gpu, &input, &weight, &mut product)?,
            }
            add_bias(gpu, &mut product, &bias, layer.positions, layer.shape.relu)?;
            if let (Some(norm), Some((normed, scale))) = (&layer.norm, &mut values.normed) {
                let size = n * layer.product_features;
                let product = values.product.slice(..size);
                norm.forward(gpu, &product, &mut normed.slice_mut(..size), &mut scale.slice_mut(..size))?;
            }
            if let Some(pool) = &layer.pool {
                let size = n * layer.out_features;
                let Values { product, normed, pooled, .. } = values;
                let before = normed.as_ref().map_or(&*product, |(normed, _)| normed);
                if let Some((pooled, taps)) = pooled {
                    let before = before.slice(..n * layer.product_features);
                    pool.forward(gpu, &before, &mut pooled.slice_mut(..size), &mut taps.slice_mut(..size))?;
                }
            }
        }
        Ok(())
    }

    /// Queues a batch backward from the gradient of its outputs, which [`Network::output_gradient`] holds, after
    /// [`Network::forward`] of the same input. Trainable layers alone are visited, and the first of them is not asked for
    /// its input's gradient. Gradients are written at the layout's places, counted from the first trainable layer's.
    pub fn backward(
        &mut self,
        gpu: &Gpu,
        (weights, layout): (&Weights<T>, &ParameterLayout),
        input: &CudaSlice<T>,
        n: usize,
        dropping: Option<(&Dropping, &CudaSlice<State>)>,
        gradients: &mut CudaSlice<T>,
    ) -> Result<(), CudaError> {
        let first_trainable = self.span.frozen.max(self.span.first);
        for depth in (first_trainable..self.span.last).rev() {
            let index = depth - self.span.first;
            self.activation_gradient(gpu, index, n)?;
            let (layer, values) = (&self.layers[index], &self.values[index]);
            let below = if index == 0 { input } else { self.values[index - 1].output() };
            let has_dropped = dropping.is_some() && values.dropped.is_some();
            let input = values.dropped.as_ref().filter(|_| has_dropped).unwrap_or(below).slice(..n * layer.in_features);
            let product_gradient = self.gradient.slice(..n * layer.product_features);
            let start = layout.weight(first_trainable).start;
            let shifted = |range: std::ops::Range<usize>| range.start - start..range.end - start;
            let mut weight_gradient = gradients.slice_mut(shifted(layout.weight(depth)));
            match &layer.product {
                ProductOp::Conv(plans) => {
                    let mut workspace = self.workspace.as_view_mut();
                    plans[&n].weight_gradient(gpu, &input, &product_gradient, &mut weight_gradient, &mut workspace)?;
                }
                ProductOp::Linear(linear) => {
                    linear.weight_gradient(gpu, &input, &product_gradient, &mut weight_gradient)?;
                }
            }
            let mut of_bias = gradients.slice_mut(shifted(layout.bias(depth)));
            bias_gradient(gpu, &product_gradient, &mut of_bias, layer.positions)?;
            if depth > first_trainable {
                let weight = weights.in_products(layout.weight(depth));
                let mut input_gradient = self.gradient_below.slice_mut(..n * layer.in_features);
                match &layer.product {
                    ProductOp::Conv(plans) => {
                        let mut workspace = self.workspace.as_view_mut();
                        plans[&n].input_gradient(
                            gpu,
                            &product_gradient,
                            &weight,
                            &mut input_gradient,
                            &mut workspace,
                        )?;
                    }
                    ProductOp::Linear(linear) => {
                        linear.input_gradient(gpu, &product_gradient, &weight, &mut input_gradient)?;
                    }
                }
                if let (Some((dropping, state)), true) = (dropping, has_dropped) {
                    let at = (dropping.op, dropping.streams[depth]);
                    dropout(gpu, at, state, None, &mut input_gradient, layer.in_features)?;
                }
            }
            std::mem::swap(&mut self.gradient, &mut self.gradient_below);
        }
        Ok(())
    }

    /// Where the gradient of the outputs of `n` examples goes, with the outputs.
    pub fn outputs_and_gradient(
        &mut self,
        n: usize,
    ) -> Option<(CudaView<'_, T>, nt_kernels::cuda::CudaViewMut<'_, T>)> {
        let size = n * self.num_outputs();
        let outputs = self.values.last()?.output().slice(..size);
        Some((outputs, self.gradient.slice_mut(..size)))
    }

    /// Turns the gradient of a layer's output into that of its product: back through pool, normalisation and ReLU.
    fn activation_gradient(&mut self, gpu: &Gpu, index: usize, n: usize) -> Result<(), CudaError> {
        let (layer, values) = (&self.layers[index], &self.values[index]);
        let (inner, outer) = (n * layer.product_features, n * layer.out_features);
        if let (Some(pool), Some((_, taps))) = (&layer.pool, &values.pooled) {
            let (dy, mut dx) = (self.gradient.slice(..outer), self.gradient_below.slice_mut(..inner));
            pool.input_gradient(gpu, &dy, &taps.slice(..outer), &mut dx)?;
            std::mem::swap(&mut self.gradient, &mut self.gradient_below);
        }
        if let (Some(norm), Some((normed, scale))) = (&layer.norm, &values.normed) {
            let (dy, mut dx) = (self.gradient.slice(..inner), self.gradient_below.slice_mut(..inner));
            let forward = (&values.product.slice(..inner), &normed.slice(..inner), &scale.slice(..inner));
            norm.input_gradient(gpu, forward, &dy, &mut dx)?;
            std::mem::swap(&mut self.gradient, &mut self.gradient_below);
        }
        if layer.shape.relu {
            relu_gradient(gpu, &values.product.slice(..inner), &mut self.gradient.slice_mut(..inner))?;
        }
        Ok(())
    }

    /// The algorithms that cuDNN was told to use, a line a pass.
    pub fn algorithms(&self) -> Vec<String> {
        let of_layer = |layer: &Layer<T>| match &layer.product {
            ProductOp::Conv(plans) => {
                let last = plans.last_key_value();
                last.map(|(batch, plan)| {
                    format!("{} (batch {batch}): {}", layer.shape.name, plan.algorithms().join(", "))
                })
            }
            ProductOp::Linear(_) => None,
        };
        self.layers.iter().filter_map(of_layer).collect()
    }
}

impl<T: Storage> Layer<T> {
    fn new(gpu: &Gpu, shape: LearnedLayer, in_features: usize, batches: &[usize]) -> Result<Self, TrainError> {
        let (product, product_features, positions, norm) = match shape.product {
            Product::Conv(c) => {
                let geometry = conv_geometry(c);
                geometry.check()?;
                let mut plans = BTreeMap::new();
                for &batch in batches {
                    plans.insert(batch, Convolution::new(gpu, geometry, batch)?);
                }
                let (channels, positions) = (c.out_channels, c.out_side() * c.out_side());
                let norm = || ResponseNorm::new(LocalResponseNorm::KRIZHEVSKY_2012, channels, positions);
                let product = ProductOp::Conv(plans);
                (product, channels * positions, positions, shape.response_norm.then(norm))
            }
            Product::Linear { in_features, out_features } => {
                let linear = FullyConnected::new(Linear::new(in_features, out_features)?);
                (ProductOp::Linear(linear), out_features, 1, None)
            }
        };
        let pool = shape.pool.map(|p| MaxPool2d::new(p.channels, p.side, p.side, p.kernel, p.stride)).transpose()?;
        let out_features = shape.num_activations();
        let pool = pool.map(Pool::new);
        Ok(Self { shape, product, norm, pool, in_features, product_features, positions, out_features })
    }

    fn values(&self, gpu: &Gpu, capacity: usize, drops: bool) -> Result<Values<T>, CudaError> {
        let (inner, outer) = (capacity * self.product_features, capacity * self.out_features);
        let dropped =
            (drops && self.shape.dropout_before).then(|| gpu.zeros(capacity * self.in_features)).transpose()?;
        let normed = match &self.norm {
            Some(_) => Some((gpu.zeros(inner)?, gpu.zeros(inner)?)),
            None => None,
        };
        let pooled = match &self.pool {
            Some(_) => Some((gpu.zeros(outer)?, gpu.zeros(outer)?)),
            None => None,
        };
        Ok(Values { dropped, product: gpu.zeros(inner)?, normed, pooled })
    }

    fn workspace_bytes(&self) -> usize {
        match &self.product {
            ProductOp::Conv(plans) => plans.values().map(Convolution::workspace_bytes).max().unwrap_or(0),
            ProductOp::Linear(_) => 0,
        }
    }
}
