//! A stretch of AlexNet's learned layers on a GPU, driven forward and backward layer by layer, as [`crate::train::Network`]
//! on the CPU. Here a batch is outermost: an activation is `(N, features)`, in the format that suits the precision.

use super::layout::{ParameterLayout, features_at};
use crate::train::geometry::conv_geometry;
use crate::train::{Span, TrainError};
use nt_kernels::cuda::{
    Convolution, CudaError, CudaSlice, CudaView, CudaViewMut, Features, FullyConnected, Gpu, MemoryFormat, Pool,
    ResponseNorm, State, Storage, Weights, add_bias, bias_gradient, bias_gradient_scratch, dropout,
    relu_and_bias_gradient,
};
use nt_kernels::dropout::Dropout;
use nt_kernels::linear::Linear;
use nt_kernels::local_response_norm::LocalResponseNorm;
use nt_kernels::max_pool2d::MaxPool2d;
use nt_kernels::philox::Stream;
use nt_scenario::network::{LearnedLayer, NetworkShape, Product};
use std::collections::BTreeMap;

/// The dropout of a training. A mask depends on the layer's stream, the step and the position in the batch.
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
    inputs: Features,
    /// An image's features after the product. After the pool there may be fewer positions.
    products: Features,
    outputs: Features,
}

/// One layer's values of a batch, each with room for the largest batch. Those of an operation that the layer lacks are
/// absent.
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

/// Does something in the GPU's format if cuDNN has deterministic algorithms for that, else with channels first.
fn in_possible_format<R>(
    gpu: &Gpu,
    mut work: impl FnMut(MemoryFormat) -> Result<R, TrainError>,
) -> Result<R, TrainError> {
    match work(gpu.memory_format()) {
        Err(TrainError::Cuda(CudaError::NoDeterministicAlgorithm { .. }))
            if gpu.memory_format() == MemoryFormat::ChannelsLast =>
        {
            work(MemoryFormat::ChannelsFirst)
        }
        done => done,
    }
}

/// Bytes of scratch memory that the network's largest convolution takes for batches of this size. Convolutions run one
/// at a time.
pub(super) fn scratch_bytes<T: Storage>(gpu: &Gpu, shape: &NetworkShape, batch: usize) -> Result<usize, TrainError> {
    in_possible_format(gpu, |format| {
        let mut most = 0;
        for layer in &shape.layers {
            if let Product::Conv(c) = layer.product {
                let plan = Convolution::<T>::new(gpu, conv_geometry(c), batch, format)?;
                most = most.max(plan.workspace_bytes());
            }
        }
        Ok(most)
    })
}

/// A stretch of the network, with preallocated buffers for batches of up to a capacity.
pub(super) struct Network<T> {
    span: Span,
    format: MemoryFormat,
    layers: Vec<Layer<T>>,
    values: Vec<Values<T>>,
    gradient: CudaSlice<T>,
    gradient_below: CudaSlice<T>,
    workspace: CudaSlice<u8>,
    bias_sums: CudaSlice<f32>,
}

impl<T: Storage> Network<T> {
    /// Prepares the layers of `span` for batches of these sizes, in the GPU's format if cuDNN has deterministic
    /// algorithms for that, else with channels first.
    pub fn new(
        gpu: &Gpu,
        shape: &NetworkShape,
        span: Span,
        batches: &[usize],
        drops: bool,
    ) -> Result<Self, TrainError> {
        in_possible_format(gpu, |format| Self::in_format(gpu, shape, span, batches, drops, format))
    }

    fn in_format(
        gpu: &Gpu,
        shape: &NetworkShape,
        span: Span,
        batches: &[usize],
        drops: bool,
        format: MemoryFormat,
    ) -> Result<Self, TrainError> {
        let capacity = batches.iter().copied().max().unwrap_or(0);
        let (mut layers, mut values) = (Vec::new(), Vec::new());
        for depth in span.first..span.last {
            let layer = Layer::new(gpu, shape, depth, batches, format)?;
            values.push(layer.values(gpu, capacity, drops && depth >= span.frozen)?);
            layers.push(layer);
        }
        let trains = span.frozen < span.last;
        let widest = layers.iter().map(|layer: &Layer<T>| layer.inputs.count().max(layer.products.count())).max();
        let scratch = if trains { widest.unwrap_or(0) * capacity } else { 0 };
        let workspace = layers.iter().map(Layer::workspace_bytes).max().unwrap_or(0);
        let of_bias = |layer: &Layer<T>, batch| bias_gradient_scratch(layer.biased(), batch);
        let bias_sums = layers.iter().flat_map(|layer| batches.iter().map(move |&batch| of_bias(layer, batch))).max();
        Ok(Self {
            span,
            format,
            layers,
            values,
            gradient: gpu.zeros(scratch)?,
            gradient_below: gpu.zeros(scratch)?,
            workspace: gpu.zeros(workspace)?,
            bias_sums: gpu.zeros(if trains { bias_sums.unwrap_or(0) } else { 0 })?,
        })
    }

