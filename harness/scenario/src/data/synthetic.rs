//! Built-in pictures, rendered from a seed.

use toml_edit::{Table, value};

use crate::place::{Located, Span};
use crate::reader::{Report, TableReader, optional, required};
use crate::standardisation::Standardisation;
use crate::vocabulary::{self, Label};
use crate::writer::insert_count;

use super::{Data, DataKind, Kind, Known, MAX_PER_CLASS, WrittenData};

/// A built-in picture domain.
#[derive(Clone, Debug, PartialEq)]
pub struct SyntheticData {
    /// How far the look is from photographs: 0 photograph-like … 1 microscopy-like.
    pub look_distance: f64,
    /// The factor that decides the class.
    pub label: Label,
    /// Training images a class in the pool that replicates draw from.
    pub train_per_class: usize,
    /// Test images a class.
    pub test_per_class: usize,
    /// Seed of the pictures; below 2^53.
    pub seed: u64,
}

/// Largest seed of a domain: every reader of JSON keeps it.
const MAX_SEED: u64 = (1 << 53) - 1;

impl SyntheticData {
    pub(super) const KIND: Kind = Kind {
        word: "synthetic",
        keys: &[&[
            required("look_distance", "0.0"),
            required("label", "\"shape\""),
            required("train_per_class", "400"),
            required("test_per_class", "500"),
            optional("seed"),
        ]],
        read,
    };
}

impl SyntheticData {
    /// Mean and standard deviation of each channel (0..=1, sRGB values as they are) over the shape- and texture-labelled domains
    /// at both ends of the look axis: one standardisation for all, since a domain's own would hide its look.
    pub const STANDARDISATION: Standardisation = Standardisation { mean: [0.62, 0.59, 0.61], std: [0.19, 0.18, 0.18] };
}

impl DataKind for SyntheticData {
    fn standardisation(&self) -> Standardisation {
        Self::STANDARDISATION
    }

    fn terms(&self) -> &'static str {
        "none: nt renders them"
    }

    fn known(&self) -> Known {
        Known::balanced(vocabulary::levels(self.label), self.train_per_class, self.test_per_class)
    }

    fn insert_into(&self, table: &mut Table) {
        table.insert("look_distance", value(self.look_distance));
        table.insert("label", value(self.label.word()));
        insert_count(table, "train_per_class", self.train_per_class as u64);
        insert_count(table, "test_per_class", self.test_per_class as u64);
        insert_count(table, "seed", self.seed);
    }
}

#[derive(Debug)]
struct Written {
    look_distance: Located<f64>,
    label: Located<Label>,
    train_per_class: Located<u64>,
    test_per_class: Located<u64>,
    seed: Option<Located<u64>>,
}

fn read(reader: &TableReader<'_, '_>, report: &mut Report) -> Option<Box<dyn WrittenData>> {
    let accepted = "0.0..=1.0, from photograph-like to microscopy-like";
    let look_distance = reader.real("look_distance", accepted, |look| (0.0..=1.0).contains(&look), report);
    let label = reader.choice("label", report);
    let train_per_class = reader.count("train_per_class", 1..=MAX_PER_CLASS, report);
    let test_per_class = reader.count("test_per_class", 1..=MAX_PER_CLASS, report);
    let seed = reader.count("seed", 0..=MAX_SEED, report);
    Some(Box::new(Written {
        look_distance: look_distance?,
        label: label?,
        train_per_class: train_per_class?,
        test_per_class: test_per_class?,
        seed,
    }))
}

impl WrittenData for Written {
    fn place(&self) -> &Span {
        &self.label.span
    }

    fn check_known(&self, _known: &Known, _name: &str, _report: &mut Report) {
        // It names no classes: its label rule decides them.
    }

    fn resolve(&self, name: &str) -> Data {
        Data::Synthetic(SyntheticData {
            look_distance: self.look_distance.value,
            label: self.label.value,
            train_per_class: self.train_per_class.value as usize,
            test_per_class: self.test_per_class.value as usize,
            seed: self.seed.as_ref().map_or_else(|| default_data_seed(name), |seed| seed.value),
        })
    }
}

/// The seed of a synthetic domain that names none: a hash of the domain's name, below 2^53 so that every reader of
/// JSON keeps it.
pub fn default_data_seed(name: &str) -> u64 {
    let mut hasher = blake3::Hasher::new_derive_key("nt 1 seed of a synthetic domain from its name");
    hasher.update(name.as_bytes());
    let mut bytes = [0; 8];
    hasher.finalize_xof().fill(&mut bytes);
    u64::from_le_bytes(bytes) >> 11
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_default_seed_belongs_to_its_name() {
        assert_ne!(default_data_seed("shapes-a"), default_data_seed("shapes-b"));
        assert!(default_data_seed("shapes-a") < 1 << 53);
    }

    #[test]
    fn a_domains_seed_is_the_same_forever() {
        assert_eq!(default_data_seed("shapes-a"), default_data_seed("shapes-a"));
        insta::assert_snapshot!(default_data_seed("shapes-a"));
    }
}
