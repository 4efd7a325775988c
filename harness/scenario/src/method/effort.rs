//! What an arm's job costs, counted in images and multiply–accumulates.

use crate::network::{LearnedLayer, NetworkShape};

/// Multiply–accumulates an image, for one network.
#[derive(Clone, Debug)]
pub(crate) struct PerImage {
    /// Of a training step, by frozen depth.
    training: Vec<f64>,
    /// Of a forward pass.
    forward: f64,
    /// Of one pass of a linear classifier over the activations after each depth.
    classifier: Vec<f64>,
}

impl PerImage {
    pub(crate) fn new(shape: &NetworkShape) -> Self {
        let num_codes = |depth: usize| shape.layers[..depth].last().map_or(0, LearnedLayer::num_activations);
        let depths = 0..=shape.num_layers();
        Self {
            training: depths.clone().map(|frozen| shape.training_multiply_accumulates(frozen, false) as f64).collect(),
            forward: shape.multiply_accumulates() as f64,
            classifier: depths.map(|depth| (num_codes(depth) * shape.num_classes) as f64).collect(),
        }
    }

    /// Of a training with this many frozen layers and an evaluation.
    pub(crate) fn total(&self, frozen: u8, image_steps: u64, images_evaluated: usize) -> f64 {
        self.training[usize::from(frozen)] * image_steps as f64 + self.forward * images_evaluated as f64
    }

    /// Of so many passes of a linear classifier over the codes after this depth, and of one forward pass of every image.
    pub(super) fn classifier(&self, depth: u8, passes: f64, train_images: usize, images_evaluated: usize) -> f64 {
        passes * self.classifier[usize::from(depth)] * train_images as f64
            + self.forward * (train_images + images_evaluated) as f64
    }
}

/// What an estimate of a job's cost is made of.
pub(crate) struct Effort<'a> {
    pub(crate) per_image: &'a PerImage,
    /// Layers frozen.
    pub(crate) frozen: u8,
    /// Whether any layer is trained.
    pub(crate) is_trained: bool,
    /// Images that the recipe shows in training, each time counted.
    pub(crate) image_steps: u64,
    /// Training images.
    pub(crate) num_train_images: usize,
    /// Images that the network is judged on.
    pub(crate) num_evaluated: usize,
}

/// What a job costs.
pub(crate) struct Estimate {
    /// Images shown in training, each time counted.
    pub(crate) image_steps: u64,
    /// Multiply–accumulates of training and evaluation.
    pub(crate) multiply_accumulates: f64,
}
