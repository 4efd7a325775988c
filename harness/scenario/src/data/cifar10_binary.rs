//! CIFAR-10 in its published binary form.

use toml_edit::{Table, value};

use crate::place::{Located, Span};
use crate::reader::{Report, TableReader, required};

use super::{Data, DataKind, Kind, Known, WrittenData};

/// CIFAR-10 in its published binary form.
#[derive(Clone, Debug, PartialEq)]
pub struct Cifar10BinaryData {
    /// The folder with `data_batch_1.bin` …, relative to the scenario's file.
    pub path: String,
}

/// CIFAR-10's classes, in the order of its labels.
pub const CIFAR10_CLASSES: [&str; 10] =
    ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

/// Images a class of the published CIFAR-10.
const TRAIN_PER_CLASS: usize = 5000;
const TEST_PER_CLASS: usize = 1000;

impl Cifar10BinaryData {
    pub(super) const KIND: Kind =
        Kind { word: "cifar10-binary", keys: &[&[required("path", "\"cifar-10-batches-bin\"")]], read };
}

impl DataKind for Cifar10BinaryData {
    fn known(&self) -> Known {
        Known::balanced(&CIFAR10_CLASSES, TRAIN_PER_CLASS, TEST_PER_CLASS)
    }

    fn terms(&self) -> &'static str {
        "none stated by the publisher; cite Krizhevsky 2009"
    }

    fn insert_into(&self, table: &mut Table) {
        table.insert("path", value(&self.path));
    }
}

#[derive(Debug)]
struct Written {
    path: Located<String>,
}

fn read(reader: &TableReader<'_, '_>, report: &mut Report) -> Option<Box<dyn WrittenData>> {
    Some(Box::new(Written { path: reader.value("path", report)? }))
}

impl WrittenData for Written {
    fn place(&self) -> &Span {
        &self.path.span
    }

    fn check_known(&self, _known: &Known, _name: &str, _report: &mut Report) {
        // It names no classes: they are the published ones.
    }

    fn resolve(&self, _name: &str) -> Data {
        Data::Cifar10Binary(Cifar10BinaryData { path: self.path.value.clone() })
    }
}
