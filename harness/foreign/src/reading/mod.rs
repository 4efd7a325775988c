//! Text to a table: which dialect it is, and every row that can be read.

mod dialect;
mod domainbed;
mod encoding;
mod json;
mod parquet;
mod separated;
mod table;
mod value;
mod wide;

use std::path::Path;

use nt_records::version::{RUNS_VERSION, is_readable};

pub(crate) use dialect::Dialect;
pub(crate) use domainbed::{ACCURACY, CHOSEN, chosen};
pub(crate) use table::Table;
pub(crate) use wide::{Wide, WideOf, named, of_arms, of_replicates};

use crate::fault::{Fault, TableFault};

/// The format of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A header, then a line a row, with fields separated by a comma, a semicolon, a tab or a bar: whichever its first lines agree on.
    Text,
    /// Fields separated by this byte.
    Separated(u8),
    /// One JSON object a line, or a JSON array of objects. The keys are the columns; those of objects within are joined by a point.
    Json,
    /// Apache Parquet. Its flat columns are read.
    Parquet,
}

impl Format {
    /// The format by the file's name: `.jsonl`, `.ndjson` and `.json` are JSON, `.parquet` and `.pq` are Parquet, `.tsv` has tabs, and of
    /// all others the contents tell.
    pub fn of(path: &Path) -> Self {
        let extension = path.extension().and_then(|extension| extension.to_str()).map(str::to_ascii_lowercase);
        match extension.as_deref() {
            Some("jsonl" | "ndjson" | "json") => Self::Json,
            Some("parquet" | "pq") => Self::Parquet,
            Some("tsv") => Self::Separated(b'\t'),
            _ => Self::Text,
        }
    }
}

/// Reads all rows that can be read, reports those that cannot, and says how they were read.
pub(crate) fn read(bytes: &[u8], format: Format, faults: &mut Vec<TableFault>) -> (Table, Dialect) {
    if format == Format::Parquet || bytes.starts_with(parquet::MAGIC) {
        return parquet::read(bytes, faults);
    }
    let Some(text) = encoding::text(bytes, faults) else { return (Table::default(), Dialect::NONE) };
    let text = text.as_ref();
    match format {
        // A table that comes through a pipe has no name.
        Format::Text if text.trim_start().starts_with(['{', '[']) => json::read(text, faults),
        Format::Json if text.trim_start().is_empty() || text.trim_start().starts_with(['{', '[']) => {
            json::read(text, faults)
        }
        // Somebody named it otherwise.
        Format::Json => separated::read(text, None, faults),
        Format::Text | Format::Parquet => separated::read(text, None, faults),
        Format::Separated(delimiter) => separated::read(text, Some(delimiter), faults),
    }
}

impl Table {
    /// Reports that the table is a `runs.csv` of a later program.
    pub(crate) fn check_version(&self, faults: &mut Vec<TableFault>) {
        // Other programs may have a column of that name, but no job of nt.
        let (Some(version), Some(_)) = (self.column("schema_version"), self.column("job")) else { return };
        let is_later =
            |row: &usize| self.text(*row, version).parse().is_ok_and(|found| !is_readable(found, RUNS_VERSION));
        if let Some(row) = (0..self.num_rows()).find(is_later) {
            let found = self.text(row, version).to_owned();
            faults.push(TableFault::at(self.line(row), Fault::LaterVersion { found }));
        }
    }
}
