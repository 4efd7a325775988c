//! What a table's further columns suggest: units that replicates share, and groups of test examples.

use crate::columns::{Roles, Score};
use crate::reading::Table;
use crate::words::words_of;

/// Columns whose values several replicates may share, and which make them dependent then.
const OF_UNITS: [&str; 22] = [
    "split",
    "half",
    "pool",
    "subset",
    "part",
    "partition",
    "group",
    "block",
    "batch",
    "subject",
    "patient",
    "site",
    "source",
    "pretrain",
    "pretraining",
    "checkpoint",
    "init",
    "family",
    "pair",
    "cluster",
    "teacher",
    "ancestor",
];

/// Columns that test examples of one group share: they are not independent.
const OF_GROUPS: [&str; 22] = [
    "group",
    "cluster",
    "patient",
    "subject",
    "speaker",
    "participant",
    "scene",
    "site",
    "document",
    "video",
    "clip",
    "author",
    "bird",
    "animal",
    "individual",
    "location",
    "camera",
    "session",
    "slide",
    "hospital",
    "passage",
    "story",
];

/// A sentence for each option that the table suggests and nobody gave.
pub(crate) fn hints(table: &Table, roles: &Roles) -> Vec<String> {
    [unit(table, roles), cluster(table, roles)].into_iter().flatten().collect()
}

/// Replicates that share the text of another column.
fn unit(table: &Table, roles: &Roles) -> Option<String> {
    if roles.unit.is_some() || roles.splits.is_some() {
        return None;
    }
    let of = |column: &usize| is_shared(table, *column, roles.replicate);
    let is_of_units =
        |column: &usize| words_of(&table.header()[*column]).iter().any(|word| OF_UNITS.contains(&word.as_str()));
    let column = free(table, roles).filter(is_of_units).find(of)?;
    let (column, replicate) = (&table.header()[column], &table.header()[roles.replicate]);
    Some(format!(
        "several values of {replicate} share one {column}: if those are not independent, such as halves of one split, give --unit {column}"
    ))
}

/// A column of source files that has one for all runs, and so contradicts that each has a source of its own.
pub(crate) fn one_source_file<'t>(table: &'t Table, roles: &Roles) -> Option<&'t str> {
    const OF_FILES: [&str; 6] = ["checkpoint", "ckpt", "weights", "pretrained", "backbone", "file"];
    let num_texts = |column: usize| table.at(column).texts().iter().filter(|text| !text.is_empty()).count();
    let has_several_runs = table.at(roles.replicate).texts().len() > 1;
    let column = free(table, roles).find(|column| is_named(table, *column, &OF_FILES) && num_texts(*column) == 1);
    column.filter(|_| has_several_runs).map(|column| table.header()[column].as_str())
}

/// Test examples that share the text of a column that names groups.
fn cluster(table: &Table, roles: &Roles) -> Option<String> {
    let Score::Example { example, .. } = roles.score else { return None };
    if roles.cluster.is_some() || roles.splits.is_some() {
        return None;
    }
    let of = |column: &usize| is_named(table, *column, &OF_GROUPS) && is_shared(table, *column, example);
    let column = &table.header()[free(table, roles).find(of)?];
    Some(format!("several test examples share one {column}: if those are not independent, give --cluster {column}"))
}

fn free<'t>(table: &'t Table, roles: &Roles) -> impl Iterator<Item = usize> + use<'t> {
    let used = roles.used();
    (0..table.header().len()).filter(move |column| !used.contains(column))
}

/// Whether the last word of a column's name is one of these, with or without "id" behind it.
fn is_named(table: &Table, column: usize, names: &[&str]) -> bool {
    let words = words_of(&table.header()[column]);
    let last = words.iter().rfind(|word| *word != "id");
    last.is_some_and(|last| names.iter().any(|known| last == known || last.strip_suffix("id") == Some(known)))
}

/// Whether each key has one text in the column, several keys share one, and there are two texts or more.
fn is_shared(table: &Table, column: usize, key: usize) -> bool {
    let num_texts = table.at(column).texts().iter().filter(|text| !text.is_empty()).count();
    table.has_one_each(key, column) && (2..table.at(key).texts().len()).contains(&num_texts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_groups_are_recognised() {
        let table = Table::with_header(["patient_id", "meta.Scene", "label", "patientid"].map(str::to_owned).to_vec());
        let named: Vec<bool> = (0..4).map(|column| is_named(&table, column, &OF_GROUPS)).collect();
        assert_eq!(named, [true, true, false, true]);
    }
}
