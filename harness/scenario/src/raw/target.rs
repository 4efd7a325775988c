//! `[[target]]` and `[[target.size]]`.

use toml::de::DeTable;

use crate::data::{MAX_PER_CLASS, WrittenClasses};
use crate::diagnostic::Code;
use crate::place::{Located, Span};
use crate::reader::{Key, Report, TableReader, optional, required, tables};
use crate::recipe::Length;
use crate::train_images::{TrainImages, validation_fraction};

/// `[[target]]`.
#[derive(Debug)]
pub(crate) struct RawTarget {
    pub(crate) header: Span,
    pub(crate) name: Option<Located<String>>,
    pub(crate) data: Option<Located<String>>,
    pub(crate) classes: Option<WrittenClasses>,
    pub(crate) test_per_class: Option<Located<u64>>,
    pub(crate) validation_fraction: Option<Located<f64>>,
    /// Whether `validation_fraction` is written, be it right or wrong.
    pub(crate) has_validation_fraction: bool,
    pub(crate) sizes: Vec<RawSize>,
}

/// `[[target.size]]`.
#[derive(Debug)]
pub(crate) struct RawSize {
    pub(crate) header: Span,
    pub(crate) name: Option<Located<String>>,
    pub(crate) train_images: Option<Located<TrainImages>>,
    pub(crate) length: Option<Located<Length>>,
}

const KEYS: &[Key] = &[
    required("name", "\"shapes-b\""),
    required("data", "\"photos\""),
    optional("classes"),
    optional("test_per_class"),
    optional("validation_fraction"),
    optional("size"),
];

const SIZE_KEYS: &[Key] = &[
    required("name", "\"small\""),
    optional("train_per_class"),
    optional("train_images"),
    optional("steps"),
    optional("epochs"),
    optional("examples"),
];

pub(super) fn read(table: &DeTable<'_>, header: Span, report: &mut Report) -> RawTarget {
    let reader = TableReader::open(table, header.clone(), "[[target]]", KEYS, report);
    RawTarget {
        name: reader.value("name", report),
        data: reader.value("data", report),
        classes: WrittenClasses::read(&reader, report),
        test_per_class: reader.count("test_per_class", 1..=MAX_PER_CLASS, report),
        validation_fraction: validation_fraction(&reader, report),
        has_validation_fraction: reader.has("validation_fraction"),
        sizes: sizes(&reader, report),
        header,
    }
}

fn sizes(target: &TableReader<'_, '_>, report: &mut Report) -> Vec<RawSize> {
    if !target.has("size") {
        // Named in full: `[[size]]` would be another table.
        let (message, label) = ("[[target]] has no size", "add a table `[[target.size]]` below it");
        report.fault(Code::MissingKey, &target.header, message, label, None);
    }
    tables(target, "size", false, report, |table, header, report| {
        let reader = TableReader::open(table, header.clone(), "[[target.size]]", SIZE_KEYS, report);
        RawSize {
            name: reader.value("name", report),
            train_images: TrainImages::read(&reader, 20, report),
            length: Length::read(&reader, true, report),
            header,
        }
    })
}
