//! What knowledge may come from: one file a kind of source.

mod mean_and_variance;
mod own_training;
mod pretraining;
mod selffer;
mod shuffled_labels;
mod trained;
mod twin;
mod untrained;
mod weights;

use std::collections::BTreeMap;
use std::fmt::Debug;

use serde::Serialize;
use toml::de::DeTable;
use toml_edit::{Table, value};

use crate::data::{Data, KnownByName, WrittenClasses};
use crate::diagnostic::Code;
use crate::identity::Meaning;
use crate::kind::kinds;
use crate::place::{Located, Span};
use crate::reader::{Key, KindOfTable, Report, TableReader, optional, required};
use crate::recipe::Settings;
use crate::train_images::TrainImages;

pub use mean_and_variance::MeanAndVariance;
pub use pretraining::Pretraining;
pub use selffer::Selffer;
pub use shuffled_labels::ShuffledLabels;
pub use trained::Trained;
pub use twin::Twin;
pub use untrained::Untrained;
pub use weights::{Weights, WeightsFacts};

/// What knowledge may come from.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// Its name.
    pub name: String,
    /// How similar to the target its author says it is; the kind's word for a kind that has a similarity of its own.
    pub similarity: String,
    /// Where its network's weights come from.
    pub network: SourceNetwork,
}

kinds! {
    /// Where a source network's weights come from, with all that it needs.
    #[derive(Clone, Debug, PartialEq)]
    pub enum SourceNetwork: NetworkKind {
        /// It was trained on its data.
        Trained(Trained),
        /// It was trained on its data with the labels shuffled among the training images.
        ShuffledLabels(ShuffledLabels),
        /// It was drawn and never trained.
        Untrained(Untrained),
        /// It was trained on the target task itself, with the target's images of the same replicate (Yosinski et al.).
        Selffer(Selffer),
        /// It was trained on the target's task with images that the target does not have.
        Twin(Twin),
        /// Every weight tensor was drawn from a normal with the mean and variance of another source's (Raghu et al.).
        MeanAndVariance(MeanAndVariance),
        /// It is read from a file.
        Weights(Weights),
    }
}

/// The kind of a source, as jobs carry it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SourceKind {
    /// See [`SourceNetwork::Trained`].
    Trained,
    /// See [`SourceNetwork::Untrained`].
    Untrained,
    /// See [`SourceNetwork::Selffer`].
    Selffer,
    /// See [`SourceNetwork::Twin`].
    Twin,
    /// See [`SourceNetwork::ShuffledLabels`].
    ShuffledLabels,
    /// See [`SourceNetwork::MeanAndVariance`].
    MeanAndVariance {
        /// Name of the other source.
        of: String,
    },
    /// See [`SourceNetwork::Weights`].
    Weights,
}

