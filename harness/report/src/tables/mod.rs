//! Tidy tables: one row for each run and metric, and one row for each contrast.

mod columnar;
mod effects;
mod rules;
mod runs;
#[cfg(test)]
mod tests;
mod verdicts;

use std::path::Path;

pub use columnar::runs_parquet;
pub use runs::{RUN_COLUMNS, runs_csv};
pub use verdicts::verdict_rows;

use nt_analysis::Analysis;
use nt_disk::write_atomic;
use nt_records::record::RunRecord;
use nt_records::table::TableError;
use nt_records::verdicts::verdicts_csv;

/// Writes `runs.csv`, `runs.parquet`, `verdicts.csv`, `verdicts.json`, `rules.csv` and `rules.json` into a study's
/// folder.
///
/// # Errors
/// [`TableError`] names the table.
pub fn write(dir: &Path, records: &[&RunRecord], analysis: &Analysis, is_exploratory: bool) -> Result<(), TableError> {
    write_atomic(&dir.join("runs.csv"), &runs_csv(records)?)?;
    write_atomic(&dir.join("runs.parquet"), &runs_parquet(records)?)?;
    let rows = verdict_rows(analysis);
    write_atomic(&dir.join("verdicts.csv"), &verdicts_csv(&rows)?)?;
    write_atomic(&dir.join("verdicts.json"), &effects::verdicts_json(analysis, &rows, is_exploratory)?)?;
    let (csv, json) = rules::rules(analysis, is_exploratory)?;
    write_atomic(&dir.join("rules.csv"), &csv)?;
    write_atomic(&dir.join("rules.json"), &json)?;
    Ok(())
}
