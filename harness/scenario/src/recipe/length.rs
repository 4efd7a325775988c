//! How long a training is.

use serde::{Deserialize, Serialize};
use toml_edit::Table;

use crate::diagnostic::Code;
use crate::place::Located;
use crate::reader::{Key, MAX_COUNT, Report, TableReader, optional};
use crate::recipe::Recipe;
use crate::writer::insert_count;

/// Length of a training, in the author's unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Length {
    /// Updates of the weights.
    Steps(u64),
    /// Passes over the training images; the last batch of a pass may be smaller, as in PyTorch's `DataLoader`.
    Epochs(u64),
    /// Training images shown, rounded up to whole batches.
    Examples(u64),
}

impl Length {
    /// Updates that this length takes on `train_images` images (validation images left out) with this batch size.
    ///
    /// # Units
    /// Steps; a batch of 0 counts as 1.
    pub fn steps(self, train_images: u64, batch: u64) -> u64 {
        let batch = batch.max(1);
        match self {
            Self::Steps(steps) => steps,
            Self::Epochs(epochs) => epochs.saturating_mul(train_images.div_ceil(batch)),
            Self::Examples(examples) => examples.div_ceil(batch),
        }
    }

    /// The scenario's key and its value.
    pub fn key_and_count(self) -> (&'static str, u64) {
        match self {
            Self::Steps(count) => ("steps", count),
            Self::Epochs(count) => ("epochs", count),
            Self::Examples(count) => ("examples", count),
        }
    }

    /// The keys that a length may be given by: exactly one of them.
    pub(crate) const KEYS: &'static [Key] = &[optional("steps"), optional("epochs"), optional("examples")];

    /// Reads the one key that gives the length. A missing length is a fault only where it is `needed`.
    pub(crate) fn read(reader: &TableReader<'_, '_>, needed: bool, report: &mut Report) -> Option<Located<Self>> {
        let units: [(&str, Unit); 3] = [("steps", Self::Steps), ("epochs", Self::Epochs), ("examples", Self::Examples)];
        let given: Vec<_> = units.into_iter().filter(|(key, _)| reader.has(key)).collect();
        match given[..] {
            // Epochs and examples become steps by the data and the batch, which the plan checks.
            [("steps", unit)] => reader.count("steps", 1..=Recipe::MOST_STEPS, report).map(|count| count.map(unit)),
            [(key, unit)] => reader.count(key, 1..=MAX_COUNT, report).map(|count| count.map(unit)),
            [] if needed => {
                let (message, label) =
                    (format!("{} has no length", reader.what), "add exactly one of `steps`, `epochs`, `examples`");
                report.fault(Code::Length, &reader.header, message, label, None);
                None
            }
            [] => None,
            [_, (second, _), ..] => {
                let span = reader.key_span(second).unwrap_or(reader.header.clone());
                let message = format!("{} has more than one length", reader.what);
                report.fault(Code::Length, &span, message, "keep exactly one of `steps`, `epochs`, `examples`", None);
                None
            }
        }
    }

    /// Writes the key and its value.
    pub(crate) fn insert_into(self, table: &mut Table) {
        let (key, count) = self.key_and_count();
        insert_count(table, key, count);
    }
}

/// What makes a length of a count.
type Unit = fn(u64) -> Length;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_counted_in_steps() {
        assert_eq!(Length::Steps(150).steps(80, 32), 150);
        assert_eq!(Length::Epochs(40).steps(100, 64), 80);
        assert_eq!(Length::Epochs(2).steps(128, 64), 4);
        assert_eq!(Length::Examples(1000).steps(7, 64), 16);
    }
}
