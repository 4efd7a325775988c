//! Single values, each of one type.

use toml::Spanned;
use toml::de::DeValue;

use crate::diagnostic::Code;
use crate::place::Located;
use crate::suggest;

use super::Report;

/// A Rust type that a TOML value can have.
pub(crate) trait FromValue: Sized {
    /// What a person calls the type.
    const NOUN: &'static str;

    /// Whether any whole number has the type, unless it is too large.
    const IS_NUMBER: bool = false;

    fn from_value(value: &DeValue<'_>) -> Option<Self>;
}

impl FromValue for String {
    const NOUN: &'static str = "string";

    fn from_value(value: &DeValue<'_>) -> Option<Self> {
        value.as_str().map(str::to_owned)
    }
}

impl FromValue for bool {
    const NOUN: &'static str = "boolean";

    fn from_value(value: &DeValue<'_>) -> Option<Self> {
        value.as_bool()
    }
}

impl FromValue for i64 {
    const NOUN: &'static str = "whole number";
    const IS_NUMBER: bool = true;

    fn from_value(value: &DeValue<'_>) -> Option<Self> {
        value.as_integer().and_then(|integer| i64::from_str_radix(integer.as_str(), integer.radix()).ok())
    }
}

impl FromValue for f64 {
    const NOUN: &'static str = "number";
    const IS_NUMBER: bool = true;

    fn from_value(value: &DeValue<'_>) -> Option<Self> {
        match value.as_float() {
            Some(float) => float.as_str().parse().ok(),
            None => i64::from_value(value).map(|integer| integer as f64),
        }
    }
}

/// A value, if it has the type; a fault if not.
pub(crate) fn from_value<T: FromValue>(
    value: &Spanned<DeValue<'_>>,
    key: &str,
    report: &mut Report,
) -> Option<Located<T>> {
    let read = T::from_value(value.get_ref());
    if read.is_none() && T::IS_NUMBER && value.get_ref().as_integer().is_some() {
        let written = report.document.text.get(value.span()).unwrap_or_default();
        let message = format!("{key} {written} is out of range");
        let accepted = "no number of a scenario is so large: at most 9,223,372,036,854,775,807 can be written";
        report.fault(Code::OutOfRange, &value.span(), message, accepted, None);
    } else if read.is_none() {
        wrong_type(value, key, &format!("a {}", T::NOUN), report);
    }
    read.map(|read| Located { value: read, span: value.span() })
}

/// Reports a value of the wrong type.
pub(crate) fn wrong_type(value: &Spanned<DeValue<'_>>, key: &str, expected: &str, report: &mut Report) {
    let article = |kind: &str| if kind.starts_with(['a', 'i']) { "an" } else { "a" }.to_owned();
    // As TOML calls them, but for what other programs call otherwise.
    let kind = match value.get_ref().type_str() {
        "float" => "number with a point",
        "integer" => "whole number",
        other => other,
    };
    let message = format!("{key} is {} {kind}, not {expected}", article(kind));
    report.fault(Code::WrongType, &value.span(), message, format!("expected {expected}"), None);
}

/// Reports a word that is not among `words`.
pub(crate) fn unknown_word(key: &str, word: &Located<String>, words: &[&str], report: &mut Report) {
    let message = format!("unknown {key} {:?}", word.value);
    let label = format!("accepted: {}", suggest::any_of(words));
    let help = suggest::did_you_mean(&word.value, words.iter().copied());
    report.fault(Code::UnknownWord, &word.span, message, label, help);
}
