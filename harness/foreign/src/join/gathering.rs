//! Gathers the rows of a table into runs.

use std::collections::{BTreeMap, HashMap};

use super::{Cell, Hit, RunKey, TableArm, TableRun, run_words};
use crate::columns::{Condition, Roles, Score};
use crate::fault::{Fault, TableFault};
use crate::key::{Key, Keys, name};
use crate::notation::correctness;
use crate::reading::Table;
use crate::status::{Ended, ended};

/// A table's rows with what is known of every text of their columns, so that a row costs no comparison of texts.
pub(super) struct Rows<'a> {
    table: &'a Table,
    cell: Vec<(usize, Keys)>,
    arm: Vec<(usize, Keys)>,
    unit: Option<(usize, Keys)>,
    replicate: (usize, Keys),
    run: Option<(usize, Keys)>,
    cluster: Option<(usize, Keys)>,
    /// How runs ended, by the status column's texts.
    status: Option<(usize, Vec<Option<Ended>>)>,
    /// For each condition, which texts of its column it accepts, and which are empty.
    keep: Vec<(usize, Vec<[bool; 2]>)>,
    /// The same for conditions of which a row that is read meets none.
    drop: Vec<(usize, Vec<[bool; 2]>)>,
    score: Scores,
    /// Columns without a part in what a row is.
    others: Vec<usize>,
}

/// What is known of every text of the columns that hold scores.
enum Scores {
    /// The number of each text.
    Run { column: usize, numbers: Vec<Option<f64>> },
    /// The examples' keys, and whether each text says that an example was right.
    Example { column: usize, keys: Keys, correct: usize, is_right: Vec<Option<bool>> },
}

/// A run while its rows are gathered.
struct Gathered {
    cell: Box<[u32]>,
    arm: Box<[u32]>,
    unit: Option<u32>,
    replicate: u32,
    first_row: usize,
    run: TableRun,
}

/// A row's place: the ranks of its keys.
type Place = Box<[u32]>;

/// For each cell and example, its cluster's rank and the line that first says so.
type ClustersByCell = HashMap<Box<[u32]>, BTreeMap<u32, (u32, usize)>>;

impl<'a> Rows<'a> {
    pub(super) fn new(table: &'a Table, roles: &'a Roles) -> Self {
        let keys = |column: usize| (column, Keys::of(table, column));
        let texts = |column: usize| table.at(column).texts().iter().map(AsRef::as_ref);
        let condition = |(column, values): &Condition| {
            let accepts = |text: &str| [values.iter().any(|value| value == text), text.is_empty()];
            (*column, texts(*column).map(accepts).collect())
        };
        let score = match roles.score {
            Score::Run { value } => {
                let number = |text: &str| roles.notation.number(text);
                Scores::Run { column: value, numbers: texts(value).map(number).collect() }
            }
            Score::Example { example, correct } => Scores::Example {
                column: example,
                keys: Keys::of(table, example),
                correct,
                is_right: texts(correct).map(correctness).collect(),
            },
        };
        Self {
            table,
            cell: roles.cell.iter().map(|&column| keys(column)).collect(),
            arm: roles.arm.iter().map(|&column| keys(column)).collect(),
            unit: roles.unit.map(keys),
            replicate: keys(roles.replicate),
            run: roles.run.map(keys),
            cluster: roles.cluster.map(keys),
            status: roles.status.map(|column| (column, texts(column).map(ended).collect())),
            keep: roles.keep.iter().map(condition).collect(),
            drop: roles.drop.iter().map(condition).collect(),
            score,
            others: {
                let used = roles.used();
                (0..table.header().len()).filter(|at| !used.contains(at)).collect()
            },
        }
    }

    /// The test examples' names, by their ranks.
    pub(super) fn examples(&self) -> Vec<Key> {
        match &self.score {
            Scores::Run { .. } => Vec::new(),
            Scores::Example { keys, .. } => keys.all().to_vec(),
        }
    }

