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

    /// Reports a learning rate that is missing beside `[tuning]`, or one that is given although sources are tuned.
    pub(super) fn check_rate(&self, source: &WrittenSource, surroundings: &Surroundings<'_>, report: &mut Report) {
        self.settings.check(surroundings.settings, report);
        if surroundings.tunes_sources {
            if let Some(rate) = &self.learning_rate {
                let label = "remove it: every source is searched alike, or `sources` in [tuning] is false";
                report.fault(Code::LearningRate, &rate.span, "a source's rate is both fixed and tuned", label, None);
            }
            return;
        }
        self.check_own_rate(
            source,
            surroundings,
            "add `learning_rate = 0.01`, or `sources = true` in [tuning]",
            report,
        );
    }

    /// Reports a learning rate that is missing although nothing else gives one.
    pub(super) fn check_own_rate(
        &self,
        source: &WrittenSource,
        surroundings: &Surroundings<'_>,
        label: &str,
        report: &mut Report,
    ) {
        let has_rate = self.has_learning_rate || surroundings.has_recipe || self.settings.learning_rate().is_some();
        if surroundings.is_tuned && !has_rate {
            report.fault(Code::LearningRate, &source.header, "a source has no learning rate", label, None);
        }
    }

    /// How long it is, where the table says it.
    pub(super) fn length(&self) -> Option<Length> {
        self.length.as_ref().map(|length| length.value)
    }

    /// Settings and learning rate.
    pub(super) fn resolve(&self, defaults: &Defaults<'_>) -> Option<(Settings, f64)> {
        let own = self.learning_rate.as_ref().map(|rate| rate.value).or(self.settings.learning_rate());
        Some((self.settings(defaults)?, own.or(defaults.learning_rate)?))
    }

    /// Settings and learning rate; no rate where it is searched for.
    pub(super) fn resolve_tuned(&self, defaults: &Defaults<'_>) -> Option<(Settings, Option<f64>)> {
        if defaults.tunes_sources {
            return Some((self.settings(defaults)?, None));
        }
        self.resolve(defaults).map(|(settings, rate)| (settings, Some(rate)))
    }

    fn settings(&self, defaults: &Defaults<'_>) -> Option<Settings> {
        self.settings.resolve(Some(defaults.settings))
    }
}
