//! The scenario as it was read: every leaf has its type, is in range by itself, and knows its place. `check` holds one
//! value against another.

mod study;
mod target;
mod training;

use toml::de::DeTable;

pub(crate) use study::{RawModel, RawStudy, RawTuning, RawVerdict};
pub(crate) use target::{RawSize, RawTarget};
pub(crate) use training::RawTraining;

use crate::data::NamedData;
use crate::diagnostic::{Code, Diagnostic};
use crate::method::WrittenTreatment;
use crate::place::Document;
use crate::reader::{Key, Report, TableReader, optional, required, table, tables};
use crate::source::WrittenSource;

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

fn read_table(text: &DeTable<'_>, report: &mut Report) -> RawScenario {
    // A missing table is reported at the first character of the file.
    let top = TableReader::open(text, 0..1, "the scenario", KEYS, report);
    let model = table(&top, "model", true, report).and_then(|(table, span)| study::model(table, span, report));
    let architecture = model.as_ref().map(|model| model.architecture.value);
    RawScenario {
        study: table(&top, "study", true, report).and_then(|(table, span)| study::study(table, span, report)),
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
