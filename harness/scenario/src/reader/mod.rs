//! Reads a spanned TOML table key by key, and reports every fault on the way.

mod kind;
mod number;
mod report;
mod tables;
mod value;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::choice::Choice;
use crate::diagnostic::Code;
use crate::place::{Located, Span};
use crate::suggest;

pub(crate) use kind::KindOfTable;
pub(crate) use number::{MAX_COUNT, ascends, real_in_range};
pub(crate) use report::Report;
pub(crate) use tables::{table, tables};
pub(crate) use value::{FromValue, from_value, unknown_word, wrong_type};

/// A key that a table may have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Key {
    name: &'static str,
    /// A right value, shown where a required key is missing.
    example: &'static str,
    required: bool,
}

impl Key {
    pub(crate) fn name(&self) -> &'static str {
        self.name
    }
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
        reader.require(keys, report);
        reader
    }

    /// Reports every required key that is missing.
    fn require<'k>(&self, keys: impl IntoIterator<Item = &'k Key>, report: &mut Report) {
        for key in keys.into_iter().filter(|key| key.required && !self.has(key.name)) {
            let message = format!("{} has no {:?}", self.what, key.name);
            let label = format!("add `{} = {}`", key.name, key.example);
            report.fault(Code::MissingKey, &self.header, message, label, None);
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

    /// One of an enumeration's values.
    pub(crate) fn choice<T: Choice>(&self, key: &str, report: &mut Report) -> Option<Located<T>> {
        let word = self.value::<String>(key, report)?;
        let choice = T::from_word(&word.value);
        if choice.is_none() {
            unknown_word(key, &word, &T::words(), report);
        }
        choice.map(|value| Located { value, span: word.span })
    }
}
