//! Floating-point numbers that survive JSON, including the non-finite ones.
//!
//! JSON has no NaN and no infinity. serde_json writes `null` for them, and cannot read that back. But a diverged run's
//! loss *is* infinite, and its record must say so. So such values are written as the strings `"NaN"`, `"inf"` and
//! `"-inf"`. For use as `#[serde(with = "number")]`.

use std::fmt;

pub use nt_scenario::thousands;
use serde::de::{Error, Visitor};
use serde::{Deserializer, Serializer};

/// Writes a number, or the name of a non-finite one.
///
/// # Errors
/// Those of the serializer.
pub fn serialize<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    if value.is_finite() { serializer.serialize_f64(*value) } else { serializer.serialize_str(name(*value)) }
}

/// Reads what [`serialize`] wrote.
///
/// # Errors
/// If the value is neither a number nor one of the three names.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    deserializer.deserialize_any(NumberVisitor)
}

/// The number as text, shortest form that reads back to the same bits; `NaN`, `inf`, `-inf` otherwise.
pub fn text(value: f64) -> String {
    if value.is_finite() { format!("{value}") } else { name(value).to_owned() }
}

/// The number as text, with a point or an exponent if it is finite. So readers of a table take its column for floats,
/// even if all of its numbers are whole.
pub fn float(value: f64) -> String {
    if value.is_finite() { format!("{value:?}") } else { name(value).to_owned() }
}

/// A gap as people read it: sign, one decimal, a true minus. What is below zero keeps its sign, however little it is below: an
/// interval that ends there excludes zero.
pub fn signed(value: f64) -> String {
    let sign = if value < 0.0 { "−" } else { "+" };
    format!("{sign}{:.1}", ((value * 10.0).round() / 10.0).abs())
}

/// The bits that represent a value in a digest: the same for every NaN.
pub(crate) fn canonical_bits(value: f64) -> u64 {
    if value.is_nan() { f64::NAN.to_bits() } else { value.to_bits() }
}

fn name(value: f64) -> &'static str {
    if value.is_nan() {
        "NaN"
    } else if value > 0.0 {
        "inf"
    } else {
        "-inf"
    }
}

/// A number that may be missing, which is written as NaN.
pub mod or_nan {
    use serde::{Deserializer, Serializer};

    /// Writes the number, or NaN for `None`.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(value: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
        super::serialize(&value.unwrap_or(f64::NAN), serializer)
    }

    /// Reads what [`serialize`] wrote.
    ///
    /// # Errors
    /// As [`super::deserialize`].
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
        super::deserialize(deserializer).map(|value| Some(value).filter(|value| !value.is_nan()))
    }
}

struct NumberVisitor;

impl Visitor<'_> for NumberVisitor {
    type Value = f64;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("a number, \"NaN\", \"inf\" or \"-inf\"")
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<f64, E> {
        Ok(value)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<f64, E> {
        Ok(value as f64)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<f64, E> {
        Ok(value as f64)
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<f64, E> {
        match value {
            "NaN" => Ok(f64::NAN),
            "inf" => Ok(f64::INFINITY),
            "-inf" => Ok(f64::NEG_INFINITY),
            other => Err(E::invalid_value(serde::de::Unexpected::Str(other), &self)),
        }
    }
}
/// "1 run", "2 runs", "1,500 test images".
pub fn counted(count: usize, noun: &str) -> String {
    let count_text = thousands(count as u64);
    if count == 1 { format!("{count_text} {noun}") } else { format!("{count_text} {noun}s") }
}
