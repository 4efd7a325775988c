//! A training on a dataset of its own, which several kinds of source have.

use toml_edit::{Table, value};

use crate::data::{KnownByName, WrittenClasses};
use crate::diagnostic::Code;
use crate::place::Located;
use crate::reader::{Key, Report, TableReader, optional, required};
use crate::recipe::{Length, Settings};
use crate::train_images::{PerClass, TrainImages, check_images_left, validation_fraction, validation_images};
use crate::writer::{insert_classes, insert_some};

use super::own_training::WrittenTraining;
use super::{ClassesOf, Defaults, SourceNetwork, Surroundings, WrittenNetwork, WrittenSource};

/// A source's training on data of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct Pretraining {
    /// Name of its dataset.
    pub data: String,
    /// Its classes, in label order; all of the folder's if `None`.
    pub classes: Option<Vec<String>>,
    /// How many training images.
    pub train_images: TrainImages,
    /// How long.
    pub length: Length,
    /// How.
    pub settings: Settings,
    /// Learning rate; searched for on validation images of its own data if `None`.
    pub learning_rate: Option<f64>,
    /// Share of its training images that is held out, 0 or more, below 1.
    pub validation_fraction: f64,
}

impl Pretraining {
    /// The keys of a source that is trained on data of its own.
    pub(super) const KEYS: &'static [&'static [Key]] = &[
        &[required("similarity", "\"similar\""), required("data", "\"photos\""), optional("classes")],
        &[optional("validation_fraction")],
        TrainImages::KEYS,
        WrittenTraining::KEYS[0],
        WrittenTraining::KEYS[1],
        WrittenTraining::KEYS[2],
    ];

    /// Validation images of each class, where `train` are drawn: the fraction, rounded to the nearest, at least one where it
    /// is not zero.
    pub fn validation(&self, train: &PerClass) -> PerClass {
        train.map(|count| validation_images(self.validation_fraction, count))
    }

    /// Writes all keys but the similarity.
    pub(super) fn insert_into(&self, table: &mut Table) {
        table.insert("data", value(&self.data));
        insert_classes(table, self.classes.as_ref());
        self.train_images.insert_into(table);
        if self.validation_fraction > 0.0 {
            table.insert("validation_fraction", value(self.validation_fraction));
        }
        self.length.insert_into(table);
        insert_some(table, "learning_rate", self.learning_rate);
        self.settings.insert_into(table);
    }
}

#[derive(Debug)]
struct Written {
    data: Option<Located<String>>,
    classes: Option<WrittenClasses>,
    train_images: Option<Located<TrainImages>>,
    validation_fraction: Option<Located<f64>>,
    training: WrittenTraining,
    labels: Labels,
    /// The kind of source that the training makes.
    network: fn(Pretraining) -> SourceNetwork,
}

/// Whether validation images tell how well a network has learned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Labels {
    /// They do.
    True,
    /// They do not, since what it learns holds for its training images alone.
    Shuffled,
}

/// Reads a source whose network comes out of the training as `network` says.
pub(super) fn read(
    reader: &TableReader<'_, '_>,
    labels: Labels,
    network: fn(Pretraining) -> SourceNetwork,
    report: &mut Report,
) -> Box<dyn WrittenNetwork> {
    Box::new(Written {
        data: reader.value("data", report),
        classes: WrittenClasses::read(reader, report),
        train_images: TrainImages::read(reader, 300, report),
        validation_fraction: validation_fraction(reader, report),
        training: WrittenTraining::read(reader, true, report),
        labels,
        network,
    })
}

impl WrittenNetwork for Written {
    fn classes(&self) -> ClassesOf<'_> {
        ClassesOf::Own { data: self.data.as_ref(), classes: self.classes.as_ref() }
    }

    fn check(&self, source: &WrittenSource, surroundings: &Surroundings<'_>, report: &mut Report) {
        if let Some(data) = &self.data {
            report.undeclared("dataset", "[data.NAME]", data, surroundings.datasets);
        }
        match self.labels {
            Labels::True => {
                self.training.check_rate(source, surroundings, report);
                self.check_validation(source, surroundings, report);
            }
            Labels::Shuffled => {
                let label =
                    "add `learning_rate = 0.01`: no validation image can tell how well shuffled labels are learned";
                self.training.check_own_rate(source, surroundings, label, report);
            }
        }
    }

    fn check_known(&self, known: &KnownByName<'_>, report: &mut Report) {
        let Some(data) = &self.data else { return };
        let Some(known) = known.get(data.value.as_str()) else { return };
        let used = self.classes.as_ref();
        known.check_classes(used, &data.value, report);
        known.check_num_classes(used, data, report);
        known.check_train_images(self.train_images.as_ref(), used, &data.value, report);
    }

    fn resolve(&self, defaults: &Defaults<'_>) -> Option<SourceNetwork> {
        let data = self.data.as_ref()?.value.clone();
        let (settings, learning_rate) = match self.labels {
            Labels::True => self.training.resolve_tuned(defaults)?,
            Labels::Shuffled => self.training.resolve(defaults).map(|(settings, rate)| (settings, Some(rate)))?,
        };
        Some((self.network)(Pretraining {
            classes: defaults.classes(self.classes.as_ref(), &data),
            data,
            train_images: self.train_images.as_ref()?.value,
            length: self.training.length()?,
            settings,
            learning_rate,
            validation_fraction: self.validation_fraction.as_ref().map_or(0.0, |fraction| fraction.value),
        }))
    }
}

impl Written {
    /// Reports a search without validation images, or one that leaves no image to train on.
    fn check_validation(&self, source: &WrittenSource, surroundings: &Surroundings<'_>, report: &mut Report) {
        let fraction = self.validation_fraction.as_ref();
        if surroundings.tunes_sources && fraction.is_none_or(|fraction| fraction.value == 0.0) {
            let span = fraction.map_or(&source.header, |fraction| &fraction.span);
            let label = "add `validation_fraction = 0.2`, or fix every source's rate";
            report.fault(Code::Validation, span, "a source is tuned without validation images", label, None);
        }
        let (Some(fraction), Some(train_images)) = (fraction, &self.train_images) else { return };
        check_images_left(fraction.value, train_images, report);
    }
}
