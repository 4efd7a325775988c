//! A source that was trained on its data with the labels shuffled among the training images.

use toml_edit::Table;

use crate::identity::Meaning;

use super::pretraining::{self, Labels, Pretraining};
use super::{Kind, Learning, NetworkKind, Similarity, SourceKind, SourceNetwork, Standing};

/// A network that was trained on its data with the labels shuffled among the training images.
#[derive(Clone, Debug, PartialEq)]
pub struct ShuffledLabels {
    /// The training.
    pub pretraining: Pretraining,
}

impl ShuffledLabels {
    pub(super) const KIND: Kind = Kind {
        word: "shuffled-labels",
        keys: Pretraining::KEYS,
        similarity: Similarity::Told,
        read: |reader, report| pretraining::read(reader, Labels::Shuffled, network, report),
    };
}

fn network(pretraining: Pretraining) -> SourceNetwork {
    SourceNetwork::ShuffledLabels(ShuffledLabels { pretraining })
}

impl NetworkKind for ShuffledLabels {
    fn kind(&self) -> SourceKind {
        SourceKind::ShuffledLabels
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
