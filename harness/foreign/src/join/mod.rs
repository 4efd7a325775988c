//! Joins rows to runs on their keys: cell, arm, unit and replicate, example.

mod gathering;

use std::collections::{BTreeMap, BTreeSet};

use nt_scenario::Metric;
use nt_scenario::metric;

use crate::columns::Roles;
use crate::fault::{Fault, TableFault};
use crate::key::{Key, name};
use crate::reading::Table;
use crate::unit::{TableUnit, known_metric, sounds_like_a_loss, unit_of, unit_of_nats};
use gathering::Rows;

/// The key that pairs two runs of a cell: the unit, if there is one, and the replicate in it.
pub(crate) type RunKey = (Option<Key>, Key);

/// Whether a run got a test example right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hit {
    /// The example's rank among the table's examples.
    pub(crate) example: u32,
    pub(crate) is_right: bool,
    /// Its line.
    line: u32,
}

/// A run of an arm.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct TableRun {
    /// Its first line.
    pub(crate) line: usize,
    /// Whether it diverged. Then it has no values.
    pub(crate) diverged: bool,
    /// Its score, a fraction, if values are per run; the mean, if an arm has several runs in a replicate.
    pub(crate) value: Option<f64>,
    /// How many of these runs have a value.
    pub(crate) num_trained: usize,
    /// The numbers of these runs, each with its line.
    pub(crate) runs: BTreeMap<Key, usize>,
    /// Its hits, ascending by example.
    pub(crate) hits: Vec<Hit>,
}

/// An arm of a cell.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct TableArm {
    /// Its first row, for the columns that name neither cell nor arm.
    pub(crate) first_row: usize,
    pub(crate) runs: BTreeMap<RunKey, TableRun>,
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
    pub(crate) unit: TableUnit,
    /// The test examples' names, by their ranks.
    pub(crate) examples: Vec<Key>,
    /// Whether there are rows that could not be read, of whatever run.
    pub(crate) has_unread: bool,
}

/// Joins the rows that the roles keep.
pub(crate) fn join(table: &Table, roles: &Roles, asked: Option<TableUnit>, faults: &mut Vec<TableFault>) -> Joined {
    let rows = Rows::new(table, roles);
    let mut cells = rows.cells(faults);
    if cells.is_empty() && faults.is_empty() {
        faults.push(TableFault::of_file(Fault::NothingKept));
    }
    let metric = known_metric(&roles.metric);
    let mut values: Vec<(usize, f64)> = Vec::new();
    let all_runs = || cells.values().flat_map(|cell| cell.arms.values()).flat_map(|arm| arm.runs.values());
    values.extend(all_runs().filter_map(|run| Some((run.line, run.value?))));
    values.sort_by_key(|(line, _)| *line);
    let unit = unit_for(metric, roles, &values, asked, faults);
    let runs = cells.values_mut().flat_map(|cell| cell.arms.values_mut()).flat_map(|arm| arm.runs.values_mut());
    for value in runs.filter_map(|run| run.value.as_mut()) {
        let fraction = unit.fraction(*value);
        // Higher is better from here on, so a gap above zero is help for every metric.
        *value = metric.map_or(fraction, |metric| metric.oriented(fraction));
    }
    Joined { cells, unit, examples: rows.examples(), has_unread: false }
}

/// The unit of the values. A metric that nt does not know, and that sounds like a loss, is a fault.
fn unit_for(
    metric: Option<Metric>,
    roles: &Roles,
    values: &[(usize, f64)],
    asked: Option<TableUnit>,
    faults: &mut Vec<TableFault>,
) -> TableUnit {
    let Some(metric) = metric else {
        if !values.is_empty() && sounds_like_a_loss(&roles.metric) {
            let known = Metric::ALL.iter().map(|metric| metric.name()).collect::<Vec<_>>().join(", ");
            faults.push(TableFault::of_file(Fault::UnknownDirection { metric: roles.metric.clone(), known }));
            return asked.unwrap_or(TableUnit::Fraction);
        }
        // What a per cent sign stands behind is a per cent, however small.
        return if roles.notation.percent { TableUnit::Percent } else { unit_of(values, asked, faults) };
    };
    match metric.unit() {
        // Examples are right or wrong, whatever the metric is called.
        metric::Unit::Nats if !values.is_empty() => unit_of_nats(values, asked, faults),
        metric::Unit::Nats | metric::Unit::Fraction if roles.notation.percent => TableUnit::Percent,
        metric::Unit::Nats | metric::Unit::Fraction => unit_of(values, asked, faults),
    }
}

/// A run's key in words.
pub(crate) fn run_words((unit, replicate): &RunKey) -> String {
    match unit {
        Some(unit) => format!("replicate {replicate} of unit {unit}"),
        None => format!("replicate {replicate}"),
    }
}

/// A cell in words.
pub(crate) fn cell_words(key: &[Key]) -> String {
    if key.is_empty() { "the table".to_owned() } else { format!("cell {}", name(key)) }
}
