//! A network in training on made-up images, for benchmarks.

use negative_transfer::model::{LayerParameters, Parameters};
use negative_transfer::train::{DropoutAt, Span, Trainer};
use nt_kernels::dropout::Dropout;
use nt_kernels::philox::Stream;
use nt_kernels::sgd::{Sgd, WeightDecay};
use nt_scenario::Standardisation;
use nt_scenario::network::{Architecture, NetworkShape};

pub type Fault = Box<dyn std::error::Error>;

const CLASSES: usize = 10;

/// Numbers between -1 and 1: quick, since what is timed does not depend on them.
pub fn numbers(length: usize) -> Vec<f32> {
    let mut state = 1u32;
    let mut number = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / 8_388_608.0 - 1.0
    };
    (0..length).map(|_| number()).collect()
}

/// AlexNet in training: 10 classes, SGD with momentum and weight decay, a dropout of .5, as torch_step.py has them.
pub struct Training {
    trainer: Trainer,
    parameters: Parameters,
    input: Vec<f32>,
    labels: Vec<u32>,
    streams: Vec<Stream>,
    dropout: Dropout,
    step: u64,
}

impl Training {
    /// The network for inputs of `side` pixels, with its first `frozen` layers frozen.
    pub fn new(side: usize, width: f64, batch: usize, frozen: usize) -> Result<Self, Fault> {
        let shape = NetworkShape::new(Architecture::AlexNet, width, side, CLASSES);
        // Uniform, within PyTorch's bound.
        let layers = shape.layers.iter().map(|layer| {
            let bound = 1.0 / (layer.fan_in() as f32).sqrt();
            let drawn = |length| numbers(length).into_iter().map(|x| bound * x).collect();
            LayerParameters { weight: drawn(layer.num_weights()), bias: drawn(layer.num_biases()) }
        });
        let parameters = Parameters { standardisation: Standardisation::IMAGENET, layers: layers.collect() };
        let sgd = Sgd { momentum: 0.9, weight_decay: WeightDecay::Coupled(5e-4), nesterov: false };
        Ok(Self {
            trainer: Trainer::new(&shape, Span { frozen, ..Span::whole(&shape) }, batch, &parameters, sgd)?,
            parameters,
            input: numbers(batch * 3 * side * side),
            labels: (0..batch).map(|index| (index % CLASSES) as u32).collect(),
            streams: (0..8).map(|layer| Stream::named(0, "dropout", "bench", layer)).collect(),
            dropout: Dropout::new(0.5)?,
            step: 0,
        })
    }

    /// The same, with gradients clipped. None is as long as this, so that it only costs what it costs.
    pub fn clipped(self) -> Self {
        Self { trainer: self.trainer.clipped(1e30), ..self }
    }

    /// One step: forward, loss, backward, update. The images are at hand, as PyTorch's are. The learning rate is 0, so that
    /// every step costs the same: a network that has its batch by heart works on subnormal numbers, many times slower.
    pub fn step(&mut self) -> Result<f64, Fault> {
        let at = DropoutAt { streams: &self.streams, step: self.step, op: self.dropout };
        self.step += 1;
        Ok(self.trainer.step(&mut self.parameters, &self.input, &self.labels, Some(at), 0.0)?)
    }
}
