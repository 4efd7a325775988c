//! The shape of a network: channels, sizes, parameters and cost of each learned layer, for any width and input.

use crate::architecture::design::Out;

pub use crate::architecture::Architecture;

/// Smallest and largest input, pixels a side.
pub const INPUT_RANGE: std::ops::RangeInclusive<usize> = 32..=256;

const POOL_KERNEL: usize = 3;
const POOL_STRIDE: usize = 2;

/// A convolution with square kernels on a square input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvShape {
    /// Channels in.
    pub in_channels: usize,
    /// Channels out.
    pub out_channels: usize,
    /// Height and width of the input, pixels.
    pub side: usize,
    /// Height and width of the kernel, pixels.
    pub kernel: usize,
    /// Stride, pixels.
    pub stride: usize,
    /// Zero padding on every side, pixels.
    pub padding: usize,
    /// Groups: each sees its share of the input channels only.
    pub groups: usize,
}

impl ConvShape {
    /// Height and width of the output, pixels (floor division).
    pub fn out_side(&self) -> usize {
        (self.side + 2 * self.padding - self.kernel) / self.stride + 1
    }
}

/// An overlapping max pool, 3 × 3 with stride 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolShape {
    /// Channels.
    pub channels: usize,
    /// Height and width of the input, pixels.
    pub side: usize,
    /// Height and width of the window, pixels.
    pub kernel: usize,
    /// Stride, pixels.
    pub stride: usize,
}

impl PoolShape {
    /// Height and width of the output, pixels (floor division).
    pub fn out_side(&self) -> usize {
        (self.side - self.kernel) / self.stride + 1
    }
}

/// An adaptive average pool to a square of another size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AveragePoolShape {
    /// Channels.
    pub channels: usize,
    /// Height and width of the input, pixels.
    pub side: usize,
    /// Height and width of the output, pixels.
    pub out_side: usize,
}

/// The product of a learned layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Product {
    /// A convolution.
    Conv(ConvShape),
    /// A fully connected layer.
    Linear {
        /// Features in: channels × height × width of the layer below, flattened in that order.
        in_features: usize,
        /// Features out.
        out_features: usize,
    },
}

/// One learned layer and the operations without parameters that belong to it, in this order: dropout of its input,
/// product with bias, ReLU, local response normalisation, max pool, average pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LearnedLayer {
    /// Its name: `conv1`.
    pub name: &'static str,
    /// The product.
    pub product: Product,
    /// Whether dropout acts on this layer's input.
    pub dropout_before: bool,
    /// Whether a ReLU follows: all layers but the last.
    pub relu: bool,
    /// Whether Krizhevsky et al. (2012, section 5) begin its biases at one: those of conv2, conv4, conv5 and of the fully
    /// connected layers before the last.
    pub bias_2012: bool,
    /// Whether local response normalisation follows.
    pub response_norm: bool,
    /// The max pool that follows.
    pub pool: Option<PoolShape>,
    /// The adaptive average pool that follows, unless it would change nothing.
    pub average_pool: Option<AveragePoolShape>,
}

impl LearnedLayer {
    /// Shape of the weight as PyTorch stores it: `(out, in / groups, kernel, kernel)` or `(out, in)`.
    pub fn weight_shape(&self) -> Vec<usize> {
        match self.product {
            Product::Conv(c) => vec![c.out_channels, c.in_channels / c.groups, c.kernel, c.kernel],
            Product::Linear { in_features, out_features } => vec![out_features, in_features],
        }
    }

    /// Number of weights.
    pub fn num_weights(&self) -> usize {
        self.weight_shape().iter().product()
    }

    /// Number of biases: channels or features out.
    pub fn num_biases(&self) -> usize {
        match self.product {
            Product::Conv(c) => c.out_channels,
            Product::Linear { out_features, .. } => out_features,
        }
    }

    /// Inputs that one output is a sum of.
    pub fn fan_in(&self) -> usize {
        self.num_weights() / self.num_biases()
    }

    /// Values an image has after this layer (after its pools): the size of its activations.
    pub fn num_activations(&self) -> usize {
        match self.average_pool {
            Some(pool) => pool.channels * pool.out_side * pool.out_side,
            None => self.num_before_average_pool(),
        }
    }

