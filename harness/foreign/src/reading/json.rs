//! JSON: one object a line, or an array of objects.

use std::borrow::Cow;

use super::value::{Fields, Value};
use super::{Dialect, Table};
use crate::fault::{Fault, TableFault};

const LINES: Dialect = Dialect { layout: "JSON, one object a line", num_comments: 0, in_rows: false };
const ARRAY: Dialect = Dialect { layout: "JSON, an array of objects", num_comments: 0, in_rows: false };

/// Reads a table of JSON.
pub(super) fn read(text: &str, faults: &mut Vec<TableFault>) -> (Table, Dialect) {
    if text.trim_start().starts_with('[') { (array(text, faults), ARRAY) } else { (lines(text, faults), LINES) }
}

fn lines(text: &str, faults: &mut Vec<TableFault>) -> Table {
    let mut table = Table::default();
    let mut written = text.lines().filter(|line| !line.trim().is_empty());
    let first = written.next().map(parse::<Fields>);
    let whole = match first {
        // A line a row, as a rule.
        Some(Ok(_)) if written.next().is_some() => None,
        Some(Ok(fields)) => Some(vec![(1, fields)]),
        Some(Err(_)) => spread(text),
        None => None,
    };
    if let Some(objects) = whole {
        if let [(line, Fields(fields))] = objects.as_slice()
            && let Some(message) = not_rows(fields)
        {
            faults.push(TableFault::at(*line, Fault::Syntax { format: "a JSON object for each row", message }));
            return table;
        }
        objects.iter().for_each(|(line, Fields(fields))| push(&mut table, *line, fields, faults));
        return table;
    }
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        match parse::<Fields>(line) {
            Ok(Fields(fields)) => push(&mut table, at + 1, &fields, faults),
            Err(error) => {
                let column = Some(error.column()).filter(|column| *column > 0);
                let message = message_of(&error);
                faults.push(TableFault {
                    line: Some(at + 1),
                    column,
                    fault: Fault::Syntax { format: "a JSON object", message },
                });
            }
        }
    }
    table
}

/// What is wrong with an object that is the whole text, if it holds rows instead of being one.
fn not_rows(fields: &[(String, Value)]) -> Option<String> {
    if is_of_columns(fields) {
        return Some(
            "it is one object of columns; write an object for each row (pandas: orient=\"records\")".to_owned(),
        );
    }
    let is_of_rows = |value: &Value| matches!(value, Value::List(entries) if entries.iter().any(|entry| !matches!(entry, Value::Text(_))));
    let (name, _) = fields.iter().find(|(_, value)| is_of_rows(value))?;
    Some(format!(
        "it is one object, whose list {name:?} holds the rows; write an object for each of them (pandas: orient=\"records\")"
    ))
}

/// The objects of a text that writes each over several lines, with the lines that they begin on; `None` for something else.
fn spread(text: &str) -> Option<Vec<(usize, Fields)>> {
    let text = with_quoted_numbers(text);
    let (mut objects, mut line, mut counted) = (Vec::new(), 1, 0);
    let mut stream = serde_json::Deserializer::from_str(&text).into_iter::<Fields>();
    loop {
        let begin = stream.byte_offset();
        let begin = begin + text[begin..].find('{').unwrap_or_default();
        let Some(object) = stream.next() else { break };
        line += text[counted..begin].matches('\n').count();
        counted = begin;
        objects.push((line, object.ok()?));
    }
    Some(objects)
}

/// Whether an object holds nothing but objects of the same keys, two or more: what pandas' to_json writes if nothing else is asked for.
fn is_of_columns(fields: &[(String, Value)]) -> bool {
    let keys = |value: &Value| match value {
        Value::Object(inner) => Some(inner.iter().map(|(key, _)| key.clone()).collect::<Vec<_>>()),
        Value::Text(_) | Value::List(_) => None,
    };
    let first = fields.first().and_then(|(_, value)| keys(value));
    let has_several = fields.len() > 1 && first.as_ref().is_some_and(|first| first.len() > 1);
    has_several && fields.iter().all(|(_, value)| keys(value) == first)
}

