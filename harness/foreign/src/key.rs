//! The keys on which rows are joined.

use std::fmt;

use crate::reading::Table;

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

/// The keys of a column: each text of it as a key, and the keys' ranks, so that rows are compared by numbers.
pub(crate) struct Keys {
    /// Every key once, ascending.
    ascending: Vec<Key>,
    /// The rank of each text's key, by the text's place in its column.
    ranks: Vec<u32>,
}

impl Keys {
    /// The keys of a column of a table.
    pub(crate) fn of(table: &Table, column: usize) -> Self {
        let texts = table.at(column).texts();
        let mut ordered: Vec<(Key, u32)> = texts.iter().zip(0..).map(|(text, place)| (Key::new(text), place)).collect();
        ordered.sort_unstable();
        let mut ascending: Vec<Key> = Vec::with_capacity(ordered.len());
        let mut ranks = vec![0; texts.len()];
        for (key, place) in ordered {
            // `7` and `7.0` are two texts and one key.
            if ascending.last() != Some(&key) {
                ascending.push(key);
            }
            ranks[place as usize] = ascending.len() as u32 - 1;
        }
        Self { ascending, ranks }
    }

    /// The rank of a text's key, by the text's place in the column.
    pub(crate) fn rank(&self, place: usize) -> u32 {
        self.ranks[place]
    }

    /// The key of a rank.
    pub(crate) fn key(&self, rank: u32) -> &Key {
        &self.ascending[rank as usize]
    }

    /// All keys, ascending.
    pub(crate) fn into_all(self) -> Vec<Key> {
        self.ascending
    }
}
