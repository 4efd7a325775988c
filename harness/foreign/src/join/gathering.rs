//! Gathers the rows of a table into runs.

use std::collections::{BTreeMap, HashMap};

use super::keys::Keys;
use super::{Cell, Hit, Names, RunKey, TableArm, TableRun, run_words};
use crate::columns::{Condition, Roles, Score};
use crate::fault::{Fault, TableFault, condition};
use crate::key::{Key, name};
use crate::notation::correctness;
use crate::reading::Table;
use crate::status::{Ended, RAYS_DONE, ended};

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
    /// Whether replicates are numbered, so that a word among them is none.
    has_numbers: bool,
    /// Whether only a study's own judged runs are read, unless something else is asked for.
    keeps_roles: bool,
}

/// What is known of every text of the columns that hold scores.
enum Scores {
    /// The number of each text.
    Run { column: usize, numbers: Vec<Option<f64>> },
    /// The examples' keys, and whether each text says that an example was right.
    Example { column: usize, keys: Keys, correct: usize, is_right: Vec<Option<bool>> },
}

/// A row's place: its cell and its arm, numbered as they appear, and what pairs its run.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    cell: u32,
    arm: u32,
    key: RunKey,
}

/// Numbers for the combinations of keys that rows have in several columns.
#[derive(Default)]
struct Combinations {
    numbers: HashMap<Box<[u32]>, u32>,
    /// The ranks of each combination, by its number.
    ranks: Vec<Box<[u32]>>,
    last: u32,
}

impl Combinations {
    /// The number of these ranks.
    fn number(&mut self, ranks: &[u32]) -> u32 {
        // Rows of a run stand beside each other as a rule.
        if self.ranks.get(self.last as usize).is_some_and(|last| **last == *ranks) {
            return self.last;
        }
        self.last = match self.numbers.get(ranks) {
            Some(&number) => number,
            None => {
                let number = self.ranks.len() as u32;
                self.numbers.insert(ranks.into(), number);
                self.ranks.push(ranks.into());
                number
            }
        };
        self.last
    }
}

/// For each cell and example, its cluster's rank and the line that first says so.
type ClustersByCell = HashMap<u32, BTreeMap<u32, (u32, usize)>>;

/// What is gathered of all rows.
#[derive(Default)]
struct Gathered {
    cells: Combinations,
    arms: Combinations,
    /// The place of each row that is read.
    rows: Vec<(Place, u32)>,
    clusters: ClustersByCell,
    /// Runs of which a row could not be read, each with its cell.
    spoiled: Vec<(u32, RunKey)>,
}

impl<'a> Rows<'a> {
    pub(super) fn new(table: &'a Table, roles: &'a Roles) -> Self {
        let keys = |column: usize| (column, Keys::of(table, column));
        let texts = |column: usize| table.at(column).texts().iter().map(AsRef::as_ref);
        let ended_as = |word: &str| match word.eq_ignore_ascii_case(RAYS_DONE) && roles.terminated_is_done {
            true => Some(Ended::Done),
            false => ended(word),
        };
        let condition = |(column, values): &Condition| {
            let wanted: Vec<Key> = values.iter().map(|value| Key::new(value)).collect();
            let accepts = |text: &str| [wanted.contains(&Key::new(text)), text.is_empty()];
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
            status: roles.status.map(|column| (column, texts(column).map(ended_as).collect())),
            keep: roles.keep.iter().map(condition).collect(),
            drop: roles.drop.iter().map(condition).collect(),
            score,
            keeps_roles: roles.keeps_roles,
            has_numbers: texts(roles.replicate).any(|text| matches!(Key::new(text), Key::Number(_))),
            others: {
                let used = roles.used();
                (0..table.header().len()).filter(|at| !used.contains(at)).collect()
            },
        }
    }

