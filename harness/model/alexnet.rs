//! AlexNet as a candle module, for code that trains or inspects a network through candle.
//!
//! The study's own training loop drives the kernels directly ([`crate::train`]); this module wraps the same kernels as
//! candle operations, and a test proves that both give the same logits and gradients, bit for bit.

use super::Parameters;
use candle_core::{Device, Result, Tensor, Var};
use candle_nn::Module;
use nt_kernels::candle_ops;
use nt_kernels::local_response_norm::LocalResponseNorm;
use nt_scenario::Treatment;
use nt_scenario::network::{LearnedLayer, NetworkShape, Product};

struct Layer {
    shape: LearnedLayer,
    weight: Tensor,
    bias: Tensor,
}

/// AlexNet on candle tensors: trainable layers are variables, frozen ones are plain tensors without a gradient.
///
/// Departure: it has no dropout. The training loop has it, from named streams.
pub struct AlexNet {
    layers: Vec<Layer>,
    variables: Vec<(String, Var)>,
}

impl AlexNet {
    /// A network with these parameters, copied, and the first layers frozen as the treatment says.
    ///
    /// # Errors
    /// Candle's error where the parameters do not have the network's shape.
    pub fn new(shape: &NetworkShape, parameters: &Parameters, treatment: Treatment) -> Result<Self> {
        let (mut layers, mut variables) = (Vec::new(), Vec::new());
        for (depth, (layer, values)) in shape.layers.iter().zip(&parameters.layers).enumerate() {
            let weight = Tensor::from_slice(&values.weight, layer.weight_shape(), &Device::Cpu)?;
            let bias = Tensor::from_slice(&values.bias, layer.num_biases(), &Device::Cpu)?;
            if depth < usize::from(treatment.frozen()) {
                layers.push(Layer { shape: *layer, weight, bias });
                continue;
            }
            let (weight, bias) = (Var::from_tensor(&weight)?, Var::from_tensor(&bias)?);
            layers.push(Layer { shape: *layer, weight: weight.as_tensor().clone(), bias: bias.as_tensor().clone() });
            variables.push((format!("{}.weight", layer.name), weight));
            variables.push((format!("{}.bias", layer.name), bias));
        }
        Ok(Self { layers, variables })
    }

    /// The trainable parameters, in the order of the layers.
    pub fn variables(&self) -> &[(String, Var)] {
        &self.variables
    }
}

impl Module for AlexNet {
    /// # Shape
    /// `(N, 3, input, input)` f32 → logits `(N, classes)`.
    fn forward(&self, images: &Tensor) -> Result<Tensor> {
        let mut x = images.clone();
        for Layer { shape, weight, bias } in &self.layers {
            x = match shape.product {
                Product::Conv(c) => candle_ops::conv2d(&x, weight, bias, c.stride, c.padding, c.groups)?,
                Product::Linear { .. } => candle_ops::linear(&x.flatten_from(1)?, weight, bias)?,
            };
            if shape.relu {
                x = candle_ops::relu(&x)?;
            }
            if shape.response_norm {
                x = candle_ops::local_response_norm(&x, LocalResponseNorm::KRIZHEVSKY_2012)?;
            }
            if let Some(pool) = shape.pool {
                x = candle_ops::max_pool2d(&x, pool.kernel, pool.stride)?;
            }
            if let Some(pool) = shape.average_pool {
                x = candle_ops::adaptive_avg_pool2d(&x, pool.out_side)?;
            }
        }
        Ok(x)
    }
}
