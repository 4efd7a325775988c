//! A scenario that was checked: every name resolves, every number is in range, every default is written in.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::choice::{Initialiser, Precision};
use crate::data::Data;
use crate::metric::Metric;
use crate::network::{Architecture, NetworkShape};
use crate::origin::Origin;
use crate::recipe::{Length, Settings};
use crate::treatment::Method;

/// Name of the treatment that copies nothing: always planned, once a target and size.
pub const SCRATCH: &str = "scratch";

/// A study, valid by construction: it comes only from [`Scenario::parse`].
///
/// Two scenarios are equal when they mean the same: where a value stood in its file does not count.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Scenario {
    /// What is asked, and how often.
    pub study: Study,
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
    pub training: Training,
    /// The search for learning rates; none where they are fixed.
    pub tuning: Option<Tuning>,
    /// When a verdict may be given.
    pub verdict: VerdictSettings,
    /// The file it was read from.
    #[serde(skip)]
    pub(crate) origin: Origin,
}

/// What is asked, and how often.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Study {
    /// Name of the report's folder.
    pub name: String,
    /// The question, in a sentence.
    pub question: String,
    /// Seed of everything random.
    pub seed: u64,
    /// Number of replicates; with looks, the most.
    pub replicates: u32,
    /// Numbers of replicates after which verdicts may be given, ascending, the last being all; empty where they are
    /// given once, at the end.
    pub looks: Vec<u32>,
}

/// The network.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Model {
    /// Which AlexNet.
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

/// What knowledge may come from.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Source {
    /// Its name.
    pub name: String,
    /// How similar to the target its author says it is; `untrained` and `selffer` for those kinds.
    pub similarity: String,
    /// Where its network's weights come from.
    pub network: SourceNetwork,
}

/// Where a source network's weights come from, with all that it needs.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum SourceNetwork {
    /// It was trained on its data.
    Trained(Pretraining),
    /// It was trained on its data with the labels shuffled among the training images.
    ShuffledLabels(Pretraining),
    /// It was drawn and never trained.
    Untrained,
    /// It was trained on the target task itself, with the target's images of the same replicate (Yosinski et al.).
    Selffer(SelfTraining),
    /// Every weight tensor was drawn from a normal with the mean and variance of another source's (Raghu et al.).
    MeanAndVariance {
        /// Name of the other source, which is trained.
        of: String,
    },
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
    /// See [`SourceNetwork::ShuffledLabels`].
    ShuffledLabels,
    /// See [`SourceNetwork::MeanAndVariance`].
    MeanAndVariance {
        /// Name of the other source.
        of: String,
    },
}

impl SourceKind {
    /// The scenario's words for the kinds.
    pub const WORDS: &'static [&'static str] =
        &["trained", "untrained", "selffer", "shuffled-labels", "mean-and-variance"];

    /// The scenario's word for this kind.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Trained => Self::WORDS[0],
            Self::Untrained => Self::WORDS[1],
            Self::Selffer => Self::WORDS[2],
            Self::ShuffledLabels => Self::WORDS[3],
            Self::MeanAndVariance { .. } => Self::WORDS[4],
        }
    }
}

impl Source {
    /// Its kind.
    pub fn kind(&self) -> SourceKind {
        match &self.network {
            SourceNetwork::Trained(_) => SourceKind::Trained,
            SourceNetwork::ShuffledLabels(_) => SourceKind::ShuffledLabels,
            SourceNetwork::Untrained => SourceKind::Untrained,
            SourceNetwork::Selffer(_) => SourceKind::Selffer,
            SourceNetwork::MeanAndVariance { of } => SourceKind::MeanAndVariance { of: of.clone() },
        }
    }

    /// Its training on data of its own, where it has one.
    pub fn pretraining(&self) -> Option<&Pretraining> {
        match &self.network {
            SourceNetwork::Trained(pretraining) | SourceNetwork::ShuffledLabels(pretraining) => Some(pretraining),
            SourceNetwork::Untrained | SourceNetwork::Selffer(_) | SourceNetwork::MeanAndVariance { .. } => None,
        }
    }
}

/// A source's training on data of its own.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Pretraining {
    /// Name of its dataset.
    pub data: String,
    /// Its classes, in label order; none: all of the folder's.
    pub classes: Option<Vec<String>>,
    /// Training images a class.
    pub train_per_class: usize,
    /// How long.
    pub length: Length,
    /// How.
    pub settings: Settings,
    /// Learning rate.
    pub learning_rate: f64,
}

/// A selffer's training.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SelfTraining {
    /// How long; none: as long as the target's size says.
    pub length: Option<Length>,
    /// How.
    pub settings: Settings,
    /// Learning rate.
    pub learning_rate: f64,
}

