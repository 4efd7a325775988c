//! Tidy tables: one row a run and metric, one row a contrast.

mod columnar;
mod effects;
mod rules;
mod runs;
#[cfg(test)]
mod tests;
mod verdicts;

use std::io;
use std::path::Path;

use thiserror::Error;

pub use columnar::runs_parquet;
pub(crate) use effects::VarianceRow;
pub use runs::{RUN_COLUMNS, runs_csv};
pub use verdicts::{VERDICT_COLUMNS, VerdictRow, verdict_rows, verdicts_csv, verdicts_json};

use crate::analysis::Analysis;
use crate::file::{FileError, write_atomic};
use crate::record::RunRecord;

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

/// Writes `runs.csv`, `runs.parquet`, `verdicts.csv`, `verdicts.json`, `rules.csv` and `rules.json` into a study's folder.
///
/// # Errors
/// [`TableError`] names the table.
pub fn write(dir: &Path, records: &[&RunRecord], analysis: &Analysis) -> Result<(), TableError> {
    write_atomic(&dir.join("runs.csv"), &runs_csv(records)?)?;
    write_atomic(&dir.join("runs.parquet"), &runs_parquet(records)?)?;
    let rows = verdict_rows(analysis);
    write_atomic(&dir.join("verdicts.csv"), &verdicts_csv(&rows)?)?;
    write_atomic(&dir.join("verdicts.json"), &effects::verdicts_json(analysis, &rows)?)?;
    let (csv, json) = rules::rules(analysis)?;
    write_atomic(&dir.join("rules.csv"), &csv)?;
    write_atomic(&dir.join("rules.json"), &json)?;
    Ok(())
}

/// Rows of text under a header as CSV.
pub(crate) fn csv_of(table: &'static str, header: &[&str], rows: &[Vec<String>]) -> Result<Vec<u8>, TableError> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(header).map_err(row_error(table))?;
    for row in rows {
        writer.write_record(row).map_err(row_error(table))?;
    }
    finish(table, writer)
}

fn finish(table: &'static str, writer: csv::Writer<Vec<u8>>) -> Result<Vec<u8>, TableError> {
    writer.into_inner().map_err(|error| TableError::Row { table, source: error.into_error() })
}

fn row_error(table: &'static str) -> impl Fn(csv::Error) -> TableError {
    move |error| TableError::Row { table, source: error.into() }
}
