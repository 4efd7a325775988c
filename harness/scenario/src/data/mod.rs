//! Where images come from: one file a kind of dataset, and what is known of one after a look at its files.

mod cifar10_binary;
mod classes;
mod cluster;
mod facts;
mod image_folder;
mod known;
mod resizing;
mod synthetic;

use std::fmt::Debug;

use toml_edit::{Table, value};

use crate::kind::kinds;
use crate::place::{Located, Span};
use crate::reader::{Key, KindOfTable, Report, TableReader, required, table, wrong_type};
use crate::standardisation::Standardisation;

pub use cifar10_binary::{CIFAR10_CLASSES, Cifar10BinaryData};
pub(crate) use classes::WrittenClasses;
pub use cluster::ClusterPattern;
pub use facts::DataFacts;
pub use image_folder::ImageFolderData;
pub use known::Known;
pub(crate) use known::KnownByName;
pub(crate) use resizing::WrittenResizing;
pub use resizing::{PictureFit, Resampler, Resizing};
pub use synthetic::{SyntheticData, default_data_seed};

kinds! {
    /// A named dataset of a scenario.
    #[derive(Clone, Debug, PartialEq)]
    pub enum Data: DataKind {
        /// Built-in pictures, rendered from a seed.
        Synthetic(SyntheticData),
        /// A folder of pictures, one folder a class.
        ImageFolder(ImageFolderData),
        /// CIFAR-10 in its published binary form.
        Cifar10Binary(Cifar10BinaryData),
    }
}

/// What every kind of dataset answers.
trait DataKind {
    /// What is known of it before any file is looked at.
    fn known(&self) -> Known;

    /// Which of its images belong together.
    fn cluster(&self) -> Option<&ClusterPattern> {
        None
    }

    /// What a network that learns from its images does to their pixels first.
    fn standardisation(&self) -> Standardisation {
        Standardisation::IMAGENET
    }

    /// The terms of its images, as far as they are known.
    fn terms(&self) -> &'static str {
        "not known to nt: ask who published the images"
    }

    /// Writes its keys.
    fn insert_into(&self, table: &mut Table);
}

/// A dataset as it is written, aware of its places.
pub(crate) trait WrittenData: Debug + Send + Sync {
    /// Where a fault of the data itself is shown.
    fn place(&self) -> &Span;

    /// Reports what the dataset `name` names and does not have.
    fn check_known(&self, known: &Known, name: &str, report: &mut Report);

    /// How its pictures become squares of the input; `None` where they are made for it.
    fn resizing(&self) -> Option<&WrittenResizing> {
        None
    }

    /// The dataset `name` with every default.
    fn resolve(&self, name: &str) -> Data;
}

/// How a kind is written.
struct Kind {
    word: &'static str,
    keys: &'static [&'static [Key]],
    read: fn(&TableReader<'_, '_>, &mut Report) -> Option<Box<dyn WrittenData>>,
}

impl KindOfTable for Kind {
    fn word(&self) -> &'static str {
        self.word
    }

    fn keys(&self) -> &'static [&'static [Key]] {
        self.keys
    }
}

/// Most images a class.
pub(crate) const MAX_PER_CLASS: u64 = 100_000_000;

impl Data {
    /// The scenario's words for the kinds.
    pub fn words() -> Vec<&'static str> {
        Self::KINDS.iter().map(|kind| kind.word).collect()
    }

    /// The scenario's word for this kind.
    pub fn word(&self) -> &'static str {
        self.kind().word
    }

    /// What is known of it before any file is looked at.
    pub fn known(&self) -> Known {
        self.form().known()
    }

    /// What a network that learns from its images does to their pixels first.
    pub fn standardisation(&self) -> Standardisation {
        self.form().standardisation()
    }

    /// The terms of its images, as far as they are known.
    pub fn terms(&self) -> &'static str {
        self.form().terms()
    }

    /// Which of its images belong together; `None` where every image was drawn for itself.
    pub fn cluster(&self) -> Option<&ClusterPattern> {
        self.form().cluster()
    }

    /// The table `[data.NAME]` with every default.
    pub(crate) fn to_table(&self) -> Table {
        let mut table = Table::new();
        table.insert("kind", value(self.word()));
        self.form().insert_into(&mut table);
        table
    }
}

/// `[data.NAME]`.
#[derive(Debug)]
pub(crate) struct NamedData {
    pub(crate) name: Located<String>,
    /// `None` where the kind does not exist or the table lacks something, which was reported.
    pub(crate) body: Option<Box<dyn WrittenData>>,
}

impl NamedData {
    /// Reads every `[data.NAME]`.
    pub(crate) fn read_all(top: &TableReader<'_, '_>, report: &mut Report) -> Vec<Self> {
        let Some((named, _)) = table(top, "data", true, report) else {
            return Vec::new();
        };
        let mut all = Vec::new();
        // TOML tables are sorted by name here, which is also the order of a scenario's map.
        for (name, value) in named {
            let name = Located { value: name.get_ref().to_string(), span: name.span() };
            let Some(table) = value.get_ref().as_table() else {
                wrong_type(value, &format!("data.{}", name.value), "a table such as `[data.photos]`", report);
                continue;
            };
            let what = format!("[data.{}]", name.value);
            let common = [required("kind", "\"synthetic\"")];
            let place = (name.span.clone(), what.as_str());
            let (reader, kind) = TableReader::open_kind(table, place, &common, Data::KINDS, None, report);
            all.push(Self { body: kind.and_then(|kind| (kind.read)(&reader, report)), name });
        }
        all
    }

    /// Where a fault of the data itself is shown.
    pub(crate) fn place(&self) -> &Span {
        self.body.as_ref().map_or(&self.name.span, |body| body.place())
    }
}
