//! A header and rows of separated fields, as spreadsheets and data frames write them.

use csv::StringRecord;

use super::{Dialect, Table};
use crate::fault::{Fault, TableFault};

/// What may separate fields, and its name.
const DELIMITERS: [(u8, &str); 4] =
    [(b',', "comma-separated"), (b';', "semicolon-separated"), (b'\t', "tab-separated"), (b'|', "bar-separated")];

/// Lines by which a delimiter is recognised.
const LINES_LOOKED_AT: usize = 50;

/// Reads a table whose fields are separated by this byte, or by whichever its first lines agree on.
pub(super) fn read(text: &str, delimiter: Option<u8>, faults: &mut Vec<TableFault>) -> (Table, Dialect) {
    // The reader counts a line break of two bytes with the line after it.
    let text = text.replace("\r\n", "\n");
    let (num_comments, body) = without_comments(&text);
    let delimiter = delimiter.unwrap_or_else(|| delimiter_of(body));
    let layout = DELIMITERS.iter().find(|(known, _)| *known == delimiter).map_or("separated", |(_, layout)| layout);
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(body.as_bytes());
    let mut header: Option<StringRecord> = None;
    let mut table = Table::default();
    let mut record = StringRecord::new();
    loop {
        let line_of = |position: Option<&csv::Position>| position.map_or(1, |at| at.line() as usize) + num_comments;
        match reader.read_record(&mut record) {
            Ok(false) => break,
            Err(error) => {
                let fault = Fault::Syntax { format: "CSV", message: error.to_string() };
                faults.push(TableFault::at(line_of(error.position()), fault));
            }
            Ok(true) => {
                let line = line_of(record.position());
                match &header {
                    None => {
                        report_repeated(&record, line, faults);
                        table = Table::with_header(record.iter().map(str::to_owned).collect());
                        header = Some(record.clone());
                    }
                    Some(header) if record == *header => faults.push(TableFault::at(line, Fault::HeaderAgain)),
                    Some(header) if record.len() == header.len() => table.push(line, record.iter()),
                    Some(header) => faults.push(TableFault::at(line, ragged(header, &record, delimiter))),
                }
            }
        }
    }
    (table, Dialect { layout, num_comments, in_rows: false })
}

/// The comment lines before the header, counted, and what comes after them.
fn without_comments(text: &str) -> (usize, &str) {
    let mut rest = text;
    let mut count = 0;
    while rest.starts_with('#') {
        rest = rest.split_once('\n').map_or("", |(_, after)| after);
        count += 1;
    }
    (count, rest)
}

/// The delimiter that the first lines agree on: every line has it equally often, and none has another more often.
fn delimiter_of(text: &str) -> u8 {
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).take(LINES_LOOKED_AT).collect();
    let Some((header, rows)) = lines.split_first() else { return b',' };
    let score = |delimiter: u8| {
        let of_header = count(header, delimiter);
        let agreeing = rows.iter().filter(|row| count(row, delimiter) == of_header).count();
        // A header without it has one column, which tells nothing.
        (of_header > 0).then_some((agreeing, of_header))
    };
    let best = DELIMITERS
        .iter()
        .rev()
        .filter_map(|&(delimiter, _)| Some((score(delimiter)?, delimiter)))
        .max_by_key(|(score, _)| *score);
    best.map_or(b',', |(_, delimiter)| delimiter)
}

/// How often a line has a delimiter outside of quotes.
fn count(line: &str, delimiter: u8) -> usize {
    let mut is_quoted = false;
    let is_one = |byte: &u8| {
        is_quoted ^= *byte == b'"';
        *byte == delimiter && !is_quoted
    };
    line.as_bytes().iter().copied().filter(is_one).count()
}

fn report_repeated(header: &StringRecord, line: usize, faults: &mut Vec<TableFault>) {
    let names: Vec<&str> = header.iter().collect();
    for (at, column) in names.iter().enumerate() {
        let count = names.iter().filter(|name| *name == column).count();
        // A data frame's index has no name.
        if !column.is_empty() && count > 1 && !names[..at].contains(column) {
            faults.push(TableFault::at(line, Fault::ColumnTwice { column: (*column).to_owned(), count }));
        }
    }
}

/// A row of another length than the header.
fn ragged(header: &StringRecord, record: &StringRecord, delimiter: u8) -> Fault {
    // Text that swallowed lines began with a quote that nothing closes.
    if record.iter().any(|field| field.contains('\n')) && record.len() < header.len() {
        return Fault::OpenQuote;
    }
    let separator = match delimiter {
        b'\t' => "a tab".to_owned(),
        other => format!("{:?}", char::from(other)),
    };
    Fault::Ragged { expected: header.len(), got: record.len(), separator }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Table, Dialect, Vec<TableFault>) {
        let mut faults = Vec::new();
        let (table, dialect) = super::read(text, None, &mut faults);
        (table, dialect, faults)
    }

    #[test]
    fn the_lines_tell_what_separates_their_fields() {
        for (text, layout) in [
            ("a,b\n1,2\n", "comma-separated"),
            ("a;b\n0,5;1,5\n0,25;2\n", "semicolon-separated"),
            ("a\tb\n1\t2\n", "tab-separated"),
            ("a|b\n1|2\n", "bar-separated"),
            ("a,b\n\"1;2\",3\n", "comma-separated"),
        ] {
            let (table, dialect, faults) = read(text);
            assert_eq!((dialect.layout, table.header().len(), faults.len()), (layout, 2, 0), "{text}");
        }
    }

    #[test]
    fn comments_before_the_header_are_skipped_and_counted_and_lines_keep_their_numbers() {
        let (table, dialect, faults) = read("# from a spreadsheet\r\n# twice\r\na,b\r\n1,2\r\n1\r\n");
        assert_eq!((table.num_rows(), table.line(0)), (1, 4));
        assert_eq!(dialect.words(), "comma-separated, 2 comment lines skipped");
        assert_eq!(faults[0].line, Some(5));
    }

    #[test]
    fn a_header_that_stands_again_is_one_fault_and_no_row() {
        let (table, _, faults) = read("a,b\n1,2\na,b\n3,4\n");
        assert_eq!((table.num_rows(), faults.len()), (2, 1));
        assert!(matches!(faults[0], TableFault { line: Some(3), fault: Fault::HeaderAgain, .. }));
    }

    #[test]
    fn a_quote_that_nothing_closes_is_named() {
        let (_, _, faults) = read("a,b,c\n1,\"2,3\n4,5,6\n");
        assert!(matches!(faults[0].fault, Fault::OpenQuote), "{faults:?}");
    }
}
