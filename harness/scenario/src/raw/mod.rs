//! The scenario as it was read: every leaf has its type, is in range by itself, and knows its place. `check` holds one
//! value against another.

mod study;
mod target;
mod training;
mod version;

use toml::de::DeTable;

pub(crate) use study::{RawModel, RawStudy, RawTuning, RawVerdict};
pub(crate) use target::{RawSize, RawTarget};
pub(crate) use training::RawTraining;
pub use version::Version;

use crate::data::NamedData;
use crate::diagnostic::{Code, Diagnostic};
use crate::method::WrittenTreatment;
use crate::place::{Document, Located};
use crate::reader::{Key, Report, TableReader, optional, required, table, tables};
use crate::source::WrittenSource;

const KEYS: &[Key] = &[
    required("version", "2"),
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
    /// The version that it was written for.
    pub(crate) version: Located<Version>,
    pub(crate) study: Option<RawStudy>,
    pub(crate) model: Option<RawModel>,
    pub(crate) data: Vec<NamedData>,
    pub(crate) sources: Vec<WrittenSource>,
    pub(crate) targets: Vec<RawTarget>,
    pub(crate) treatments: Vec<WrittenTreatment>,
    pub(crate) training: Option<RawTraining>,
    pub(crate) tuning: Option<RawTuning>,
    /// Whether `[tuning]` is written, be it right or wrong.
    pub(crate) has_tuning: bool,
    pub(crate) verdict: RawVerdict,
}

/// Reads a document: all that could be read, and every fault met on the way.
pub(crate) fn read(document: &Document) -> (RawScenario, Report<'_>) {
    let mut report = Report::new(document);
    let (table, errors) = DeTable::parse_recoverable(&document.text);
    for error in &errors {
        report.diagnostics.push(syntax(document, error));
    }
    // What a recovered parse holds is a guess: faults found in it would be noise beside the real one.
    let version = if errors.is_empty() { Version::read(table.get_ref(), &mut report) } else { None };
    match version {
        Some(version) => (read_table(table.get_ref(), version, &mut report), report),
        None => (RawScenario::default(), report),
    }
}

/// A syntax error as a diagnostic.
pub(crate) fn syntax(document: &Document, error: &toml::de::Error) -> Diagnostic {
    let span = error.span().unwrap_or(document.text.len()..document.text.len());
    let line_end = document.text.get(span.start..).map_or("", |rest| rest.lines().next().unwrap_or_default());
    let begins_line = document.text.get(..span.start).unwrap_or_default();
    let lacks_value = line_end.trim().is_empty() && begins_line.trim_end().ends_with('=');
    let (message, help) = match error.message() {
        _ if lacks_value => ("a value is missing after =", "write the value, or take the line out"),
        "duplicate key" => ("this key stands twice in its table", "take one of the two out"),
        message => {
            (message, "strings are quoted, tables are [name], lists of tables are [[name]]; see https://toml.io")
        }
    };
    Diagnostic::new(Code::Syntax, format!("this is not TOML: {message}"), "here")
        .at(document.place(&span))
        .help(Some(help.to_owned()))
}

fn read_table(text: &DeTable<'_>, version: Located<Version>, report: &mut Report) -> RawScenario {
    // A missing table is reported at the first character of the file.
    let top = TableReader::open(text, 0..1, "the scenario", KEYS, report);
    let model = table(&top, "model", true, report).map(|(table, span)| study::model(table, span, report));
    let architecture =
        model.as_ref().and_then(|model| model.architecture.as_ref()).map(|architecture| architecture.value);
    RawScenario {
        version,
        study: table(&top, "study", true, report).map(|(table, span)| study::study(table, span, report)),
        model,
        data: NamedData::read_all(&top, report),
        sources: tables(&top, "source", false, report, WrittenSource::read),
        targets: tables(&top, "target", true, report, target::read),
        treatments: tables(&top, "treatment", false, report, |table, span, report| {
            WrittenTreatment::read(table, span, architecture, report)
        }),
        training: table(&top, "training", true, report).map(|(table, span)| training::read(table, span, report)),
        tuning: table(&top, "tuning", false, report).and_then(|(table, span)| study::tuning(table, span, report)),
        has_tuning: top.has("tuning"),
        verdict: table(&top, "verdict", false, report)
            .map(|(table, span)| study::verdict(table, span, report))
            .unwrap_or_default(),
    }
}
