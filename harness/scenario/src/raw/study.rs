//! `[study]`, `[model]`, `[tuning]` and `[verdict]`.

use toml::de::DeTable;

use crate::choice::{ChoiceOf, Initialiser, Precision, SearchOf};
use crate::diagnostic::Code;
use crate::metric::{Metric, Unit};
use crate::network::{Architecture, INPUT_RANGE};
use crate::place::{Located, Span};
use crate::reader::{Key, MAX_COUNT, Report, TableReader, optional, required};
use crate::recipe::learning_rate_in_range;
use crate::streams::{MOST_REFERENCE_RUNS, MOST_REPLICATES};

/// `[study]`.
#[derive(Debug)]
pub(crate) struct RawStudy {
    pub(crate) name: Option<Located<String>>,
    pub(crate) question: Option<Located<String>>,
    pub(crate) seed: Option<Located<u64>>,
    pub(crate) replicates: Option<Located<u64>>,
    /// Replicates at which a verdict may be given.
    pub(crate) looks: Option<Located<Vec<Located<u64>>>>,
    /// Runs of scratch in every replicate.
    pub(crate) reference_runs: Option<Located<u64>>,
}

/// `[model]`.
#[derive(Debug)]
pub(crate) struct RawModel {
    pub(crate) architecture: Option<Located<Architecture>>,
    pub(crate) width: Option<Located<f64>>,
    pub(crate) input: Option<Located<u64>>,
    pub(crate) initialiser: Option<Located<Initialiser>>,
    pub(crate) dropout: Option<Located<f64>>,
    pub(crate) precision: Option<Located<Precision>>,
}

/// `[tuning]`.
#[derive(Debug)]
pub(crate) struct RawTuning {
    pub(crate) header: Span,
    pub(crate) learning_rates: Located<Vec<Located<f64>>>,
    pub(crate) search: Option<Located<SearchOf>>,
    pub(crate) replicates: Option<Located<u64>>,
    /// Rates tried beyond an edge of the grid where the best rate is on it.
    pub(crate) extend: Option<Located<u64>>,
    /// Whether sources are tuned too.
    pub(crate) sources: Option<Located<bool>>,
}

impl RawTuning {
    pub(crate) fn tunes_sources(&self) -> bool {
        self.sources.as_ref().is_some_and(|sources| sources.value)
    }
}

/// `[verdict]`.
#[derive(Debug, Default)]
pub(crate) struct RawVerdict {
    pub(crate) margin_pp: Option<Located<f64>>,
    pub(crate) alpha: Option<Located<f64>>,
    pub(crate) metric: Option<Located<Metric>>,
    pub(crate) choice: Option<Located<ChoiceOf>>,
    /// What the study is about: words and names of treatments.
    pub(crate) primary: Option<Located<Vec<Located<String>>>>,
}

/// Most rates that an edge of the grid is extended by.
const MAX_EXTENSION: u64 = 8;

/// Widest network, as a factor on the published one's channels.
const MAX_WIDTH: f64 = 4.0;

const STUDY_KEYS: &[Key] = &[
    required("name", "\"four-quadrant\""),
    required("question", "\"Does copying AlexNet layers hurt, and where?\""),
    required("seed", "2026"),
    required("replicates", "8"),
    optional("looks"),
    optional("reference_runs"),
];

pub(super) fn study(table: &DeTable<'_>, header: Span, report: &mut Report) -> RawStudy {
    let reader = TableReader::open(table, header, "[study]", STUDY_KEYS, report);
    RawStudy {
        name: reader.value("name", report),
        question: reader.value("question", report),
        seed: reader.count("seed", 0..=MAX_COUNT, report),
        replicates: reader.count("replicates", 1..=MOST_REPLICATES, report),
        looks: looks(&reader, report),
        reference_runs: reader.count("reference_runs", 1..=MOST_REFERENCE_RUNS, report),
    }
}

