//! A folder of pictures, one folder a class.

use toml_edit::{Table, value};

use crate::labels::LabelKind;
use crate::place::{Located, Span};
use crate::reader::{Report, TableReader, optional, required};
use crate::writer::{insert_classes, insert_count, insert_some};

use super::{ClusterPattern, Data, DataKind, Kind, Known, Resizing, WrittenClasses, WrittenData, WrittenResizing};

/// A folder of pictures: `train/<class>/…` and `test/<class>/…`, or `<class>/…` with `test_fraction`.
#[derive(Clone, Debug, PartialEq)]
pub struct ImageFolderData {
    /// The folder, relative to the scenario's file.
    pub path: String,
    /// Share of each class set aside for testing, where the folder has no `train/` and `test/`.
    pub test_fraction: Option<f64>,
    /// The classes to read, in this order; every folder, sorted by name, if `None`.
    pub classes: Option<Vec<String>>,
    /// Most pixels of a picture, in millions; what the decoder allows if `None`.
    pub max_megapixels: Option<u32>,
    /// How its pictures become squares.
    pub resizing: Resizing,
    /// Which images belong together, by their paths below `train/` or `test/` (or below the folder, with `test_fraction`).
    pub cluster: Option<ClusterPattern>,
}

impl ImageFolderData {
    pub(super) const KIND: Kind = Kind {
        word: "image-folder",
        keys: &[
            &[
                required("path", "\"pictures\""),
                optional("test_fraction"),
                optional("classes"),
                optional("max_megapixels"),
                optional("cluster"),
            ],
            Resizing::KEYS,
        ],
        read,
    };
}

impl DataKind for ImageFolderData {
    fn known(&self) -> Known {
        Known { classes: self.classes.clone(), labels: Some(LabelKind::OneClass), ..Known::default() }
    }

    fn cluster(&self) -> Option<&ClusterPattern> {
        self.cluster.as_ref()
    }

    fn insert_into(&self, table: &mut Table) {
        table.insert("path", value(&self.path));
        insert_some(table, "test_fraction", self.test_fraction);
        insert_classes(table, self.classes.as_ref());
        if let Some(most) = self.max_megapixels {
            insert_count(table, "max_megapixels", most.into());
        }
        self.resizing.insert_into(table);
        insert_some(table, "cluster", self.cluster.as_ref().map(ClusterPattern::text));
    }
}

#[derive(Debug)]
struct Written {
    path: Located<String>,
    test_fraction: Option<Located<f64>>,
    classes: Option<WrittenClasses>,
    max_megapixels: Option<Located<u64>>,
    resizing: WrittenResizing,
    cluster: Option<ClusterPattern>,
}

/// The most that `max_megapixels` may be: no picture has longer sides than 65,535 pixels.
const MOST_MEGAPIXELS: u64 = 4_295;

fn read(reader: &TableReader<'_, '_>, report: &mut Report) -> Option<Box<dyn WrittenData>> {
    let path = reader.value("path", report);
    let test_fraction = reader.real("test_fraction", "above 0, below 1", |f| f > 0.0 && f < 1.0, report);
    let classes = WrittenClasses::read(reader, report);
    let max_megapixels = reader.count("max_megapixels", 1..=MOST_MEGAPIXELS, report);
    let resizing = Resizing::read(reader, report);
    let cluster = ClusterPattern::read(reader, report);
    Some(Box::new(Written { path: path?, test_fraction, classes, max_megapixels, resizing, cluster }))
}

impl WrittenData for Written {
    fn place(&self) -> &Span {
        &self.path.span
    }

    fn check_known(&self, known: &Known, name: &str, report: &mut Report) {
        known.check_classes(self.classes.as_ref(), name, report);
    }

    fn resizing(&self) -> Option<&WrittenResizing> {
        Some(&self.resizing)
    }

    fn resolve(&self, _name: &str) -> Data {
        Data::ImageFolder(ImageFolderData {
            path: self.path.value.clone(),
            test_fraction: self.test_fraction.as_ref().map(|fraction| fraction.value),
            classes: self.classes.as_ref().map(WrittenClasses::names),
            max_megapixels: self.max_megapixels.as_ref().map(|most| most.value as u32),
            resizing: self.resizing.resizing,
            cluster: self.cluster.clone(),
        })
    }
}
