//! The keys by which a source says how it is trained; all but the length have defaults in `[training]`.

use crate::diagnostic::Code;
use crate::place::Located;
use crate::reader::{Key, Report, TableReader, optional};
use crate::recipe::{Length, Settings, WrittenSettings, learning_rate};

use super::{Defaults, Surroundings, WrittenSource};

/// A source's training as it is written.
#[derive(Debug)]
pub(super) struct WrittenTraining {
    length: Option<Located<Length>>,
    learning_rate: Option<Located<f64>>,
    /// Whether `learning_rate` is written, be it right or wrong.
    has_learning_rate: bool,
    settings: WrittenSettings,
}

impl WrittenTraining {
    pub(super) const KEYS: [&'static [Key]; 3] =
        [Length::KEYS, &[optional("learning_rate")], WrittenSettings::OPTIONAL_KEYS];

    /// Reads the keys. A missing length is a fault only where it is `needed`.
    pub(super) fn read(reader: &TableReader<'_, '_>, needed: bool, report: &mut Report) -> Self {
        Self {
            length: Length::read(reader, needed, report),
            learning_rate: learning_rate(reader, report),
            has_learning_rate: reader.has("learning_rate"),
            settings: WrittenSettings::read(reader, report),
        }
    }

    /// Source networks are not tuned: beside `[tuning]` each needs a rate of its own.
    pub(super) fn check_rate(&self, source: &WrittenSource, surroundings: &Surroundings<'_>, report: &mut Report) {
        if surroundings.is_tuned && !self.has_learning_rate {
            let label = "add `learning_rate = 0.01`: sources are not tuned";
            report.fault(Code::LearningRate, &source.header, "a source has no learning rate", label, None);
        }
    }

    /// How long it is, where the table says it.
    pub(super) fn length(&self) -> Option<Length> {
        self.length.as_ref().map(|length| length.value)
    }

    /// Settings and learning rate.
    pub(super) fn resolve(&self, defaults: &Defaults<'_>) -> Option<(Settings, f64)> {
        let settings = self.settings.resolve(Some(defaults.settings))?;
        Some((settings, self.learning_rate.as_ref().map(|rate| rate.value).or(defaults.learning_rate)?))
    }
}
