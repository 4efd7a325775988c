//! The data of a figure.

use serde::{Deserialize, Serialize};

/// The version of a figure's data.
pub const FIGURE_VERSION: u32 = 1;

/// A figure: panels over one pair of axes. It holds everything that drawing needs, and all data that a reader may
/// reuse.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FigureSpec {
    /// The version of this form, of the program that wrote it.
    pub schema_version: u32,
    /// Name of its files.
    pub name: String,
    /// What it shows.
    pub title: String,
    /// The conditions: network, replicates, test images.
    pub subtitle: String,
    /// The figure in words, for readers who cannot see it.
    pub description: String,
    /// How its points are drawn.
    pub form: Form,
    /// The axis of [`Point::x`], shared by all panels.
    pub x: Axis,
    /// The axis of what points measure, shared by all panels. For tiles it is the axis of frozen layers.
    pub y: Axis,
    /// What a tile's colour means; `None` except for tiles.
    pub scale: Option<Axis>,
    /// Panels in a row.
    pub num_columns: usize,
    /// The panels, row by row.
    pub panels: Vec<Panel>,
    /// Further entries of the legend, after the curves.
    pub notes: Vec<Note>,
}

/// How a figure's points are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// Means with markers, intervals and replicates, joined by lines.
    Curves,
    /// Curves whose intervals are one shaded band: simultaneous over the axis.
    Bands,
    /// Means with markers and intervals at the measured places of the axis, joined by lines.
    Paths,
    /// Lines alone.
    Lines,
    /// A forest plot: x runs down the page, means and intervals run across it.
    Rows,
    /// A tile at (copied, frozen), coloured by its mean.
    Tiles,
    /// Means with markers and intervals in both directions, each source named.
    Points,
}

/// An entry of the legend that explains a sign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Note {
    /// The sign.
    pub sign: Sign,
    /// What it means.
    pub label: String,
}

impl Note {
    /// A sign and what it means.
    pub fn new(sign: Sign, label: impl Into<String>) -> Self {
        Note { sign, label: label.into() }
    }
}

/// A sign that a legend may have to explain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sign {
    /// Filled and hollow markers.
    Filling,
    /// Small points.
    Replicate,
    /// A bar with ends.
    Interval,
    /// A shaded band.
    Band,
    /// A triangle upwards.
    Better,
    /// A triangle downwards.
    Worse,
    /// Two bars.
    Equivalent,
    /// A ring.
    Undecided,
    /// A cross.
    Invalid,
    /// A tile's outline.
    Missing,
}

/// An axis.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Axis {
    /// What it measures, with the unit.
    pub label: String,
    /// Where it begins.
    pub low: f64,
    /// Where it ends.
    pub high: f64,
    /// Whether the axis is logarithmic.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_logarithmic: bool,
    /// Its marks.
    pub ticks: Vec<Tick>,
}

/// A mark on an axis.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tick {
    /// Where.
    pub at: f64,
    /// Its text. Lines are drawn below each other.
    pub label: String,
}

/// One panel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Panel {
    /// What it shows.
    pub title: String,
    /// What it lacks: "12 of 20 runs"; `None` if it is complete.
    pub incomplete: Option<String>,
    /// Marks of its own on the axis of [`Point::x`], in place of the figure's; empty except for rows.
    pub ticks: Vec<Tick>,
    /// The reference as a band.
    pub band: Option<Band>,
    /// Horizontal lines.
    pub references: Vec<Reference>,
    /// The curves.
    pub series: Vec<Series>,
}

/// A horizontal band with its mean and the values it was made from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Band {
    /// What it is.
    pub label: String,
    /// Mean.
    pub mean: f64,
    /// Lower end; `None` with one replicate, which gives no interval.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
    /// Value of each replicate.
    pub replicates: Vec<f64>,
    /// The place on the horizontal axis at which the replicates are drawn.
    pub at: f64,
}

/// A horizontal line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reference {
    /// What it is.
    pub label: String,
    /// Where.
    pub y: f64,
    /// How it is drawn.
    pub stroke: Stroke,
}

/// How a line is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stroke {
    /// In dots.
    Dotted,
    /// Whole.
    Solid,
}

/// A curve.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Series {
    /// Its name in the legend.
    pub label: String,
    /// Its kind, which gives its colour and marker.
    pub kind: SeriesKind,
    /// The source it is of.
    pub source: String,
    /// The pattern of its line: its number among the sources of its panel, or the number of frozen layers if that is
    /// its kind.
    pub pattern: usize,
    /// Its points, from left to right.
    pub points: Vec<Point>,
}

/// What a curve shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SeriesKind {
    /// (n, n): the first n copied and frozen.
    Frozen,
    /// (most, n): as many layers copied as possible, the first n of them frozen.
    Partial,
    /// (n, 0): the first n copied, all trained.
    FineTuned,
    /// A linear classifier on the codes of the first n, copied.
    Probe,
    /// (n, n) of an untrained source.
    Untrained,
    /// Another point of the lattice.
    Other,
    /// Training from scratch.
    Scratch,
    /// One of several trainings that differ in the number of frozen layers, which [`Series::pattern`] gives.
    Depth,
    /// A part of a drop: the cost of splitting co-adapted layers.
    CoAdaptation,
    /// A part of a drop: the cost of another task's features.
    Specificity,
    /// A part of a drop: what fine-tuning recovers.
    Recovery,
}

/// A point of a curve: a cell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Point {
    /// Where on the horizontal axis.
    pub x: f64,
    /// Layers copied.
    pub copied: u8,
    /// Of them, frozen.
    pub frozen: u8,
    /// Mean; `None` without a run.
    pub mean: Option<f64>,
    /// Ends of the interval of `x`, if x was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub across: Option<[f64; 2]>,
    /// Lower end of its interval.
    pub low: Option<f64>,
    /// Upper end of its interval.
    pub high: Option<f64>,
    /// Value of each replicate, in their order.
    pub replicates: Vec<f64>,
    /// Replicates planned.
    pub num_planned: usize,
    /// The verdict; `None` for a cell that is not decided.
    pub verdict: Option<String>,
    /// Whether the verdict is that it differs from the reference, which fills its marker.
    pub differs: bool,
}