    /// The format of its activations and weights.
    pub fn format(&self) -> MemoryFormat {
        self.format
    }

    /// The features of its input.
    pub fn inputs(&self) -> Features {
        self.layers.first().map_or(Features::flat(0), |layer| layer.inputs)
    }

    /// The features of its output.
    pub fn output_features(&self) -> Features {
        self.layers.last().map_or(Features::flat(0), |layer| layer.outputs)
    }

    /// Values an example has at the end of this stretch.
    pub fn num_outputs(&self) -> usize {
        self.output_features().count()
    }

    /// The outputs of the last batch, which had `n` examples.
    pub fn outputs(&self, n: usize) -> Option<CudaView<'_, T>> {
        self.values.last().map(|values| values.output().slice(..n * self.num_outputs()))
    }

    /// Queues the forward pass of a batch. With `dropping`, values are dropped before layers from `span.frozen` on.
    /// Frozen layers and their inputs are computed as in evaluation.
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
            let mut input = below.last().map_or(input, Values::output).slice(..n * layer.inputs.count());
            if let (Some((dropping, state)), Some(dropped)) = (dropping, &mut values.dropped) {
                let mut dropped = dropped.slice_mut(..n * layer.inputs.count());
                let at = (dropping.op, dropping.streams[depth]);
                dropout(gpu, at, state, Some(&input), &mut dropped, layer.inputs)?;
                input = values.dropped.as_ref().map_or(input, |dropped| dropped.slice(..n * layer.inputs.count()));
            }
            let weight = weights.in_products(layout.weight(depth));
            let bias = weights.in_full(layout.bias(depth));
            let mut product = values.product.slice_mut(..n * layer.products.count());
            match &layer.product {
                ProductOp::Conv(plans) => {
                    let mut workspace = self.workspace.as_view_mut();
                    plans[&n].forward(gpu, &input, &weight, &mut product, &mut workspace)?;
                }
                ProductOp::Linear(linear) => linear.forward(gpu, &input, &weight, &mut product)?,
            }
            add_bias(gpu, &mut product, &bias, layer.products, layer.shape.relu)?;
            if let (Some(norm), Some((normed, scale))) = (&layer.norm, &mut values.normed) {
                let size = n * layer.products.count();
                let product = values.product.slice(..size);
                norm.forward(gpu, &product, &mut normed.slice_mut(..size), &mut scale.slice_mut(..size))?;
            }
            if let Some(pool) = &layer.pool {
                let size = n * layer.outputs.count();
                let Values { product, normed, pooled, .. } = values;
                let before = normed.as_ref().map_or(&*product, |(normed, _)| normed);
                if let Some((pooled, taps)) = pooled {
                    let before = before.slice(..n * layer.products.count());
                    pool.forward(gpu, &before, &mut pooled.slice_mut(..size), &mut taps.slice_mut(..size))?;
                }
            }
        }
        Ok(())
    }

    /// Queues the backward pass of a batch, after [`Network::forward`] of the same input. It begins with the gradient
    /// of the outputs, which [`Network::outputs_and_gradient`] lends. Only trainable layers are visited, and the
    /// gradient of the first one's input is not computed. Gradients are written at the layout's places, counted from
    /// the first trainable layer's.
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
            let start = layout.weight(first_trainable).start;
            let shifted = |range: std::ops::Range<usize>| range.start - start..range.end - start;
            self.activation_gradient(gpu, index, n, &mut gradients.slice_mut(shifted(layout.bias(depth))))?;
            let (layer, values) = (&self.layers[index], &self.values[index]);
            let below = if index == 0 { input } else { self.values[index - 1].output() };
            let has_dropped = dropping.is_some() && values.dropped.is_some();
            let input =
                values.dropped.as_ref().filter(|_| has_dropped).unwrap_or(below).slice(..n * layer.inputs.count());
            let product_gradient = self.gradient.slice(..n * layer.products.count());
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
            if depth > first_trainable {
                let weight = weights.in_products(layout.weight(depth));
                let mut input_gradient = self.gradient_below.slice_mut(..n * layer.inputs.count());
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
                    dropout(gpu, at, state, None, &mut input_gradient, layer.inputs)?;
                }
            }
            std::mem::swap(&mut self.gradient, &mut self.gradient_below);
        }
        Ok(())
    }

    /// The outputs of `n` examples, and the place of their gradient.
    pub fn outputs_and_gradient(&mut self, n: usize) -> Option<(CudaView<'_, T>, CudaViewMut<'_, T>)> {
        let size = n * self.num_outputs();
        let outputs = self.values.last()?.output().slice(..size);
        Some((outputs, self.gradient.slice_mut(..size)))
    }

    /// Turns the gradient of a layer's output into that of its product, back through pool, normalisation and ReLU, and
    /// writes the gradient of its bias.
    fn activation_gradient(
        &mut self,
        gpu: &Gpu,
        index: usize,
        n: usize,
        of_bias: &mut CudaViewMut<'_, T>,
    ) -> Result<(), CudaError> {
        let (layer, values) = (&self.layers[index], &self.values[index]);
        let (inner, outer) = (n * layer.products.count(), n * layer.outputs.count());
        let mut sums = self.bias_sums.as_view_mut();
        if layer.is_pooled_after_relu() {
            // A pool passes each gradient to one place, whose value is the pool's output. So ReLU's gradient and the
            // bias's sum are the same before the pool's, on fewer values.
            let (y, mut dy) = (values.output().slice(..outer), self.gradient.slice_mut(..outer));
            relu_and_bias_gradient(gpu, &y, &mut dy, of_bias, layer.outputs, &mut sums)?;
        }
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
        if layer.is_pooled_after_relu() {
            return Ok(());
        }
        let mut dy = self.gradient.slice_mut(..inner);
        if layer.shape.relu {
            let y = values.product.slice(..inner);
            relu_and_bias_gradient(gpu, &y, &mut dy, of_bias, layer.products, &mut sums)
        } else {
            bias_gradient(gpu, &dy.as_view(), of_bias, layer.products, &mut sums)
        }
    }

    /// The algorithms that cuDNN was told to use, a line a pass.
    pub fn algorithms(&self) -> Vec<String> {
        let of_layer = |layer: &Layer<T>| match &layer.product {
            ProductOp::Conv(plans) => {
                let last = plans.last_key_value();
                last.map(|(batch, plan)| {
                    let (name, algorithms) = (layer.shape.name, plan.algorithms().join(", "));
                    format!("{name} (batch {batch}, {:?}): {algorithms}", self.format)
                })
            }
            ProductOp::Linear(_) => None,
        };
        self.layers.iter().filter_map(of_layer).collect()
    }
}