/// The key `looks`.
fn looks(reader: &TableReader<'_, '_>, report: &mut Report) -> Option<Located<Vec<Located<u64>>>> {
    let list: Located<Vec<Located<i64>>> = reader.list("looks", report)?;
    let looks = list.value.into_iter().map(|look| match u64::try_from(look.value) {
        Ok(value) if (2..=MOST_REPLICATES).contains(&value) => Some(Located { value, span: look.span }),
        _ => {
            let message = format!("a look at replicate {} is out of range", look.value);
            report.fault(Code::OutOfRange, &look.span, message, format!("accepted: 2..={MOST_REPLICATES}"), None);
            None
        }
    });
    let looks: Vec<_> = looks.collect();
    Some(Located { value: looks.into_iter().collect::<Option<_>>()?, span: list.span })
}

const MODEL_KEYS: &[Key] = &[
    required("architecture", "\"alexnet\""),
    required("width", "0.125"),
    required("input", "48"),
    required("initialiser", "\"he-normal\""),
    optional("dropout"),
    optional("precision"),
];

pub(super) fn model(table: &DeTable<'_>, header: Span, report: &mut Report) -> RawModel {
    let reader = TableReader::open(table, header, "[model]", MODEL_KEYS, report);
    let above_zero = format!("above 0, at most {MAX_WIDTH}; 1.0 is the published network");
    RawModel {
        architecture: reader.choice("architecture", report),
        width: reader.real("width", &above_zero, |width| width > 0.0 && width <= MAX_WIDTH, report),
        input: reader.count("input", *INPUT_RANGE.start() as u64..=*INPUT_RANGE.end() as u64, report),
        initialiser: reader.choice("initialiser", report),
        dropout: reader.real("dropout", "0 or more, below 1", |p| (0.0..1.0).contains(&p), report),
        precision: reader.choice("precision", report),
    }
}

const TUNING_KEYS: &[Key] = &[
    required("learning_rates", "[0.003, 0.01, 0.03]"),
    optional("search"),
    optional("replicates"),
    optional("extend"),
    optional("sources"),
];

pub(super) fn tuning(table: &DeTable<'_>, header: Span, report: &mut Report) -> Option<RawTuning> {
    let reader = TableReader::open(table, header.clone(), "[tuning]", TUNING_KEYS, report);
    let rates = reader.grid("learning_rates", report);
    let search = reader.choice("search", report);
    let replicates = reader.count("replicates", 1..=MOST_REPLICATES, report);
    let extend = reader.count("extend", 0..=MAX_EXTENSION, report);
    let sources = reader.value("sources", report);
    let rates = rates?;
    let in_range: Vec<_> = rates.value.into_iter().map(|rate| learning_rate_in_range(rate, report)).collect();
    let learning_rates = Located { value: in_range.into_iter().collect::<Option<_>>()?, span: rates.span };
    Some(RawTuning { header, learning_rates, search, replicates, extend, sources })
}

const VERDICT_KEYS: &[Key] =
    &[optional("margin_pp"), optional("alpha"), optional("metric"), optional("choice"), optional("primary")];

pub(super) fn verdict(table: &DeTable<'_>, header: Span, report: &mut Report) -> RawVerdict {
    let reader = TableReader::open(table, header, "[verdict]", VERDICT_KEYS, report);
    let metric: Option<Located<Metric>> = reader.choice("metric", report);
    // A share has a hundred points; a loss has no largest value, but a margin of 100 nats would mean nothing.
    let (most, unit) = match metric.as_ref().map(|metric| metric.value.unit()) {
        Some(Unit::Nats) => (10_000.0, "hundredths of a nat"),
        Some(Unit::Fraction) | None => (100.0, "percentage points"),
    };
    let accepted = format!("above 0, below {most}, in {unit}");
    RawVerdict {
        margin_pp: reader.real("margin_pp", &accepted, |margin| margin > 0.0 && margin < most, report),
        alpha: reader.real("alpha", "above 0, below 0.5", |alpha| alpha > 0.0 && alpha < 0.5, report),
        metric,
        choice: reader.choice("choice", report),
        primary: reader.list("primary", report),
    }
}
