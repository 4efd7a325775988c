//! A source that was drawn and never trained: the control that tells freezing from knowledge.

use toml_edit::Table;

use crate::data::KnownByName;
use crate::identity::Meaning;
use crate::reader::{Report, optional};

use super::{
    ClassesOf, Defaults, Kind, Learning, NetworkKind, Similarity, SourceKind, SourceNetwork, Standing, Surroundings,
    WrittenNetwork, WrittenSource,
};

/// A network that was drawn and never trained.
#[derive(Clone, Debug, PartialEq)]
pub struct Untrained;

impl Untrained {
    pub(super) const KIND: Kind = Kind {
        word: "untrained",
        keys: &[&[optional("similarity")]],
        similarity: Similarity::Fixed,
        read: |_, _| Box::new(Written),
    };
}

impl NetworkKind for Untrained {
    fn kind(&self) -> SourceKind {
        SourceKind::Untrained
    }

    fn learning(&self) -> Learning<'_> {
        Learning::Nothing
    }

    fn standing(&self) -> Standing {
        Standing::NoKnowledge
    }

    fn meaning(&self, source: &str) -> Meaning {
        Meaning::of("source training").text("kind", Self::KIND.word).text("source", source)
    }

    fn insert_into(&self, _table: &mut Table) {
        // It has no keys of its own.
    }
}

#[derive(Debug)]
struct Written;

impl WrittenNetwork for Written {
    fn classes(&self) -> ClassesOf<'_> {
        ClassesOf::Target
    }

    fn check(&self, _source: &WrittenSource, _surroundings: &Surroundings<'_>, _report: &mut Report) {
        // It names nothing.
    }

    fn check_known(&self, _known: &KnownByName<'_>, _report: &mut Report) {
        // It sees no image.
    }

    fn resolve(&self, _defaults: &Defaults<'_>) -> Option<SourceNetwork> {
        Some(SourceNetwork::Untrained(Untrained))
    }
}
