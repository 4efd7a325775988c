//! How the part of a network that is not frozen is made: one file a method.

mod depths;
mod effort;
mod probe;
mod training;

use std::fmt::Debug;

use toml::de::DeTable;
use toml_edit::{Array, Table, value};

use crate::architecture::Architecture;
use crate::choice::choice;
use crate::identity::Meaning;
use crate::kind::kinds;
use crate::labels::LabelKind;
use crate::place::{Located, Span};
use crate::reader::{Key, KindOfTable, Report, TableReader, optional, required};
use crate::recipe::Recipe;

pub use depths::FrozenDepths;
pub(crate) use depths::WrittenFrozen;
pub(crate) use effort::{Effort, Estimate, PerImage};
pub use probe::Probe;
pub use training::Training;

choice! {
    /// How the part of a network that is not frozen is made.
    #[derive(Default, PartialOrd, Ord)]
    pub enum Method {
        /// The layers past the frozen ones are trained by gradient descent.
        #[default]
        Training = "training",
        /// The network ends after its frozen layers, and a linear softmax classifier is fitted to their codes.
        Probe = "probe",
    }
}

kinds! {
    /// A method with what the scenario tells it.
    #[derive(Clone, Debug, PartialEq)]
    pub enum Fit: FitKind {
        /// Training by gradient descent.
        Training(Training),
        /// A linear classifier on the codes of the frozen layers.
        Probe(Probe),
    }
}

choice! {
    /// The one setting that a method is searched for.
    pub enum SettingName {
        /// A learning rate.
        LearningRate = "learning_rate",
        /// A strength of L2 regularisation.
        L2 = "l2",
    }
}

impl SettingName {
    /// What stands before its value in the name of a job.
    pub(crate) fn letters(self) -> &'static str {
        match self {
            Self::LearningRate => "lr",
            Self::L2 => "l2=",
        }
    }

    /// Its key in the meaning of a job.
    pub(crate) fn key_in_meaning(self) -> &'static str {
        match self {
            Self::LearningRate => "rate",
            Self::L2 => "l2",
        }
    }
}

/// What every method answers.
trait FitKind {
    /// Which method it is.
    fn method(&self) -> Method;

    /// The values that it is searched over, where `learning_rates` are those of `[tuning]`.
    fn searched<'a>(&'a self, learning_rates: &'a [f64]) -> &'a [f64];

    /// The value where nothing is searched, `learning_rate` being that of `[training]`.
    fn fixed(&self, learning_rate: Option<f64>) -> Option<f64>;

    /// Adds what it means to the meaning of an arm.
    fn meaning(&self, meaning: Meaning, recipe: &Recipe, is_trained: bool) -> Meaning;

    /// What a job of an arm costs.
    fn estimate(&self, effort: &Effort<'_>) -> Estimate;

    /// Writes its keys and the depths and sources of its treatment.
    fn insert_into(&self, copied: &[u8], frozen: &FrozenDepths, sources: Array, table: &mut Table);
}

/// A method as it is written, aware of its places.
pub(crate) trait WrittenFit: Debug + Send + Sync {
    /// Which method it is.
    fn method(&self) -> Method;

    /// Depths to copy. They are `None` where they could not be read, which was reported.
    fn copied(&self) -> Option<&[Located<u8>]>;

    /// Depths to freeze. They are `None` where they could not be read, which was reported.
    fn frozen(&self) -> Option<&WrittenFrozen>;

    /// A learning rate of its own.
    fn own_learning_rate(&self) -> Option<f64>;

    /// Reports what does not fit the search, or that nothing is searched.
    fn check(&self, is_tuned: bool, report: &mut Report);

    /// The method with every default.
    fn resolve(&self, is_tuned: bool) -> Fit;
}

/// How a method is written, and what it is called.
struct Kind {
    method: Method,
    keys: &'static [&'static [Key]],
    read: fn(&TableReader<'_, '_>, Option<Architecture>, &mut Report) -> Box<dyn WrittenFit>,
    setting: SettingName,
    is_gradient_descent: bool,
    /// Labels that it can learn from.
    labels: &'static [LabelKind],
    /// A treatment (copied, frozen) for people: `(3,3)`.
    point: fn(u8, u8) -> String,
    /// A treatment (copied, frozen) in words, in a network of so many learned layers.
    words: fn(u8, u8, usize) -> String,
    /// What follows the treatment's name in the name of a job.
    name_in_job: fn(u8, u8) -> String,
}

impl KindOfTable for Kind {
    fn word(&self) -> &'static str {
        self.method.word()
    }

    fn keys(&self) -> &'static [&'static [Key]] {
        self.keys
    }
}

