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
use nt_disk::{write_listed, write_listed_with};
use nt_records::record::RunRecord;
use nt_records::table::TableError;
use nt_records::verdicts::write_verdicts_csv;

/// Writes `runs.csv`, `runs.parquet`, `verdicts.csv`, `verdicts.json`, `rules.csv` and `rules.json` into a study's
/// folder.
///
/// # Errors
/// [`TableError`] names the table.
pub fn write(dir: &Path, records: &[&RunRecord], analysis: &Analysis, is_exploratory: bool) -> Result<(), TableError> {
    write_below(dir, records, analysis, is_exploratory).map_err(|error| error.below(dir))
}

fn write_below(
    dir: &Path,
    records: &[&RunRecord],
    analysis: &Analysis,
    is_exploratory: bool,
) -> Result<(), TableError> {
    // Row by row, since those of a hundred thousand cells would take gigabytes.
    write_listed_with(&dir.join("runs.csv"), |file| runs::write_runs_csv(file, records))?;
    write_listed_with(&dir.join("runs.parquet"), |file| columnar::write_runs_parquet(file, records))?;
    write_listed_with(&dir.join("verdicts.csv"), |file| write_verdicts_csv(file, verdicts::rows(analysis)))?;
    write_listed_with(&dir.join("verdicts.json"), |file| effects::write_verdicts_json(file, analysis, is_exploratory))?;
    let (csv, json) = rules::rules(analysis, is_exploratory)?;
    write_listed(&dir.join("rules.csv"), &csv)?;
    write_listed(&dir.join("rules.json"), &json)?;
    Ok(())
}
