//! What a training depends on, the same on every backend.

use super::Span;
use super::at_chance::{AtChance, Watch};
use crate::data::augmentation::Augmenter;
use nt_kernels::philox::Stream;
use nt_kernels::sgd::{Sgd, WeightDecay};
use nt_scenario::Recipe;
use nt_scenario::network::NetworkShape;
use std::sync::atomic::AtomicBool;

/// Everything that a training depends on, except its parameters and examples.
pub struct Setup<'a> {
    /// The network.
    pub shape: &'a NetworkShape,
    /// Depth up to which the inputs were already computed (0: they are images), and depth up to which layers are frozen.
    pub span: Span,
    /// The recipe.
    pub recipe: &'a Recipe,
    /// Learning rate before the schedule.
    pub learning_rate: f64,
    /// Seed of the study.
    pub seed: u64,
    /// Scope of the streams: the task and its size, never the treatment.
    pub scope: &'a str,
    /// Stream number of the replicate.
    pub replicate: u32,
    /// What becomes of it if it learns nothing.
    pub at_chance: AtChance,
    /// Set when the user wants to stop.
    pub interrupt: &'a AtomicBool,
}

impl Setup<'_> {
    /// What tells that it learns nothing, where it is not to go on then.
    pub(super) fn watch(&self, labels: &[u32]) -> Option<Watch> {
        Watch::new(self.recipe, labels).filter(|_| self.at_chance == AtChance::Ends)
    }

    /// The stream of each learned layer's dropout masks.
    pub(super) fn dropout_streams(&self) -> Vec<Stream> {
        let stream =
            |layer: &str| Stream::named(self.seed, "dropout", &format!("{}/{layer}", self.scope), self.replicate);
        self.shape.layers.iter().map(|layer| stream(layer.name)).collect()
    }

    /// What augments the training images.
    pub(super) fn augmenter(&self) -> Augmenter<'_> {
        let stream = Stream::named(self.seed, "augmentation", self.scope, self.replicate);
        Augmenter::new(&self.recipe.settings.augmentation, stream)
    }

    /// The learning rate of a step.
    pub(super) fn learning_rate_at(&self, step: u64) -> f64 {
        self.learning_rate * self.recipe.settings.rate_multiplier(step, self.recipe.steps)
    }

    /// What a step does with a gradient.
    pub(super) fn sgd(&self) -> Sgd {
        let settings = &self.recipe.settings;
        let decay = if settings.decoupled_weight_decay { WeightDecay::Decoupled } else { WeightDecay::Coupled };
        Sgd {
            momentum: settings.momentum as f32,
            weight_decay: decay(settings.weight_decay as f32),
            nesterov: settings.nesterov,
        }
    }

    /// The order of an epoch's examples.
    pub(super) fn shuffle(&self, epoch: u64, order: &mut [u32]) {
        order.iter_mut().zip(0..).for_each(|(slot, index)| *slot = index);
        let scope = format!("{}/epoch {epoch}", self.scope);
        Stream::named(self.seed, "order", &scope, self.replicate).cursor().shuffle(order);
    }
}
