//! Joins rows to runs on their keys: cell, arm, unit and replicate, example.

use std::collections::BTreeMap;

use nt_records::record::Status;
use nt_scenario::Metric;
use nt_scenario::metric;

use crate::columns::{Condition, Roles, Score, meets};
use crate::fault::{Fault, TableFault};
use crate::key::{Key, name};
use crate::table::{Row, Table};
use crate::unit::{TableUnit, known_metric, sounds_like_a_loss, unit_of, unit_of_nats};

/// The key that pairs two runs of a cell: the unit, if there is one, and the replicate in it.
pub(crate) type RunKey = (Option<Key>, Key);

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
    /// Its hits, by example, each with its line.
    pub(crate) hits: BTreeMap<Key, (bool, usize)>,
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
    /// The cluster of every example, with the line that first says so; empty without clusters.
    pub(crate) clusters: BTreeMap<Key, (Key, usize)>,
}

/// All cells of a table.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Joined {
    pub(crate) cells: BTreeMap<Vec<Key>, Cell>,
    pub(crate) unit: TableUnit,
}

/// Joins the rows that the roles keep.
pub(crate) fn join(table: &Table, roles: &Roles, asked: Option<TableUnit>, faults: &mut Vec<TableFault>) -> Joined {
    let mut cells: BTreeMap<Vec<Key>, Cell> = BTreeMap::new();
    let mut values = Vec::new();
    for (at, row) in table.rows.iter().enumerate().filter(|(_, row)| roles.keeps_run(row)) {
        match place(&mut cells, table, roles, at) {
            Ok(value) => values.extend(value.map(|value| (row.line, value))),
            Err(fault) => faults.push(TableFault::at(row.line, fault)),
        }
    }
    if cells.is_empty() && faults.is_empty() {
        faults.push(TableFault::of_file(Fault::Empty));
    }
    let metric = known_metric(&roles.metric);
    let unit = unit_for(metric, roles, &values, asked, faults);
    let runs = cells.values_mut().flat_map(|cell| cell.arms.values_mut()).flat_map(|arm| arm.runs.values_mut());
    for value in runs.filter_map(|run| run.value.as_mut()) {
        let fraction = unit.fraction(*value);
        // Higher is better from here on, so a gap above zero is help for every metric.
        *value = metric.map_or(fraction, |metric| metric.oriented(fraction));
    }
    Joined { cells, unit }
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
        return unit_of(values, asked, faults);
    };
    match metric.unit() {
        // Examples are right or wrong, whatever the metric is called.
        metric::Unit::Nats if !values.is_empty() => unit_of_nats(values, asked, faults),
        metric::Unit::Nats | metric::Unit::Fraction => unit_of(values, asked, faults),
    }
}

impl Roles {
    /// Whether a row is read: the filters keep it, or it is a run that diverged and so has no metric.
    fn keeps_run(&self, row: &Row) -> bool {
        let diverged = self.status.is_some_and(|at| row.fields[at] == Status::DIVERGED);
        let holds = |condition: &Condition| meets(row, condition) || (diverged && row.fields[condition.0].is_empty());
        self.keeps(row) || self.keep.iter().all(holds)
    }
}

