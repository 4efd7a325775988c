//! The keys of a column, and their ranks.

use crate::key::Key;
use crate::reading::Table;

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
