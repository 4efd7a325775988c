//! Where each layer's parameters lie in one buffer, so that a step of all of them is one kernel.

use crate::model::Parameters;
use std::ops::Range;

/// Each weight and bias begins at a multiple of so many numbers: 256 bytes, as the GPU's widest loads like it.
const ALIGNMENT: usize = 64;

/// The places of the layers from `first` on, weights before biases, the lowest layer first.
pub(super) struct ParameterLayout {
    first: usize,
    places: Vec<(Range<usize>, Range<usize>)>,
    length: usize,
}

impl ParameterLayout {
    pub fn new(parameters: &Parameters, first: usize, last: usize) -> Self {
        let (mut places, mut end) = (Vec::new(), 0usize);
        let mut place = |length: usize| {
            let start = end.next_multiple_of(ALIGNMENT);
            end = start + length;
            start..end
        };
        for layer in &parameters.layers[first..last] {
            places.push((place(layer.weight.len()), place(layer.bias.len())));
        }
        Self { first, places, length: end }
    }

    /// Numbers in all, gaps among them.
    pub fn len(&self) -> usize {
        self.length
    }

    /// Where the weight of the layer at `depth` lies.
    pub fn weight(&self, depth: usize) -> Range<usize> {
        self.places[depth - self.first].0.clone()
    }

    /// Where its bias lies.
    pub fn bias(&self, depth: usize) -> Range<usize> {
        self.places[depth - self.first].1.clone()
    }

    /// The parameters in their places, zeros between them.
    pub fn pack(&self, parameters: &Parameters) -> Vec<f32> {
        let mut values = vec![0.0; self.length];
        for ((weight, bias), layer) in self.places.iter().zip(&parameters.layers[self.first..]) {
            values[weight.clone()].copy_from_slice(&layer.weight);
            values[bias.clone()].copy_from_slice(&layer.bias);
        }
        values
    }

    /// Takes the parameters of the layers from `frozen` on out of their places.
    pub fn unpack(&self, values: &[f32], parameters: &mut Parameters, frozen: usize) {
        for (index, (weight, bias)) in self.places.iter().enumerate() {
            let depth = self.first + index;
            if depth >= frozen {
                parameters.layers[depth].weight.copy_from_slice(&values[weight.clone()]);
                parameters.layers[depth].bias.copy_from_slice(&values[bias.clone()]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::LayerParameters;

    #[test]
    fn parameters_come_out_as_they_went_in_and_frozen_ones_are_left_alone() {
        let layer = |seed: usize| LayerParameters {
            weight: (0..seed * 7 + 3).map(|i| (seed * 100 + i) as f32).collect(),
            bias: vec![seed as f32; seed + 1],
        };
        let parameters = Parameters { layers: (0..8).map(layer).collect() };
        let layout = ParameterLayout::new(&parameters, 2, 8);
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
