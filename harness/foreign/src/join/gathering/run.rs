//! A run from the rows that tell of it.

use std::collections::BTreeMap;

use super::{ClustersByCell, Gathered, Place, Rows, Scores};
use crate::fault::{Fault, TableFault};
use crate::join::keys::Keys;
use crate::join::{Hit, TableRun};
use crate::key::Key;
use crate::notation::correctness;
use crate::status::Ended;

/// A run while its rows are gathered.
struct Run {
    first_row: usize,
    diverged: bool,
    /// Rows so far.
    num_rows: usize,
    /// How many of several runs have a value.
    num_trained: usize,
    /// The numbers of several runs, each with its row.
    numbers: BTreeMap<u32, usize>,
    value: Option<f64>,
    hits: Vec<Hit>,
}

impl Rows<'_> {
    /// A run from its rows, which are ascending.
    pub(super) fn run(&self, rows: &[(Place, u32)], gathered: &mut Gathered, faults: &mut Vec<TableFault>) -> TableRun {
        let (place, first_row) = (rows[0].0, rows[0].1 as usize);
        let mut run = Run {
            first_row,
            diverged: self.ended(first_row) == Some(Ended::Diverged),
            num_rows: 0,
            num_trained: 0,
            numbers: BTreeMap::new(),
            value: None,
            hits: Vec::new(),
        };
        for row in rows.iter().map(|(_, row)| *row as usize) {
            let added = self.add(row, &mut run);
            let added = added.and_then(|()| self.add_cluster(row, place.cell, &mut gathered.clusters));
            run.num_rows += 1;
            if let Err(fault) = added {
                faults.push(TableFault::at(self.table.line(row), fault));
                gathered.spoiled.push((place.cell, place.key));
            }
        }
        self.check_examples(&mut run, faults);
        let line = self.table.line(first_row) as u32;
        TableRun { line, diverged: run.diverged, value: run.value, hits: run.hits }
    }

    /// Adds a row to its run.
    fn add(&self, row: usize, run: &mut Run) -> Result<(), Fault> {
        let diverged = self.ended(row) == Some(Ended::Diverged);
        let is_known = run.num_rows > 0;
        match &self.score {
            Scores::Example { column, keys, correct, is_right } => {
                if is_known && (run.diverged || diverged) {
                    return Err(self.duplicate(self.run_name(row), row, run.first_row));
                }
                if diverged {
                    return Ok(());
                }
                let example = self.rank(row, (*column, keys));
                if keys.key(example).is_empty() {
                    return Err(Fault::EmptyKey { role: "the test example" });
                }
                let is_right = is_right[self.table.at(*correct).code(row)];
                let is_right = is_right.ok_or_else(|| Fault::Correctness {
                    column: self.table.header()[*correct].clone(),
                    value: self.table.text(row, *correct).to_owned(),
                })?;
                run.hits.push(Hit { example, is_right, row: row as u32 });
                Ok(())
            }
            Scores::Run { column, numbers } => {
                match &self.run {
                    Some(number) => {
                        let number = self.rank(row, (number.0, &number.1));
                        if let Some(first) = run.numbers.insert(number, row) {
                            return Err(self.duplicate(self.run_name(row), row, first));
                        }
                    }
                    None if is_known => return Err(self.duplicate(self.run_name(row), row, run.first_row)),
                    None => {}
                }
                if diverged {
                    return Ok(());
                }
                let value = numbers[self.table.at(*column).code(row)].ok_or_else(|| self.no_number(row, *column))?;
                // The mean of those so far that trained, and this one.
                let count = run.num_trained as f64;
                run.value = Some(run.value.map_or(value, |mean| (mean * count + value) / (count + 1.0)));
                run.num_trained += 1;
                run.diverged = false;
                Ok(())
            }
        }
    }

    /// The fault of a row whose key an earlier one has.
    fn duplicate(&self, what: String, row: usize, first: usize) -> Fault {
        let differs = |column: &usize| {
            // Fields of a measurement differ in every row, and tell nothing apart.
            let is_key = self.table.at(*column).texts().len() < self.table.num_rows();
            is_key && self.table.text(first, *column) != self.table.text(row, *column)
        };
        let differing = self.others.iter().filter(|column| differs(column)).take(3);
        let differing: Vec<String> = differing.map(|at| self.table.header()[*at].clone()).collect();
        let advice = self.told_apart(&differing);
        Fault::Duplicate { what, first_line: self.table.line(first), differing, advice }
    }

    /// How rows that differ in these columns can be told apart, by options as they must be given.
    fn told_apart(&self, differing: &[String]) -> String {
        let Some(one) = differing.first() else { return String::new() };
        if let Scores::Run { column, .. } = &self.score
            && self.table.at(*column).texts().iter().all(|text| correctness(text).is_some())
        {
            let correct = &self.table.header()[*column];
            return format!(
                "the two differ in {one}: if it names test examples, give --example {one} --correct {correct}"
            );
        }
        let with = |columns: &[(usize, Keys)]| {
            let names = columns.iter().map(|(column, _)| self.table.header()[*column].as_str());
            names.chain([one.as_str()]).collect::<Vec<_>>().join(",")
        };
        let kept = match self.keeps_roles {
            true => "--keep role=final ",
            false => "",
        };
        let replicate = &self.table.header()[self.replicate.0];
        format!(
            "the two differ in {}: if {one} tells arms apart, give --arm {}; if cells, --cell {}; if draws that hold several values of \
             {replicate}, --unit {one}; or read one value with {kept}--keep {one}=…",
            differing.join(", "),
            with(&self.arm),
            with(&self.cell),
        )
    }

    fn no_number(&self, row: usize, column: usize) -> Fault {
        let value = self.table.text(row, column).to_owned();
        let column = self.table.header()[column].clone();
        let key = Key::new(&value);
        let is_infinite = value.trim_start_matches(['-', '+']).to_ascii_lowercase().starts_with("inf");
        match key.is_empty() || key.is_missing() || is_infinite {
            true => Fault::NoValue {
                column,
                value,
                status: self
                    .status
                    .as_ref()
                    .map_or_else(|| "status".to_owned(), |(at, _)| self.table.header()[*at].clone()),
            },
            false => Fault::Value { column, value },
        }
    }

    fn add_cluster(&self, row: usize, cell: u32, clusters: &mut ClustersByCell) -> Result<(), Fault> {
        let (Some(column), Scores::Example { column: example, keys, .. }) = (&self.cluster, &self.score) else {
            return Ok(());
        };
        let cluster = self.key(row, column);
        if cluster.is_empty() || cluster.is_missing() {
            return Err(Fault::NoCluster { value: self.table.text(row, column.0).to_owned() });
        }
        let rank = self.rank(row, (column.0, &column.1));
        let example = self.rank(row, (*example, keys));
        let of_cell = clusters.entry(cell).or_default();
        let (first, first_line) = *of_cell.entry(example).or_insert((rank, self.table.line(row)));
        if first == rank {
            return Ok(());
        }
        Err(Fault::TwoClusters {
            example: keys.key(example).to_string(),
            second: cluster.to_string(),
            first: column.1.key(first).to_string(),
            first_line,
        })
    }

    /// Puts a run's examples in order, and reports those that it has twice.
    fn check_examples(&self, run: &mut Run, faults: &mut Vec<TableFault>) {
        let Scores::Example { keys, .. } = &self.score else { return };
        run.hits.sort_unstable_by_key(|hit| (hit.example, hit.row));
        for pair in run.hits.windows(2).filter(|pair| pair[0].example == pair[1].example) {
            let what = format!("example {} of {}", keys.key(pair[1].example), self.run_name(run.first_row));
            let (first, row) = (pair[0].row as usize, pair[1].row as usize);
            faults.push(TableFault::at(self.table.line(row), self.duplicate(what, row, first)));
        }
        run.hits.dedup_by_key(|hit| hit.example);
    }
}