/// What a source's network learned from. That decides when it is made, and whose classes it tells apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Learning<'a> {
    /// Images of a dataset of its own; one network a replicate.
    OwnImages(&'a Pretraining),
    /// The target's training images of the same replicate; one network a replicate, target and size.
    Target(&'a Selffer),
    /// Images of the target's data that the target itself does not have; one network a replicate and target, and one a size
    /// where it depends on the size.
    TwinOfTarget(&'a Twin),
    /// The images of another source, of this name: its network is made from that source's network; one a replicate.
    OtherSource(&'a str),
    /// Images that are not here: its weights are read from a file. No job makes its network, and all replicates share it.
    Elsewhere(&'a Weights),
    /// Nothing: no job makes its network, and every run that copies from it draws it from the source's own stream.
    Nothing,
}

/// What a comparison with a source tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// What knowledge of its task does.
    Knowledge,
    /// What freezing and copying do without any knowledge: the control.
    NoKnowledge,
    /// What they do where source and target are the same task: Yosinski's BnB.
    TargetItself,
    /// What they do where the layers have learned the target's task from other images: the counterfactual of attribution.
    Twin,
}

/// What every kind of source answers.
trait NetworkKind {
    /// The kind as jobs carry it.
    fn kind(&self) -> SourceKind;

    /// What its network learned from.
    fn learning(&self) -> Learning<'_>;

    /// What a comparison with it tells.
    fn standing(&self) -> Standing;

    /// The beginning of the meaning of the job that makes its network, with the name of the source.
    fn meaning(&self, source: &str) -> Meaning;

    /// Writes its keys, but for the similarity.
    fn insert_into(&self, table: &mut Table);
}

/// A source's network as it is written, aware of its places.
pub(crate) trait WrittenNetwork: Debug + Send + Sync {
    /// Whose classes its network tells apart.
    fn classes(&self) -> ClassesOf<'_>;

    /// Reports what does not fit the rest of the scenario.
    fn check(&self, source: &WrittenSource, surroundings: &Surroundings<'_>, report: &mut Report);

    /// Reports what does not fit what is known of the data.
    fn check_known(&self, known: &KnownByName<'_>, report: &mut Report);

    /// The images that it asks for beyond the target's own.
    fn beyond_target(&self) -> Option<BeyondTarget<'_>> {
        None
    }

    /// The file that it is read from.
    fn file(&self) -> Option<&Located<String>> {
        None
    }

    /// The network with every default. It is `None` where something is missing, which was reported.
    fn resolve(&self, defaults: &Defaults<'_>) -> Option<SourceNetwork>;
}

/// Images of a target's data beyond those of its sizes.
pub(crate) struct BeyondTarget<'a> {
    /// How many; as many as each size has if `None`.
    pub(crate) asked: Option<&'a Located<TrainImages>>,
}

/// Whose classes a source's network tells apart, as far as the source says.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ClassesOf<'a> {
    /// Those of a dataset of its own.
    Own {
        /// Name of the dataset.
        data: Option<&'a Located<String>>,
        /// The classes named; all if `None`.
        classes: Option<&'a WrittenClasses>,
    },
    /// Those of the source of this name.
    Source(Option<&'a Located<String>>),
    /// Those that its file has.
    Elsewhere {
        /// Their names; known to the file alone if `None`.
        classes: Option<&'a WrittenClasses>,
    },
    /// Those of the target: its last layer is drawn for them, or trained on them.
    Target,
}

/// The rest of the scenario, as far as a source is checked against it.
pub(crate) struct Surroundings<'a> {
    pub(crate) sources: &'a [WrittenSource],
    pub(crate) datasets: &'a [&'a str],
    /// Whether learning rates are tuned.
    pub(crate) is_tuned: bool,
    /// Settings of `[training]`, where they are complete.
    pub(crate) settings: Option<&'a Settings>,
    /// Whether sources are tuned as well.
    pub(crate) tunes_sources: bool,
    /// Whether `[training]` names a recipe, which has a learning rate.
    pub(crate) has_recipe: bool,
}

/// What a source takes where it says nothing itself.
pub(crate) struct Defaults<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) learning_rate: Option<f64>,
    /// Whether sources are tuned.
    pub(crate) tunes_sources: bool,
    pub(crate) data: &'a BTreeMap<String, Data>,
}

impl Defaults<'_> {
    /// The classes used: those named, or all that the dataset declares.
    pub(crate) fn classes(&self, own: Option<&WrittenClasses>, data: &str) -> Option<Vec<String>> {
        own.map(WrittenClasses::names).or_else(|| self.data.get(data)?.known().classes)
    }
}

/// Who says how similar a source is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Similarity {
    /// The scenario's author.
    Told,
    /// Its kind, whose word it is.
    Fixed,
}

/// How a kind is written.
pub(crate) struct Kind {
    word: &'static str,
    keys: &'static [&'static [Key]],
    similarity: Similarity,
    read: fn(&TableReader<'_, '_>, &mut Report) -> Box<dyn WrittenNetwork>,
}