/// Puts a row into its place, and returns its per-run value as written.
fn place(cells: &mut BTreeMap<Vec<Key>, Cell>, table: &Table, roles: &Roles, at: usize) -> Result<Option<f64>, Fault> {
    let row = &table.rows[at];
    let keys = |columns: &[usize]| columns.iter().map(|column| Key::new(&row.fields[*column])).collect::<Vec<_>>();
    let filled = |column: usize, role| match Key::new(&row.fields[column]) {
        key if key.is_empty() => Err(Fault::EmptyKey { role }),
        key => Ok(key),
    };
    let arm_key = keys(&roles.arm);
    if arm_key.iter().all(Key::is_empty) {
        return Err(Fault::EmptyKey { role: "the arm" });
    }
    let replicate = filled(roles.replicate, "the replicate")?;
    let unit = roles.unit.map(|column| filled(column, "the unit")).transpose()?;
    let diverged = match roles.status.map(|column| row.fields[column].as_str()) {
        // Other programs leave it out, or say "ok".
        None | Some("" | Status::DONE | "ok") => false,
        Some(Status::DIVERGED) => true,
        Some(other) => return Err(Fault::Status { value: other.to_owned() }),
    };
    let what = format!("{} of {}", run_words(&(unit.clone(), replicate.clone())), name(&arm_key));
    let number_of_run = roles.run.map(|column| Key::new(&row.fields[column]));
    let cell = cells.entry(keys(&roles.cell)).or_default();
    let arm = cell.arms.entry(arm_key).or_insert_with(|| TableArm { first_row: at, ..TableArm::default() });
    let known = arm.runs.get(&(unit.clone(), replicate.clone())).map(|run| (run.line, run.diverged));
    let run = arm.runs.entry((unit, replicate)).or_insert_with(|| TableRun {
        line: row.line,
        diverged,
        ..TableRun::default()
    });
    match (known, roles.score) {
        (Some((first_line, before)), Score::Example { .. }) if before || diverged => {
            Err(Fault::Duplicate { what, first_line })
        }
        (Some((first_line, was_diverged)), Score::Run { value }) => {
            let Some(number_of_run) = number_of_run else { return Err(Fault::Duplicate { what, first_line }) };
            if let Some(first_line) = run.runs.insert(number_of_run, row.line) {
                return Err(Fault::Duplicate { what, first_line });
            }
            if diverged {
                return Ok(None);
            }
            let value = number(&table.header[value], &row.fields[value])?;
            // The mean of those so far that trained, and this one.
            let count = f64::from(u32::try_from(run.num_trained).unwrap_or(u32::MAX));
            run.value = Some(run.value.map_or(value, |mean| (mean * count + value) / (count + 1.0)));
            run.num_trained += 1;
            run.diverged = was_diverged && run.value.is_none();
            Ok(Some(value))
        }
        _ if diverged => {
            run.runs.extend(number_of_run.map(|number| (number, row.line)));
            Ok(None)
        }
        (_, Score::Run { value }) => {
            let value = number(&table.header[value], &row.fields[value])?;
            run.value = Some(value);
            run.num_trained = 1;
            run.runs.extend(number_of_run.map(|number| (number, row.line)));
            Ok(Some(value))
        }
        (_, Score::Example { example, correct }) => {
            let example = filled(example, "the test example")?;
            let hit = correctness(&table.header[correct], &row.fields[correct])?;
            if let Some((_, first_line)) = run.hits.get(&example) {
                let what = format!("example {example} of {what}");
                return Err(Fault::Duplicate { what, first_line: *first_line });
            }
            // Whatever is wrong with its cluster, the run has this example.
            run.hits.insert(example.clone(), (hit, row.line));
            if let Some(column) = roles.cluster {
                let cluster = Key::new(&row.fields[column]);
                if cluster.is_empty() || cluster.is_missing() {
                    return Err(Fault::NoCluster { value: row.fields[column].clone() });
                }
                let (first, first_line) =
                    cell.clusters.entry(example.clone()).or_insert_with(|| (cluster.clone(), row.line));
                if *first != cluster {
                    let [first, second] = [&*first, &cluster].map(ToString::to_string);
                    return Err(Fault::TwoClusters {
                        example: example.to_string(),
                        second,
                        first,
                        first_line: *first_line,
                    });
                }
            }
            Ok(None)
        }
    }
}

fn number(column: &str, text: &str) -> Result<f64, Fault> {
    let fault = || Fault::Value { column: column.to_owned(), value: text.to_owned() };
    text.parse().ok().filter(|value: &f64| value.is_finite()).ok_or_else(fault)
}

fn correctness(column: &str, text: &str) -> Result<bool, Fault> {
    match text.to_ascii_lowercase().as_str() {
        "1" | "1.0" | "true" => Ok(true),
        "0" | "0.0" | "false" => Ok(false),
        _ => Err(Fault::Correctness { column: column.to_owned(), value: text.to_owned() }),
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
