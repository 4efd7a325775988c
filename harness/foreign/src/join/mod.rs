//! Joins rows to runs on their keys: cell, arm, unit and replicate, example.

mod gathering;
mod keys;

use std::collections::{BTreeMap, BTreeSet};

use nt_scenario::metric::Direction;

use crate::columns::{Roles, Score};
use crate::fault::{Fault, TableFault};
use crate::key::{Key, name};
use crate::reading::Table;
use crate::scale::Scale;
use crate::unit::TableUnit;
use gathering::Rows;

/// What pairs two runs of a cell: the ranks of the unit, 0 without one, and of the replicate in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RunKey {
    pub(crate) unit: u32,
    pub(crate) replicate: u32,
}

/// The keys that ranks stand for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Names {
    pub(crate) replicates: Vec<Key>,
    /// `None` without a column of units.
    pub(crate) units: Option<Vec<Key>>,
    /// Empty where values are per run.
    pub(crate) examples: Vec<Key>,
}

impl Names {
    /// A run's key in words.
    pub(crate) fn run(&self, key: RunKey) -> String {
        let unit = self.units.as_ref().map(|units| &units[key.unit as usize]);
        run_words(unit, &self.replicates[key.replicate as usize])
    }
}

/// Whether a run got a test example right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hit {
    /// The example's rank among the table's examples.
    pub(crate) example: u32,
    pub(crate) is_right: bool,
    /// Its row.
    row: u32,
}

/// A run of an arm.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct TableRun {
    /// Its first line.
    pub(crate) line: u32,
    /// Whether it diverged. Then it has no values.
    pub(crate) diverged: bool,
    /// Its score, a fraction, if values are per run; the mean, if an arm has several runs in a replicate.
    pub(crate) value: Option<f64>,
    /// Its hits, ascending by example.
    pub(crate) hits: Vec<Hit>,
}

/// The runs of an arm, ascending by their keys.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Runs(Vec<(RunKey, TableRun)>);

impl Runs {
    /// Adds a run whose key comes after those of all others.
    fn push(&mut self, key: RunKey, run: TableRun) {
        debug_assert!(self.0.last().is_none_or(|(last, _)| *last < key));
        self.0.push((key, run));
    }

    pub(crate) fn get(&self, key: RunKey) -> Option<&TableRun> {
        let at = self.0.binary_search_by_key(&key, |(key, _)| *key).ok()?;
        Some(&self.0[at].1)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (RunKey, &TableRun)> {
        self.0.iter().map(|(key, run)| (*key, run))
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = RunKey> {
        self.0.iter().map(|(key, _)| *key)
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &TableRun> {
        self.0.iter().map(|(_, run)| run)
    }

    fn values_mut(&mut self) -> impl Iterator<Item = &mut TableRun> {
        self.0.iter_mut().map(|(_, run)| run)
    }
}

/// An arm of a cell.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct TableArm {
    /// Its first row, for the columns that name neither cell nor arm.
    pub(crate) first_row: usize,
    pub(crate) runs: Runs,
}

/// A cell: its arms.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Cell {
    pub(crate) arms: BTreeMap<Vec<Key>, TableArm>,
    /// The cluster of every example, ascending by example; empty without clusters.
    pub(crate) clusters: BTreeMap<u32, (Key, usize)>,
    /// Runs of which a row could not be read: that they lack a partner says nothing.
    pub(crate) spoiled: BTreeSet<RunKey>,
}

/// All cells of a table.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Joined {
    pub(crate) cells: BTreeMap<Vec<Key>, Cell>,
    pub(crate) scale: Scale,
    pub(crate) names: Names,
    /// Whether there are rows that could not be read, of whatever run.
    pub(crate) has_unread: bool,
}

impl Joined {
    /// A twentieth of the mean size of the values, in one digit, as an example of a margin.
    pub(crate) fn a_twentieth(&self) -> String {
        let runs = self.cells.values().flat_map(|cell| cell.arms.values()).flat_map(|arm| arm.runs.values());
        let values: Vec<f64> = runs.filter_map(|run| run.value).map(|value| 100.0 * value.abs()).collect();
        let twentieth = values.iter().sum::<f64>() / values.len().max(1) as f64 / 20.0;
        let digits = (-libm::log10(twentieth).floor()).clamp(0.0, 12.0) as usize;
        if twentieth > 0.0 { format!("{twentieth:.digits$}") } else { "0.1".to_owned() }
    }
}

/// Joins the rows that the roles keep.
pub(crate) fn join(
    table: &Table,
    roles: &Roles,
    asked: (Option<TableUnit>, Option<Direction>),
    faults: &mut Vec<TableFault>,
) -> Joined {
    let rows = Rows::new(table, roles);
    let mut cells = rows.cells(faults);
    if cells.is_empty() && faults.is_empty() {
        faults.push(TableFault::of_file(Fault::NothingKept));
    }
    let mut values: Vec<(usize, f64)> = Vec::new();
    let all_runs = || cells.values().flat_map(|cell| cell.arms.values()).flat_map(|arm| arm.runs.values());
    values.extend(all_runs().filter_map(|run| Some((run.line as usize, run.value?))));
    values.sort_by_key(|(line, _)| *line);
    let scale = match roles.score {
        Score::Run { .. } => Scale::of(&roles.metric, &values, roles.notation, asked, faults),
        // Examples are right or wrong, whatever the metric is called.
        Score::Example { .. } => Scale::of_hits(asked, faults),
    };
    let runs = cells.values_mut().flat_map(|cell| cell.arms.values_mut()).flat_map(|arm| arm.runs.values_mut());
    for run in runs {
        // Higher is better from here on, so a gap above zero is help for every metric.
        run.value = run.value.map(|value| scale.oriented(value));
        if roles.judges_runs() && !run.hits.is_empty() {
            let num_right = run.hits.iter().filter(|hit| hit.is_right).count();
            run.value = Some(num_right as f64 / run.hits.len() as f64);
        }
    }
    Joined { cells, scale, names: rows.into_names(), has_unread: false }
}

/// A run's key in words.
fn run_words(unit: Option<&Key>, replicate: &Key) -> String {
    match unit {
        Some(unit) => format!("replicate {replicate} of unit {unit}"),
        None => format!("replicate {replicate}"),
    }
}

/// A cell in words.
pub(crate) fn cell_words(key: &[Key]) -> String {
    if key.is_empty() { "the table".to_owned() } else { format!("cell {}", name(key)) }
}
