//! A table of text: a header, and rows that know their line.

use std::path::Path;

use serde_json::{Map, Value};

use nt_records::version::{RUNS_VERSION, is_readable};

use crate::fault::{Fault, TableFault};

/// The format of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Fields separated by this byte, with the header in the first line.
    Separated(u8),
    /// One JSON object a line. Its keys are the columns, and nested values are ignored.
    JsonLines,
}

impl Format {
    /// The format by the file's name: `.jsonl` and `.ndjson` are JSON lines, `.tsv` has tabs, and all others have
    /// commas.
    pub fn of(path: &Path) -> Self {
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("jsonl" | "ndjson") => Self::JsonLines,
            Some("tsv") => Self::Separated(b'\t'),
            _ => Self::Separated(b','),
        }
    }
}

/// A table of text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Table {
    pub(crate) header: Vec<String>,
    pub(crate) rows: Vec<Row>,
}

/// A row of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    /// Its line in the file, from 1.
    pub(crate) line: usize,
    /// One field a column.
    pub(crate) fields: Vec<String>,
}

impl Table {
    /// Reads all rows that can be read, and reports those that cannot.
    pub(crate) fn read(text: &str, format: Format, faults: &mut Vec<TableFault>) -> Self {
        // Spreadsheets put a byte order mark first.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        match format {
            Format::Separated(delimiter) => separated(text, delimiter, faults),
            Format::JsonLines => json_lines(text, faults),
        }
    }

    /// Reports that the table is a `runs.csv` of a later program.
    pub(crate) fn check_version(&self, faults: &mut Vec<TableFault>) {
        // Other programs may have a column of that name, but no job of nt.
        let (Some(version), Some(_)) = (self.column("schema_version"), self.column("job")) else { return };
        let is_later = |row: &&Row| row.fields[version].parse().is_ok_and(|found| !is_readable(found, RUNS_VERSION));
        if let Some(row) = self.rows.iter().find(is_later) {
            faults.push(TableFault::at(row.line, Fault::LaterVersion { found: row.fields[version].clone() }));
        }
    }

    /// The position of a column.
    pub(crate) fn column(&self, name: &str) -> Option<usize> {
        self.header.iter().position(|column| column == name)
    }
}

fn separated(text: &str, delimiter: u8, faults: &mut Vec<TableFault>) -> Table {
    let mut table = Table::default();
    // The reader counts a line break of two bytes with the line after it.
    let text = text.replace("\r\n", "\n");
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    for record in reader.records() {
        match record {
            Err(error) => {
                let line = error.position().map_or(1, |position| position.line() as usize);
                faults.push(TableFault::at(line, Fault::Syntax { format: "CSV", message: error.to_string() }));
            }
            Ok(record) => {
                let line = record.position().map_or(1, |position| position.line() as usize);
                let fields: Vec<String> = record.iter().map(str::to_owned).collect();
                if table.header.is_empty() {
                    table.header = fields;
                    report_repeated(&table.header, line, faults);
                } else if fields.len() == table.header.len() {
                    table.rows.push(Row { line, fields });
                } else {
                    let fault = Fault::Ragged { expected: table.header.len(), got: fields.len() };
                    faults.push(TableFault::at(line, fault));
                }
            }
        }
    }
    table
}

fn report_repeated(header: &[String], line: usize, faults: &mut Vec<TableFault>) {
    for (at, column) in header.iter().enumerate() {
        if header[..at].contains(column) {
            faults.push(TableFault::at(line, Fault::ColumnTwice { column: column.clone() }));
        }
    }
}

fn json_lines(text: &str, faults: &mut Vec<TableFault>) -> Table {
    let mut table = Table::default();
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let object: Map<String, Value> = match serde_json::from_str(line) {
            Ok(object) => object,
            Err(error) => {
                let fault = Fault::Syntax { format: "a JSON object", message: error.to_string() };
                faults.push(TableFault::at(index + 1, fault));
                continue;
            }
        };
        let mut fields = vec![String::new(); table.header.len()];
        for (key, text) in object.iter().filter_map(|(key, value)| Some((key, field(value)?))) {
            let at = table.column(key).unwrap_or_else(|| {
                table.header.push(key.clone());
                fields.push(String::new());
                table.header.len() - 1
            });
            fields[at] = text;
        }
        table.rows.push(Row { line: index + 1, fields });
    }
    // Keys that first appear in later rows are empty in the rows before.
    let width = table.header.len();
    for row in &mut table.rows {
        row.fields.resize(width, String::new());
    }
    table
}

/// A JSON value as a field; `None` for a list or an object.
fn field(value: &Value) -> Option<String> {
    match value {
        Value::Null => Some(String::new()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Array(_) | Value::Object(_) => None,
    }
}
