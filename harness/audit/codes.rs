//! The codes that images are compared by: those of a network that was never trained.
//!
//! A trained network would favour the images it was trained on, and the study's own sources are what is compared. A
//! random network favours none, and its filters still respond to edges, colours, grain and their arrangement. It sees
//! no meaning: pictures of different objects in the same look lie near each other, whatever their labels.

use super::DataAuditError;
use crate::data::{Codes, Images, Inputs};
use crate::model::{Init, Parameters, initialise};
use crate::train::{Backend, Cpu, Span};
use nt_scenario::network::{Architecture, NetworkShape};
use nt_scenario::{Initialiser, Scenario, Standardisation};

/// The same width in every study, so that distances can be compared between studies of one input size. It gives 48
/// channels after conv3 and 32 after conv5.
const WIDTH: f64 = 0.125;
/// Depths whose codes are taken: a middle layer for texture and colour, and the last layer with positions for
/// arrangement.
const DEPTHS: [usize; 2] = [3, 5];

/// The network that measures, drawn from the study's seed.
pub(super) struct Instrument {
    shape: NetworkShape,
    parameters: Parameters,
}

/// The measuring network in words.
pub(super) fn words(scenario: &Scenario) -> String {
    format!("an untrained AlexNet of width {WIDTH} on {} px: channel means after conv3 and conv5", scenario.model.input)
}

/// Codes of images, `(N, num_features)`.
pub(super) struct PooledCodes {
    pub values: Vec<f64>,
    /// Features of each depth, one after another in a row.
    pub features: [usize; DEPTHS.len()],
}

impl Instrument {
    pub fn new(scenario: &Scenario) -> Self {
        let shape = NetworkShape::new(Architecture::AlexNet, WIDTH, scenario.model.input, 2);
        // What is measured is measured with its own.
        let standardisation = Standardisation::IMAGENET;
        let init = Init { seed: scenario.study.seed, scope: "audit", replicate: 0, standardisation };
        // He's initialisation keeps the scale of codes from layer to layer. With others it fades.
        let parameters = initialise(&shape, Initialiser::HeNormal, init);
        Self { shape, parameters }
    }

    /// The same network, but for what it does to pixels first.
    pub fn with(&self, standardisation: Standardisation) -> Self {
        Self { shape: self.shape.clone(), parameters: Parameters { standardisation, ..self.parameters.clone() } }
    }

    /// Means over positions of every channel after each depth.
    pub fn codes(&self, images: &Images) -> Result<PooledCodes, DataAuditError> {
        let images = Inputs::Images(images);
        let (middle, top) = (DEPTHS[0], DEPTHS[1]);
        let span = |first: usize, last: usize| Span { first, last, frozen: last };
        let values = Cpu.outputs(&self.shape, span(0, middle), &self.parameters, images)?;
        let below = Codes::new(self.shape.layers[middle - 1].num_activations(), values, &images);
        let at_middle = self.pooled(middle, below.values());
        let values = Cpu.outputs(&self.shape, span(middle, top), &self.parameters, Inputs::Codes(&below))?;
        let at_top = self.pooled(top, &values);
        let features = [self.channels(middle), self.channels(top)];
        let rows = at_middle.chunks_exact(features[0]).zip(at_top.chunks_exact(features[1]));
        Ok(PooledCodes { values: rows.flat_map(|(middle, top)| middle.iter().chain(top).copied()).collect(), features })
    }

    fn channels(&self, depth: usize) -> usize {
        self.shape.layers[depth - 1].num_biases()
    }

    /// pooled[n][c] = mean over positions of values[n][c][position]
    fn pooled(&self, depth: usize, values: &[f32]) -> Vec<f64> {
        let positions = self.shape.layers[depth - 1].num_activations() / self.channels(depth);
        let mean =
            |of_channel: &[f32]| of_channel.iter().map(|&value| f64::from(value)).sum::<f64>() / positions as f64;
        values.chunks_exact(positions).map(mean).collect()
    }
}