/// What knowledge is judged on.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Target {
    /// Its name.
    pub name: String,
    /// Name of its dataset.
    pub data: String,
    /// Its classes, in label order; none: all of the folder's.
    pub classes: Option<Vec<String>>,
    /// Test images a class; none: all.
    pub test_per_class: Option<usize>,
    /// Share of each class's training images held out for validation; they count towards the size.
    pub validation_fraction: f64,
    /// Its sizes, nested: each is the first images of one drawing.
    pub sizes: Vec<Size>,
}

/// A size of a target.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Size {
    /// Its name.
    pub name: String,
    /// Training images a class, validation images among them.
    pub train_per_class: usize,
    /// How long each arm is trained.
    pub length: Length,
}

impl Target {
    /// Validation images a class of a size: the fraction, rounded to the nearest, at least one where it is not zero.
    pub fn validation_per_class(&self, size: &Size) -> usize {
        validation_images(self.validation_fraction, size.train_per_class)
    }
}

/// See [`Target::validation_per_class`].
pub(crate) fn validation_images(fraction: f64, train_per_class: usize) -> usize {
    if fraction == 0.0 {
        return 0;
    }
    ((fraction * train_per_class as f64 + 0.5).floor() as usize).max(1)
}

/// A range over the treatment lattice, for some of the sources.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TreatmentRange {
    /// Its name.
    pub name: String,
    /// Depths to copy, each in 1..=8.
    pub copied: Vec<u8>,
    /// Depths to freeze.
    pub frozen: FrozenDepths,
    /// Indices of its sources, ascending.
    pub sources: Vec<usize>,
    /// How what is not frozen comes about.
    pub fit: Fit,
}

/// How what is not frozen comes about, with what it may be told.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fit {
    /// By training; its own learning rate, where rates are fixed.
    Training {
        /// The rate.
        learning_rate: Option<f64>,
    },
    /// By a linear classifier on the codes of the frozen layers.
    Probe {
        /// Strengths of L2 regularisation, ascending: tried in tuning, or the one that is taken where nothing is tuned.
        l2: Vec<f64>,
    },
}

impl Fit {
    /// The strengths that a probe tries unless the scenario names others: as many as there are learning rates by
    /// default, from hardly any to strong, for standardised codes.
    pub const DEFAULT_L2: [f64; 5] = [0.0001, 0.001, 0.01, 0.1, 1.0];

    /// Which method it is.
    pub fn method(&self) -> Method {
        match self {
            Self::Training { .. } => Method::Training,
            Self::Probe { .. } => Method::Probe,
        }
    }
}

/// Depths to freeze.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FrozenDepths {
    /// All that is copied: (n, n).
    Copied,
    /// From this depth up to all that is copied: the triangle.
    UpToCopied(u8),
    /// These.
    Depths(Vec<u8>),
}

impl FrozenDepths {
    /// The depths to freeze when `copied` layers are copied.
    pub fn for_copied(&self, copied: u8) -> Vec<u8> {
        match self {
            Self::Copied => vec![copied],
            Self::UpToCopied(from) => (*from..=copied).collect(),
            Self::Depths(depths) => depths.clone(),
        }
    }
}

impl TreatmentRange {
    /// Its points (copied, frozen), in the file's order.
    pub fn points(&self) -> Vec<(u8, u8)> {
        let frozen = |copied| self.frozen.for_copied(copied).into_iter().map(move |frozen| (copied, frozen));
        self.copied.iter().flat_map(|&copied| frozen(copied)).collect()
    }
}

/// How targets are trained.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Training {
    /// Optimizer, batch, schedule, augmentation.
    pub settings: Settings,
    /// The learning rate of every arm that names none; none where rates are tuned.
    pub learning_rate: Option<f64>,
    /// Lengths that scratch is trained for as well, as multiples of its own, ascending and above 1: whether a verdict
    /// survives a better-trained baseline.
    pub ladder: Vec<f64>,
}

/// The search for each arm's learning rate.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Tuning {
    /// The grid, ascending.
    pub learning_rates: Vec<f64>,
    /// Replicates of its own that each rate is tried on.
    pub replicates: u32,
    /// Rates tried beyond an edge of the grid, one after the other, while the best rate is on it.
    pub extend: u32,
}

/// When a verdict may be given.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct VerdictSettings {
    /// Margin of material harm and of equivalence, percentage points.
    pub margin_pp: f64,
    /// Family-wise error of two-sided tests.
    pub alpha: f64,
    /// The metric.
    pub metric: Metric,
}