fn array(text: &str, faults: &mut Vec<TableFault>) -> Table {
    let mut table = Table::default();
    let objects = match parse::<Vec<Value>>(text) {
        Ok(objects) => objects,
        Err(error) => {
            let message = message_of(&error);
            let fault = Fault::Syntax { format: "a JSON array of objects", message };
            faults.push(TableFault { line: Some(error.line()), column: Some(error.column()), fault });
            return table;
        }
    };
    // The array's objects have no lines of their own where it is written in one.
    let starts = lines_of_objects(text);
    for (at, value) in objects.iter().enumerate() {
        let line = starts.get(at).copied().unwrap_or(1);
        match value {
            Value::Object(fields) => push(&mut table, line, fields, faults),
            Value::Text(_) | Value::List(_) => {
                let message =
                    format!("entry {} of the array is no object; write {{\"column\": value, …}} for each row", at + 1);
                faults.push(TableFault::at(line, Fault::Syntax { format: "a JSON array of objects", message }));
            }
        }
    }
    table
}

/// The lines on which the entries of an array begin.
fn lines_of_objects(text: &str) -> Vec<usize> {
    let (mut line, mut depth, mut is_text, mut is_escaped) = (1, 0_usize, false, false);
    let mut starts = Vec::new();
    for byte in text.bytes() {
        match byte {
            b'\n' => line += 1,
            _ if is_escaped => is_escaped = false,
            b'\\' if is_text => is_escaped = true,
            b'"' => is_text = !is_text,
            b'{' | b'[' if !is_text => {
                if depth == 1 {
                    starts.push(line);
                }
                depth += 1;
            }
            b'}' | b']' if !is_text => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    starts
}

/// Reads JSON as Python writes it: with NaN and Infinity, which JSON has not.
fn parse<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, serde_json::Error> {
    serde_json::from_str(text).or_else(|error| {
        let quoted = with_quoted_numbers(text);
        if quoted == text { Err(error) } else { serde_json::from_str(&quoted) }
    })
}

/// The same with NaN, Infinity and −Infinity as texts.
fn with_quoted_numbers(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let (mut is_text, mut is_escaped) = (false, false);
    while let Some(letter) = rest.chars().next() {
        if !is_text && let Some(word) = ["NaN", "Infinity", "-Infinity"].into_iter().find(|word| rest.starts_with(word))
        {
            out.push('"');
            out.push_str(word);
            out.push('"');
            rest = &rest[word.len()..];
            continue;
        }
        match letter {
            _ if is_escaped => is_escaped = false,
            '\\' if is_text => is_escaped = true,
            '"' => is_text = !is_text,
            _ => {}
        }
        out.push(letter);
        rest = &rest[letter.len_utf8()..];
    }
    out
}

/// What is wrong, without the line and column, which stand before it.
fn message_of(error: &serde_json::Error) -> String {
    use serde_json::error::Category;
    let message = error.to_string();
    let message = message.split(" at line ").next().unwrap_or_default();
    match error.classify() {
        Category::Eof => "it ends before the object does".to_owned(),
        Category::Data => format!("write {{\"column\": value, …}} ({message})"),
        Category::Io | Category::Syntax => message.to_owned(),
    }
}

fn push(table: &mut Table, line: usize, object: &[(String, Value)], faults: &mut Vec<TableFault>) {
    let mut fields = Vec::new();
    flatten("", object, &mut fields);
    // A key twice, or `"a.b"`, and `"b"` within `"a"`.
    if let Some(column) = table.push_named(line, fields.into_iter()) {
        faults.push(TableFault::at(line, Fault::ColumnTwice { column, count: 2 }));
    }
}

/// The fields of an object; those of objects within it are named by both, joined by a point.
fn flatten<'v>(prefix: &str, object: &'v [(String, Value)], fields: &mut Vec<(String, Cow<'v, str>)>) {
    for (key, value) in object {
        let name = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        match value {
            Value::Object(inner) => flatten(&name, inner, fields),
            Value::Text(_) | Value::List(_) => fields.extend(field(value).map(|text| (name, Cow::Borrowed(text)))),
        }
    }
}

/// A JSON value as a field; of a list with one entry, that entry. `None` for other lists and for objects.
fn field(value: &Value) -> Option<&str> {
    match value {
        Value::Text(text) => Some(text.trim()),
        Value::List(entries) => match entries.as_slice() {
            [only @ Value::Text(_)] => field(only),
            _ => None,
        },
        Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Table, Vec<TableFault>) {
        let mut faults = Vec::new();
        let (table, _) = super::read(text, &mut faults);
        (table, faults)
    }

    #[test]
    fn lines_and_arrays_are_the_same_table() {
        let (lines, _) = read("{\"a\": 1, \"b\": {\"c\": \"x\"}, \"d\": [0]}\n{\"a\": 2.5}\n");
        let (array, faults) = read("[\n{\"a\": 1, \"b\": {\"c\": \"x\"}, \"d\": [0]},\n {\"a\": 2.5}]");
        assert_eq!(faults, []);
        for table in [&lines, &array] {
            assert_eq!(table.header(), ["a", "b.c", "d"]);
            let texts = |row: usize| (0..3).map(|column| table.text(row, column)).collect::<Vec<_>>();
            assert_eq!((texts(0), texts(1)), (vec!["1", "x", "0"], vec!["2.5", "", ""]));
        }
        assert_eq!((lines.line(1), array.line(1)), (2, 3));
    }

    #[test]
    fn objects_may_be_written_over_several_lines() {
        let (table, faults) = read("{\n  \"a\": NaN\n}\n{\n  \"a\": 2\n}\n");
        assert_eq!((table.num_rows(), table.line(0), table.line(1), faults.len()), (2, 1, 4, 0));
        for text in ["{\"columns\": [\"a\"], \"data\": [[1], [2]]}", "{\"log_history\": [{\"a\": 1}, {\"a\": 2}]}"] {
            let (_, faults) = read(text);
            assert!(faults.len() == 1 && faults[0].fault.to_string().contains("holds the rows"), "{faults:?}");
        }
    }

    #[test]
    fn a_name_that_an_object_has_twice_is_told() {
        let (_, faults) = read("{\"a\": 1, \"a\": 2}\n");
        assert!(matches!(faults[0].fault, Fault::ColumnTwice { .. }), "{faults:?}");
        let (_, faults) = read("{\"a\": 1}\n{\"a.b\": 1, \"a\": {\"b\": 2}}\n");
        assert!(
            matches!(&faults[..], [TableFault { line: Some(2), fault: Fault::ColumnTwice { column, .. }, .. }] if column == "a.b")
        );
    }

    #[test]
    fn pythons_nan_is_read_and_left_to_be_judged() {
        let (table, faults) = read("{\"a\": NaN, \"b\": \"NaN \\\" NaN\"}\n{\"a\": -Infinity}\n");
        assert_eq!(faults, []);
        assert_eq!((table.text(0, 0), table.text(0, 1), table.text(1, 0)), ("NaN", "NaN \" NaN", "-Infinity"));
    }

    #[test]
    fn what_is_no_object_is_told_with_its_place() {
        let (_, faults) = read("{\"a\": 1}\n{\"a\": \n[1]\n");
        let told: Vec<String> = faults.iter().map(|fault| fault.fault.to_string()).collect();
        assert_eq!((faults[0].line, faults[1].line), (Some(2), Some(3)));
        assert!(told[0].contains("ends before the object does") && told[1].contains("{\"column\": value"), "{told:?}");
    }
}