/// The key `sources`, which every method takes; each says where in its messages it stands.
const SOURCES: Key = optional("sources");

impl Method {
    fn kind(self) -> &'static Kind {
        match self {
            Self::Training => &Training::KIND,
            Self::Probe => &Probe::KIND,
        }
    }

    /// The setting that it is searched for.
    pub fn setting(self) -> SettingName {
        self.kind().setting
    }

    /// Whether it can learn from such labels.
    pub fn fits(self, labels: LabelKind) -> bool {
        self.kind().labels.contains(&labels)
    }

    /// Whether it trains layers by gradient descent.
    pub fn is_gradient_descent(self) -> bool {
        self.kind().is_gradient_descent
    }

    /// A treatment for people: `(3,3)`, `probe(3)`.
    pub fn point(self, copied: u8, frozen: u8) -> String {
        (self.kind().point)(copied, frozen)
    }

    /// A treatment in words, in a network of so many learned layers.
    pub fn describe(self, copied: u8, frozen: u8, num_layers: usize) -> String {
        (self.kind().words)(copied, frozen, num_layers)
    }

    /// What follows the treatment's name in the name of a job.
    pub(crate) fn name_in_job(self, copied: u8, frozen: u8) -> String {
        (self.kind().name_in_job)(copied, frozen)
    }
}

impl Fit {
    /// Which method it is.
    pub fn method(&self) -> Method {
        self.form().method()
    }

    /// The values that it is searched over, where `learning_rates` are those of `[tuning]`.
    pub(crate) fn searched<'a>(&'a self, learning_rates: &'a [f64]) -> &'a [f64] {
        self.form().searched(learning_rates)
    }

    /// The value where nothing is searched, `learning_rate` being that of `[training]`.
    pub(crate) fn fixed(&self, learning_rate: Option<f64>) -> Option<f64> {
        self.form().fixed(learning_rate)
    }

    /// Adds what it means to the meaning of an arm.
    pub(crate) fn meaning(&self, meaning: Meaning, recipe: &Recipe, is_trained: bool) -> Meaning {
        self.form().meaning(meaning, recipe, is_trained)
    }

    /// What a job of an arm costs.
    pub(crate) fn estimate(&self, effort: &Effort<'_>) -> Estimate {
        self.form().estimate(effort)
    }

    /// The table `[[treatment]]` with every default.
    pub(crate) fn to_table(&self, name: &str, copied: &[u8], frozen: &FrozenDepths, sources: Array) -> Table {
        let mut table = Table::new();
        table.insert("name", value(name));
        table.insert("kind", value(self.kind().word()));
        self.form().insert_into(copied, frozen, sources, &mut table);
        table
    }
}

/// `[[treatment]]`.
#[derive(Debug)]
pub(crate) struct WrittenTreatment {
    pub(crate) header: Span,
    pub(crate) name: Option<Located<String>>,
    pub(crate) sources: Option<Located<Vec<Located<String>>>>,
    /// Whether `sources` is written, be it right or wrong.
    pub(crate) has_sources: bool,
    /// `None` where the kind does not exist, which was reported.
    pub(crate) fit: Option<Box<dyn WrittenFit>>,
}

impl WrittenTreatment {
    /// Reads a treatment. The network's architecture is `None` where it could not be read, which was reported.
    pub(crate) fn read(
        table: &DeTable<'_>,
        header: Span,
        architecture: Option<Architecture>,
        report: &mut Report,
    ) -> Self {
        let common = [required("name", "\"frozen\""), optional("kind")];
        let place = (header.clone(), "[[treatment]]");
        let default = Some(Method::default().kind());
        let (reader, kind) = TableReader::open_kind(table, place, &common, Fit::KINDS, default, report);
        Self {
            name: reader.value("name", report),
            sources: reader.list("sources", report),
            has_sources: reader.has("sources"),
            fit: kind.map(|kind| (kind.read)(&reader, architecture, report)),
            header,
        }
    }

    /// Depths to copy.
    pub(crate) fn copied(&self) -> Option<&[Located<u8>]> {
        self.fit.as_ref()?.copied()
    }

    /// Depths to freeze.
    pub(crate) fn frozen(&self) -> Option<&WrittenFrozen> {
        self.fit.as_ref()?.frozen()
    }

    /// Its points (copied, frozen), where its depths could be read.
    pub(crate) fn points(&self) -> Option<Vec<(u8, u8)>> {
        let copied = self.copied()?.iter().map(|depth| depth.value);
        Some(self.frozen()?.resolve().points(copied))
    }
}
