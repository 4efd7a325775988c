//! Fresh parameters.

use super::{LayerParameters, Parameters};
use nt_kernels::philox::{Cursor, Stream};
use nt_scenario::network::{LearnedLayer, NetworkShape};
use nt_scenario::{Initialiser, Standardisation, Treatment};

/// What fresh parameters are drawn for: the study's seed, the network's scope (a target or a source), the replicate, and the
/// images that the network learns from.
#[derive(Clone, Copy, Debug)]
pub struct Init<'a> {
    /// Seed of the study.
    pub seed: u64,
    /// Name of the task the network is for.
    pub scope: &'a str,
    /// Stream number of the replicate.
    pub replicate: u32,
    /// What the network does to their pixels first.
    pub standardisation: Standardisation,
}

/// Draws the parameters of a network. Every layer has a stream of its own, which does not depend on the treatment.
///
/// # Source
/// * He-normal: He et al., ICCV 2015, fan-in, gain √2; biases 0.
/// * PyTorch: weights and biases uniform within ±1/√fan-in, the default of `nn.Conv2d` and `nn.Linear`.
/// * Krizhevsky et al. 2012, section 5: weights normal with standard deviation .01; biases 1 in conv2, conv4, conv5, fc6
///   and fc7, else 0.
pub fn initialise(shape: &NetworkShape, initialiser: Initialiser, init: Init<'_>) -> Parameters {
    let layers = shape.layers.iter().map(|layer| fresh_layer(layer, initialiser, init)).collect();
    Parameters { standardisation: init.standardisation, layers }
}

/// The network that training starts from: the first `copied` layers of the source, the rest fresh.
///
/// Whoever takes its first layer from a source standardises as the source does. A fresh layer has the values that training from scratch starts from in the same replicate, whatever the treatment.
/// Copied layers are not drawn at all.
pub fn transfer(
    shape: &NetworkShape,
    initialiser: Initialiser,
    init: Init<'_>,
    source: Option<&Parameters>,
    treatment: Treatment,
) -> Parameters {
    let copied = usize::from(treatment.copied());
    let layers = shape.layers.iter().enumerate().map(|(index, layer)| match source {
        Some(source) if index < copied => source.layers[index].clone(),
        _ => fresh_layer(layer, initialiser, init),
    });
    let standardisation = source.filter(|_| copied > 0).map_or(init.standardisation, |source| source.standardisation);
    Parameters { standardisation, layers: layers.collect() }
}

fn fresh_layer(layer: &LearnedLayer, initialiser: Initialiser, init: Init<'_>) -> LayerParameters {
    let stream = Stream::named(init.seed, "init", &format!("{}/{}", init.scope, layer.name), init.replicate);
    draw_layer(layer, initialiser, &mut stream.cursor())
}

fn draw_layer(layer: &LearnedLayer, initialiser: Initialiser, cursor: &mut Cursor) -> LayerParameters {
    let (num_weights, num_biases, fan_in) = (layer.num_weights(), layer.num_biases(), layer.fan_in() as f64);
    let mut normal = |std: f64| (0..num_weights).map(|_| (std * cursor.normal()) as f32).collect();
    match initialiser {
        Initialiser::HeNormal => {
            LayerParameters { weight: normal(libm::sqrt(2.0 / fan_in)), bias: vec![0.0; num_biases] }
        }
        Initialiser::PyTorch => {
            let bound = 1.0 / libm::sqrt(fan_in);
            let mut uniform = |count| (0..count).map(|_| cursor.uniform_in(-bound, bound) as f32).collect();
            LayerParameters { weight: uniform(num_weights), bias: uniform(num_biases) }
        }
        Initialiser::Krizhevsky2012 => {
            let bias = if layer.bias_2012 { 1.0 } else { 0.0 };
            LayerParameters { weight: normal(0.01), bias: vec![bias; num_biases] }
        }
    }
}
