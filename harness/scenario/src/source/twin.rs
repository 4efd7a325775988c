//! A source that was trained on the target's own task with other images: what copying and freezing cost when the layers are
//! right. It is the counterfactual by which attribution tells FREEZING from SPECIFICITY.

use toml_edit::Table;

use crate::data::KnownByName;
use crate::identity::Meaning;
use crate::place::Located;
use crate::reader::{Report, TableReader, optional};
use crate::recipe::{Length, Settings};
use crate::train_images::{PerClass, TrainImages, check_images_left, validation_fraction, validation_images};
use crate::writer::insert_some;

use super::own_training::WrittenTraining;
use super::{
    BeyondTarget, ClassesOf, Defaults, Kind, Learning, NetworkKind, Similarity, SourceKind, SourceNetwork, Standing,
    Surroundings, WrittenNetwork, WrittenSource,
};

/// A network that was trained on the target's classes and data, with images that come after those of the target's largest
/// size in the replicate's order.
#[derive(Clone, Debug, PartialEq)]
pub struct Twin {
    /// How many images; as many as the target's size has if `None`.
    pub train_images: Option<TrainImages>,
    /// Share of its images that is held out; the target's share if `None`.
    pub validation_fraction: Option<f64>,
    /// How long; as long as the target's size says if `None`.
    pub length: Option<Length>,
    /// How.
    pub settings: Settings,
    /// Learning rate; searched for on validation images of its own if `None`.
    pub learning_rate: Option<f64>,
}

impl Twin {
    pub(super) const KIND: Kind = Kind {
        word: "twin",
        keys: &[
            &[optional("similarity"), optional("validation_fraction")],
            TrainImages::KEYS,
            WrittenTraining::KEYS[0],
            WrittenTraining::KEYS[1],
            WrittenTraining::KEYS[2],
        ],
        similarity: Similarity::Fixed,
        read,
    };

    /// Whether one network serves every size of a target.
    pub(crate) fn is_of_every_size(&self) -> bool {
        self.train_images.is_some() && self.length.is_some()
    }

    /// Validation images of each class, where `train` are drawn for a twin of a target that holds out this share.
    pub(crate) fn validation(&self, of_target: f64, train: &PerClass) -> PerClass {
        let fraction = self.validation_fraction.unwrap_or(of_target);
        train.map(|count| validation_images(fraction, count))
    }
}

impl NetworkKind for Twin {
    fn kind(&self) -> SourceKind {
        SourceKind::Twin
    }

    fn learning(&self) -> Learning<'_> {
        Learning::TwinOfTarget(self)
    }

    fn standing(&self) -> Standing {
        Standing::Twin
    }

    fn meaning(&self, source: &str) -> Meaning {
        Meaning::of("source training").text("kind", Self::KIND.word).text("source", source)
    }

    fn insert_into(&self, table: &mut Table) {
        if let Some(images) = self.train_images {
            images.insert_into(table);
        }
        insert_some(table, "validation_fraction", self.validation_fraction);
        if let Some(length) = self.length {
            length.insert_into(table);
        }
        insert_some(table, "learning_rate", self.learning_rate);
        self.settings.insert_into(table);
    }
}

#[derive(Debug)]
struct Written {
    train_images: Option<Located<TrainImages>>,
    validation_fraction: Option<Located<f64>>,
    training: WrittenTraining,
}

fn read(reader: &TableReader<'_, '_>, report: &mut Report) -> Box<dyn WrittenNetwork> {
    let has_images = TrainImages::KEYS.iter().any(|key| reader.has(key.name()));
    Box::new(Written {
        train_images: if has_images { TrainImages::read(reader, 300, report) } else { None },
        validation_fraction: validation_fraction(reader, report),
        training: WrittenTraining::read(reader, false, report),
    })
}

impl WrittenNetwork for Written {
    fn classes(&self) -> ClassesOf<'_> {
        ClassesOf::Target
    }

    fn check(&self, source: &WrittenSource, surroundings: &Surroundings<'_>, report: &mut Report) {
        self.training.check_rate(source, surroundings, report);
        if let (Some(fraction), Some(images)) = (&self.validation_fraction, &self.train_images) {
            check_images_left(fraction.value, images, report);
        }
    }

    fn check_known(&self, _known: &KnownByName<'_>, _report: &mut Report) {
        // Its images are of the target's data, and held against the target there.
    }

    fn beyond_target(&self) -> Option<BeyondTarget<'_>> {
        Some(BeyondTarget { asked: self.train_images.as_ref() })
    }

    fn resolve(&self, defaults: &Defaults<'_>) -> Option<SourceNetwork> {
        let (settings, learning_rate) = self.training.resolve_tuned(defaults)?;
        Some(SourceNetwork::Twin(Twin {
            train_images: self.train_images.as_ref().map(|images| images.value),
            validation_fraction: self.validation_fraction.as_ref().map(|fraction| fraction.value),
            length: self.training.length(),
            settings,
            learning_rate,
        }))
    }
}
