//! Values of a scenario as TOML: the counterpart of `reader`.

use toml_edit::{Array, ArrayOfTables, Item, Table, Value, value};

/// A whole number. Those of a scenario come from TOML, so that each fits its integers.
pub(crate) fn whole(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A table's key with a whole number.
pub(crate) fn insert_count(table: &mut Table, key: &str, count: u64) {
    table.insert(key, value(whole(count)));
}

/// A table's key with a number, where there is one.
pub(crate) fn insert_some(table: &mut Table, key: &str, given: Option<impl Into<Value>>) {
    if let Some(given) = given {
        table.insert(key, value(given));
    }
}

/// A table's key with a list of numbers.
pub(crate) fn insert_reals(table: &mut Table, key: &str, numbers: &[f64]) {
    table.insert(key, value(numbers.iter().copied().collect::<Array>()));
}

/// The key `classes`, where classes are named.
pub(crate) fn insert_classes(table: &mut Table, classes: Option<&Vec<String>>) {
    if let Some(classes) = classes {
        table.insert("classes", value(classes.iter().map(String::as_str).collect::<Array>()));
    }
}

/// A list of tables, where there are any.
pub(crate) fn insert_tables(table: &mut Table, key: &str, tables: impl Iterator<Item = Table>) {
    let list: ArrayOfTables = tables.collect();
    if !list.is_empty() {
        table.insert(key, Item::ArrayOfTables(list));
    }
}