    /// Values an image has after this layer's max pool.
    pub fn num_before_average_pool(&self) -> usize {
        match (self.pool, self.product) {
            (Some(pool), _) => pool.channels * pool.out_side() * pool.out_side(),
            (None, Product::Conv(c)) => c.out_channels * c.out_side() * c.out_side(),
            (None, Product::Linear { out_features, .. }) => out_features,
        }
    }

    /// Multiply–accumulates of one image's forward pass; taps that fall on padding are counted.
    pub fn multiply_accumulates(&self) -> u64 {
        let positions = match self.product {
            Product::Conv(c) => c.out_side() * c.out_side(),
            Product::Linear { .. } => 1,
        };
        self.num_weights() as u64 * positions as u64
    }
}

/// The whole network's shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkShape {
    /// Height and width of an input image, pixels (3 channels).
    pub input: usize,
    /// Number of classes.
    pub num_classes: usize,
    /// The learned layers, in order.
    pub layers: Vec<LearnedLayer>,
    /// Names of the layers whose pool was left out, because its window is larger than what it would pool.
    pub pools_left_out: Vec<&'static str>,
}

impl NetworkShape {
    /// The network of this architecture, width factor and input, for `num_classes` classes.
    ///
    /// Channels and features are scaled by `width`, rounded down to a multiple of the layer's groups, at least one a
    /// group. A pool that no longer fits is left out.
    ///
    /// # Units
    /// `width` is a factor (1 is the published network); `input` is pixels a side, within [`INPUT_RANGE`].
    pub fn new(architecture: Architecture, width: f64, input: usize, num_classes: usize) -> Self {
        let design = architecture.design();
        let scale = |channels: usize, groups: usize| ((channels as f64 * width) as usize / groups).max(1) * groups;
        let (mut layers, mut pools_left_out) = (Vec::with_capacity(design.num_layers()), Vec::new());
        let (mut channels, mut side) = (3, input);
        for (index, plan) in design.convolutions.iter().enumerate() {
            // A layer's channels must divide among its own groups and among those of the layer that reads them.
            let reader_groups = design.convolutions.get(index + 1).map_or(1, |next| next.groups);
            let shape = ConvShape {
                in_channels: channels,
                out_channels: scale(plan.out_channels, plan.groups.max(reader_groups)),
                side,
                kernel: plan.kernel,
                stride: plan.stride,
                padding: plan.padding,
                groups: plan.groups,
            };
            (channels, side) = (shape.out_channels, shape.out_side());
            let fits = plan.pool && side >= POOL_KERNEL;
            let pool = fits.then_some(PoolShape { channels, side, kernel: POOL_KERNEL, stride: POOL_STRIDE });
            if plan.pool && !fits {
                pools_left_out.push(plan.name);
            }
            side = pool.map_or(side, |pool| pool.out_side());
            layers.push(LearnedLayer {
                name: plan.name,
                product: Product::Conv(shape),
                dropout_before: false,
                relu: true,
                bias_2012: plan.bias_2012,
                response_norm: plan.response_norm,
                pool,
                average_pool: None,
            });
        }
        if let (Some(out_side), Some(last)) =
            (design.average_pool.filter(|&out_side| out_side != side), layers.last_mut())
        {
            last.average_pool = Some(AveragePoolShape { channels, side, out_side });
            side = out_side;
        }
        let mut features = channels * side * side;
        for plan in design.linear {
            let (out_features, relu) = match plan.out {
                Out::Features(features) => (scale(features, 1), true),
                Out::Classes => (num_classes, false),
            };
            layers.push(LearnedLayer {
                name: plan.name,
                product: Product::Linear { in_features: features, out_features },
                dropout_before: plan.dropout_before,
                relu,
                bias_2012: relu,
                response_norm: false,
                pool: None,
                average_pool: None,
            });
            features = out_features;
        }
        Self { input, num_classes, layers, pools_left_out }
    }

    /// Number of learned layers.
    pub fn num_layers(&self) -> usize {
        self.layers.len()
    }

    /// Number of parameters, weights and biases.
    pub fn num_parameters(&self) -> usize {
        self.layers.iter().map(|layer| layer.num_weights() + layer.num_biases()).sum()
    }

    /// Multiply–accumulates of one image's forward pass.
    pub fn multiply_accumulates(&self) -> u64 {
        self.layers.iter().map(LearnedLayer::multiply_accumulates).sum()
    }

