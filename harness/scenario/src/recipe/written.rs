//! A training's settings as a table gives them.

use crate::diagnostic::Code;
use crate::place::Located;
use crate::reader::{Key, Report, TableReader, optional, real_in_range};

use super::augmentation::Augmentation;
use super::named::Named;
use super::schedule::Schedule;
use super::settings::Settings;
use super::warmup::Warmup;

/// The largest learning rate that is taken.
pub(crate) const MOST_LEARNING_RATE: f64 = 10.0;

/// The settings that a table gives; the rest has defaults.
#[derive(Clone, Debug, Default)]
pub(crate) struct WrittenSettings {
    recipe: Option<Located<Named>>,
    batch: Option<Located<u64>>,
    momentum: Option<Located<f64>>,
    nesterov: Option<Located<bool>>,
    weight_decay: Option<Located<f64>>,
    decoupled_weight_decay: Option<Located<bool>>,
    clip_norm: Option<Located<f64>>,
    warmup: Option<Located<Warmup>>,
    schedule: Option<Located<Schedule>>,
    augmentation: Option<Vec<Augmentation>>,
}

/// Largest batch, images.
const MAX_BATCH: u64 = 65_536;

impl WrittenSettings {
    /// The keys, in a table where each has a default.
    pub(crate) const OPTIONAL_KEYS: &'static [Key] = &[
        optional("recipe"),
        optional("batch"),
        optional("momentum"),
        optional("nesterov"),
        optional("weight_decay"),
        optional("decoupled_weight_decay"),
        optional("clip_norm"),
        optional("warmup"),
        optional("schedule"),
        optional("augmentation"),
    ];

    pub(crate) fn read(reader: &TableReader<'_, '_>, report: &mut Report) -> Self {
        Self {
            recipe: reader.choice("recipe", report),
            batch: reader.count("batch", 1..=MAX_BATCH, report),
            momentum: reader.real("momentum", "0 or more, below 1", |m| (0.0..1.0).contains(&m), report),
            nesterov: reader.value("nesterov", report),
            weight_decay: reader.real("weight_decay", "0 or more, below 1", |d| (0.0..1.0).contains(&d), report),
            decoupled_weight_decay: reader.value("decoupled_weight_decay", report),
            clip_norm: reader.real("clip_norm", "above 0; 0 clips nothing", |norm| norm >= 0.0, report),
            warmup: reader.entry("warmup").and_then(|(_, value)| Warmup::read(value, report)),
            schedule: reader.entry("schedule").and_then(|(_, value)| Schedule::read(value, report)),
            augmentation: reader.entry("augmentation").and_then(|(_, value)| Augmentation::read_all(value, report)),
        }
    }

    /// The named recipe's learning rate.
    pub(crate) fn learning_rate(&self) -> Option<f64> {
        Some(self.recipe.as_ref()?.value.learning_rate())
    }

    /// Reports settings that do not go together: Nesterov's momentum without momentum.
    pub(crate) fn check(&self, defaults: Option<&Settings>, report: &mut Report) {
        let momentum = self.resolve(defaults).map(|settings| settings.momentum);
        if let Some(nesterov) = self.nesterov.as_ref().filter(|nesterov| nesterov.value && momentum == Some(0.0)) {
            let (message, label) =
                ("nesterov looks ahead along a momentum of 0", "set `momentum`, or leave `nesterov` out");
            report.fault(Code::OutOfRange, &nesterov.span, message, label, None);
        }
    }

    /// The settings, with what is not given taken from the named recipe, or else from `defaults`. They are `None` where a
    /// setting is missing from all.
    pub(crate) fn resolve(&self, defaults: Option<&Settings>) -> Option<Settings> {
        fn or<T>(given: &Option<Located<T>>, default: Option<T>) -> Option<T>
        where
            T: Clone,
        {
            given.as_ref().map(|given| given.value.clone()).or(default)
        }
        let named = self.recipe.as_ref().map(|recipe| recipe.value.settings());
        let defaults = named.as_ref().or(defaults);
        let clip_norm = self.clip_norm.as_ref().map(|norm| Some(norm.value).filter(|&norm| norm > 0.0));
        Some(Settings {
            batch: self.batch.as_ref().map(|batch| batch.value as usize).or(defaults.map(|d| d.batch))?,
            momentum: or(&self.momentum, defaults.map(|d| d.momentum))?,
            nesterov: or(&self.nesterov, defaults.map(|d| d.nesterov)).unwrap_or_default(),
            weight_decay: or(&self.weight_decay, defaults.map(|d| d.weight_decay))?,
            decoupled_weight_decay: or(&self.decoupled_weight_decay, defaults.map(|d| d.decoupled_weight_decay))
                .unwrap_or_default(),
            clip_norm: clip_norm.or(defaults.map(|d| d.clip_norm)).unwrap_or_default(),
            warmup: or(&self.warmup, defaults.map(|d| d.warmup)).unwrap_or_default(),
            schedule: or(&self.schedule, defaults.map(|d| d.schedule))?,
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
    real_in_range("learning_rate", rate, "above 0, at most 10", |rate| rate > 0.0 && rate <= MOST_LEARNING_RATE, report)
}
