//! A training on a dataset of its own, which several kinds of source have.

use toml_edit::{Table, value};

use crate::data::{KnownByName, WrittenClasses};
use crate::place::Located;
use crate::reader::{Key, Report, TableReader, optional, required};
use crate::recipe::{Length, Settings};
use crate::train_images::TrainImages;
use crate::writer::insert_classes;

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
    /// Learning rate.
    pub learning_rate: f64,
}

impl Pretraining {
    /// The keys of a source that is trained on data of its own.
    pub(super) const KEYS: &'static [&'static [Key]] = &[
        &[required("similarity", "\"similar\""), required("data", "\"photos\""), optional("classes")],
        TrainImages::KEYS,
        WrittenTraining::KEYS[0],
        WrittenTraining::KEYS[1],
        WrittenTraining::KEYS[2],
    ];

    /// Writes all keys but the similarity.
    pub(super) fn insert_into(&self, table: &mut Table) {
        table.insert("data", value(&self.data));
        insert_classes(table, self.classes.as_ref());
        self.train_images.insert_into(table);
        self.length.insert_into(table);
        table.insert("learning_rate", value(self.learning_rate));
        self.settings.insert_into(table);
    }
}

#[derive(Debug)]
struct Written {
    data: Option<Located<String>>,
    classes: Option<WrittenClasses>,
    train_images: Option<Located<TrainImages>>,
    training: WrittenTraining,
    /// The kind of source that the training makes.
    network: fn(Pretraining) -> SourceNetwork,
}

/// Reads a source whose network comes out of the training as `network` says.
pub(super) fn read(
    reader: &TableReader<'_, '_>,
    network: fn(Pretraining) -> SourceNetwork,
    report: &mut Report,
) -> Box<dyn WrittenNetwork> {
    Box::new(Written {
        data: reader.value("data", report),
        classes: WrittenClasses::read(reader, report),
        train_images: TrainImages::read(reader, 300, report),
        training: WrittenTraining::read(reader, true, report),
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
        self.training.check_rate(source, surroundings, report);
    }

    fn check_known(&self, known: &KnownByName<'_>, report: &mut Report) {
        let Some(data) = &self.data else { return };
        let Some(known) = known.get(data.value.as_str()) else { return };
        let used = self.classes.as_ref();
        known.check_classes(used, &data.value, report);
        known.check_train_images(self.train_images.as_ref(), used, &data.value, report);
    }

    fn resolve(&self, defaults: &Defaults<'_>) -> Option<SourceNetwork> {
        let data = self.data.as_ref()?.value.clone();
        let (settings, learning_rate) = self.training.resolve(defaults)?;
        Some((self.network)(Pretraining {
            classes: defaults.classes(self.classes.as_ref(), &data),
            data,
            train_images: self.train_images.as_ref()?.value,
            length: self.training.length()?,
            settings,
            learning_rate,
        }))
    }
}
