//! `runs.parquet`: the rows of `runs.csv` with their types.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io::Write;
use std::sync::Arc;

use parquet::basic::Compression;
use parquet::data_type::{ByteArray, ByteArrayType, DataType, DoubleType, Int32Type, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::{DEFAULT_WRITE_BATCH_SIZE, WriterProperties};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;

use nt_records::measure::Measured;
use nt_records::record::RunRecord;
use nt_records::table::{TableError, refused};
use nt_records::version::RUNS_VERSION;

/// The columns of `runs.csv`, in its order.
const SCHEMA: &str = "
message runs {
  required int32 schema_version;
  required byte_array study (utf8);
  required byte_array role (utf8);
  optional byte_array source (utf8);
  optional byte_array similarity (utf8);
  optional byte_array target (utf8);
  optional byte_array size (utf8);
  required byte_array treatment (utf8);
  required int32 copied;
  required int32 frozen;
  required int32 replicate;
  required double budget;
  optional double learning_rate;
  optional byte_array metric (utf8);
  optional double value;
  optional int64 n_test;
  required byte_array status (utf8);
  required byte_array job (utf8);
  required byte_array method (utf8);
  optional double l2;
  required int32 run;
}";

/// Rows that are handed to the writer at a time: whole batches of the writer's own, so that its pages end where they would if it
/// got all rows at once.
const ROWS_AT_ONCE: usize = 64 * DEFAULT_WRITE_BATCH_SIZE;

/// A run and one of its metrics; `None` for a run that measured nothing.
type Row<'a> = (&'a RunRecord, Option<&'a Measured>);

/// The records as Parquet, in the order given: one row for each run and metric, with missing values as nulls.
///
/// # Errors
/// [`TableError::Row`] if they cannot be written.
pub fn runs_parquet(records: &[&RunRecord]) -> Result<Vec<u8>, TableError> {
    let mut file = Vec::new();
    write_runs_parquet(&mut file, records)?;
    Ok(file)
}

/// The same, written column by column.
pub(super) fn write_runs_parquet(to: impl Write + Send, records: &[&RunRecord]) -> Result<(), TableError> {
    const TABLE: &str = "runs.parquet";
    write(to, &rows(records)).map_err(|error| {
        // As the system said it, since its number says what helps.
        let cause = std::error::Error::source(&error).and_then(|cause| cause.downcast_ref::<std::io::Error>());
        match cause.and_then(std::io::Error::raw_os_error) {
            Some(number) => refused(TABLE, std::io::Error::from_raw_os_error(number)),
            None => TableError::Row { table: TABLE, source: std::io::Error::other(error) },
        }
    })
}

fn rows<'a>(records: &[&'a RunRecord]) -> Vec<Row<'a>> {
    let of_record = |record: &&'a RunRecord| -> Vec<Row<'a>> {
        let record: &'a RunRecord = record;
        match record.metrics.is_empty() {
            true => vec![(record, None)],
            false => record.metrics.iter().map(|metric| (record, Some(metric))).collect(),
        }
    };
    records.iter().flat_map(of_record).collect()
}

fn write<W: Write + Send>(to: W, rows: &[Row<'_>]) -> Result<(), ParquetError> {
    let schema = Arc::new(parse_message_type(SCHEMA)?);
    // Neither a date nor the writer's build may reach the file, since the same records must give the same bytes.
    let properties =
        WriterProperties::builder().set_compression(Compression::UNCOMPRESSED).set_created_by("nt".to_owned()).build();
    let mut file = SerializedFileWriter::new(to, schema, Arc::new(properties))?;
    let mut group = file.next_row_group()?;
    let integer = |value: u32| Some(i32::try_from(value).unwrap_or(i32::MAX));
    let texts = RefCell::new(Texts::default());
    let text = |value: &str| Some(texts.borrow_mut().of(value));
    let maybe = |value: &Option<String>| value.as_deref().and_then(text);
    column::<Int32Type>(&mut group, rows, |_| integer(RUNS_VERSION))?;
    column::<ByteArrayType>(&mut group, rows, |(record, _)| text(&record.study))?;
    column::<ByteArrayType>(&mut group, rows, |(record, _)| text(record.role.word()))?;
    column::<ByteArrayType>(&mut group, rows, |(record, _)| maybe(&record.source))?;
    column::<ByteArrayType>(&mut group, rows, |(record, _)| maybe(&record.similarity))?;
    column::<ByteArrayType>(&mut group, rows, |(record, _)| maybe(&record.target))?;
    column::<ByteArrayType>(&mut group, rows, |(record, _)| maybe(&record.size))?;
    column::<ByteArrayType>(&mut group, rows, |(record, _)| text(&record.treatment))?;
    column::<Int32Type>(&mut group, rows, |(record, _)| integer(u32::from(record.copied)))?;
    column::<Int32Type>(&mut group, rows, |(record, _)| integer(u32::from(record.frozen)))?;
    column::<Int32Type>(&mut group, rows, |(record, _)| integer(record.replicate))?;
    column::<DoubleType>(&mut group, rows, |(record, _)| Some(record.budget))?;
    column::<DoubleType>(&mut group, rows, |(record, _)| record.learning_rate)?;
    column::<ByteArrayType>(&mut group, rows, |(_, metric)| text(&metric?.measure.to_string()))?;
    column::<DoubleType>(&mut group, rows, |(_, metric)| Some(metric?.value))?;
    column::<Int64Type>(&mut group, rows, |(_, metric)| i64::try_from(metric?.n).ok())?;
    column::<ByteArrayType>(&mut group, rows, |(record, _)| text(record.status.word()))?;
    column::<ByteArrayType>(&mut group, rows, |(record, _)| text(&record.job.to_string()))?;
    column::<ByteArrayType>(&mut group, rows, |(record, _)| text(record.method.word()))?;
    column::<DoubleType>(&mut group, rows, |(record, _)| record.l2)?;
    column::<Int32Type>(&mut group, rows, |(record, _)| integer(record.run))?;
    group.close()?;
    file.close()?;
    Ok(())
}

/// Texts that occur again and again, each held once.
#[derive(Default)]
struct Texts(HashMap<String, ByteArray>);

impl Texts {
    /// With more than these they are let go: jobs are all different.
    const MOST: usize = 4096;

    fn of(&mut self, text: &str) -> ByteArray {
        if let Some(known) = self.0.get(text) {
            return known.clone();
        }
        if self.0.len() == Self::MOST {
            self.0.clear();
        }
        let bytes = ByteArray::from(text.as_bytes().to_vec());
        self.0.insert(text.to_owned(), bytes.clone());
        bytes
    }
}

/// Writes the next column of the schema, with definition level 1 for a value and 0 for a missing one.
fn column<T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, impl Write + Send>,
    rows: &[Row<'_>],
    value: impl Fn(Row<'_>) -> Option<T::T>,
) -> Result<(), ParquetError> {
    let Some(mut writer) = group.next_column()? else {
        return Err(ParquetError::General("more columns than the schema has".to_owned()));
    };
    for rows in rows.chunks(ROWS_AT_ONCE) {
        let all: Vec<Option<T::T>> = rows.iter().map(|&row| value(row)).collect();
        let levels: Vec<i16> = all.iter().map(|value| i16::from(value.is_some())).collect();
        let present: Vec<T::T> = all.into_iter().flatten().collect();
        writer.typed::<T>().write_batch(&present, Some(&levels), None)?;
    }
    writer.close()
}
