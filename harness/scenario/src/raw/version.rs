//! Versions of the schema: what a scenario of each means by what it leaves out.

use toml::de::DeTable;

use crate::choice::{ChoiceOf, SearchOf};
use crate::diagnostic::Code;
use crate::place::{Located, Span};
use crate::reader::{FromValue, Report, wrong_type};

/// A version of the schema. An older one is read as it was meant; `nt migrate` writes it as the latest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// The first.
    One,
    /// The current one: every replicate searches for itself, scratch runs several times a replicate, a treatment is chosen
    /// once, and contrasts are primary or secondary.
    #[default]
    Two,
}

impl Version {
    /// Every version, ascending.
    pub const ALL: &'static [Self] = &[Self::One, Self::Two];

    /// The current version.
    pub const LATEST: Self = Self::Two;

    /// The value of the key `version`.
    pub fn number(self) -> u64 {
        match self {
            Self::One => 1,
            Self::Two => 2,
        }
    }

    /// The version that means so many reference runs, a choice made so often, and a search for so many, by what it leaves out. What
    /// version 1 means may also be written as version 2, as `nt migrate` does.
    pub fn meant_by(reference_runs: u32, choice: ChoiceOf, search: Option<SearchOf>) -> Self {
        let is_of_the_first =
            reference_runs == 1 && choice == ChoiceOf::EachReplicate && search != Some(SearchOf::EachReplicate);
        if is_of_the_first { Self::One } else { Self::Two }
    }

    /// The version of a document, and where it stands. A version that this program does not read is reported, and there
    /// is none then: another version's keys would all look wrong. A document without one is read as the latest.
    pub(super) fn read(table: &DeTable<'_>, report: &mut Report) -> Option<Located<Self>> {
        let Some((_, value)) = table.iter().find(|(key, _)| key.get_ref() == "version") else {
            return Some(Located { value: Self::LATEST, span: Span::default() });
        };
        if value.get_ref().as_integer().is_none() {
            wrong_type(value, "version", "a whole number", report);
            return None;
        }
        let number = i64::from_value(value.get_ref()).and_then(|number| u64::try_from(number).ok());
        let known = Self::ALL.iter().find(|version| number == Some(version.number()));
        if let Some(&version) = known {
            return Some(Located { value: version, span: value.span() });
        }
        let numbers: Vec<String> = Self::ALL.iter().map(|version| version.number().to_string()).collect();
        let label = format!("this program reads versions {}", numbers.join(" and "));
        let latest = Self::LATEST.number();
        let help = format!("scenarios/README.md describes version {latest}; a later version needs a later program");
        report.fault(Code::Version, &value.span(), "unsupported version", label, Some(help));
        None
    }
}
