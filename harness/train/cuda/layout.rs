//! How a network's features lie in a GPU's memory, and where its parameters do. All parameters are in one buffer, so
//! that one kernel takes the step of all of them.

use crate::model::Parameters;
use nt_kernels::cuda::{Features, MemoryFormat};
use nt_scenario::network::{NetworkShape, Product};
use std::ops::Range;

/// Each weight and bias begins at a multiple of this many numbers, which is 256 bytes: the GPU's widest loads need
/// that.
const ALIGNMENT: usize = 64;

/// The input features of the layer at `depth`, or the output features of the last layer.
pub(super) fn features_at(shape: &NetworkShape, depth: usize, format: MemoryFormat) -> Features {
    let Some(below) = depth.checked_sub(1).map(|below| &shape.layers[below]) else {
        return Features { channels: 3, positions: shape.input * shape.input, format };
    };
    match below.product {
        Product::Conv(c) => {
            Features { channels: c.out_channels, positions: below.num_activations() / c.out_channels, format }
        }
        Product::Linear { out_features, .. } => Features::flat(out_features),
    }
}

/// Where a layer's parameters lie.
struct Place {
    weight: Range<usize>,
    bias: Range<usize>,
    /// The features that a row of the weight is multiplied with. A row holds the weights of one output, in the order of
    /// these features.
    row: Features,
}

/// The places of the layers from `first` on: the lowest layer first, and each weight before its bias.
pub(super) struct ParameterLayout {
    first: usize,
    places: Vec<Place>,
    length: usize,
}

impl ParameterLayout {
    /// The places of the layers `first` to `last` for activations in this format.
    pub fn new(shape: &NetworkShape, first: usize, last: usize, format: MemoryFormat) -> Self {
        let (mut places, mut end) = (Vec::new(), 0usize);
        let mut place = |length: usize| {
            let start = end.next_multiple_of(ALIGNMENT);
            end = start + length;
            start..end
        };
        for (depth, layer) in shape.layers.iter().enumerate().take(last).skip(first) {
            let row = match layer.product {
                Product::Conv(c) => {
                    Features { channels: c.in_channels / c.groups, positions: c.kernel * c.kernel, format }
                }
                Product::Linear { .. } => features_at(shape, depth, format),
            };
            places.push(Place { weight: place(layer.num_weights()), bias: place(layer.num_biases()), row });
        }
        Self { first, places, length: end }
    }

    /// The number of elements, gaps included.
    pub fn len(&self) -> usize {
        self.length
    }

    /// Where the weight of the layer at `depth` lies.
    pub fn weight(&self, depth: usize) -> Range<usize> {
        self.places[depth - self.first].weight.clone()
    }

    /// Where its bias lies.
    pub fn bias(&self, depth: usize) -> Range<usize> {
        self.places[depth - self.first].bias.clone()
    }

    /// The parameters in their places, zeros between them.
    pub fn pack(&self, parameters: &Parameters) -> Vec<f32> {
        let mut values = vec![0.0; self.length];
        for (place, layer) in self.places.iter().zip(&parameters.layers[self.first..]) {
            let weight = &mut values[place.weight.clone()];
            if place.row.is_channels_last() {
                transpose(&layer.weight, weight, place.row.channels, place.row.positions);
            } else {
                weight.copy_from_slice(&layer.weight);
            }
            values[place.bias.clone()].copy_from_slice(&layer.bias);
        }
        values
    }

    /// Reads the parameters of the layers from `frozen` on from their places.
    pub fn unpack(&self, values: &[f32], parameters: &mut Parameters, frozen: usize) {
        for (index, place) in self.places.iter().enumerate() {
            let depth = self.first + index;
            if depth >= frozen {
                let (layer, weight) = (&mut parameters.layers[depth], &values[place.weight.clone()]);
                if place.row.is_channels_last() {
                    transpose(weight, &mut layer.weight, place.row.positions, place.row.channels);
                } else {
                    layer.weight.copy_from_slice(weight);
                }
                layer.bias.copy_from_slice(&values[place.bias.clone()]);
            }
        }
    }
}

/// Transposes matrices of `rows` by `columns`, one after another.
fn transpose(from: &[f32], to: &mut [f32], rows: usize, columns: usize) {
    for (from, to) in from.chunks_exact(rows * columns).zip(to.chunks_exact_mut(rows * columns)) {
        for (column, to) in to.chunks_exact_mut(rows).enumerate() {
            for (row, to) in to.iter_mut().enumerate() {
                *to = from[row * columns + column];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Init, initialise};
    use nt_scenario::network::Architecture;
    use nt_scenario::{Initialiser, Standardisation};

    #[test]
    fn parameters_come_out_as_they_went_in_and_frozen_ones_are_left_alone() {
        for format in [MemoryFormat::ChannelsFirst, MemoryFormat::ChannelsLast] {
            let shape = NetworkShape::new(Architecture::AlexNet2012, 0.05, 128, 3);
            let parameters = initialise(
                &shape,
                Initialiser::HeNormal,
                Init { seed: 1, scope: "target", replicate: 0, standardisation: Standardisation::IMAGENET },
            );
            let layout = ParameterLayout::new(&shape, 2, 8, format);
            let packed = layout.pack(&parameters);
            assert_eq!(packed.len(), layout.len());
            assert!((2..8).all(|depth| {
                [layout.weight(depth), layout.bias(depth)].iter().all(|place| place.start.is_multiple_of(ALIGNMENT))
            }));
            let doubled: Vec<f32> = packed.iter().map(|value| 2.0 * value).collect();
            let mut changed = parameters.clone();
            layout.unpack(&doubled, &mut changed, 4);
            assert_eq!(changed.layers[..4], parameters.layers[..4]);
            for depth in 4..8 {
                let twice = parameters.layers[depth].weight.iter().map(|value| 2.0 * value).collect::<Vec<_>>();
                assert_eq!(changed.layers[depth].weight, twice);
            }
        }
    }

    #[test]
    fn with_channels_last_a_row_of_a_weight_lies_as_what_it_is_multiplied_with() {
        let shape = NetworkShape::new(Architecture::AlexNet, 0.05, 128, 3);
        let parameters = initialise(
            &shape,
            Initialiser::HeNormal,
            Init { seed: 1, scope: "target", replicate: 0, standardisation: Standardisation::IMAGENET },
        );
        let layout = ParameterLayout::new(&shape, 0, 8, MemoryFormat::ChannelsLast);
        let packed = layout.pack(&parameters);
        // Second output, third channel or feature, fourth position.
        for (depth, channels, positions) in [(1, 3, 25), (5, 12, 9), (6, 204, 1)] {
            let weight = &parameters.layers[depth].weight;
            assert_eq!(weight.len() % (channels * positions), 0, "{}", shape.layers[depth].name);
            let (row, channel, position) = (channels * positions, 2, 3.min(positions - 1));
            let found = packed[layout.weight(depth)][row + position * channels + channel];
            assert_eq!(found, weight[row + channel * positions + position], "{}", shape.layers[depth].name);
        }
    }
}
