//! `[[source]]`.

use std::collections::BTreeSet;

use toml::de::DeTable;

use crate::diagnostic::Code;
use crate::origin::{Located, Span};
use crate::reader::{Key, Report, TableReader, optional, required};
use crate::recipe::Length;
use crate::scenario::SourceKind;

use super::data::MAX_PER_CLASS;
use super::settings::{self, RawSettings};

/// `[[source]]`.
#[derive(Debug)]
pub(crate) struct RawSource {
    pub(crate) header: Span,
    pub(crate) name: Option<Located<String>>,
    /// The kind's word; none where it is none that exists, which was reported.
    pub(crate) kind: Option<String>,
    pub(crate) of: Option<Located<String>>,
    pub(crate) data: Option<Located<String>>,
    pub(crate) classes: Option<Located<Vec<Located<String>>>>,
    pub(crate) similarity: Option<Located<String>>,
    pub(crate) train_per_class: Option<Located<u64>>,
    pub(crate) length: Option<Located<Length>>,
    pub(crate) learning_rate: Option<Located<f64>>,
    pub(crate) settings: RawSettings,
    /// Whether `learning_rate` is written, be it right or wrong.
    pub(crate) has_learning_rate: bool,
}

const KEYS: &[Key] = &[
    required("name", "\"near\""),
    optional("kind"),
    optional("of"),
    optional("data"),
    optional("classes"),
    optional("similarity"),
    optional("train_per_class"),
    optional("steps"),
    optional("epochs"),
    optional("examples"),
    optional("learning_rate"),
    optional("batch"),
    optional("momentum"),
    optional("weight_decay"),
    optional("schedule"),
    optional("augmentation"),
];

const TRAINING_KEYS: [&str; 9] =
    ["steps", "epochs", "examples", "learning_rate", "batch", "momentum", "weight_decay", "schedule", "augmentation"];

pub(super) fn read(table: &DeTable<'_>, header: Span, report: &mut Report) -> RawSource {
    let reader = TableReader::open(table, header.clone(), "[[source]]", KEYS, report);
    // A kind that does not exist was reported, and what depends on it is left alone.
    let kind = match reader.has("kind") {
        true => reader.word("kind", SourceKind::WORDS, report).map(|word| word.value),
        false => Some("trained".to_owned()),
    };
    if let Some(kind) = &kind {
        keys_of_kind(&reader, kind, report);
    }
    let trained = matches!(kind.as_deref(), Some("trained" | "shuffled-labels"));
    RawSource {
        name: reader.value("name", report),
        kind,
        of: reader.value("of", report),
        data: reader.value("data", report),
        classes: classes(&reader, report),
        similarity: reader.value("similarity", report),
        train_per_class: reader.count("train_per_class", 1..=MAX_PER_CLASS, report),
        length: reader.length(trained, report),
        learning_rate: settings::learning_rate(&reader, report),
        settings: settings::settings(&reader, report),
        has_learning_rate: reader.has("learning_rate"),
        header,
    }
}

/// Reports the keys that a kind of source lacks, and those it does not have.
fn keys_of_kind(reader: &TableReader<'_, '_>, kind: &str, report: &mut Report) {
    let needed: &[(&str, &str)] = match kind {
        "trained" | "shuffled-labels" => {
            &[("data", "\"photos\""), ("similarity", "\"similar\""), ("train_per_class", "300")]
        }
        "mean-and-variance" => &[("of", "\"near\""), ("similarity", "\"similar\"")],
        _ => &[],
    };
    for (key, example) in needed.iter().filter(|(key, _)| !reader.has(key)) {
        reader.missing(key, example, report);
    }
    let mut accepted = vec!["name", "kind", "similarity"];
    match kind {
        "trained" | "shuffled-labels" => {
            accepted.extend(["data", "classes", "train_per_class"]);
            accepted.extend(TRAINING_KEYS);
        }
        "selffer" => accepted.extend(TRAINING_KEYS),
        "mean-and-variance" => accepted.push("of"),
        _ => {}
    }
    reader.only_keys_of_kind(kind, &accepted, KEYS, report);
}

/// The key `classes`: at least two, each once.
pub(super) fn classes(reader: &TableReader<'_, '_>, report: &mut Report) -> Option<Located<Vec<Located<String>>>> {
    let classes = reader.list::<String>("classes", report)?;
    if classes.value.len() < 2 {
        let message = format!(
            "{} class{} cannot be told apart",
            classes.value.len(),
            if classes.value.len() == 1 { "" } else { "es" }
        );
        report.fault(Code::ClassList, &classes.span, message, "name at least two", None);
        return None;
    }
    let mut seen = BTreeSet::new();
    let mut distinct = true;
    for class in &classes.value {
        if !seen.insert(class.value.as_str()) {
            let message = format!("class {:?} is named twice", class.value);
            report.fault(Code::ClassList, &class.span, message, "name each class once", None);
            distinct = false;
        }
    }
    distinct.then_some(classes)
}
