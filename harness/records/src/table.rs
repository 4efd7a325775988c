//! Tables as CSV, and why one cannot be written.

use std::io::{self, Write};
use std::path::Path;

use thiserror::Error;

use nt_disk::FileError;

use crate::text::no_formula;

/// Why a table cannot be written.
#[derive(Debug, Error)]
pub enum TableError {
    /// A row cannot be put into the format.
    #[error("{table} cannot be written: {source}; report this as a bug")]
    Row {
        /// The file.
        table: &'static str,
        /// What the writer says.
        source: io::Error,
    },
    /// The system refused.
    #[error(transparent)]
    File(#[from] FileError),
}

/// A header and rows of text, as CSV.
///
/// # Errors
/// [`TableError::Row`] if a row cannot be written.
pub fn csv_of(table: &'static str, header: &[&str], rows: &[Vec<String>]) -> Result<Vec<u8>, TableError> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(header).map_err(row_error(table))?;
    for row in rows {
        writer.write_record(row.iter().map(|field| no_formula(field).into_owned())).map_err(row_error(table))?;
    }
    finish(table, writer)
}

/// The bytes that a writer holds.
///
/// # Errors
/// [`TableError::Row`] if its last row cannot be written.
pub fn finish(table: &'static str, writer: csv::Writer<Vec<u8>>) -> Result<Vec<u8>, TableError> {
    writer.into_inner().map_err(|error| TableError::Row { table, source: error.into_error() })
}

/// Writes what a writer still holds.
///
/// # Errors
/// [`TableError::File`] if the system refuses.
pub fn flush(table: &'static str, mut writer: csv::Writer<impl Write>) -> Result<(), TableError> {
    writer.flush().map_err(|source| refused(table, source))
}

/// Turns a CSV writer's error into a [`TableError::Row`], or into a [`TableError::File`] if the system refused.
pub fn row_error(table: &'static str) -> impl Fn(csv::Error) -> TableError {
    move |error| {
        // As the system said it, since its number says what helps.
        if let csv::ErrorKind::Io(source) = error.kind() {
            let source = source.raw_os_error().map_or_else(|| source.kind().into(), io::Error::from_raw_os_error);
            return refused(table, source);
        }
        TableError::Row { table, source: error.into() }
    }
}

/// The same of what writes JSON.
pub fn json_error(table: &'static str) -> impl Fn(serde_json::Error) -> TableError {
    move |error| match error.is_io() {
        true => refused(table, error.into()),
        false => TableError::Row { table, source: error.into() },
    }
}

impl TableError {
    /// The same, with the folder that the table is in.
    pub fn below(self, dir: &Path) -> Self {
        match self {
            Self::File(FileError { operation, path, source }) if path.is_relative() && !path.starts_with(dir) => {
                FileError { operation, path: dir.join(path), source }.into()
            }
            error @ (Self::File(_) | Self::Row { .. }) => error,
        }
    }
}

/// What the system says of a table.
pub fn refused(table: &'static str, source: io::Error) -> TableError {
    FileError { operation: "write", path: table.into(), source }.into()
}
