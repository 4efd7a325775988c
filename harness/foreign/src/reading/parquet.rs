//! Parquet, as data frames write it: its flat columns, each value as the text that a CSV would have.

use bytes::Bytes;
use parquet::basic::{ConvertedType, LogicalType};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::DataType;
use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::schema::types::ColumnDescriptor;

use super::table::Column;
use super::{Dialect, Table};
use crate::fault::{Fault, TableFault};

const PARQUET: Dialect = Dialect { layout: "Parquet", num_comments: 0, in_rows: true };

/// What every file of this format begins with.
pub(super) const MAGIC: &[u8] = b"PAR1";

/// Values that are read at a time.
const BATCH: usize = 1 << 14;

/// Reads a Parquet file. Columns of lists, maps and bytes without text are left out, as they are of JSON.
pub(super) fn read(bytes: &[u8], faults: &mut Vec<TableFault>) -> (Table, Dialect) {
    let bytes = Bytes::copy_from_slice(bytes);
    // The reader trusts lengths within a file that somebody cut or changed, and stops with a panic at some.
    let table = nt_disk::guarded(|| columns(bytes));
    let table = table.unwrap_or_else(|message| Err(ParquetError::General(message)));
    let table = table.unwrap_or_else(|error| {
        let message = format!("{error}; write it again, or write a CSV");
        faults.push(TableFault::of_file(Fault::Syntax { format: "Parquet", message }));
        Table::default()
    });
    for (column, count) in table.repeated() {
        faults.push(TableFault::of_file(Fault::ColumnTwice { column: column.to_owned(), count }));
    }
    (table, PARQUET)
}

fn columns(bytes: Bytes) -> Result<Table, ParquetError> {
    let reader = SerializedFileReader::new(bytes)?;
    let schema = reader.metadata().file_metadata().schema_descr_ptr();
    let texts: Vec<(usize, Texts)> =
        schema.columns().iter().enumerate().filter_map(|(at, column)| Some((at, Texts::of(column)?))).collect();
    let mut table: Vec<Column> = texts.iter().map(|_| Column::default()).collect();
    for group in 0..reader.num_row_groups() {
        let group = reader.get_row_group(group)?;
        for ((at, texts), column) in texts.iter().zip(&mut table) {
            texts.read(group.get_column_reader(*at)?, schema.column(*at).max_def_level(), column)?;
        }
    }
    let header = texts.iter().map(|(at, _)| schema.column(*at).path().string()).collect();
    Table::of_columns(header, table)
        .ok_or_else(|| ParquetError::General("its columns are not of one length".to_owned()))
}

/// How a column's values become texts.
#[derive(Clone, Copy)]
enum Texts {
    Flag,
    Signed,
    Unsigned,
    /// Whole numbers of this many decimals.
    Decimal(usize),
    Float,
    HalfFloat,
    Text,
}

impl Texts {
    /// How the values of this column become texts; `None` for lists, maps and what is no text.
    fn of(column: &ColumnDescriptor) -> Option<Self> {
        use parquet::basic::Type;
        if column.max_rep_level() > 0 {
            return None;
        }
        let logical = column.logical_type_ref();
        let is_decimal =
            matches!(logical, Some(LogicalType::Decimal { .. })) || column.converted_type() == ConvertedType::DECIMAL;
        let is_unsigned = matches!(
            column.converted_type(),
            ConvertedType::UINT_8 | ConvertedType::UINT_16 | ConvertedType::UINT_32 | ConvertedType::UINT_64
        );
        let decimal = || usize::try_from(column.type_scale()).ok().map(Self::Decimal);
        match column.physical_type() {
            Type::BOOLEAN => Some(Self::Flag),
            Type::INT32 | Type::INT64 | Type::BYTE_ARRAY | Type::FIXED_LEN_BYTE_ARRAY if is_decimal => decimal(),
            Type::INT32 | Type::INT64 if is_unsigned => Some(Self::Unsigned),
            Type::INT32 | Type::INT64 => Some(Self::Signed),
            Type::FLOAT | Type::DOUBLE => Some(Self::Float),
            // Older writers name texts as bytes.
            Type::BYTE_ARRAY => Some(Self::Text),
            Type::FIXED_LEN_BYTE_ARRAY if matches!(logical, Some(LogicalType::Float16)) => Some(Self::HalfFloat),
            Type::FIXED_LEN_BYTE_ARRAY | Type::INT96 => None,
        }
    }

