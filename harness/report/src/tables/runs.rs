//! `runs.csv`: one row for each run and metric.

use std::io::Write;

use nt_records::number;
use nt_records::record::RunRecord;
use nt_records::table::{TableError, flush, row_error};
use nt_records::version::RUNS_VERSION;

const TABLE: &str = "runs.csv";

/// The columns of `runs.csv`.
pub const RUN_COLUMNS: [&str; 21] = [
    "schema_version",
    "study",
    "role",
    "source",
    "similarity",
    "target",
    "size",
    "treatment",
    "copied",
    "frozen",
    "replicate",
    "budget",
    "learning_rate",
    "metric",
    "value",
    "n_test",
    "status",
    "job",
    "method",
    "l2",
    "run",
];

/// The records as CSV, in the order given. A run that measured nothing is not left out: it has one row without a
/// metric.
///
/// # Errors
/// [`TableError::Row`] if a row cannot be written.
pub fn runs_csv(records: &[&RunRecord]) -> Result<Vec<u8>, TableError> {
    let mut csv = Vec::new();
    write_runs_csv(&mut csv, records)?;
    Ok(csv)
}

/// The same, written row by row.
pub(super) fn write_runs_csv(to: impl Write, records: &[&RunRecord]) -> Result<(), TableError> {
    let mut writer = csv::Writer::from_writer(to);
    writer.write_record(RUN_COLUMNS).map_err(row_error(TABLE))?;
    for record in records {
        for row in rows(record) {
            writer.write_record(row).map_err(row_error(TABLE))?;
        }
    }
    flush(TABLE, writer)
}

fn rows(record: &RunRecord) -> Vec<[String; 21]> {
    let row = |metric: &str, value: String, n: String| {
        let text = |field: &Option<String>| field.clone().unwrap_or_default();
        let maybe = |value: Option<f64>| value.map(number::float).unwrap_or_default();
        [
            RUNS_VERSION.to_string(),
            record.study.clone(),
            record.role.word().to_owned(),
            text(&record.source),
            text(&record.similarity),
            text(&record.target),
            text(&record.size),
            record.treatment.clone(),
            record.copied.to_string(),
            record.frozen.to_string(),
            record.replicate.to_string(),
            number::float(record.budget),
            maybe(record.learning_rate),
            metric.to_owned(),
            value,
            n,
            record.status.word().to_owned(),
            record.job.to_string(),
            record.method.word().to_owned(),
            maybe(record.l2),
            record.run.to_string(),
        ]
    };
    if record.metrics.is_empty() {
        return vec![row("", String::new(), String::new())];
    }
    record
        .metrics
        .iter()
        .map(|metric| row(&metric.measure.to_string(), number::float(metric.value), metric.n.to_string()))
        .collect()
}
