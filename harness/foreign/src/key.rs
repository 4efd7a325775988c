//! The keys on which rows are joined.

use std::fmt;

/// A key's value. Whole numbers compare as numbers, so that replicate 10 comes after 9, and `7.0` is 7.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Key {
    Number(i64),
    Text(String),
}

impl Key {
    pub(crate) fn new(text: &str) -> Self {
        // Data frames write whole numbers as 7.0 once a cell of the column is empty.
        let whole = text.strip_suffix(".0").unwrap_or(text);
        match whole.parse::<i64>() {
            Ok(number) if number.to_string() == whole => Self::Number(number),
            _ => Self::Text(text.to_owned()),
        }
    }

    /// Whether it says that there is no value, as data frames write it.
    pub(crate) fn is_missing(&self) -> bool {
        let words = ["nan", "na", "<na>", "none", "null"];
        matches!(self, Self::Text(text) if words.iter().any(|word| text.eq_ignore_ascii_case(word)))
    }

    /// The same but for "none", which may be the name of an arm.
    pub(crate) fn is_blank(&self) -> bool {
        self.is_empty() || self.is_missing() && !matches!(self, Self::Text(text) if text.eq_ignore_ascii_case("none"))
    }

    pub(crate) fn is_empty(&self) -> bool {
        matches!(self, Self::Text(text) if text.is_empty())
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Text(text) => f.write_str(text),
        }
    }
}

/// Keys as one name, `far/7/7`, without the empty ones.
pub(crate) fn name(keys: &[Key]) -> String {
    keys.iter().filter(|key| !key.is_empty()).map(Key::to_string).collect::<Vec<_>>().join("/")
}