impl<T: Storage> Layer<T> {
    fn new(
        gpu: &Gpu,
        shape: &NetworkShape,
        depth: usize,
        batches: &[usize],
        format: MemoryFormat,
    ) -> Result<Self, TrainError> {
        let (inputs, outputs) = (features_at(shape, depth, format), features_at(shape, depth + 1, format));
        let shape = shape.layers[depth];
        let (product, products) = match shape.product {
            Product::Conv(c) => {
                let geometry = conv_geometry(c);
                geometry.check()?;
                let mut plans = BTreeMap::new();
                for &batch in batches {
                    plans.insert(batch, Convolution::new(gpu, geometry, batch, format)?);
                }
                let positions = c.out_side() * c.out_side();
                (ProductOp::Conv(plans), Features { channels: c.out_channels, positions, format })
            }
            Product::Linear { in_features, out_features } => {
                let linear = FullyConnected::new(Linear::new(in_features, out_features)?);
                (ProductOp::Linear(linear), Features::flat(out_features))
            }
        };
        let norm = shape.response_norm.then(|| ResponseNorm::new(LocalResponseNorm::KRIZHEVSKY_2012, products));
        let pool = shape.pool.map(|p| MaxPool2d::new(p.channels, p.side, p.side, p.kernel, p.stride)).transpose()?;
        let pool = pool.map(|op| Pool::new(op, format));
        Ok(Self { shape, product, norm, pool, inputs, products, outputs })
    }

    /// Whether nothing lies between its ReLU and its pool.
    fn is_pooled_after_relu(&self) -> bool {
        self.shape.relu && self.norm.is_none() && self.pool.is_some()
    }

    /// Where the gradient of its bias is summed.
    fn biased(&self) -> Features {
        if self.is_pooled_after_relu() { self.outputs } else { self.products }
    }

    fn values(&self, gpu: &Gpu, capacity: usize, drops: bool) -> Result<Values<T>, CudaError> {
        let (inner, outer) = (capacity * self.products.count(), capacity * self.outputs.count());
        let dropped =
            (drops && self.shape.dropout_before).then(|| gpu.zeros(capacity * self.inputs.count())).transpose()?;
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
