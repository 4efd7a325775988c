//! What a training's length does not change.

use serde::{Deserialize, Serialize};
use toml_edit::{Array, Table, value};

use crate::identity::Meaning;
use crate::place::Located;
use crate::reader::{Key, Report, TableReader, optional, real_in_range};
use crate::writer::insert_count;

use super::augmentation::Augmentation;
use super::schedule::Schedule;

/// What a training's length does not change: the optimizer (stochastic gradient descent with momentum, weight decay added
/// to the gradient as in PyTorch's `SGD`), the batch, the schedule and the augmentation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Images a step.
    pub batch: usize,
    /// Momentum, 0 ≤ m < 1.
    pub momentum: f64,
    /// Weight decay.
    pub weight_decay: f64,
    /// Learning-rate schedule.
    pub schedule: Schedule,
    /// Changes of the training images, in this order.
    pub augmentation: Vec<Augmentation>,
}

/// The settings that a table gives; the rest has defaults.
#[derive(Clone, Debug, Default)]
pub(crate) struct WrittenSettings {
    batch: Option<Located<u64>>,
    momentum: Option<Located<f64>>,
    weight_decay: Option<Located<f64>>,
    schedule: Option<Located<Schedule>>,
    augmentation: Option<Vec<Augmentation>>,
}

/// Largest batch, images.
const MAX_BATCH: u64 = 65_536;

impl WrittenSettings {
    /// The keys, in a table where each has a default.
    pub(crate) const OPTIONAL_KEYS: &'static [Key] = &[
        optional("batch"),
        optional("momentum"),
        optional("weight_decay"),
        optional("schedule"),
        optional("augmentation"),
    ];

    pub(crate) fn read(reader: &TableReader<'_, '_>, report: &mut Report) -> Self {
        Self {
            batch: reader.count("batch", 1..=MAX_BATCH, report),
            momentum: reader.real("momentum", "0 or more, below 1", |m| (0.0..1.0).contains(&m), report),
            weight_decay: reader.real("weight_decay", "0 or more, below 1", |d| (0.0..1.0).contains(&d), report),
            schedule: reader.entry("schedule").and_then(|(_, value)| Schedule::read(value, report)),
            augmentation: reader.entry("augmentation").and_then(|(_, value)| Augmentation::read_all(value, report)),
        }
    }

    /// The settings, with what is not given taken from `defaults`. They are `None` where a setting is missing from both.
    pub(crate) fn resolve(&self, defaults: Option<&Settings>) -> Option<Settings> {
        let value = |given: &Option<Located<f64>>| given.as_ref().map(|given| given.value);
        let batch = self.batch.as_ref().map(|batch| batch.value as usize);
        let schedule = self.schedule.as_ref().map(|schedule| schedule.value);
        Some(Settings {
            batch: batch.or(defaults.map(|d| d.batch))?,
            momentum: value(&self.momentum).or(defaults.map(|d| d.momentum))?,
            weight_decay: value(&self.weight_decay).or(defaults.map(|d| d.weight_decay))?,
            schedule: schedule.or(defaults.map(|d| d.schedule))?,
            augmentation: self.augmentation.clone().or(defaults.map(|d| d.augmentation.clone())).unwrap_or_default(),
        })
    }
}

/// Reads the key `learning_rate`.
pub(crate) fn learning_rate(reader: &TableReader<'_, '_>, report: &mut Report) -> Option<Located<f64>> {
    let rate = reader.value("learning_rate", report)?;
    learning_rate_in_range(rate, report)
}

/// A learning rate in range.
pub(crate) fn learning_rate_in_range(rate: Located<f64>, report: &mut Report) -> Option<Located<f64>> {
    real_in_range("learning_rate", rate, "above 0, at most 10", |rate| rate > 0.0 && rate <= 10.0, report)
}

impl Settings {
    /// Writes all keys.
    pub(crate) fn insert_into(&self, table: &mut Table) {
        insert_count(table, "batch", self.batch as u64);
        table.insert("momentum", value(self.momentum));
        table.insert("weight_decay", value(self.weight_decay));
        table.insert("schedule", value(self.schedule.to_value()));
        table.insert("augmentation", value(self.augmentation.iter().map(|step| step.to_value()).collect::<Array>()));
    }

    /// Adds what they mean to the meaning of a recipe.
    pub(super) fn meaning(&self, meaning: Meaning) -> Meaning {
        let meaning = meaning
            .count("batch", self.batch as u64)
            .real("momentum", self.momentum)
            .real("weight_decay", self.weight_decay);
        let meaning = self.schedule.meaning(meaning).count("augmentation", self.augmentation.len() as u64);
        self.augmentation.iter().fold(meaning, |meaning, step| step.meaning(meaning))
    }
}
