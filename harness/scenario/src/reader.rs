//! Reads a spanned TOML table key by key, and reports every fault on the way.

use std::ops::RangeInclusive;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::choice::Choice;
use crate::diagnostic::{Code, Diagnostic};
use crate::origin::{Document, Located, Span};
use crate::recipe::Length;
use crate::suggest;

/// Faults so far, and the document they are in.
#[derive(Debug)]
pub(crate) struct Report<'d> {
    pub(crate) document: &'d Document,
    pub(crate) diagnostics: Vec<Diagnostic>,
}

impl<'d> Report<'d> {
    pub(crate) fn new(document: &'d Document) -> Self {
        Self { document, diagnostics: Vec::new() }
    }

    /// Reports a fault, with a guess at what was meant or the next step.
    pub(crate) fn fault(
        &mut self,
        code: Code,
        span: &Span,
        message: impl Into<String>,
        label: impl Into<String>,
        help: Option<String>,
    ) {
        self.diagnostics.push(Diagnostic::new(code, message, label).at(self.document.place(span)).help(help));
    }
}

/// A key that a table may have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Key {
    name: &'static str,
    /// A right value, shown where a required key is missing.
    example: &'static str,
    required: bool,
}

/// A key that must be there.
pub(crate) const fn required(name: &'static str, example: &'static str) -> Key {
    Key { name, example, required: true }
}

/// A key with a default.
pub(crate) const fn optional(name: &'static str) -> Key {
    Key { name, example: "", required: false }
}

/// A table being read.
#[derive(Clone, Debug)]
pub(crate) struct TableReader<'a, 'i> {
    table: &'a DeTable<'i>,
    /// Where the table is declared; missing keys are reported there.
    pub(crate) header: Span,
    /// What a person calls the table: `[study]`.
    pub(crate) what: String,
}

impl<'a, 'i> TableReader<'a, 'i> {
    /// Opens a table: unknown and missing keys are reported at once.
    pub(crate) fn open(table: &'a DeTable<'i>, header: Span, what: &str, keys: &[Key], report: &mut Report) -> Self {
        let reader = Self { table, header, what: what.to_owned() };
        let names: Vec<&str> = keys.iter().map(|key| key.name).collect();
        for key in table.keys() {
            let given = key.get_ref().as_ref();
            if !names.contains(&given) {
                let label = format!("{what} has {}", suggest::all_of(&names));
                let help = suggest::did_you_mean(given, names.iter().copied());
                report.fault(Code::UnknownKey, &key.span(), format!("unknown key {given:?} in {what}"), label, help);
            }
        }
        for key in keys.iter().filter(|key| key.required && !reader.has(key.name)) {
            reader.missing(key.name, key.example, report);
        }
        reader
    }

    /// Reports a missing key.
    pub(crate) fn missing(&self, key: &str, example: &str, report: &mut Report) {
        let (message, label) = (format!("{} has no {key:?}", self.what), format!("add `{key} = {example}`"));
        report.fault(Code::MissingKey, &self.header, message, label, None);
    }

    /// Reports every known key that this kind of thing does not have.
    pub(crate) fn only_keys_of_kind(&self, kind: &str, accepted: &[&str], known: &[Key], report: &mut Report) {
        for key in known.iter().filter(|key| !accepted.contains(&key.name)) {
            if let Some(span) = self.key_span(key.name) {
                let message = format!("{:?} does not belong to kind {kind:?}", key.name);
                let label = format!("kind {kind:?} has {}", suggest::all_of(accepted));
                report.fault(Code::KeyOfOtherKind, &span, message, label, None);
            }
        }
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.entry(key).is_some()
    }

    /// Where a key stands.
    pub(crate) fn key_span(&self, key: &str) -> Option<Span> {
        self.entry(key).map(|(key, _)| key.span())
    }

    pub(crate) fn entry(
        &self,
        key: &str,
    ) -> Option<(&'a Spanned<std::borrow::Cow<'i, str>>, &'a Spanned<DeValue<'i>>)> {
        self.table.iter().find(|(name, _)| name.get_ref() == key)
    }

    /// A value of this key, if it is there and has the type.
    pub(crate) fn value<T: FromValue>(&self, key: &str, report: &mut Report) -> Option<Located<T>> {
        let (_, value) = self.entry(key)?;
        from_value(value, key, report)
    }

    /// A list of values of one type.
    pub(crate) fn list<T: FromValue>(&self, key: &str, report: &mut Report) -> Option<Located<Vec<Located<T>>>> {
        let (_, value) = self.entry(key)?;
        let Some(items) = value.get_ref().as_array() else {
            wrong_type(value, key, &format!("a list of {}s", T::NOUN), report);
            return None;
        };
        let read: Vec<_> = items.iter().map(|item| from_value(item, key, report)).collect();
        Some(Located { value: read.into_iter().collect::<Option<_>>()?, span: value.span() })
    }

    /// A real number that satisfies `holds`; `accepted` says which do.
    pub(crate) fn real(
        &self,
        key: &str,
        accepted: &str,
        holds: impl Fn(f64) -> bool,
        report: &mut Report,
    ) -> Option<Located<f64>> {
        let number = self.value::<f64>(key, report)?;
        real_in_range(key, number, accepted, holds, report)
    }

