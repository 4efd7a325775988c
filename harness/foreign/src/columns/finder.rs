//! Finds the columns of a table by the names that the caller gives, and otherwise by their usual ones.

use super::Condition;
use super::usual::{ARM_OTHERWISE, ARM_PARTS, CELL_PARTS, EXAMPLE, METRIC_COLUMN, REPLICATE, VALUE};
use crate::fault::{Fault, TableFault};
use crate::key::Key;
use crate::reading::Table;
use crate::status::{RAYS_DONE, ended, is_status, may_be_status};

/// The most values of a column that are shown.
pub(super) const MOST_VALUES: usize = 12;

/// In a table of nt, only these runs are judged, not those that tuned a learning rate or trained a source.
const ROLE: (&str, &str) = ("role", "final");
/// The role of further runs of scratch in a replicate, and the column that numbers all of them.
const REFERENCE_RUNS: (&str, &str) = ("reference", "run");

pub(crate) struct Finder<'a> {
    pub(crate) table: &'a Table,
    pub(super) faults: Vec<TableFault>,
}

impl<'a> Finder<'a> {
    pub(crate) fn new(table: &'a Table) -> Self {
        Self { table, faults: Vec::new() }
    }

    /// Whether a column has a usual name of an arm, or of a part of one.
    pub(crate) fn has_arm(&self) -> bool {
        self.table.column_like("arm").is_some()
            || !self.present(&ARM_PARTS).is_empty()
            || !self.present(&ARM_OTHERWISE).is_empty()
    }

    /// Whether a column has a usual name of a replicate.
    pub(crate) fn has_replicate(&self) -> bool {
        !self.present(&REPLICATE).is_empty()
    }

    /// Whether a column has a usual name of a value.
    pub(crate) fn has_value(&self) -> bool {
        !self.present(&VALUE).is_empty()
    }

    /// Whether rows are of test examples, by the usual names.
    pub(crate) fn has_examples(&self) -> bool {
        !self.present(&EXAMPLE).is_empty()
    }

    /// Columns with a usual name of a part of an arm.
    pub(crate) fn usual_arms(&self) -> Vec<usize> {
        [&["arm"][..], &ARM_PARTS, &ARM_OTHERWISE].iter().flat_map(|names| self.present(names)).collect()
    }

    /// Columns with a usual name of a cell, a replicate or a metric.
    pub(crate) fn usual_keys(&self) -> Vec<usize> {
        [&CELL_PARTS[..], &REPLICATE, &METRIC_COLUMN].iter().flat_map(|names| self.present(names)).collect()
    }

    pub(super) fn fault(&mut self, fault: Fault) {
        self.faults.push(TableFault::of_file(fault));
    }

    pub(super) fn known(&self) -> String {
        self.table.names()
    }

    pub(super) fn column(&mut self, name: &str, role: &'static str) -> Option<usize> {
        let at = self.table.column_like(name);
        if at.is_none() {
            let known = self.known();
            self.fault(Fault::NoColumn { column: name.to_owned(), role, known });
        }
        at
    }

    pub(super) fn named(&mut self, names: &[String], role: &'static str) -> Vec<usize> {
        names.iter().filter_map(|name| self.column(name, role)).collect()
    }

    pub(super) fn present(&self, names: &[&str]) -> Vec<usize> {
        names.iter().filter_map(|name| self.table.column_like(name)).collect()
    }

    pub(super) fn one(
        &mut self,
        name: Option<&str>,
        role: &'static str,
        option: &'static str,
        usual_names: &[&str],
    ) -> Option<usize> {
        if let Some(name) = name {
            return self.column(name, role);
        }
        let found = self.present(usual_names).first().copied();
        if found.is_none() {
            let (usual, known) = (usual_names.join(", "), self.known());
            let hint = Self::hint(role);
            self.fault(Fault::NoDefault { role, option, usual, known, hint });
        }
        found
    }

    pub(super) fn arm(&mut self, names: &[String]) -> Vec<usize> {
        if !names.is_empty() {
            return self.named(names, "the arm");
        }
        if let Some(arm) = self.table.column_like("arm") {
            return vec![arm];
        }
        let mut parts = self.present(&ARM_PARTS);
        if parts.is_empty() {
            parts.extend(self.present(&ARM_OTHERWISE).first());
        }
        if parts.is_empty() {
            let usual = [&["arm"][..], &ARM_PARTS, &ARM_OTHERWISE].concat().join(", ");
            let known = self.known();
            let hint = Self::hint("the arm");
            self.fault(Fault::NoDefault { role: "the arm", option: "--arm", usual, known, hint });
        }
        parts
    }

    /// Where columns are missing and a column holds dictionaries, as of a frame of W&B's configurations, that is the cause.
    pub(super) fn explain_dictionaries(&mut self) {
        let is_missing = |fault: &TableFault| matches!(fault.fault, Fault::NoDefault { .. });
        let is_of_dictionaries = |column: &usize| {
            let mut texts = self.table.at(*column).texts().iter();
            // Scikit-learn has such a column beside one for each of its keys.
            self.table.header()[*column] != "params"
                && texts.any(|text| text.starts_with("{'") || text.starts_with("{\""))
        };
        let holding: Vec<&str> = (0..self.table.header().len())
            .filter(is_of_dictionaries)
            .map(|column| self.table.header()[column].as_str())
            .collect();
        if !holding.is_empty() && self.faults.iter().any(is_missing) {
            self.faults.retain(|fault| !is_missing(fault));
            self.fault(Fault::Dictionaries { columns: holding.join(", ") });
        }
    }

