//! The scenario as it was read: every leaf typed, in range by itself, and aware of its place. What one value means to
//! another is the business of `check`.

mod arrays;
mod data;
mod settings;
mod source;
mod study;
mod target;
mod treatment;

use toml::de::DeTable;

pub(crate) use data::{RawData, RawDataBody};
pub(crate) use settings::RawSettings;
pub(crate) use source::RawSource;
pub(crate) use study::{RawModel, RawStudy, RawTuning, RawVerdict};
pub(crate) use target::{RawSize, RawTarget};
pub(crate) use treatment::{RawDepths, RawTreatment};

use crate::diagnostic::{Code, Diagnostic};
use crate::origin::{Document, Located, Span};
use crate::reader::{Key, Report, TableReader, optional, required};

/// The schema's version.
pub(crate) const VERSION: u64 = 1;

const KEYS: &[Key] = &[
    required("version", "1"),
    optional("study"),
    optional("model"),
    optional("data"),
    optional("source"),
    optional("target"),
    optional("treatment"),
    optional("training"),
    optional("tuning"),
    optional("verdict"),
];

/// A scenario as it was read; a missing part was reported.
#[derive(Debug, Default)]
pub(crate) struct RawScenario {
    pub(crate) study: Option<RawStudy>,
    pub(crate) model: Option<RawModel>,
    pub(crate) data: Vec<RawData>,
    pub(crate) sources: Vec<RawSource>,
    pub(crate) targets: Vec<RawTarget>,
    pub(crate) treatments: Vec<RawTreatment>,
    pub(crate) training: Option<RawTraining>,
    pub(crate) tuning: Option<RawTuning>,
    /// Whether `[tuning]` is written, be it right or wrong.
    pub(crate) has_tuning: bool,
    pub(crate) verdict: RawVerdict,
}

/// `[training]`.
#[derive(Debug)]
pub(crate) struct RawTraining {
    pub(crate) header: Span,
    pub(crate) settings: RawSettings,
    pub(crate) learning_rate: Option<Located<f64>>,
    /// Whether `learning_rate` is written, be it right or wrong.
    pub(crate) has_learning_rate: bool,
    pub(crate) ladder: Option<Located<Vec<Located<f64>>>>,
}

/// Reads a document: all that could be read, and every fault met on the way.
pub(crate) fn read(document: &Document) -> (RawScenario, Report<'_>) {
    let mut report = Report::new(document);
    let (table, errors) = DeTable::parse_recoverable(&document.text);
    for error in &errors {
        report.diagnostics.push(syntax(document, error));
    }
    // What a recovered parse holds is a guess: faults found in it would be noise beside the real one.
    if !errors.is_empty() || !supported(table.get_ref(), &mut report) {
        return (RawScenario::default(), report);
    }
    let scenario = read_table(table.get_ref(), &mut report);
    (scenario, report)
}

/// A syntax error as a diagnostic.
pub(crate) fn syntax(document: &Document, error: &toml::de::Error) -> Diagnostic {
    let span = error.span().unwrap_or(document.text.len()..document.text.len());
    Diagnostic::new(Code::Syntax, format!("this is not TOML: {}", error.message()), "here")
        .at(document.place(&span))
        .help(Some(
            "strings are quoted, tables are [name], lists of tables are [[name]]; see https://toml.io".to_owned(),
        ))
}

/// Whether the version, if there is one, is ours: another version's keys would all look wrong.
fn supported(table: &DeTable<'_>, report: &mut Report) -> bool {
    let version = table.iter().find(|(key, _)| key.get_ref() == "version").map(|(_, value)| value);
    let Some(version) = version else { return true };
    let number = version.get_ref().as_integer().map(|integer| integer.as_str().to_owned());
    if number.as_deref() == Some("1") {
        return true;
    }
    let label = format!("this program reads version {VERSION}");
    let help = Some("scenarios/README.md describes version 1; a later version needs a later program".to_owned());
    report.fault(Code::Version, &version.span(), "unsupported version", label, help);
    false
}

fn read_table(table: &DeTable<'_>, report: &mut Report) -> RawScenario {
    // A missing table is reported at the first character of the file.
    let top = TableReader::open(table, 0..1, "the scenario", KEYS, report);
    RawScenario {
        study: arrays::table(&top, "study", true, report).and_then(|(table, span)| study::study(table, span, report)),
        model: arrays::table(&top, "model", true, report).and_then(|(table, span)| study::model(table, span, report)),
        data: data::read(&top, report),
        sources: arrays::tables(&top, "source", false, report, source::read),
        targets: arrays::tables(&top, "target", true, report, target::read),
        treatments: arrays::tables(&top, "treatment", false, report, treatment::read),
        training: arrays::table(&top, "training", true, report)
            .map(|(table, span)| settings::training(table, span, report)),
        tuning: arrays::table(&top, "tuning", false, report)
            .and_then(|(table, span)| study::tuning(table, span, report)),
        has_tuning: top.has("tuning"),
        verdict: arrays::table(&top, "verdict", false, report)
            .map(|(table, span)| study::verdict(table, span, report))
            .unwrap_or_default(),
    }
}
