//! `[training]`.

use toml::de::DeTable;

use crate::place::{Located, Span};
use crate::reader::{Key, Report, TableReader, optional, required};
use crate::recipe::{WrittenSettings, learning_rate};

/// `[training]`.
#[derive(Debug)]
pub(crate) struct RawTraining {
    pub(crate) header: Span,
    pub(crate) settings: WrittenSettings,
    pub(crate) learning_rate: Option<Located<f64>>,
    /// Whether `learning_rate` is written, be it right or wrong.
    pub(crate) has_learning_rate: bool,
    /// Lengths of scratch as multiples of every other arm's.
    pub(crate) ladder: Option<Located<Vec<Located<f64>>>>,
}

const KEYS: &[Key] = &[
    required("batch", "32"),
    required("momentum", "0.9"),
    required("weight_decay", "0.0005"),
    required("schedule", "\"cosine\""),
    optional("augmentation"),
    optional("learning_rate"),
    optional("ladder"),
];

pub(super) fn read(table: &DeTable<'_>, header: Span, report: &mut Report) -> RawTraining {
    let reader = TableReader::open(table, header.clone(), "[training]", KEYS, report);
    let rungs = "at least 1, at most 64: scratch is never trained for less than the arms that it is compared with";
    RawTraining {
        header,
        settings: WrittenSettings::read(&reader, report),
        learning_rate: learning_rate(&reader, report),
        has_learning_rate: reader.has("learning_rate"),
        ladder: reader.reals("ladder", rungs, |rung| (1.0..=64.0).contains(&rung), report),
    }
}