impl KindOfTable for Kind {
    fn word(&self) -> &'static str {
        self.word
    }

    fn keys(&self) -> &'static [&'static [Key]] {
        self.keys
    }
}

impl Source {
    /// The scenario's words for the kinds.
    pub fn words() -> Vec<&'static str> {
        SourceNetwork::KINDS.iter().map(|kind| kind.word).collect()
    }

    /// The scenario's word for its kind.
    pub fn word(&self) -> &'static str {
        self.network.kind().word
    }

    /// Its kind, as jobs carry it.
    pub fn kind(&self) -> SourceKind {
        self.network.form().kind()
    }

    /// What its network learned from.
    pub fn learning(&self) -> Learning<'_> {
        self.network.form().learning()
    }

    /// What a comparison with it tells.
    pub fn standing(&self) -> Standing {
        self.network.form().standing()
    }

    /// Its training on data of its own, where it has one.
    pub fn pretraining(&self) -> Option<&Pretraining> {
        match self.learning() {
            Learning::OwnImages(pretraining) => Some(pretraining),
            Learning::Target(_)
            | Learning::TwinOfTarget(_)
            | Learning::OtherSource(_)
            | Learning::Elsewhere(_)
            | Learning::Nothing => None,
        }
    }

    /// The beginning of the meaning of the job that makes its network.
    pub(crate) fn meaning(&self) -> Meaning {
        self.network.form().meaning(&self.name)
    }

    /// The table `[[source]]` with every default.
    pub(crate) fn to_table(&self) -> Table {
        let mut table = Table::new();
        table.insert("name", value(&self.name));
        table.insert("kind", value(self.word()));
        table.insert("similarity", value(&self.similarity));
        self.network.form().insert_into(&mut table);
        table
    }
}

/// `[[source]]`.
#[derive(Debug)]
pub(crate) struct WrittenSource {
    pub(crate) header: Span,
    pub(crate) name: Option<Located<String>>,
    pub(crate) similarity: Option<Located<String>>,
    /// The similarity of a kind that has one of its own.
    fixed_similarity: Option<&'static str>,
    /// `None` where the kind does not exist, which was reported.
    pub(crate) network: Option<Box<dyn WrittenNetwork>>,
}

impl WrittenSource {
    pub(crate) fn read(table: &DeTable<'_>, header: Span, report: &mut Report) -> Self {
        let common = [required("name", "\"near\""), optional("kind")];
        let place = (header.clone(), "[[source]]");
        let default = Some(&Trained::KIND);
        let (reader, kind) = TableReader::open_kind(table, place, &common, SourceNetwork::KINDS, default, report);
        Self {
            name: reader.value("name", report),
            similarity: reader.value("similarity", report),
            fixed_similarity: kind.filter(|kind| kind.similarity == Similarity::Fixed).map(|kind| kind.word),
            network: kind.map(|kind| (kind.read)(&reader, report)),
            header,
        }
    }

    /// Reports what does not fit the rest of the scenario.
    pub(crate) fn check(&self, surroundings: &Surroundings<'_>, report: &mut Report) {
        if let Some(network) = &self.network {
            network.check(self, surroundings, report);
        }
        if let (Some(fixed), Some(similarity)) = (self.fixed_similarity, &self.similarity)
            && similarity.value != fixed
        {
            let message = format!("the similarity of kind {fixed:?} is always {fixed:?}");
            report.fault(Code::UnknownWord, &similarity.span, message, "leave `similarity` out", None);
        }
    }

    /// The source with every default. It is `None` where something is missing, which was reported.
    pub(crate) fn resolve(&self, defaults: &Defaults<'_>) -> Option<Source> {
        let told = self.similarity.as_ref().map(|similarity| similarity.value.as_str());
        Some(Source {
            name: self.name.as_ref()?.value.clone(),
            similarity: told.or(self.fixed_similarity)?.to_owned(),
            network: self.network.as_ref()?.resolve(defaults)?,
        })
    }
}
