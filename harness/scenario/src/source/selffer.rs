//! A source that was trained on the target task itself, with the target's images of the same replicate (Yosinski et al.,
//! NIPS 2014: BnB).

use toml_edit::Table;

use crate::data::KnownByName;
use crate::identity::Meaning;
use crate::reader::{Report, TableReader, optional};
use crate::recipe::{Length, Settings};
use crate::writer::insert_some;

use super::own_training::WrittenTraining;
use super::{
    ClassesOf, Defaults, Kind, Learning, NetworkKind, Similarity, SourceKind, SourceNetwork, Standing, Surroundings,
    WrittenNetwork, WrittenSource,
};

/// A network that was trained on the target task itself, with the target's images of the same replicate.
#[derive(Clone, Debug, PartialEq)]
pub struct Selffer {
    /// How long; as long as the target's size says if `None`.
    pub length: Option<Length>,
    /// How.
    pub settings: Settings,
    /// Learning rate; searched for on the target's validation images if `None`.
    pub learning_rate: Option<f64>,
}

impl Selffer {
    pub(super) const KIND: Kind = Kind {
        word: "selffer",
        keys: &[
            &[optional("similarity")],
            WrittenTraining::KEYS[0],
            WrittenTraining::KEYS[1],
            WrittenTraining::KEYS[2],
        ],
        similarity: Similarity::Fixed,
        read,
    };
}

impl NetworkKind for Selffer {
    fn kind(&self) -> SourceKind {
        SourceKind::Selffer
    }

    fn learning(&self) -> Learning<'_> {
        Learning::Target(self)
    }

    fn standing(&self) -> Standing {
        Standing::TargetItself
    }

    fn meaning(&self, source: &str) -> Meaning {
        Meaning::of("source training").text("kind", Self::KIND.word).text("source", source)
    }

    fn insert_into(&self, table: &mut Table) {
        if let Some(length) = self.length {
            length.insert_into(table);
        }
        insert_some(table, "learning_rate", self.learning_rate);
        self.settings.insert_into(table);
    }
}

#[derive(Debug)]
struct Written {
    training: WrittenTraining,
}

fn read(reader: &TableReader<'_, '_>, report: &mut Report) -> Box<dyn WrittenNetwork> {
    Box::new(Written { training: WrittenTraining::read(reader, false, report) })
}

impl WrittenNetwork for Written {
    fn classes(&self) -> ClassesOf<'_> {
        ClassesOf::Target
    }

    fn check(&self, source: &WrittenSource, surroundings: &Surroundings<'_>, report: &mut Report) {
        self.training.check_rate(source, surroundings, report);
    }

    fn check_known(&self, _known: &KnownByName<'_>, _report: &mut Report) {
        // Its images are the target's, which are checked there.
    }

    fn resolve(&self, defaults: &Defaults<'_>) -> Option<SourceNetwork> {
        let (settings, learning_rate) = self.training.resolve_tuned(defaults)?;
        Some(SourceNetwork::Selffer(Selffer { length: self.training.length(), settings, learning_rate }))
    }
}