    fn key<'k>(&self, row: usize, (column, keys): &'k (usize, Keys)) -> &'k Key {
        keys.key(self.rank(row, (*column, keys)))
    }

    fn rank(&self, row: usize, (column, keys): (usize, &Keys)) -> u32 {
        keys.rank(self.table.at(column).code(row))
    }

    fn ended(&self, row: usize) -> Option<Ended> {
        match &self.status {
            None => Some(Ended::Done),
            Some((column, ended)) => ended[self.table.at(*column).code(row)],
        }
    }

    /// Whether a row is read: the filters keep it, or it is a run that diverged and so has no metric.
    fn keeps(&self, row: usize) -> bool {
        let found = |(column, accepted): &(usize, Vec<[bool; 2]>)| accepted[self.table.at(*column).code(row)];
        if self.drop.iter().any(|condition| found(condition)[0]) {
            return false;
        }
        self.keep.iter().all(|condition| found(condition)[0])
            || (self.ended(row) == Some(Ended::Diverged)
                && self.keep.iter().all(|condition| found(condition).contains(&true)))
    }

    /// All cells, from the rows that are kept.
    pub(super) fn cells(&self, faults: &mut Vec<TableFault>) -> BTreeMap<Vec<Key>, Cell> {
        let mut gathered: Vec<Gathered> = Vec::new();
        let mut places: HashMap<Place, usize> = HashMap::new();
        let mut clusters = ClustersByCell::new();
        let mut spoiled: Vec<(Box<[u32]>, RunKey)> = Vec::new();
        let mut place: Vec<u32> = Vec::new();
        let mut last: Option<(Place, usize)> = None;
        for row in (0..self.table.num_rows()).filter(|&row| self.keeps(row)) {
            let line = self.table.line(row);
            let mut fault = |fault: Fault| faults.push(TableFault::at(line, fault));
            if let Err(empty) = self.place(row, &mut place) {
                fault(empty);
                continue;
            }
            let (cell, rest) = place.split_at(self.cell.len());
            let spoil = |spoiled: &mut Vec<(Box<[u32]>, RunKey)>| spoiled.push((cell.into(), self.run_key(row)));
            let diverged = match self.ended(row) {
                Some(Ended::Done) => false,
                Some(Ended::Diverged) => true,
                None | Some(Ended::Early) => {
                    fault(self.ended_early(row));
                    spoil(&mut spoiled);
                    continue;
                }
            };
            // Rows of a run stand beside each other as a rule.
            let known = match &last {
                Some((before, at)) if **before == *place => Some(*at),
                _ => places.get(place.as_slice()).copied(),
            };
            let is_known = known.is_some();
            let at = known.unwrap_or_else(|| {
                gathered.push(Gathered {
                    cell: cell.into(),
                    arm: rest[..self.arm.len()].into(),
                    unit: self.unit.as_ref().map(|(column, keys)| self.rank(row, (*column, keys))),
                    replicate: self.rank(row, (self.replicate.0, &self.replicate.1)),
                    first_row: row,
                    run: TableRun { line, diverged, ..TableRun::default() },
                });
                places.insert(place.as_slice().into(), gathered.len() - 1);
                gathered.len() - 1
            });
            if last.as_ref().is_none_or(|(_, before)| *before != at) {
                last = Some((place.as_slice().into(), at));
            }
            let added = self.add(row, &mut gathered[at].run, (is_known, diverged));
            let added = added.and_then(|()| self.add_cluster(row, cell, &mut clusters));
            if let Err(refused) = added {
                fault(refused);
                spoil(&mut spoiled);
            }
        }
        self.check_examples(&mut gathered, faults);
        self.assemble(gathered, clusters, spoiled)
    }

    /// The ranks of a row's cell, arm, unit and replicate.
    fn place(&self, row: usize, place: &mut Vec<u32>) -> Result<(), Fault> {
        let filled = |column: &(usize, Keys), role| match self.key(row, column) {
            key if key.is_empty() || key.is_missing() => Err(Fault::EmptyKey { role }),
            _ => Ok(self.rank(row, (column.0, &column.1))),
        };
        place.clear();
        place.extend(self.cell.iter().map(|(column, keys)| self.rank(row, (*column, keys))));
        if self.arm.iter().all(|column| self.key(row, column).is_empty()) {
            return Err(Fault::EmptyKey { role: "the arm" });
        }
        place.extend(self.arm.iter().map(|(column, keys)| self.rank(row, (*column, keys))));
        place.push(filled(&self.replicate, "the replicate")?);
        if let Some(unit) = &self.unit {
            place.push(filled(unit, "the unit")?);
        }
        Ok(())
    }

    fn run_key(&self, row: usize) -> RunKey {
        (self.unit.as_ref().map(|unit| self.key(row, unit).clone()), self.key(row, &self.replicate).clone())
    }

    fn run_name(&self, row: usize) -> String {
        let arm: Vec<Key> = self.arm.iter().map(|column| self.key(row, column).clone()).collect();
        format!("{} of {}", run_words(&self.run_key(row)), name(&arm))
    }

    /// What is wrong with a run that did not come to its end, or of which nobody knows whether it did.
    fn ended_early(&self, row: usize) -> Fault {
        let column = self.status.as_ref().map_or(0, |(column, _)| *column);
        let value = self.table.text(row, column).to_owned();
        let column = self.table.header()[column].clone();
        match self.ended(row) {
            Some(Ended::Early) => Fault::EndedEarly {
                column,
                value,
                replicate: self.table.header()[self.replicate.0].clone(),
                number: self.key(row, &self.replicate).to_string(),
            },
            Some(Ended::Done | Ended::Diverged) | None => Fault::Status { column, value },
        }
    }

    /// Adds a row to its run.
    fn add(&self, row: usize, run: &mut TableRun, (is_known, diverged): (bool, bool)) -> Result<(), Fault> {
        let line = self.table.line(row);
        let twice = |run: &TableRun| self.duplicate(self.run_name(row), row, run.line);
        match &self.score {
            Scores::Example { column, keys, correct, is_right } => {
                if is_known && (run.diverged || diverged) {
                    return Err(twice(run));
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
                run.hits.push(Hit { example, is_right, line: line as u32 });
                Ok(())
            }
            Scores::Run { column, numbers } => {
                match &self.run {
                    Some(number) => {
                        let number = self.key(row, number).clone();
                        if let Some(first_line) = run.runs.insert(number, line) {
                            return Err(self.duplicate(self.run_name(row), row, first_line));
                        }
                    }
                    None if is_known => return Err(twice(run)),
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

    /// The fault of a row whose key another has.
    fn duplicate(&self, what: String, row: usize, first_line: usize) -> Fault {
        let first = (0..self.table.num_rows()).find(|row| self.table.line(*row) == first_line);
        let differs = |column: &usize| {
            // Fields of a measurement differ in every row, and tell nothing apart.
            let is_key = self.table.at(*column).texts().len() < self.table.num_rows();
            is_key && first.is_some_and(|first| self.table.text(first, *column) != self.table.text(row, *column))
        };
        let differing = self.others.iter().filter(|column| differs(column)).take(3);
        Fault::Duplicate { what, first_line, differing: differing.map(|at| self.table.header()[*at].clone()).collect() }
    }

    fn no_number(&self, row: usize, column: usize) -> Fault {
        let value = self.table.text(row, column).to_owned();
        let column = self.table.header()[column].clone();
        let key = Key::new(&value);
        let is_infinite = value.trim_start_matches(['-', '+']).to_ascii_lowercase().starts_with("inf");
        match key.is_empty() || key.is_missing() || is_infinite {
            true => Fault::NoValue { column, value },
            false => Fault::Value { column, value },
        }
    }

    fn add_cluster(&self, row: usize, cell: &[u32], clusters: &mut ClustersByCell) -> Result<(), Fault> {
        let (Some(column), Scores::Example { column: example, keys, .. }) = (&self.cluster, &self.score) else {
            return Ok(());
        };
        let cluster = self.key(row, column);
        if cluster.is_empty() || cluster.is_missing() {
            return Err(Fault::NoCluster { value: self.table.text(row, column.0).to_owned() });
        }
        let rank = self.rank(row, (column.0, &column.1));
        let example = self.rank(row, (*example, keys));
        if !clusters.contains_key(cell) {
            clusters.insert(cell.into(), BTreeMap::new());
        }
        let of_cell = clusters.get_mut(cell).ok_or(Fault::NothingKept)?;
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

    /// Puts each run's examples in order, and reports those that it has twice.
    fn check_examples(&self, gathered: &mut [Gathered], faults: &mut Vec<TableFault>) {
        let Scores::Example { keys, .. } = &self.score else { return };
        for Gathered { run, first_row, .. } in gathered {
            run.hits.sort_unstable_by_key(|hit| (hit.example, hit.line));
            for pair in run.hits.windows(2).filter(|pair| pair[0].example == pair[1].example) {
                let what = format!("example {} of {}", keys.key(pair[1].example), self.run_name(*first_row));
                let (first_line, line) = (pair[0].line as usize, pair[1].line as usize);
                faults.push(TableFault::at(line, Fault::Duplicate { what, first_line, differing: Vec::new() }));
            }
            run.hits.dedup_by_key(|hit| hit.example);
        }
    }

    fn assemble(
        &self,
        gathered: Vec<Gathered>,
        clusters: ClustersByCell,
        spoiled: Vec<(Box<[u32]>, RunKey)>,
    ) -> BTreeMap<Vec<Key>, Cell> {
        let keys = |ranks: &[u32], columns: &[(usize, Keys)]| -> Vec<Key> {
            columns.iter().zip(ranks).map(|((_, keys), &rank)| keys.key(rank).clone()).collect()
        };
        let mut cells: BTreeMap<Vec<Key>, Cell> = BTreeMap::new();
        for Gathered { cell, arm, unit, replicate, first_row, run } in gathered {
            let unit = unit.and_then(|rank| Some(self.unit.as_ref()?.1.key(rank).clone()));
            let key = (unit, self.replicate.1.key(replicate).clone());
            let arms = &mut cells.entry(keys(&cell, &self.cell)).or_default().arms;
            let arm =
                arms.entry(keys(&arm, &self.arm)).or_insert_with(|| TableArm { first_row, ..TableArm::default() });
            arm.runs.insert(key, run);
        }
        for (cell, key) in spoiled {
            cells.entry(keys(&cell, &self.cell)).or_default().spoiled.insert(key);
        }
        let cluster_keys = self.cluster.as_ref().map(|(_, keys)| keys);
        for (cell, of_cell) in clusters {
            let Some(cluster_keys) = cluster_keys else { continue };
            let named =
                of_cell.into_iter().map(|(example, (rank, line))| (example, (cluster_keys.key(rank).clone(), line)));
            cells.entry(keys(&cell, &self.cell)).or_default().clusters = named.collect();
        }
        cells
    }
}