    /// A whole number in this range.
    pub(crate) fn count(&self, key: &str, range: RangeInclusive<u64>, report: &mut Report) -> Option<Located<u64>> {
        let number = self.value::<i64>(key, report)?;
        match u64::try_from(number.value) {
            Ok(value) if range.contains(&value) => Some(Located { value, span: number.span }),
            _ => {
                let accepted = match (*range.start(), *range.end()) {
                    (low, MAX_COUNT) => format!("accepted: {low} or more"),
                    (low, high) => format!("accepted: {low}..={high}"),
                };
                out_of_range(key, &number.span, accepted, report);
                None
            }
        }
    }

    /// One of these words.
    pub(crate) fn word(&self, key: &str, words: &[&str], report: &mut Report) -> Option<Located<String>> {
        let word = self.value::<String>(key, report)?;
        if words.contains(&word.value.as_str()) {
            return Some(word);
        }
        unknown_word(key, &word, words, report);
        None
    }

    /// One of an enumeration's values.
    pub(crate) fn choice<T: Choice>(&self, key: &str, report: &mut Report) -> Option<Located<T>> {
        let word = self.value::<String>(key, report)?;
        let choice = T::CHOICES.iter().find(|(name, _)| *name == word.value);
        if choice.is_none() {
            let words: Vec<&str> = T::CHOICES.iter().map(|(name, _)| *name).collect();
            unknown_word(key, &word, &words, report);
        }
        choice.map(|&(_, value)| Located { value, span: word.span })
    }

    /// Exactly one of steps, epochs and examples; none of them is a fault only where the length is `needed`.
    pub(crate) fn length(&self, needed: bool, report: &mut Report) -> Option<Located<Length>> {
        let units: [(&str, Unit); 3] =
            [("steps", Length::Steps), ("epochs", Length::Epochs), ("examples", Length::Examples)];
        let given: Vec<_> = units.into_iter().filter(|(key, _)| self.has(key)).collect();
        match given[..] {
            [(key, unit)] => self.count(key, 1..=MAX_COUNT, report).map(|count| count.map(unit)),
            [] if needed => {
                let (message, label) =
                    (format!("{} has no length", self.what), "add exactly one of `steps`, `epochs`, `examples`");
                report.fault(Code::Length, &self.header, message, label, None);
                None
            }
            [] => None,
            [_, (second, _), ..] => {
                let span = self.key_span(second).unwrap_or(self.header.clone());
                let message = format!("{} has more than one length", self.what);
                report.fault(Code::Length, &span, message, "keep exactly one of `steps`, `epochs`, `examples`", None);
                None
            }
        }
    }
}

/// What makes a length of a count.
type Unit = fn(u64) -> Length;

/// The largest whole number TOML can write.
pub(crate) const MAX_COUNT: u64 = i64::MAX as u64;

/// Reports a real number for which `holds` is false.
pub(crate) fn real_in_range(
    key: &str,
    number: Located<f64>,
    accepted: &str,
    holds: impl Fn(f64) -> bool,
    report: &mut Report,
) -> Option<Located<f64>> {
    if number.value.is_finite() && holds(number.value) {
        return Some(number);
    }
    out_of_range(key, &number.span, format!("accepted: {accepted}"), report);
    None
}

/// Reports a number, as it is written, that is out of range.
fn out_of_range(key: &str, span: &Span, accepted: String, report: &mut Report) {
    let written = report.document.text.get(span.clone()).unwrap_or_default();
    report.fault(Code::OutOfRange, span, format!("{key} {written} is out of range"), accepted, None);
}

/// Reports a word that is not among `words`.
pub(crate) fn unknown_word(key: &str, word: &Located<String>, words: &[&str], report: &mut Report) {
    let message = format!("unknown {key} {:?}", word.value);
    let label = format!("accepted: {}", suggest::any_of(words));
    let help = suggest::did_you_mean(&word.value, words.iter().copied());
    report.fault(Code::UnknownWord, &word.span, message, label, help);
}

/// A Rust type that a TOML value can have.
pub(crate) trait FromValue: Sized {
    /// What a person calls the type.
    const NOUN: &'static str;

    fn from_value(value: &DeValue<'_>) -> Option<Self>;
}

impl FromValue for String {
    const NOUN: &'static str = "string";

    fn from_value(value: &DeValue<'_>) -> Option<Self> {
        value.as_str().map(str::to_owned)
    }
}

impl FromValue for i64 {
    const NOUN: &'static str = "whole number";

    fn from_value(value: &DeValue<'_>) -> Option<Self> {
        value.as_integer().and_then(|integer| i64::from_str_radix(integer.as_str(), integer.radix()).ok())
    }
}

impl FromValue for f64 {
    const NOUN: &'static str = "number";

    fn from_value(value: &DeValue<'_>) -> Option<Self> {
        match value {
            DeValue::Float(float) => float.as_str().parse().ok(),
            _ => i64::from_value(value).map(|integer| integer as f64),
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
    if read.is_none() {
        wrong_type(value, key, &format!("a {}", T::NOUN), report);
    }
    read.map(|read| Located { value: read, span: value.span() })
}

/// Reports a value of the wrong type.
pub(crate) fn wrong_type(value: &Spanned<DeValue<'_>>, key: &str, expected: &str, report: &mut Report) {
    let article = |kind: &str| if kind.starts_with(['a', 'i']) { "an" } else { "a" }.to_owned();
    let kind = value.get_ref().type_str();
    let message = format!("{key} is {} {kind}, not {expected}", article(kind));
    report.fault(Code::WrongType, &value.span(), message, format!("expected {expected}"), None);
}
