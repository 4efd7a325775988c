//! What a training's length does not change.

use serde::{Deserialize, Serialize};
use toml_edit::{Array, Table, value};

use crate::identity::Meaning;
use crate::writer::insert_count;

use super::augmentation::Augmentation;
use super::schedule::Schedule;
use super::warmup::Warmup;

/// What a training's length does not change: the optimizer (stochastic gradient descent with momentum, as PyTorch's `SGD`),
/// the batch, the learning rate's way, and the augmentation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Images a step.
    pub batch: usize,
    /// Momentum, 0 ≤ m < 1.
    pub momentum: f64,
    /// Whether a step looks ahead along the velocity.
    #[serde(default, skip_serializing_if = "is_false")]
    pub nesterov: bool,
    /// Weight decay.
    pub weight_decay: f64,
    /// Whether decay is taken off the weights, and not added to the gradient (SGDW: Loshchilov and Hutter, ICLR 2019, as in
    /// PyTorch's `AdamW`).
    #[serde(default, skip_serializing_if = "is_false")]
    pub decoupled_weight_decay: bool,
    /// Largest norm of the gradient of all trained parameters together; a longer one is scaled down to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clip_norm: Option<f64>,
    /// How the learning rate begins.
    #[serde(default, skip_serializing_if = "Warmup::is_off")]
    pub warmup: Warmup,
    /// Learning-rate schedule, after the warm-up.
    pub schedule: Schedule,
    /// Changes of the training images, in this order.
    pub augmentation: Vec<Augmentation>,
}

fn is_false(value: &bool) -> bool {
    !value
}

impl Settings {
    /// Stochastic gradient descent with momentum, and nothing beyond it.
    pub fn sgd(batch: usize, momentum: f64, weight_decay: f64, schedule: Schedule) -> Self {
        Self {
            batch,
            momentum,
            nesterov: false,
            weight_decay,
            decoupled_weight_decay: false,
            clip_norm: None,
            warmup: Warmup::Off,
            schedule,
            augmentation: Vec::new(),
        }
    }

    /// What the learning rate is multiplied by at step `step` (from 0) of `total`: the warm-up, then the schedule over the
    /// steps that are left.
    pub fn rate_multiplier(&self, step: u64, total: u64) -> f64 {
        let warmup = self.warmup.steps(total);
        match step.checked_sub(warmup) {
            Some(step) => self.schedule.multiplier(step, total - warmup),
            None => (step + 1) as f64 / warmup as f64,
        }
    }

    /// Writes all keys, those of what is off too: a source's would else be [training]'s.
    pub(crate) fn insert_into(&self, table: &mut Table) {
        insert_count(table, "batch", self.batch as u64);
        table.insert("momentum", value(self.momentum));
        table.insert("nesterov", value(self.nesterov));
        table.insert("weight_decay", value(self.weight_decay));
        table.insert("decoupled_weight_decay", value(self.decoupled_weight_decay));
        table.insert("clip_norm", value(self.clip_norm.unwrap_or(0.0)));
        table.insert("warmup", value(self.warmup.to_value()));
        table.insert("schedule", value(self.schedule.to_value()));
        table.insert("augmentation", value(self.augmentation.iter().map(|step| step.to_value()).collect::<Array>()));
    }

    /// Adds what they mean to the meaning of a recipe. What is off adds nothing, so that jobs keep the names that they had
    /// before it existed.
    pub(super) fn meaning(&self, meaning: Meaning) -> Meaning {
        let meaning = meaning
            .count("batch", self.batch as u64)
            .real("momentum", self.momentum)
            .real("weight_decay", self.weight_decay);
        let meaning = self.schedule.meaning(meaning).count("augmentation", self.augmentation.len() as u64);
        let mut meaning = self.augmentation.iter().fold(meaning, |meaning, step| step.meaning(meaning));
        for (is_on, word) in [(self.nesterov, "nesterov"), (self.decoupled_weight_decay, "decoupled weight decay")] {
            meaning = if is_on { meaning.text("optimizer", word) } else { meaning };
        }
        let meaning = self.clip_norm.into_iter().fold(meaning, |meaning, norm| meaning.real("clip_norm", norm));
        self.warmup.meaning(meaning)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_rises_to_its_full_value_and_then_follows_the_schedule() {
        let settings = Settings { warmup: Warmup::Steps(4), ..Settings::sgd(64, 0.9, 5e-4, Schedule::Cosine) };
        let rates: Vec<f64> = (0..5).map(|step| settings.rate_multiplier(step, 104)).collect();
        assert_eq!(rates, [0.25, 0.5, 0.75, 1.0, 1.0]);
        assert_eq!(settings.rate_multiplier(54, 104), settings.schedule.multiplier(50, 100));
        let by_fraction = Settings { warmup: Warmup::Fraction(0.05), ..settings.clone() };
        assert_eq!(by_fraction.rate_multiplier(0, 100), 0.2);
        let longer = Settings { warmup: Warmup::Steps(10), ..settings };
        assert_eq!(longer.rate_multiplier(3, 4), 1.0);
    }
}
