//! A table of text by columns, in which each text of a column is kept once.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, DefaultHasher, Hash, Hasher};

use hashbrown::{DefaultHashBuilder, HashTable};

/// The longest text in bytes that is kept as it is.
const LONG: usize = 256;

/// A column: what stands in it, and in which rows.
#[derive(Debug, Clone, Default)]
pub(crate) struct Column {
    /// For each row, the place of its text among `texts`.
    codes: Vec<u32>,
    /// Every text of the column once, in order of appearance.
    texts: Vec<Box<str>>,
    /// The places of all texts, by their hashes.
    places: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

impl Column {
    /// A column of so many rows without text.
    fn empty(num_rows: usize) -> Self {
        let mut column = Self::default();
        (0..num_rows).for_each(|_| column.push(""));
        column
    }

    /// Adds the text of the next row. Of a long text, which is no name, its beginning and a number stand for it.
    pub(crate) fn push(&mut self, text: &str) {
        if text.len() > LONG {
            let beginning: String = text.chars().take(LONG / 4).collect();
            let mut number = DefaultHasher::new();
            text.hash(&mut number);
            return self.push(&format!("{beginning}… ({:016x})", number.finish()));
        }
        // What stands in a row often stands in the one before.
        if let Some(&last) = self.codes.last()
            && *self.texts[last as usize] == *text
        {
            self.codes.push(last);
            return;
        }
        let Self { texts, places, hasher, .. } = self;
        let hash = hasher.hash_one(text);
        let code = match places.find(hash, |place| *texts[*place as usize] == *text) {
            Some(&code) => code,
            None => {
                // There are fewer texts than rows, and rows are counted in 32 bits.
                let code = texts.len() as u32;
                texts.push(text.into());
                places.insert_unique(hash, code, |place| hasher.hash_one(&*texts[*place as usize]));
                code
            }
        };
        self.codes.push(code);
    }

    /// The place of a row's text among [`Self::texts`].
    pub(crate) fn code(&self, row: usize) -> usize {
        self.codes[row] as usize
    }

    /// Every text of the column once.
    pub(crate) fn texts(&self) -> &[Box<str>] {
        &self.texts
    }

    /// The place of a text, if it is in the column.
    pub(crate) fn place(&self, text: &str) -> Option<usize> {
        let is_same = |place: &u32| *self.texts[*place as usize] == *text;
        self.places.find(self.hasher.hash_one(text), is_same).map(|place| *place as usize)
    }
}

/// A table of text.
#[derive(Debug, Clone, Default)]
pub(crate) struct Table {
    header: Vec<String>,
    columns: Vec<Column>,
    /// The line of every row in its file, from 1.
    lines: Vec<u32>,
}

impl Table {
    /// A table with these columns and no row.
    pub(crate) fn with_header(header: Vec<String>) -> Self {
        let columns = header.iter().map(|_| Column::default()).collect();
        Self { header, columns, lines: Vec::new() }
    }

    /// A table of whole columns, whose rows are numbered from 1; `None` if they are not of one length.
    pub(crate) fn of_columns(header: Vec<String>, columns: Vec<Column>) -> Option<Self> {
        let num_rows = columns.first().map_or(0, |column| column.codes.len());
        let is_one_length = columns.iter().all(|column| column.codes.len() == num_rows);
        let lines = (1..=u32::try_from(num_rows).ok()?).collect();
        is_one_length.then_some(Self { header, columns, lines })
    }

    /// Adds a row with a text for each column.
    pub(crate) fn push<'t>(&mut self, line: usize, texts: impl Iterator<Item = &'t str>) {
        self.columns.iter_mut().zip(texts).for_each(|(column, text)| column.push(text));
        self.lines.push(line as u32);
    }

