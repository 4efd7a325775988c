//! A source whose weights are read from a file: a network that was trained elsewhere, on images that are not here.
//!
//! One file is one network, which all replicates share. What is found holds for that network, not for the procedure that made it.

use toml_edit::{Array, Table, value};

use crate::data::{KnownByName, WrittenClasses};
use crate::diagnostic::Code;
use crate::identity::Meaning;
use crate::place::Located;
use crate::reader::{Report, TableReader, optional, required};
use crate::standardisation::Standardisation;
use crate::writer::insert_classes;

use super::{
    ClassesOf, Defaults, Kind, Learning, NetworkKind, Similarity, SourceKind, SourceNetwork, Standing, Surroundings,
    WrittenNetwork, WrittenSource,
};

/// A network that is read from a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Weights {
    /// The file, relative to the scenario's file; or `hf://OWNER/NAME/FILE`, in the cache of the Hugging Face Hub.
    pub path: String,
    /// What it does to pixels first; what the file says if `None`.
    pub standardisation: Option<Standardisation>,
    /// The classes of its last layer, in its order; unknown if `None`, and then that layer is never copied.
    pub classes: Option<Vec<String>>,
}

/// What is known of a file of weights after a look at it.
#[derive(Clone, Debug, PartialEq)]
pub struct WeightsFacts {
    /// Hash of its parameters' values: the same for the same network, whatever its format.
    pub digest: [u8; 32],
    /// What the network does to pixels first.
    pub standardisation: Standardisation,
    /// Classes that its last layer tells apart; `None` where it has no such layer.
    pub num_classes: Option<usize>,
    /// Their names, where they are known.
    pub classes: Option<Vec<String>>,
}

impl Weights {
    pub(super) const KIND: Kind = Kind {
        word: "weights",
        keys: &[&[
            required("similarity", "\"similar\""),
            required("path", "\"alexnet.pth\""),
            optional("mean"),
            optional("std"),
            optional("classes"),
        ]],
        similarity: Similarity::Told,
        read,
    };
}

impl NetworkKind for Weights {
    fn kind(&self) -> SourceKind {
        SourceKind::Weights
    }

    fn learning(&self) -> Learning<'_> {
        Learning::Elsewhere(self)
    }

    fn standing(&self) -> Standing {
        Standing::Knowledge
    }

    fn meaning(&self, source: &str) -> Meaning {
        Meaning::of("source weights").text("source", source)
    }

    fn insert_into(&self, table: &mut Table) {
        table.insert("path", value(&self.path));
        if let Some(Standardisation { mean, std }) = self.standardisation {
            // By way of their shortest decimals, so that 0.485 is not written as 0.48500001430511475.
            let reals = |values: [f32; 3]| {
                values.iter().filter_map(|value| value.to_string().parse::<f64>().ok()).collect::<Array>()
            };
            table.insert("mean", value(reals(mean)));
            table.insert("std", value(reals(std)));
        }
        insert_classes(table, self.classes.as_ref());
    }
}

#[derive(Debug)]
struct Written {
    path: Option<Located<String>>,
    /// `None` where the file is to say it.
    standardisation: Option<Standardisation>,
    classes: Option<WrittenClasses>,
}

fn read(reader: &TableReader<'_, '_>, report: &mut Report) -> Box<dyn WrittenNetwork> {
    let path = reader.value::<String>("path", report);
    if let Some(path) = path.as_ref().filter(|path| path.value.is_empty()) {
        let label = "a file of torch.save or safetensors, such as \"alexnet.pth\"";
        report.fault(Code::BadName, &path.span, "`path` names no file", label, None);
    }
    Box::new(Written {
        path,
        standardisation: standardisation(reader, report),
        classes: WrittenClasses::read(reader, report),
    })
}

/// The keys `mean` and `std`, which stand together.
fn standardisation(reader: &TableReader<'_, '_>, report: &mut Report) -> Option<Standardisation> {
    let mean = channels(reader, "mean", "from 0 to 1", |mean| (0.0..=1.0).contains(&mean), report);
    let std = channels(reader, "std", "from 0.001 to 10", |std| (0.001..=10.0).contains(&std), report);
    for (key, other) in [("mean", "std"), ("std", "mean")] {
        if let (Some(span), false) = (reader.key_span(key), reader.has(other)) {
            let label = format!("add `{other} = [red, green, blue]`, or leave both to the file");
            report.fault(Code::MissingKey, &span, format!("`{key}` without `{other}`"), label, None);
        }
    }
    Some(Standardisation { mean: mean?, std: std? })
}

/// One number for each of red, green and blue.
fn channels(
    reader: &TableReader<'_, '_>,
    key: &str,
    accepted: &str,
    holds: impl Fn(f64) -> bool,
    report: &mut Report,
) -> Option<[f32; 3]> {
    let list = reader.reals(key, accepted, holds, report)?;
    match list.value.as_slice() {
        [red, green, blue] => Some([red, green, blue].map(|channel| channel.value as f32)),
        others => {
            let message = format!("`{key}` has {} numbers", others.len());
            report.fault(
                Code::OutOfRange,
                &list.span,
                message,
                "one for each of red, green and blue, in this order",
                None,
            );
            None
        }
    }
}

impl WrittenNetwork for Written {
    fn classes(&self) -> ClassesOf<'_> {
        ClassesOf::Elsewhere { classes: self.classes.as_ref() }
    }

    fn check(&self, _source: &WrittenSource, _surroundings: &Surroundings<'_>, _report: &mut Report) {
        // It refers to nothing of the scenario.
    }

    fn check_known(&self, _known: &KnownByName<'_>, _report: &mut Report) {
        // It sees none of the scenario's images.
    }

    fn file(&self) -> Option<&Located<String>> {
        self.path.as_ref()
    }

    fn resolve(&self, _defaults: &Defaults<'_>) -> Option<SourceNetwork> {
        Some(SourceNetwork::Weights(Weights {
            path: self.path.as_ref()?.value.clone(),
            standardisation: self.standardisation,
            classes: self.classes.as_ref().map(WrittenClasses::names),
        }))
    }
}
