//! A scenario that was checked: every name resolves, every number is in range, every default is written in.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::architecture::Architecture;
use crate::choice::{ChoiceOf, Initialiser, Precision, SearchOf};
use crate::data::Data;
use crate::method::{Fit, FrozenDepths};
use crate::metric::Metric;
use crate::network::NetworkShape;
use crate::place::Document;
use crate::raw::{RawScenario, Version};
use crate::recipe::{Length, Settings};
use crate::source::{Learning, Pretraining, Source};
use crate::train_images::{PerClass, TrainImages, validation_images};

/// Name of the treatment that copies nothing: always planned, once a target and size.
pub const SCRATCH: &str = "scratch";

/// A study, valid by construction: it comes only from [`Scenario::parse`].
///
/// Two scenarios are equal when they mean the same: where a value stood in its file does not count.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// What is asked, and how often.
    pub study: StudySettings,
    /// The network.
    pub model: Model,
    /// Named datasets.
    pub data: BTreeMap<String, Data>,
    /// What knowledge may come from, in the file's order.
    pub sources: Vec<Source>,
    /// What it is judged on, in the file's order.
    pub targets: Vec<Target>,
    /// Ranges over the treatment lattice, in the file's order; scratch is not among them and always planned.
    pub treatments: Vec<TreatmentRange>,
    /// How targets are trained.
    pub training: TrainingSettings,
    /// The search for learning rates; `None` where they are fixed.
    pub tuning: Option<Tuning>,
    /// When a verdict may be given.
    pub verdict: VerdictSettings,
    /// The file it was read from.
    pub(crate) origin: Origin,
}

/// The file that a scenario was read from, and the values as they were written in it.
///
/// Equal to every other: where a value stands is no part of what it means.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    pub(crate) document: Arc<Document>,
    pub(crate) raw: Arc<RawScenario>,
}

impl PartialEq for Origin {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Scenario {
    /// The version that means the same by what it leaves out.
    pub fn meaning(&self) -> Version {
        let search = self.tuning.as_ref().map(|tuning| tuning.search);
        Version::meant_by(self.study.reference_runs, self.verdict.choice, search)
    }

    /// The source of this name.
    pub fn source(&self, name: &str) -> Option<&Source> {
        self.sources.iter().find(|source| source.name == name)
    }

    /// The training on data of its own that a source's network comes from: its own, or that of the source it is made
    /// from. None where the network has seen the target's images, or none at all.
    pub fn pretraining_of<'a>(&'a self, source: &'a Source) -> Option<&'a Pretraining> {
        match source.learning() {
            Learning::OwnImages(pretraining) => Some(pretraining),
            Learning::OtherSource(name) => self.source(name)?.pretraining(),
            Learning::Target(_) | Learning::TwinOfTarget(_) | Learning::Elsewhere(_) | Learning::Nothing => None,
        }
    }
}

/// What is asked, and how often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StudySettings {
    /// Name of the report's folder.
    pub name: String,
    /// The question, in a sentence.
    pub question: String,
    /// Seed of everything random.
    pub seed: u64,
    /// Number of replicates; with looks, the most.
    pub replicates: u32,
    /// Numbers of replicates after which verdicts may be given, ascending, the last being all. `None` where they are
    /// given once, at the end.
    pub looks: Option<Vec<u32>>,
    /// Runs of scratch in every replicate, whose mean is the reference.
    pub reference_runs: u32,
}

/// The network.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Model {
    /// Which network.
    pub architecture: Architecture,
    /// Factor on all channels and features; 1 is the published network.
    pub width: f64,
    /// Height and width of an input image, pixels.
    pub input: usize,
    /// How fresh weights are drawn.
    pub initialiser: Initialiser,
    /// Probability that dropout zeroes a feature.
    pub dropout: f64,
    /// Precision that it is computed in; part of the numerics.
    pub precision: Precision,
}

impl Model {
    /// The shape of this network for `num_classes` classes.
    pub fn shape(&self, num_classes: usize) -> NetworkShape {
        NetworkShape::new(self.architecture, self.width, self.input, num_classes)
    }
}