    /// Adds a row with texts for some columns by name. Columns that are new are empty in the rows before, and those that are not
    /// named in this one. Returns the name of a column that the row has twice, of which the first text counts.
    pub(crate) fn push_named<'t>(
        &mut self,
        line: usize,
        texts: impl Iterator<Item = (String, std::borrow::Cow<'t, str>)>,
    ) -> Option<String> {
        let mut twice = None;
        for (name, text) in texts {
            let at = self.column(&name).unwrap_or_else(|| {
                self.header.push(name);
                self.columns.push(Column::empty(self.lines.len()));
                self.columns.len() - 1
            });
            if self.columns[at].codes.len() == self.lines.len() {
                self.columns[at].push(&text);
            } else {
                twice = Some(self.header[at].clone());
            }
        }
        self.lines.push(line as u32);
        let num_rows = self.lines.len();
        self.columns.iter_mut().filter(|column| column.codes.len() < num_rows).for_each(|column| column.push(""));
        twice
    }

    /// Names that several columns have, each with their number. A data frame's index has no name.
    pub(crate) fn repeated(&self) -> Vec<(&str, usize)> {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for name in self.header.iter().filter(|name| !name.is_empty()) {
            *counts.entry(name).or_default() += 1;
        }
        counts.into_iter().filter(|(_, count)| *count > 1).collect()
    }

    /// Names of the columns, for a message: of very many the first.
    pub(crate) fn names(&self) -> String {
        const MOST: usize = 60;
        let shown = self.header.iter().take(MOST).cloned().collect::<Vec<_>>().join(", ");
        if self.header.len() > MOST { format!("{shown} … ({} in all)", self.header.len()) } else { shown }
    }

    /// Names of the columns.
    pub(crate) fn header(&self) -> &[String] {
        &self.header
    }

    /// The position of a column.
    pub(crate) fn column(&self, name: &str) -> Option<usize> {
        self.header.iter().position(|column| column == name)
    }

    /// The position of a column of this name, or of the only one whose name ends in it after a point or a slash, whatever the capitals:
    /// `params.seed` of MLflow, `config/seed`, `Seed`.
    pub(crate) fn column_like(&self, name: &str) -> Option<usize> {
        let last = |column: &str| column.rsplit(['.', '/']).next().is_some_and(|last| last.eq_ignore_ascii_case(name));
        self.column(name).or_else(|| {
            let mut alike = self.header.iter().enumerate().filter(|(_, column)| last(column)).map(|(at, _)| at);
            alike.next().filter(|_| alike.next().is_none())
        })
    }

    /// A column by its position.
    pub(crate) fn at(&self, column: usize) -> &Column {
        &self.columns[column]
    }

    /// Number of rows.
    pub(crate) fn num_rows(&self) -> usize {
        self.lines.len()
    }

    /// The line of a row in its file, from 1.
    pub(crate) fn line(&self, row: usize) -> usize {
        self.lines[row] as usize
    }

    /// Whether all rows with one text in the column `key` have one text in another column, too.
    pub(crate) fn has_one_each(&self, key: usize, column: usize) -> bool {
        let (keys, column) = (&self.columns[key], &self.columns[column]);
        let mut of_key: Vec<Option<u32>> = vec![None; keys.texts.len()];
        let is_known = |(key, code): (&u32, &u32)| *of_key[*key as usize].get_or_insert(*code) == *code;
        keys.codes.iter().zip(&column.codes).all(is_known)
    }

    /// The text of a row in a column.
    pub(crate) fn text(&self, row: usize, column: usize) -> &str {
        let column = &self.columns[column];
        &column.texts[column.code(row)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::borrow::Cow;

    #[test]
    fn rows_may_name_other_columns() {
        let mut table = Table::default();
        let row = |names: &[(&str, &'static str)]| -> Vec<(String, Cow<'static, str>)> {
            names.iter().map(|(name, text)| ((*name).to_owned(), Cow::Borrowed(*text))).collect()
        };
        table.push_named(1, row(&[("a", "1"), ("b", "x")]).into_iter());
        table.push_named(3, row(&[("c", "z"), ("a", "1")]).into_iter());
        assert_eq!(table.header(), ["a", "b", "c"]);
        let texts = |row: usize| (0..3).map(|column| table.text(row, column)).collect::<Vec<_>>();
        assert_eq!((texts(0), texts(1)), (vec!["1", "x", ""], vec!["1", "", "z"]));
        assert_eq!((table.line(1), table.num_rows(), table.at(0).texts().len()), (3, 2, 1));
    }
}
