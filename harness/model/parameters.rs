//! Weights and biases of the learned layers.

use nt_kernels::philox::Stream;
use nt_scenario::Standardisation;
use nt_scenario::network::NetworkShape;

/// Weight and bias of one learned layer.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerParameters {
    /// `(out, in / groups, kernel, kernel)` or `(out, in)`, as PyTorch stores it.
    pub weight: Vec<f32>,
    /// `(out)`.
    pub bias: Vec<f32>,
}

impl LayerParameters {
    /// Parameters of the same shape, all zero.
    pub fn zeros_like(&self) -> Self {
        Self { weight: vec![0.0; self.weight.len()], bias: vec![0.0; self.bias.len()] }
    }
}

/// Parameters of all eight learned layers, and what is done to pixels before them. A clone copies every value: two networks never
/// share storage.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameters {
    /// What the network does to pixels first.
    pub standardisation: Standardisation,
    /// conv1 … fc8.
    pub layers: Vec<LayerParameters>,
}

impl Parameters {
    /// Whether every value is a finite number.
    pub fn are_finite(&self) -> bool {
        self.layers.iter().all(|layer| layer.weight.iter().chain(&layer.bias).all(|value| value.is_finite()))
    }

    /// Parameters drawn from a normal distribution with each tensor's own mean and variance: what remains of a network
    /// when only its scale is kept.
    ///
    /// # Source
    /// Raghu, Zhang, Kleinberg and Bengio, *Transfusion*, NeurIPS 2019, section 4 ("mean var init").
    pub fn mean_and_variance(&self, seed: u64, scope: &str, replicate: u32, shape: &NetworkShape) -> Self {
        let layers = self.layers.iter().zip(&shape.layers).map(|(parameters, layer)| {
            let redraw = |values: &[f32], part: &str| {
                let count = values.len() as f64;
                let mean = values.iter().map(|&v| f64::from(v)).sum::<f64>() / count;
                let variance =
                    values.iter().map(|&v| (f64::from(v) - mean) * (f64::from(v) - mean)).sum::<f64>() / count;
                let scope = format!("{scope}/{}/{part}", layer.name);
                let mut cursor = Stream::named(seed, "mean-and-variance", &scope, replicate).cursor();
                values.iter().map(|_| (mean + libm::sqrt(variance) * cursor.normal()) as f32).collect()
            };
            LayerParameters { weight: redraw(&parameters.weight, "weight"), bias: redraw(&parameters.bias, "bias") }
        });
        Self { standardisation: self.standardisation, layers: layers.collect() }
    }
}
