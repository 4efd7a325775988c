//! Gathers the rows of a table into runs.

mod run;

use std::collections::{BTreeMap, HashMap};

use super::keys::Keys;
use super::{Cell, Names, RunKey, TableArm, run_words};
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