    /// The keys that ranks stand for.
    pub(super) fn into_names(self) -> Names {
        Names {
            replicates: self.replicate.1.into_all(),
            units: self.unit.map(|(_, keys)| keys.into_all()),
            examples: match self.score {
                Scores::Run { .. } => Vec::new(),
                Scores::Example { keys, .. } => keys.into_all(),
            },
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
        let mut gathered = Gathered::default();
        let mut ranks: Vec<u32> = Vec::new();
        for row in (0..self.table.num_rows()).filter(|&row| self.keeps(row)) {
            let place = self.place(row, &mut ranks, &mut gathered);
            let ended = place.and_then(|place| match self.ended(row) {
                Some(Ended::Done | Ended::Diverged) => Ok(place),
                None | Some(Ended::Early) => {
                    gathered.spoiled.push((place.cell, place.key));
                    Err(self.ended_early(row))
                }
            });
            match ended {
                Ok(place) => gathered.rows.push((place, row as u32)),
                Err(fault) => faults.push(TableFault::at(self.table.line(row), fault)),
            }
        }
        gathered.rows.sort_unstable();
        let mut cells: BTreeMap<Vec<Key>, Cell> = BTreeMap::new();
        let rows = std::mem::take(&mut gathered.rows);
        for of_arm in rows.chunk_by(|(one, _), (other, _)| (one.cell, one.arm) == (other.cell, other.arm)) {
            let place = of_arm[0].0;
            let first_row = of_arm.iter().map(|(_, row)| *row as usize).min().unwrap_or_default();
            let mut arm = TableArm { first_row, ..TableArm::default() };
            for of_run in of_arm.chunk_by(|(one, _), (other, _)| one.key == other.key) {
                arm.runs.push(of_run[0].0.key, self.run(of_run, &mut gathered, faults));
            }
            let cell = keys(&gathered.cells.ranks[place.cell as usize], &self.cell);
            let name = keys(&gathered.arms.ranks[place.arm as usize], &self.arm);
            cells.entry(cell).or_default().arms.insert(name, arm);
        }
        self.assemble(&mut cells, gathered);
        cells
    }

    /// The place of a row.
    fn place(&self, row: usize, ranks: &mut Vec<u32>, gathered: &mut Gathered) -> Result<Place, Fault> {
        let filled = |column: &(usize, Keys), role| match self.key(row, column) {
            key if key.is_empty() || key.is_missing() => Err(Fault::EmptyKey { role }),
            _ => Ok(self.rank(row, (column.0, &column.1))),
        };
        if self.arm.iter().all(|column| self.key(row, column).is_blank()) {
            return Err(Fault::EmptyKey { role: "the arm" });
        }
        if let Some((column, _)) = self.cell.iter().find(|column| self.key(row, column).is_blank()) {
            return Err(Fault::EmptyCell { column: self.table.header()[*column].clone() });
        }
        let replicate = filled(&self.replicate, "the replicate")?;
        if self.has_numbers && is_a_summary(self.key(row, &self.replicate)) {
            let column = self.table.header()[self.replicate.0].clone();
            return Err(Fault::SummaryRow { column, value: self.table.text(row, self.replicate.0).to_owned() });
        }
        let unit = self.unit.as_ref().map_or(Ok(0), |unit| filled(unit, "the unit"))?;
        let mut number = |columns: &[(usize, Keys)], combinations: &mut Combinations| {
            ranks.clear();
            ranks.extend(columns.iter().map(|(column, keys)| self.rank(row, (*column, keys))));
            combinations.number(ranks)
        };
        Ok(Place {
            cell: number(&self.cell, &mut gathered.cells),
            arm: number(&self.arm, &mut gathered.arms),
            key: RunKey { unit, replicate },
        })
    }

    fn run_name(&self, row: usize) -> String {
        let arm: Vec<Key> = self.arm.iter().map(|column| self.key(row, column).clone()).collect();
        let unit = self.unit.as_ref().map(|unit| self.key(row, unit));
        format!("{} of {}", run_words(unit, self.key(row, &self.replicate)), name(&arm))
    }

    /// A run from its rows, which are ascending.
    fn run(&self, rows: &[(Place, u32)], gathered: &mut Gathered, faults: &mut Vec<TableFault>) -> TableRun {
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

    /// What is wrong with a run that did not come to its end, or of which nobody knows whether it did.
    fn ended_early(&self, row: usize) -> Fault {
        let column = self.status.as_ref().map_or(0, |(column, _)| *column);
        let value = self.table.text(row, column).to_owned();
        let column = self.table.header()[column].clone();
        match self.ended(row) {
            Some(Ended::Early) => {
                let of = |column: usize| condition(&self.table.header()[column], self.table.text(row, column));
                let arm = self.arm.iter().map(|(column, _)| *column).find(|at| !self.table.text(row, *at).is_empty());
                Fault::EndedEarly {
                    column,
                    value,
                    replicate: of(self.replicate.0),
                    arm: arm.map(of).unwrap_or_default(),
                }
            }
            Some(Ended::Done | Ended::Diverged) | None => Fault::Status { column, value },
        }
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

    /// Adds to the cells which of their runs are spoiled, and the clusters of their examples.
    fn assemble(&self, cells: &mut BTreeMap<Vec<Key>, Cell>, gathered: Gathered) {
        let key_of = |cell: u32| keys(&gathered.cells.ranks[cell as usize], &self.cell);
        for (cell, key) in gathered.spoiled {
            cells.entry(key_of(cell)).or_default().spoiled.insert(key);
        }
        let Some((_, cluster_keys)) = &self.cluster else { return };
        for (cell, of_cell) in gathered.clusters {
            let named =
                of_cell.into_iter().map(|(example, (rank, line))| (example, (cluster_keys.key(rank).clone(), line)));
            cells.entry(key_of(cell)).or_default().clusters = named.collect();
        }
    }
}

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

/// Whether a replicate's key is the word of a row that sums up others.
fn is_a_summary(key: &Key) -> bool {
    const WORDS: [&str; 12] =
        ["mean", "avg", "average", "median", "std", "stdev", "sd", "sem", "min", "max", "total", "all"];
    matches!(key, Key::Text(text) if WORDS.iter().any(|word| text.eq_ignore_ascii_case(word)))
}

/// The keys of ranks.
fn keys(ranks: &[u32], columns: &[(usize, Keys)]) -> Vec<Key> {
    columns.iter().zip(ranks).map(|((_, keys), &rank)| keys.key(rank).clone()).collect()
}
