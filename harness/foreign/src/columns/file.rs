//! A TOML file that names columns.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Columns;
use crate::fault::{Fault, TableFault, TableFaults};

const KEYS: [&str; 17] = [
    "arm",
    "cell",
    "replicate",
    "unit",
    "metric",
    "value",
    "example",
    "correct",
    "reference",
    "untrained",
    "twin",
    "cluster",
    "keep",
    "drop",
    "decimal",
    "wide",
    "test_per_train",
];

impl Columns {
    /// Reads columns from TOML: the keys are this type's fields, each a string, and `arm`, `cell`, `keep` and `drop` may be
    /// lists of strings.
    ///
    /// # Errors
    /// [`TableFaults`]: every fault with its line and column.
    pub fn parse(text: &str, file: &str) -> Result<Self, TableFaults> {
        let mut faults = Vec::new();
        let (table, errors) = DeTable::parse_recoverable(text);
        for error in &errors {
            let span = error.span().unwrap_or(text.len()..text.len());
            faults.push(at(text, span, Fault::Syntax { format: "TOML", message: error.message().to_owned() }));
        }
        let mut columns = Self::default();
        // After a syntax error the parsed values are guesses, and faults found in them would be noise.
        if faults.is_empty() {
            for (key, value) in table.get_ref() {
                if let Err((span, fault)) = columns.set(key, value) {
                    faults.push(at(text, span, fault));
                }
            }
        }
        if faults.is_empty() { Ok(columns) } else { Err(TableFaults::new(file, faults)) }
    }

    fn set(
        &mut self,
        key: &Spanned<std::borrow::Cow<'_, str>>,
        value: &Spanned<DeValue<'_>>,
    ) -> Result<(), (Range<usize>, Fault)> {
        let name = key.get_ref().as_ref();
        let wrong = |expected| (value.span(), Fault::WrongType { key: name.to_owned(), expected });
        let one = || text(value).map(Some).ok_or_else(|| wrong("a string"));
        let several = || list(value).ok_or_else(|| wrong("a string, or a list of strings, at least one"));
        match name {
            "arm" => self.arm = several()?,
            "cell" => self.cell = several()?,
            "keep" => self.keep = several()?,
            "drop" => self.drop = several()?,
            "wide" => self.wide = several()?,
            "test_per_train" => {
                let ratio = number(value).filter(|ratio| is_a_ratio(*ratio));
                self.test_per_train = Some(ratio.ok_or_else(|| wrong("a number of 0 or more, such as 0.25"))?);
            }
            "decimal" => {
                self.decimal_comma = match text(value).as_deref() {
                    Some("comma") => Some(true),
                    Some("point") => Some(false),
                    _ => return Err(wrong("\"comma\" or \"point\"")),
                }
            }
            "replicate" => self.replicate = one()?,
            "unit" => self.unit = one()?,
            "metric" => self.metric = one()?,
            "value" => self.value = one()?,
            "example" => self.example = one()?,
            "correct" => self.correct = one()?,
            "reference" => self.reference = one()?,
            "untrained" => self.untrained = one()?,
            "twin" => self.twin = one()?,
            "cluster" => self.cluster = one()?,
            other => return Err((key.span(), Fault::UnknownKey { key: other.to_owned(), known: KEYS.join(", ") })),
        }
        Ok(())
    }
}

fn text(value: &Spanned<DeValue<'_>>) -> Option<String> {
    value.get_ref().as_str().map(str::to_owned)
}

fn number(value: &Spanned<DeValue<'_>>) -> Option<f64> {
    let (float, integer) = (value.get_ref().as_float(), value.get_ref().as_integer());
    float.map(toml::de::DeFloat::as_str).or(integer.map(toml::de::DeInteger::as_str))?.parse().ok()
}

/// Whether a number may be a ratio of test to training examples.
fn is_a_ratio(ratio: f64) -> bool {
    ratio.is_finite() && ratio >= 0.0
}

fn list(value: &Spanned<DeValue<'_>>) -> Option<Vec<String>> {
    match value.get_ref().as_array() {
        Some(items) if !items.is_empty() => items.iter().map(text).collect(),
        _ => text(value).map(|one| vec![one]),
    }
}

/// A fault at the first byte of a span.
fn at(text: &str, span: Range<usize>, fault: Fault) -> TableFault {
    let before = text.get(..span.start).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    TableFault {
        line: Some(1 + before.matches('\n').count()),
        column: Some(1 + before[line_start..].chars().count()),
        fault,
    }
}
