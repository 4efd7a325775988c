//! What jobs cost, counted in images and multiply–accumulates.

use std::ops::Add;

use serde::Serialize;

use crate::job::{Job, Role};
use crate::network::{NUM_LEARNED_LAYERS, NetworkShape};
use crate::recipe::Recipe;

use super::Plan;

/// Cost of jobs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Cost {
    /// How many jobs.
    pub jobs: usize,
    /// Images shown in training, each time counted.
    pub image_steps: u64,
    /// Multiply–accumulates of training and evaluation; frozen layers count their forward pass only.
    pub multiply_accumulates: f64,
}

impl Add<&Job> for Cost {
    type Output = Self;

    fn add(self, job: &Job) -> Self {
        Self {
            jobs: self.jobs + 1,
            image_steps: self.image_steps.saturating_add(job.image_steps),
            multiply_accumulates: self.multiply_accumulates + job.multiply_accumulates,
        }
    }
}

impl Plan {
    /// Cost of all jobs.
    pub fn cost(&self) -> Cost {
        self.jobs.iter().fold(Cost::default(), Add::add)
    }

    /// Cost of the jobs of a role.
    pub fn cost_of(&self, role: Role) -> Cost {
        self.jobs.iter().filter(|job| job.role == role).fold(Cost::default(), Add::add)
    }
}

/// Passes over its codes that fitting a probe takes, about: each reads them once forward and once back.
const PROBE_PASSES: f64 = 200.0;

/// Multiply–accumulates an image, for one network.
#[derive(Clone)]
pub(super) struct PerImage {
    /// Of a training step, by frozen depth.
    training: [f64; NUM_LEARNED_LAYERS + 1],
    /// Of a forward pass.
    forward: f64,
    /// Of fitting a linear classifier after each depth.
    probe: [f64; NUM_LEARNED_LAYERS + 1],
}

impl PerImage {
    pub(super) fn new(shape: &NetworkShape) -> Self {
        Self {
            training: std::array::from_fn(|frozen| shape.training_multiply_accumulates(frozen, false) as f64),
            forward: shape.multiply_accumulates() as f64,
            probe: std::array::from_fn(|depth| {
                let codes = shape.layers[..depth].last().map_or(0, |layer| layer.num_activations());
                PROBE_PASSES * (codes * shape.num_classes) as f64
            }),
        }
    }

    /// Of a training with this many frozen layers and an evaluation.
    pub(super) fn total(&self, frozen: u8, image_steps: u64, images_evaluated: usize) -> f64 {
        self.training[usize::from(frozen)] * image_steps as f64 + self.forward * images_evaluated as f64
    }
}

impl PerImage {
    /// Of fitting a probe after this depth, with the codes it needs, and an evaluation.
    pub(super) fn probe(&self, depth: u8, train_images: usize, images_evaluated: usize) -> f64 {
        self.probe[usize::from(depth)] * train_images as f64 + self.forward * (train_images + images_evaluated) as f64
    }
}

/// Images shown by a recipe on `train_images` images: the last batch of a pass may be smaller.
pub(super) fn image_steps(recipe: &Recipe, train_images: usize) -> u64 {
    let (images, batch) = (train_images as u64, recipe.settings.batch as u64);
    let steps_a_pass = images.div_ceil(batch.max(1)).max(1);
    (recipe.steps / steps_a_pass).saturating_mul(images).saturating_add((recipe.steps % steps_a_pass) * batch)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::{Schedule, Settings};

    #[test]
    fn a_pass_shows_every_image_once() {
        let settings = Settings {
            batch: 64,
            momentum: 0.9,
            weight_decay: 0.0,
            schedule: Schedule::Constant,
            augmentation: Vec::new(),
        };
        let recipe = |steps| Recipe { settings: settings.clone(), dropout: 0.0, steps };
        assert_eq!(image_steps(&recipe(80), 100), 4000);
        assert_eq!(image_steps(&recipe(3), 100), 164);
        assert_eq!(image_steps(&recipe(0), 100), 0);
    }
}
