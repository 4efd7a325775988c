//! `[data.NAME]`.

use toml::de::DeTable;

use crate::data::Data;
use crate::origin::{Located, Span};
use crate::reader::{Key, Report, TableReader, optional, required, wrong_type};
use crate::vocabulary::Label;

use super::{arrays, source};

/// `[data.NAME]`.
#[derive(Debug)]
pub(crate) struct RawData {
    pub(crate) name: Located<String>,
    /// None where the kind is none that exists, which was reported.
    pub(crate) body: Option<RawDataBody>,
}

/// What a dataset of a kind has.
#[derive(Debug)]
pub(crate) enum RawDataBody {
    /// `kind = "synthetic"`.
    Synthetic {
        look_distance: Located<f64>,
        label: Located<Label>,
        train_per_class: Located<u64>,
        test_per_class: Located<u64>,
        seed: Option<Located<u64>>,
    },
    /// `kind = "image-folder"`.
    ImageFolder {
        path: Located<String>,
        test_fraction: Option<Located<f64>>,
        classes: Option<Located<Vec<Located<String>>>>,
    },
    /// `kind = "cifar10-binary"`.
    Cifar10Binary { path: Located<String> },
}

const KEYS: &[Key] = &[
    required("kind", "\"synthetic\""),
    optional("look_distance"),
    optional("label"),
    optional("train_per_class"),
    optional("test_per_class"),
    optional("seed"),
    optional("path"),
    optional("test_fraction"),
    optional("classes"),
];

/// Most images a class.
pub(super) const MAX_PER_CLASS: u64 = 100_000_000;

/// Largest seed of a domain: every reader of JSON keeps it.
const MAX_DATA_SEED: u64 = (1 << 53) - 1;

pub(super) fn read(top: &TableReader<'_, '_>, report: &mut Report) -> Vec<RawData> {
    let Some((table, _)) = arrays::table(top, "data", true, report) else {
        return Vec::new();
    };
    let mut all = Vec::new();
    // TOML tables are sorted by name here, which is also the order of a scenario's map.
    for (name, value) in table {
        let name = Located { value: name.get_ref().to_string(), span: name.span() };
        match value.get_ref().as_table() {
            Some(table) => all.push(RawData { body: body(table, &name, report), name }),
            None => wrong_type(value, &format!("data.{}", name.value), "a table such as `[data.photos]`", report),
        }
    }
    all
}

fn body(table: &DeTable<'_>, name: &Located<String>, report: &mut Report) -> Option<RawDataBody> {
    let what = format!("[data.{}]", name.value);
    let reader = TableReader::open(table, name.span.clone(), &what, KEYS, report);
    let kind = reader.word("kind", Data::KINDS, report)?.value;
    let accepted: &[&str] = match kind.as_str() {
        "synthetic" => &["kind", "look_distance", "label", "train_per_class", "test_per_class", "seed"],
        "image-folder" => &["kind", "path", "test_fraction", "classes"],
        _ => &["kind", "path"],
    };
    reader.only_keys_of_kind(&kind, accepted, KEYS, report);
    match kind.as_str() {
        "synthetic" => synthetic(&reader, report),
        "image-folder" => image_folder(&reader, report),
        _ => Some(RawDataBody::Cifar10Binary { path: path(&reader, "\"cifar-10-batches-bin\"", report)? }),
    }
}

fn synthetic(reader: &TableReader<'_, '_>, report: &mut Report) -> Option<RawDataBody> {
    let examples =
        [("look_distance", "0.0"), ("label", "\"shape\""), ("train_per_class", "400"), ("test_per_class", "500")];
    for (key, example) in examples.iter().filter(|(key, _)| !reader.has(key)) {
        reader.missing(key, example, report);
    }
    let accepted = "0.0..=1.0, from photograph-like to microscopy-like";
    let look_distance = reader.real("look_distance", accepted, |look| (0.0..=1.0).contains(&look), report);
    let label = reader.choice("label", report);
    let train_per_class = reader.count("train_per_class", 1..=MAX_PER_CLASS, report);
    let test_per_class = reader.count("test_per_class", 1..=MAX_PER_CLASS, report);
    let seed = reader.count("seed", 0..=MAX_DATA_SEED, report);
    Some(RawDataBody::Synthetic {
        look_distance: look_distance?,
        label: label?,
        train_per_class: train_per_class?,
        test_per_class: test_per_class?,
        seed,
    })
}

fn image_folder(reader: &TableReader<'_, '_>, report: &mut Report) -> Option<RawDataBody> {
    let path = path(reader, "\"pictures\"", report);
    let test_fraction = reader.real("test_fraction", "above 0, below 1", |f| f > 0.0 && f < 1.0, report);
    let classes = source::classes(reader, report);
    Some(RawDataBody::ImageFolder { path: path?, test_fraction, classes })
}

fn path(reader: &TableReader<'_, '_>, example: &str, report: &mut Report) -> Option<Located<String>> {
    if !reader.has("path") {
        reader.missing("path", example, report);
    }
    reader.value("path", report)
}

impl RawDataBody {
    /// Where a fault of the data itself is shown.
    pub(crate) fn place(&self) -> &Span {
        match self {
            Self::Synthetic { label, .. } => &label.span,
            Self::ImageFolder { path, .. } | Self::Cifar10Binary { path } => &path.span,
        }
    }
}