    /// What else may help where a column is missing.
    pub(super) fn hint(role: &str) -> &'static str {
        match role {
            "the replicate" => {
                "; if there is a column for each replicate, name them with --wide, such as --wide 'seed*'"
            }
            "the arm" | "the value" => {
                "; if there is a column for each arm, name them with --wide, such as --wide scratch,frozen"
            }
            _ => "",
        }
    }

    pub(super) fn keep(&mut self, conditions: &[String]) -> Vec<Condition> {
        if conditions.is_empty() {
            let further = self.run(conditions).map(|_| REFERENCE_RUNS.0.to_owned());
            let values = std::iter::once(ROLE.1.to_owned()).chain(further).collect();
            return self.own_role().map(|role| (role, values)).into_iter().collect();
        }
        self.conditions("--keep", conditions)
    }

    /// Conditions by column: of several values of one column, any is meant.
    pub(super) fn conditions(&mut self, option: &'static str, given: &[String]) -> Vec<Condition> {
        let mut conditions: Vec<Condition> = Vec::new();
        for one in given {
            let Some((column, value)) = self.condition(option, one) else { continue };
            match conditions.iter_mut().find(|(known, _)| *known == column) {
                Some((_, values)) => values.push(value),
                None => conditions.push((column, vec![value])),
            }
        }
        conditions
    }

    /// The column of a study's own roles. One of this name is no other's if it has judged runs.
    pub(super) fn own_role(&self) -> Option<usize> {
        self.table.column(ROLE.0).filter(|role| self.table.at(*role).place(ROLE.1).is_some())
    }

    /// The column that numbers several runs of one replicate: in a study's own table, as long as nothing else is kept.
    pub(super) fn run(&self, conditions: &[String]) -> Option<usize> {
        let is_of_a_study = self.own_role().is_some() && self.table.column("replicate").is_some();
        self.table.column(REFERENCE_RUNS.1).filter(|_| conditions.is_empty() && is_of_a_study)
    }

    /// The values of a column, for a message: of many the first.
    pub(super) fn values(&self, column: usize) -> String {
        let texts = self.table.at(column).texts();
        let shown: Vec<&str> = texts.iter().take(MOST_VALUES).map(AsRef::as_ref).collect();
        let more = if texts.len() > MOST_VALUES { format!(" … ({} in all)", texts.len()) } else { String::new() };
        format!("{}{more}", shown.join(", "))
    }

    /// `COLUMN=VALUE`, where some row has the value.
    pub(super) fn condition(&mut self, option: &'static str, given: &str) -> Option<(usize, String)> {
        let mut splits = given.match_indices('=').map(|(at, _)| (given[..at].trim(), given[at + 1..].trim()));
        // A column's name may hold the sign, too.
        let known = splits.clone().find_map(|(name, value)| Some((self.table.column_like(name)?, value)));
        let Some((column, value)) = known else {
            match splits.next() {
                Some((name, _)) => {
                    self.column(name, "a condition");
                }
                None => {
                    let message = "write COLUMN=VALUE".to_owned();
                    self.fault(Fault::Option { option, given: given.to_owned(), message });
                }
            }
            return None;
        };
        let (texts, wanted) = (self.table.at(column).texts(), Key::new(value));
        if !texts.iter().any(|text| Key::new(text) == wanted) {
            let several = match option {
                "--keep" | "--drop" => "; of several values give each an option of its own",
                _ => "",
            };
            let message =
                format!("no row has this value; {} has {}{several}", self.table.header()[column], self.values(column));
            self.fault(Fault::Option { option, given: given.to_owned(), message });
            return None;
        }
        Some((column, value.to_owned()))
    }

    /// The column that says how a run ended: one of the usual names, or another that tells of a status and holds nothing but words for it.
    pub(super) fn status(&self) -> Option<usize> {
        let header = self.table.header();
        let is_of_status = |column: &usize| {
            let mut texts = self.table.at(*column).texts().iter();
            let is_known = |text: &str| ended(text).is_some() || text.eq_ignore_ascii_case(RAYS_DONE);
            may_be_status(&header[*column])
                && texts.clone().any(|text| !text.is_empty())
                && texts.all(|text| is_known(text))
        };
        // A state may be one of a country.
        let has_known =
            |column: usize| self.table.at(column).texts().iter().any(|text| !text.is_empty() && ended(text).is_some());
        let exact = header.iter().position(|name| is_status(name));
        exact.filter(|column| has_known(*column)).or_else(|| (0..header.len()).find(is_of_status))
    }

    /// That a column has the name of a status and no word of one.
    pub(super) fn no_status(&self, status: Option<usize>) -> Option<String> {
        let column = self.table.header().iter().find(|name| is_status(name)).filter(|_| status.is_none())?;
        Some(format!(
            "{column} holds no word that says how a run ended, so that all runs are taken to have come to their end"
        ))
    }

    /// Whether a table is of Ray Tune, whose trials are TERMINATED when they are done.
    pub(super) fn is_of_ray(&self) -> bool {
        ["trial_id", "training_iteration", "experiment_tag"].iter().any(|name| self.table.column_like(name).is_some())
    }
}
