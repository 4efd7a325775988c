//! A source that was trained on its data.

use toml_edit::Table;

use crate::identity::Meaning;

use super::pretraining::{self, Labels, Pretraining};
use super::{Kind, Learning, NetworkKind, Similarity, SourceKind, SourceNetwork, Standing};

/// A network that was trained on its data.
#[derive(Clone, Debug, PartialEq)]
pub struct Trained {
    /// The training.
    pub pretraining: Pretraining,
}

impl Trained {
    pub(super) const KIND: Kind = Kind {
        word: "trained",
        keys: Pretraining::KEYS,
        similarity: Similarity::Told,
        read: |reader, report| pretraining::read(reader, Labels::True, network, report),
    };
}

fn network(pretraining: Pretraining) -> SourceNetwork {
    SourceNetwork::Trained(Trained { pretraining })
}

impl NetworkKind for Trained {
    fn kind(&self) -> SourceKind {
        SourceKind::Trained
    }

    fn learning(&self) -> Learning<'_> {
        Learning::OwnImages(&self.pretraining)
    }

    fn standing(&self) -> Standing {
        Standing::Knowledge
    }

    fn meaning(&self, source: &str) -> Meaning {
        Meaning::of("source training").text("kind", Self::KIND.word).text("source", source)
    }

    fn insert_into(&self, table: &mut Table) {
        self.pretraining.insert_into(table);
    }
}
