//! A header and rows of separated fields, as spreadsheets and data frames write them.

use std::borrow::Cow;

use csv::StringRecord;

use super::{Dialect, Table};
use crate::fault::{Fault, TableFault};

/// What may separate fields, and its name.
const DELIMITERS: [(u8, &str); 5] = [
    (b',', "comma-separated"),
    (b';', "semicolon-separated"),
    (b'\t', "tab-separated"),
    (b'|', "bar-separated"),
    (b' ', "space-separated"),
];

/// Lines by which a delimiter is recognised.
const LINES_LOOKED_AT: usize = 50;

/// Reads a table whose fields are separated by this byte, or by whichever its first lines agree on.
pub(super) fn read(text: &str, delimiter: Option<u8>, faults: &mut Vec<TableFault>) -> (Table, Dialect) {
    let text = with_line_feeds(text);
    let (num_comments, body, named) = without_comments(&text);
    // A name may say tabs where there are none.
    let asked = delimiter.filter(|delimiter| body.lines().next().is_some_and(|header| count(header, *delimiter) > 0));
    let delimiter = asked.or(named).unwrap_or_else(|| delimiter_of(body));
    let body = plain(body, delimiter);
    let body = body.as_ref();
    let layout = DELIMITERS.iter().find(|(known, _)| *known == delimiter).map_or("separated", |(_, layout)| layout);
    let dialect = Dialect { layout, num_comments, in_rows: false };
    if let Some(line) = open_quote(body, delimiter) {
        faults.push(TableFault::at(line + num_comments, Fault::OpenQuote));
        return (Table::default(), dialect);
    }
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(body.as_bytes());
    let mut header: Option<StringRecord> = None;
    let mut table = Table::default();
    let mut record = StringRecord::new();
    // R writes the number of each row first, and no name above these.
    let (mut has_row_names, mut from_zero) = (false, false);
    loop {
        let line_of = |position: Option<&csv::Position>| position.map_or(1, |at| at.line() as usize) + num_comments;
        match reader.read_record(&mut record) {
            Ok(false) => break,
            Err(error) => {
                let fault = Fault::Syntax { format: "CSV", message: error.to_string() };
                faults.push(TableFault::at(line_of(error.position()), fault));
            }
            // Spreadsheets keep the separators of rows that somebody emptied.
            Ok(true) if record.iter().all(str::is_empty) => {}
            Ok(true) => {
                let line = line_of(record.position());
                match &header {
                    None => {
                        table = Table::with_header(record.iter().map(str::to_owned).collect());
                        let twice =
                            |(column, count): (&str, usize)| Fault::ColumnTwice { column: column.to_owned(), count };
                        faults.extend(table.repeated().into_iter().map(|name| TableFault::at(line, twice(name))));
                        header = Some(record.clone());
                    }
                    Some(header) if is_again(&record, header) => {
                        faults.push(TableFault::at(line, Fault::HeaderAgain));
                    }
                    Some(header)
                        if record.len() == header.len() + 1 && is_numbered(&record, &table, &mut from_zero) =>
                    {
                        has_row_names |= table.num_rows() == 0;
                        match has_row_names {
                            true => table.push(line, record.iter().skip(1)),
                            false => faults.push(TableFault::at(line, ragged(header, &record, delimiter))),
                        }
                    }
                    Some(header) if record.len() == header.len() && !has_row_names => table.push(line, record.iter()),
                    Some(header) => faults.push(TableFault::at(line, ragged(header, &record, delimiter))),
                }
            }
        }
    }
    (table, dialect)
}

/// The text with one byte at the end of each line: the reader counts a line break of two with the line after it, and knows none of a
/// carriage return alone.
fn with_line_feeds(text: &str) -> Cow<'_, str> {
    match (text.contains('\r'), text.contains('\n')) {
        (false, _) => Cow::Borrowed(text),
        (true, true) => Cow::Owned(text.replace("\r\n", "\n")),
        (true, false) => Cow::Owned(text.replace('\r', "\n")),
    }
}

/// Whether a row is the header again, whatever its capitals, and whatever mark stood before it in its own file.
fn is_again(record: &StringRecord, header: &StringRecord) -> bool {
    record.len() == header.len()
        && record.iter().zip(header).all(|(one, other)| one.trim_start_matches('\u{feff}').eq_ignore_ascii_case(other))
}

/// Whether a row begins with its own number, as rows without a name of their own do: from 1 those of R, from 0 those of pandas.
fn is_numbered(record: &StringRecord, table: &Table, from_zero: &mut bool) -> bool {
    let number = record.get(0).and_then(|first| first.parse::<usize>().ok());
    if table.num_rows() == 0 {
        *from_zero = number == Some(0);
    }
    number == Some(table.num_rows() + usize::from(!*from_zero))
}

/// The text with one separator between fields: columns that spaces align have many, and tables of Markdown have bars at both ends and a
/// line of dashes.
fn plain(text: &str, delimiter: u8) -> Cow<'_, str> {
    let is_of_markdown = delimiter == b'|' && text.trim_start().starts_with('|');
    let is_aligned = delimiter == b' ' && !text.contains('"');
    if !is_of_markdown && !is_aligned {
        return Cow::Borrowed(text);
    }
    let line = |line: &str| match is_aligned {
        true => line.split_whitespace().collect::<Vec<_>>().join(" "),
        // An empty line is counted, and no row.
        false if line.chars().all(|letter| matches!(letter, '|' | '-' | ':' | ' ')) => String::new(),
        false => line.trim().trim_start_matches('|').trim_end_matches('|').to_owned(),
    };
    Cow::Owned(text.lines().map(line).collect::<Vec<_>>().join("\n"))
}

