//! Tables of another shape than a row a run, made long: wide ones, and records of programs that have a rule of their own for what counts.

use crate::columns::{Columns, Finder};
use crate::fault::TableFault;
use crate::reading::{self, ACCURACY, CHOSEN, Table, WideOf};
use crate::status::is_status;

/// The long table, the columns with what its shape says of them, and how it was made, for a reader.
pub(crate) fn long(table: Table, columns: &Columns, faults: &mut Vec<TableFault>) -> (Table, Columns, Vec<String>) {
    if let Some((chosen, how)) = reading::chosen(&table, faults) {
        return (chosen, columns.clone().or(of_domainbed()), vec![how]);
    }
    if let Some(known) = of_torchgeo_bench(&table) {
        return (table, columns.clone().or(known), Vec::new());
    }
    match wide(&table, columns, faults) {
        Some(wide) => {
            let how = wide.words(table.header());
            let known = match wide.of {
                WideOf::Replicates => Columns { replicate: Some(wide.key.clone()), ..Columns::default() },
                WideOf::Arms => Columns { arm: vec![wide.key.clone()], ..Columns::default() },
            };
            let value = Columns { value: Some(wide.value.clone()), ..known };
            // The columns that held values are gone, and their names are the metric's.
            let asked = Columns { wide: Vec::new(), value: None, ..columns.clone() };
            (table.melted(&wide), asked.or(value), vec![how])
        }
        None => (table, columns.clone(), Vec::new()),
    }
}

/// The columns of a wide table that are named, or that are recognised where what they stand for has no column of its own.
fn wide(table: &Table, columns: &Columns, faults: &mut Vec<TableFault>) -> Option<reading::Wide> {
    let finder = Finder::new(table);
    let has_replicate = columns.replicate.is_some() || finder.has_replicate();
    let has_arm = !columns.arm.is_empty() || finder.has_arm();
    if !columns.wide.is_empty() {
        let names_reference = columns.wide.iter().any(|name| name.eq_ignore_ascii_case(reference_of(columns)));
        let of = if !has_arm && (has_replicate || names_reference) { WideOf::Arms } else { WideOf::Replicates };
        return reading::named(table, &columns.wide, of).map_err(|fault| faults.push(TableFault::of_file(fault))).ok();
    }
    let asks_examples = columns.example.is_some() || columns.correct.is_some() || finder.has_examples();
    if columns.value.as_ref().is_some_and(|value| table.column(value).is_some()) || asks_examples {
        return None;
    }
    let taken = finder.taken(columns);
    let reference = reference_of(columns);
    // Whatever else columns are called, one that is called as the reference, with numbers in it, is an arm.
    let of_arms =
        if columns.arm.is_empty() && has_replicate { reading::of_arms(table, reference, &taken) } else { None };
    of_arms.or_else(|| {
        let taken: Vec<usize> = taken.iter().copied().chain(finder.usual_arms()).collect();
        if has_arm && !has_replicate { reading::of_replicates(table, &taken, finder.has_value()) } else { None }
    })
}

/// What the reference is called.
fn reference_of(columns: &Columns) -> &str {
    columns.reference.as_deref().unwrap_or("scratch")
}

fn of_domainbed() -> Columns {
    let [dataset, algorithm, test_envs, trial_seed] = CHOSEN;
    Columns {
        arm: vec![algorithm.to_owned()],
        cell: vec![dataset.to_owned(), test_envs.to_owned()],
        replicate: Some(trial_seed.to_owned()),
        value: Some(ACCURACY.to_owned()),
        // What every other algorithm there is held against.
        reference: Some("ERM".to_owned()),
        ..Columns::default()
    }
}

/// torchgeo-bench compares networks; what is trained on their features, and on which part of the data, is a cell's.
fn of_torchgeo_bench(table: &Table) -> Option<Columns> {
    const ITS_OWN: [&str; 6] = ["dataset", "method", "metric_name", "metric_value", "seed", "name"];
    let is_its_own = ITS_OWN.iter().all(|name| table.column(name).is_some());
    let cell = ["dataset", "method", "partition"].into_iter().filter(|name| table.column(name).is_some());
    is_its_own.then(|| Columns {
        arm: vec!["name".to_owned()],
        cell: cell.map(str::to_owned).collect(),
        ..Columns::default()
    })
}

impl Finder<'_> {
    /// Columns that have another part than that of a value.
    fn taken(&self, columns: &Columns) -> Vec<usize> {
        let table = self.table;
        let conditions =
            columns.keep.iter().chain(&columns.drop).filter_map(|given| Some(given.split_once('=')?.0.trim()));
        let named = columns
            .arm
            .iter()
            .chain(&columns.cell)
            .chain(&columns.replicate)
            .chain(&columns.unit)
            .chain(&columns.cluster);
        let mut taken: Vec<usize> =
            named.map(String::as_str).chain(conditions).filter_map(|name| table.column(name)).collect();
        taken.extend(self.usual_keys());
        taken.extend((0..table.header().len()).filter(|at| is_status(&table.header()[*at])));
        taken
    }
}