    /// Adds the values of a row group to a column. A missing value is an empty text.
    fn read(self, reader: ColumnReader, most_defined: i16, column: &mut Column) -> Result<(), ParquetError> {
        match reader {
            ColumnReader::BoolColumnReader(reader) => each(reader, most_defined, column, |flag| flag.to_string()),
            ColumnReader::Int32ColumnReader(reader) => each(reader, most_defined, column, |value| match self {
                Self::Unsigned => (*value as u32).to_string(),
                Self::Decimal(scale) => decimal(i128::from(*value), scale),
                Self::Flag | Self::Signed | Self::Float | Self::HalfFloat | Self::Text => value.to_string(),
            }),
            ColumnReader::Int64ColumnReader(reader) => each(reader, most_defined, column, |value| match self {
                Self::Unsigned => (*value as u64).to_string(),
                Self::Decimal(scale) => decimal(i128::from(*value), scale),
                Self::Flag | Self::Signed | Self::Float | Self::HalfFloat | Self::Text => value.to_string(),
            }),
            // Of a number in 32 bits, the shortest text that means it: .7, and not .69999998807.
            ColumnReader::FloatColumnReader(reader) => each(reader, most_defined, column, |value| value.to_string()),
            ColumnReader::DoubleColumnReader(reader) => each(reader, most_defined, column, |value| value.to_string()),
            ColumnReader::ByteArrayColumnReader(reader) => {
                each(reader, most_defined, column, |value| self.of_bytes(value.data()))
            }
            ColumnReader::FixedLenByteArrayColumnReader(reader) => {
                each(reader, most_defined, column, |value| self.of_bytes(value.data()))
            }
            ColumnReader::Int96ColumnReader(reader) => each(reader, most_defined, column, |_| String::new()),
        }
    }

    fn of_bytes(self, bytes: &[u8]) -> String {
        if let (Self::Decimal(scale), ..=16) = (self, bytes.len()) {
            // Two's complement, most significant byte first.
            let sign = if bytes.first().is_some_and(|first| first & 0x80 != 0) { -1 } else { 0 };
            return decimal(bytes.iter().fold(sign, |number, byte| number << 8 | i128::from(*byte)), scale);
        }
        if let (Self::HalfFloat, &[low, high]) = (self, bytes) {
            return half::f16::from_le_bytes([low, high]).to_string();
        }
        String::from_utf8_lossy(bytes).trim().to_owned()
    }
}

fn each<T: DataType>(
    mut reader: ColumnReaderImpl<T>,
    most_defined: i16,
    column: &mut Column,
    text: impl Fn(&T::T) -> String,
) -> Result<(), ParquetError> {
    let (mut values, mut defined): (Vec<T::T>, Vec<i16>) = (Vec::new(), Vec::new());
    loop {
        values.clear();
        defined.clear();
        let (num_records, ..) = reader.read_records(BATCH, Some(&mut defined), None, &mut values)?;
        if num_records == 0 {
            return Ok(());
        }
        let mut values = values.iter();
        for record in 0..num_records {
            let is_there = most_defined == 0 || defined.get(record) == Some(&most_defined);
            let value = if is_there { values.next() } else { None };
            column.push(&value.map(&text).unwrap_or_default());
        }
    }
}

/// A whole number with a point before its last `scale` digits.
fn decimal(number: i128, scale: usize) -> String {
    let (sign, digits) = (if number < 0 { "-" } else { "" }, number.unsigned_abs().to_string());
    if scale == 0 {
        return format!("{sign}{digits}");
    }
    let digits = format!("{digits:0>width$}", width = scale + 1);
    let (whole, decimals) = digits.split_at(digits.len() - scale);
    format!("{sign}{whole}.{decimals}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_have_their_point() {
        assert_eq!((decimal(7, 2), decimal(-1234, 2), decimal(5, 0)), ("0.07".into(), "-12.34".into(), "5".into()));
        let texts = Texts::Decimal(2);
        assert_eq!((texts.of_bytes(&[0xFF, 0xFE]), texts.of_bytes(&[1, 0])), ("-0.02".into(), "2.56".into()));
    }

    #[test]
    fn what_is_no_parquet_is_one_fault() {
        let mut faults = Vec::new();
        let (table, _) = read(b"PAR1 and nothing else PAR1", &mut faults);
        assert_eq!((table.num_rows(), faults.len()), (0, 1));
        assert!(faults[0].fault.to_string().contains("this is not Parquet"), "{}", faults[0].fault);
    }
}