/// The first line on which a quote is opened that is not closed where its field ends, or that swallowed rows. What follows it says
/// nothing about quotes.
fn open_quote(text: &str, delimiter: u8) -> Option<usize> {
    let bytes = text.as_bytes();
    if !bytes.contains(&b'"') {
        return None;
    }
    let mut lines_of_text = text.lines().filter(|line| !line.trim().is_empty());
    let of_header = count(lines_of_text.next().unwrap_or_default(), delimiter);
    let first: Vec<&str> = lines_of_text.next().unwrap_or_default().split(char::from(delimiter)).collect();
    let is_a_number = |field: &str| field.trim().parse::<f64>().is_ok();
    let numeric: Vec<usize> = (0..first.len()).filter(|at| is_a_number(first[*at])).collect();
    let (mut at, mut line, mut is_start) = (0, 1, true);
    while at < bytes.len() {
        if !(is_start && bytes[at] == b'"') {
            line += usize::from(bytes[at] == b'\n');
            // Spaces before a quote are trimmed from the field.
            is_start = matches!(bytes[at], b'\n') || bytes[at] == delimiter || is_start && bytes[at] == b' ';
            at += 1;
            continue;
        }
        let (opened, begin) = (line, at);
        at += 1;
        // To the quote that is not doubled.
        while at < bytes.len() && !(bytes[at] == b'"' && bytes.get(at + 1) != Some(&b'"')) {
            at += if bytes[at] == b'"' { 2 } else { 1 };
        }
        let inside = &text[begin..at.min(bytes.len())];
        line += inside.matches('\n').count();
        let rest = text.get(at + 1..).unwrap_or_default();
        let rest = if delimiter == b' ' { rest } else { rest.trim_start_matches(' ') };
        let is_closed =
            at < bytes.len() && (rest.is_empty() || rest.starts_with('\n') || rest.as_bytes()[0] == delimiter);
        // A line within the text that has as many fields as the header, and numbers where the first row has some, is a row.
        let mut within = inside.lines().skip(1);
        let is_a_row = |row: &str| {
            let fields: Vec<&str> = row.split(char::from(delimiter)).collect();
            let is_of_numbers = numeric.iter().all(|at| fields.get(*at).is_some_and(|field| is_a_number(field)));
            of_header > 0 && fields.len() > of_header && !numeric.is_empty() && is_of_numbers
        };
        if !is_closed || within.any(is_a_row) {
            return Some(opened);
        }
        at += 1;
        is_start = false;
    }
    None
}

/// The comment lines before the header, counted, what comes after them, and the delimiter that spreadsheets name there: `sep=;`.
fn without_comments(text: &str) -> (usize, &str, Option<u8>) {
    let mut rest = text;
    let (mut count, mut delimiter) = (0, None);
    loop {
        let (line, after) = rest.split_once('\n').unwrap_or((rest, ""));
        match line.trim_end().as_bytes() {
            [b's' | b'S', b'e' | b'E', b'p' | b'P', b'=', named] if count == 0 => delimiter = Some(*named),
            [b'#', ..] => {}
            _ => return (count, rest, delimiter),
        }
        rest = after;
        count += 1;
    }
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
    // Names may hold spaces, so that these divide fields only where nothing else does.
    let others = DELIMITERS.iter().filter(|(delimiter, _)| *delimiter != b' ');
    let has_other = others.clone().any(|(delimiter, _)| count(header, *delimiter) > 0);
    let best = DELIMITERS
        .iter()
        .filter(|(delimiter, _)| *delimiter != b' ' || !has_other)
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

/// A row of another length than the header.
fn ragged(header: &StringRecord, record: &StringRecord, delimiter: u8) -> Fault {
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
    fn a_quote_that_nothing_closes_or_that_swallows_rows_is_named() {
        for text in [
            "a,b,c\n1,\"2,3\n4,5,6\n",
            "a,b,c\n1,2,\"5in\n4,5,6\n",
            "a,b,c\n1,2,\"5in\n4,5,6\"\n7,8,9\n",
            "a,b,c\n1,2,\"5in\n4,5,\"6in\n7,8,9\n",
        ] {
            let (_, _, faults) = read(text);
            assert!(
                matches!(faults[..], [TableFault { line: Some(2), fault: Fault::OpenQuote, .. }]),
                "{text}: {faults:?}"
            );
        }
        let (table, _, faults) = read("a,b,c\n1,2,\"two\nlines, \"\"quoted\"\"\"\n4,5,6 \"in\"\n");
        assert_eq!((table.num_rows(), faults.len(), table.line(1)), (2, 0, 4));
        assert_eq!((table.text(0, 2), table.text(1, 2)), ("two\nlines, \"quoted\"", "6 \"in\""));
    }

    #[test]
    fn what_spreadsheets_and_r_put_before_rows_is_no_row() {
        let (table, dialect, faults) = read("sep=;\na;b\n1,5;2\n");
        assert_eq!(
            (table.header().len(), table.num_rows(), faults.len(), dialect.layout),
            (2, 1, 0, "semicolon-separated")
        );
        let (table, dialect, faults) = read("\"a\" \"b\"\n\"1\" \"x\" 2\n\"2\" \"y\" 3\n");
        assert_eq!((table.num_rows(), table.text(1, 0), faults.len(), dialect.layout), (2, "y", 0, "space-separated"));
        let (table, _, _) = read("a,b\r1,2\r3,4\r");
        assert_eq!((table.num_rows(), table.line(1)), (2, 3));
        let (_, _, faults) = read("a,b\n1,2\n\u{feff}A,b\n3,4\n");
        assert!(matches!(faults[..], [TableFault { line: Some(3), fault: Fault::HeaderAgain, .. }]), "{faults:?}");
    }
}