/// What knowledge is judged on.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    /// Its name.
    pub name: String,
    /// Name of its dataset.
    pub data: String,
    /// Its classes, in label order; all of the folder's if `None`.
    pub classes: Option<Vec<String>>,
    /// Test images a class; all if `None`.
    pub test_per_class: Option<usize>,
    /// Share of each class's training images held out for validation; they count towards the size.
    pub validation_fraction: f64,
    /// Its sizes, nested: each is the first images of one drawing.
    pub sizes: Vec<Size>,
}

/// A size of a target.
#[derive(Clone, Debug, PartialEq)]
pub struct Size {
    /// Its name.
    pub name: String,
    /// How many training images, validation images among them.
    pub train_images: TrainImages,
    /// How long each arm is trained.
    pub length: Length,
}

impl Target {
    /// Validation images of each class, where `train` are drawn: the fraction, rounded to the nearest, at least one where
    /// it is not zero.
    pub fn validation(&self, train: &PerClass) -> PerClass {
        train.map(|count| validation_images(self.validation_fraction, count))
    }
}

/// A range over the treatment lattice, for some of the sources.
#[derive(Clone, Debug, PartialEq)]
pub struct TreatmentRange {
    /// Its name.
    pub name: String,
    /// Depths to copy, each from 1 to the number of learned layers.
    pub copied: Vec<u8>,
    /// Depths to freeze.
    pub frozen: FrozenDepths,
    /// Indices of its sources, ascending.
    pub sources: Vec<usize>,
    /// How what is not frozen is made.
    pub fit: Fit,
}

impl TreatmentRange {
    /// Its points (copied, frozen), in the file's order.
    pub fn points(&self) -> Vec<(u8, u8)> {
        self.frozen.points(self.copied.iter().copied())
    }
}

/// How targets are trained.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainingSettings {
    /// Optimizer, batch, schedule, augmentation.
    pub settings: Settings,
    /// The learning rate of every arm that gives no rate of its own; `None` where rates are tuned.
    pub learning_rate: Option<f64>,
    /// Lengths that scratch is trained for as well, as multiples of its own, ascending and above 1: whether a verdict
    /// survives a better-trained baseline.
    pub ladder: Vec<f64>,
}

/// The search for each arm's learning rate.
#[derive(Clone, Debug, PartialEq)]
pub struct Tuning {
    /// The grid, ascending.
    pub learning_rates: Vec<f64>,
    /// Whom the search serves.
    pub search: SearchOf,
    /// Replicates of its own that each rate is tried on, where one search serves all replicates; 0 otherwise.
    pub replicates: u32,
    /// Rates tried beyond an edge of the grid, one after the other, while the best rate is on it.
    pub extend: u32,
    /// Whether the rates of source networks are searched for as well, all over the same grid.
    pub sources: bool,
}

/// When a verdict may be given.
#[derive(Clone, Debug, PartialEq)]
pub struct VerdictSettings {
    /// Margin of material harm and of equivalence, percentage points.
    pub margin_pp: f64,
    /// Family-wise error of two-sided tests.
    pub alpha: f64,
    /// The metric.
    pub metric: Metric,
    /// How often a treatment is chosen on validation images.
    pub choice: ChoiceOf,
    /// The contrasts that the study is about; without any, all are one family.
    pub primary: Vec<Primary>,
}

/// Contrasts that a study is about, of every target, size and similarity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Primary {
    /// The treatment that validation chooses, against scratch.
    Choice,
    /// Everything copied and fine-tuned, against scratch.
    FullFineTuning,
    /// What is made of a source's last codes without changing them, against scratch.
    TopCodes,
    /// The points of the treatment of this name, against scratch.
    Treatment(String),
}

impl Primary {
    /// The words that are no treatment's name, with what they mean.
    pub const WORDS: [(&'static str, Self); 3] =
        [("choice", Self::Choice), ("full-fine-tuning", Self::FullFineTuning), ("top-codes", Self::TopCodes)];

    /// What a scenario names by this word.
    pub(crate) fn of_word(word: &str) -> Self {
        let known = Self::WORDS.iter().find(|(known, _)| *known == word);
        known.map_or_else(|| Self::Treatment(word.to_owned()), |(_, primary)| primary.clone())
    }

    /// The word for it in a scenario.
    pub fn word(&self) -> &str {
        match self {
            Self::Choice => "choice",
            Self::FullFineTuning => "full-fine-tuning",
            Self::TopCodes => "top-codes",
            Self::Treatment(name) => name,
        }
    }
}
