//! Tables, and lists of tables, inside a table.

use toml::de::DeTable;

use crate::count::thousands;
use crate::diagnostic::Code;
use crate::place::Span;

use super::{Report, TableReader, wrong_type};

/// The table of this key and where it is declared.
pub(crate) fn table<'a, 'i>(
    parent: &TableReader<'a, 'i>,
    key: &str,
    required: bool,
    report: &mut Report,
) -> Option<(&'a DeTable<'i>, Span)> {
    let Some((name, value)) = parent.entry(key) else {
        if required {
            let (message, label) = (format!("{} has no [{key}]", parent.what), format!("add a table `[{key}]`"));
            report.fault(Code::MissingKey, &parent.header, message, label, None);
        }
        return None;
    };
    let table = value.get_ref().as_table();
    if table.is_none() {
        wrong_type(value, key, &format!("a table `[{key}]`"), report);
    }
    table.map(|table| (table, name.span()))
}

/// Tables of one name that a scenario may have.
const MOST_TABLES: usize = 10_000;

/// What `read` makes of every table of a list. An entry that is not a table is reported and left out.
pub(crate) fn tables<'a, 'i, T>(
    parent: &TableReader<'a, 'i>,
    key: &str,
    required: bool,
    report: &mut Report,
    mut read: impl FnMut(&'a DeTable<'i>, Span, &mut Report) -> T,
) -> Vec<T> {
    // Named in full: within `[[target]]`, `[[size]]` would be another table.
    let full = match parent.what.strip_prefix("[[").and_then(|what| what.strip_suffix("]]")) {
        Some(outer) => format!("{outer}.{key}"),
        None => key.to_owned(),
    };
    let Some((_, value)) = parent.entry(key) else {
        if required {
            let (message, label) = (format!("{} has no [[{full}]]", parent.what), format!("add a table `[[{full}]]`"));
            report.fault(Code::MissingKey, &parent.header, message, label, None);
        }
        return Vec::new();
    };
    let Some(items) = value.get_ref().as_array() else {
        wrong_type(value, key, &format!("a list of tables, each headed `[[{full}]]`"), report);
        return Vec::new();
    };
    if let Some(beyond) = items.get(MOST_TABLES) {
        let message = format!("there are {} tables [[{full}]]", thousands(items.len() as u64));
        let label = format!("at most {}: cut the study in two", thousands(MOST_TABLES as u64));
        report.fault(Code::OutOfRange, &beyond.span(), message, label, None);
    }
    let mut all = Vec::new();
    for item in items.iter().take(MOST_TABLES) {
        match item.get_ref().as_table() {
            Some(table) => all.push(read(table, item.span(), report)),
            None => wrong_type(item, key, &format!("a table headed `[[{full}]]`"), report),
        }
    }
    all
}
