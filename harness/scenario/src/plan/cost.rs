//! What jobs cost, counted in images and multiply–accumulates.

use std::ops::Add;

use serde::Serialize;

use crate::job::{Job, Role};
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
        let settings = Settings::sgd(64, 0.9, 0.0, Schedule::Constant);
        let recipe = |steps| Recipe { settings: settings.clone(), dropout: 0.0, steps };
        assert_eq!(image_steps(&recipe(80), 100), 4000);
        assert_eq!(image_steps(&recipe(3), 100), 164);
        assert_eq!(image_steps(&recipe(0), 100), 0);
    }
}