    /// Multiply–accumulates of one image's training step with the first `frozen` learned layers frozen: forward
    /// everywhere, the weight gradient of trainable layers, the input gradient of trainable layers but the first.
    /// With `cached`, the activations of the frozen layers are known already and cost nothing.
    pub fn training_multiply_accumulates(&self, frozen: usize, cached: bool) -> u64 {
        let cost = |range: &[LearnedLayer]| range.iter().map(LearnedLayer::multiply_accumulates).sum::<u64>();
        let frozen = frozen.min(self.layers.len());
        let (below, trainable) = self.layers.split_at(frozen);
        let first = trainable.first().map_or(0, LearnedLayer::multiply_accumulates);
        (if cached { 0 } else { cost(below) }) + (3 * cost(trainable)).saturating_sub(first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn torchvisions_alexnet_has_61_100_840_parameters() {
        assert_eq!(NetworkShape::new(Architecture::AlexNet, 1.0, 224, 1000).num_parameters(), 61_100_840);
    }

    #[test]
    fn torchvisions_average_pool_gives_every_input_the_same_parameters_and_changes_nothing_at_224() {
        let shape = |input| NetworkShape::new(Architecture::AlexNetTorchvision, 1.0, input, 1000);
        for input in [32, 64, 128, 256] {
            assert_eq!(shape(input).num_parameters(), 61_100_840, "{input}");
        }
        assert_eq!(shape(224), NetworkShape::new(Architecture::AlexNet, 1.0, 224, 1000));
        assert_eq!(shape(64).layers[4].num_activations(), 256 * 36);
    }

    #[test]
    fn the_papers_alexnet_has_60_965_224_parameters() {
        assert_eq!(NetworkShape::new(Architecture::AlexNet2012, 1.0, 224, 1000).num_parameters(), 60_965_224);
    }

    #[test]
    fn a_pool_that_does_not_fit_is_left_out_and_named() {
        let shape = NetworkShape::new(Architecture::AlexNet, 0.125, 48, 8);
        assert_eq!(shape.pools_left_out, ["conv5"]);
        assert_eq!(shape.layers[5].product, Product::Linear { in_features: 32 * 4, out_features: 512 });
        let whole = NetworkShape::new(Architecture::AlexNet, 1.0, 224, 8);
        assert!(whole.pools_left_out.is_empty());
    }

    #[test]
    fn every_width_and_input_gives_a_network_whose_groups_divide_its_channels() {
        for &architecture in Architecture::ALL {
            for width in [0.001, 0.03, 0.1, 0.125, 0.37, 1.0, 2.0] {
                for input in INPUT_RANGE {
                    for layer in NetworkShape::new(architecture, width, input, 2).layers {
                        if let Product::Conv(c) = layer.product {
                            assert_eq!(c.in_channels % c.groups, 0, "{}", layer.name);
                            assert_eq!(c.out_channels % c.groups, 0, "{}", layer.name);
                            assert!(c.out_side() >= 1, "{} at {input} px", layer.name);
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn only_the_last_layer_has_no_relu_and_it_tells_the_classes_apart() {
        for &architecture in Architecture::ALL {
            let shape = NetworkShape::new(architecture, 0.25, 64, 3);
            assert_eq!(shape.num_layers(), architecture.num_layers());
            let names: Vec<&str> = shape.layers.iter().map(|layer| layer.name).collect();
            assert_eq!(names, architecture.layer_names());
            let without: Vec<&str> = shape.layers.iter().filter(|layer| !layer.relu).map(|layer| layer.name).collect();
            assert_eq!(without, [architecture.last_layer()]);
            assert_eq!(shape.layers.last().map(LearnedLayer::num_biases), Some(3));
        }
    }

    #[test]
    fn frozen_layers_cost_their_forward_pass_at_most() {
        let shape = NetworkShape::new(Architecture::AlexNet, 1.0, 224, 1000);
        let forward = shape.multiply_accumulates();
        assert_eq!(shape.training_multiply_accumulates(8, false), forward);
        assert_eq!(shape.training_multiply_accumulates(8, true), 0);
        assert!(shape.training_multiply_accumulates(0, true) < 3 * forward);
    }
}
