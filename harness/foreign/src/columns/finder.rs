//! Finds the columns of a table by the names that the caller gives, and otherwise by their usual ones.

use nt_scenario::Metric;

use super::{Columns, Condition, Score, meets};
use crate::fault::{Fault, TableFault};
use crate::notation::correctness;
use crate::reading::Table;
use crate::unit::known_metric;

/// Usual names of the columns that together name an arm, if there is no column `arm`.
const ARM_PARTS: [&str; 4] = ["source", "treatment", "copied", "frozen"];
/// Usual names of a lone column that names an arm, if there is none of those.
const ARM_OTHERWISE: [&str; 5] = ["method", "algorithm", "variant", "condition", "init"];
pub(super) const CELL_PARTS: [&str; 5] = ["target", "dataset", "task", "test_env", "size"];
pub(super) const REPLICATE: [&str; 6] = ["replicate", "seed", "trial_seed", "trial", "fold", "run"];
/// Columns that number the repetitions of a cross-validation.
const REPEAT: [&str; 5] = ["repeat", "repetition", "rep", "cv_repeat", "seed"];
/// Names of columns of folds.
const FOLD: [&str; 7] = ["fold", "folds", "fold_id", "cv_fold", "kfold", "k_fold", "cv"];
/// Columns that say which metric a row's value is of.
const METRIC_COLUMN: [&str; 2] = ["metric", "metric_name"];
const VALUE: [&str; 5] = ["value", "metric_value", "top1", "accuracy", "acc"];
const EXAMPLE: [&str; 3] = ["example", "example_id", "doc_id"];
const CORRECT: [&str; 2] = ["correct", "is_correct"];
/// The metric that is judged if a table holds several and none is named.
pub(super) const METRIC: Metric = Metric::Top1;
/// In a table of nt, only these runs are judged, not those that tuned a learning rate or trained a source.
const ROLE: (&str, &str) = ("role", "final");
/// The role of further runs of scratch in a replicate, and the column that numbers all of them.
const REFERENCE_RUNS: (&str, &str) = ("reference", "run");

/// A source that serves as a counterfactual.
pub(super) struct Control {
    pub(super) option: &'static str,
    /// In words, for faults.
    what: &'static str,
    usual_name: &'static str,
}

pub(super) const UNTRAINED: Control =
    Control { option: "--untrained", what: "untrained source", usual_name: "untrained" };

pub(super) const TWIN: Control = Control { option: "--twin", what: "twin", usual_name: "twin" };

/// Whether every text of a column says right or wrong.
fn is_of_hits(table: &Table, column: usize) -> bool {
    table.at(column).texts().iter().all(|text| correctness(text).is_some())
}

/// Whether both names mean one metric of nt, as `log-loss` and `log_loss` do.
fn is_same_metric(one: &str, other: &str) -> bool {
    known_metric(one).is_some_and(|metric| known_metric(other) == Some(metric))
}

pub(crate) struct Finder<'a> {
    table: &'a Table,
    pub(super) faults: Vec<TableFault>,
}

impl<'a> Finder<'a> {
    pub(crate) fn new(table: &'a Table) -> Self {
        Self { table, faults: Vec::new() }
    }

    pub(crate) fn table(&self) -> &'a Table {
        self.table
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

    /// Whether a column's replicates are folds, by its name.
    pub(super) fn is_of_folds(&self, column: usize) -> bool {
        let name = &self.table.header()[column];
        let last = name.rsplit(['.', '/']).next().unwrap_or(name);
        FOLD.iter().any(|known| last.eq_ignore_ascii_case(known))
    }

    /// The column of folds, where several repetitions of a cross-validation have one: a seed is no replicate beside it.
    pub(super) fn folds(&self) -> Option<usize> {
        self.present(&FOLD).into_iter().find(|column| self.table.at(*column).texts().len() > 1)
    }

    /// The column that tells repetitions of the folds apart.
    pub(super) fn repeat(&self) -> Option<usize> {
        self.present(&REPEAT).into_iter().find(|column| self.table.at(*column).texts().len() > 1)
    }

    pub(super) fn fault(&mut self, fault: Fault) {
        self.faults.push(TableFault::of_file(fault));
    }

    fn known(&self) -> String {
        self.table.header().join(", ")
    }

    pub(super) fn column(&mut self, name: &str, role: &'static str) -> Option<usize> {
        let at = self.table.column(name);
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
            texts.any(|text| text.starts_with("{'") || text.starts_with("{\""))
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
    fn hint(role: &str) -> &'static str {
        match role {
            "the replicate" => {
                "; if there is a column for each replicate, name them with --wide, such as --wide 'seed*'"
            }
            "the arm" => "; if there is a column for each arm, name them with --wide, such as --wide scratch,frozen",
            _ => "",
        }
    }

    pub(super) fn keep(&mut self, conditions: &[String]) -> Vec<Condition> {
        if conditions.is_empty() {
            let further = self.run(conditions).map(|_| REFERENCE_RUNS.0.to_owned());
            let values = std::iter::once(ROLE.1.to_owned()).chain(further).collect();
            return self.table.column(ROLE.0).map(|role| (role, values)).into_iter().collect();
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

    /// The column that numbers several runs of one replicate: in a study's own table, as long as nothing else is kept.
    pub(super) fn run(&self, conditions: &[String]) -> Option<usize> {
        let is_of_a_study = self.table.column(ROLE.0).is_some() && self.table.column("replicate").is_some();
        self.table.column(REFERENCE_RUNS.1).filter(|_| conditions.is_empty() && is_of_a_study)
    }

    /// `COLUMN=VALUE`.
    fn condition(&mut self, option: &'static str, given: &str) -> Option<(usize, String)> {
        let Some((name, value)) = given.split_once('=') else {
            self.fault(Fault::Option { option, given: given.to_owned(), message: "write COLUMN=VALUE".to_owned() });
            return None;
        };
        let at = self.column(name.trim(), "a condition")?;
        Some((at, value.trim().to_owned()))
    }

    /// The condition on the column that names the metric; `None` without that column.
    pub(super) fn metric(&mut self, wanted: Option<&str>, keep: &[Condition]) -> Option<(usize, String)> {
        let column = self.present(&METRIC_COLUMN).into_iter().next()?;
        let kept = |row: &usize| keep.iter().all(|condition| meets(self.table, *row, condition));
        let rows = (0..self.table.num_rows()).filter(kept);
        let mut names: Vec<&str> = rows.map(|row| self.table.text(row, column)).collect();
        names.sort_unstable();
        names.dedup();
        names.retain(|name| !name.is_empty());
        let chosen = match (wanted, names.as_slice()) {
            (Some(wanted), _) => {
                let is_meant = |name: &&str| *name == wanted || is_same_metric(name, wanted);
                names.iter().copied().find(is_meant)
            }
            (None, [only]) => Some(*only),
            (None, _) => {
                let usual: Vec<&str> = VALUE.into_iter().filter(|usual| names.contains(usual)).collect();
                usual.first().copied().filter(|first| usual.len() == 1 || *first == METRIC.name())
            }
        };
        if chosen.is_none() {
            let known = names.join(", ");
            self.fault(Fault::Metric { known });
        }
        chosen.map(|name| (column, name.to_owned()))
    }

    pub(super) fn score(&mut self, columns: &Columns, has_metric_column: bool) -> Option<Score> {
        let has_examples = !self.present(&EXAMPLE).is_empty() && !self.present(&CORRECT).is_empty();
        let asks_examples = columns.example.is_some() || columns.correct.is_some();
        // lm-evaluation-harness writes hits under the metric's name.
        let of_example = self.present(&EXAMPLE).first().copied();
        let hits = self.present(&VALUE).into_iter().find(|&column| is_of_hits(self.table, column));
        if let (Some(example), Some(correct), false) = (of_example, hits, asks_examples || has_examples)
            && columns.value.is_none()
        {
            return Some(Score::Example { example, correct });
        }
        if asks_examples || (has_examples && columns.value.is_none()) {
            let example = self.one(columns.example.as_deref(), "the test example", "--example", &EXAMPLE);
            let correct = self.one(columns.correct.as_deref(), "the correctness", "--correct", &CORRECT);
            return Some(Score::Example { example: example?, correct: correct? });
        }
        // Without a column `metric`, the metric's name is the name of the column that holds it.
        let metric = columns.metric.as_deref().filter(|_| !has_metric_column);
        let name = columns.value.as_deref().or(metric);
        Some(Score::Run { value: self.one(name, "the value", "--value", &VALUE)? })
    }

    pub(super) fn reference(&mut self, given: Option<&str>, arm: &[usize]) -> Vec<(Option<usize>, String)> {
        let Some(given) = given else {
            let names = ["arm", "treatment"].map(|name| self.table.column(name));
            let copied = self.table.column("copied").filter(|at| arm.contains(at));
            return match copied.filter(|_| names.iter().flatten().all(|at| !arm.contains(at))) {
                Some(copied) => vec![(Some(copied), "0".to_owned())],
                None => vec![(None, "scratch".to_owned())],
            };
        };
        if !given.contains('=') {
            return vec![(None, given.to_owned())];
        }
        let conditions: Vec<_> =
            given.split(',').filter_map(|condition| self.condition("--reference", condition)).collect();
        if conditions.iter().any(|(at, _)| !arm.contains(at)) {
            let message = "a column that is not among those of the arm; add it to --arm".to_owned();
            self.fault(Fault::Option { option: "--reference", given: given.to_owned(), message });
        }
        conditions.into_iter().map(|(at, value)| (Some(at), value)).collect()
    }

    /// A source that serves as a counterfactual. If the caller named one, some row must have it.
    pub(super) fn control(&mut self, control: &Control, given: Option<&str>, arm: &[usize]) -> Option<(usize, String)> {
        let (place, value) = self.control_place(control, given, arm)?;
        let at = *arm.get(place)?;
        if given.is_some() && self.table.at(at).place(&value).is_none() {
            let column = self.table.header()[at].clone();
            self.fault(Fault::NoControl { what: control.what, option: control.option, column, value });
            return None;
        }
        Some((place, value))
    }

    /// A counterfactual that the caller named must not be what everything is compared with.
    pub(super) fn not_the_reference(
        &mut self,
        control: &Control,
        given: Option<&str>,
        found: Option<&(usize, String)>,
        (reference, arm): (&[(Option<usize>, String)], &[usize]),
    ) {
        let (Some(given), Some((place, value))) = (given, found) else { return };
        let Some(&column) = arm.get(*place) else { return };
        let is = |row: usize, at: usize, name: &str| self.table.text(row, at) == name;
        let is_reference = |row: usize| {
            reference.iter().all(|(at, name)| match at {
                Some(at) => is(row, *at, name),
                None => arm.iter().any(|&at| is(row, at, name)),
            })
        };
        let mut of_control = (0..self.table.num_rows()).filter(|&row| is(row, column, value)).peekable();
        if of_control.peek().is_some() && of_control.all(is_reference) {
            let message = format!("it is the reference; name the rows of the {}", control.what);
            self.fault(Fault::Option { option: control.option, given: given.to_owned(), message });
        }
    }

    fn control_place(&mut self, control: &Control, given: Option<&str>, arm: &[usize]) -> Option<(usize, String)> {
        let source = self.table.column("source").and_then(|source| arm.iter().position(|at| *at == source));
        let Some(given) = given else { return source.map(|place| (place, control.usual_name.to_owned())) };
        let refused = |message: &str| Fault::Option {
            option: control.option,
            given: given.to_owned(),
            message: message.to_owned(),
        };
        if given.contains('=') {
            let (at, value) = self.condition(control.option, given)?;
            let place = arm.iter().position(|column| *column == at);
            if place.is_none() {
                self.fault(refused("a column that is not among those of the arm; add it to --arm"));
            }
            return place.map(|place| (place, value));
        }
        let place = source.or((arm.len() == 1).then_some(0));
        if place.is_none() {
            self.fault(refused("the arm has several columns; write COLUMN=VALUE"));
        }
        place.map(|place| (place, given.to_owned()))
    }

    /// The column of the groups that examples belong to; only values of examples have such.
    pub(super) fn cluster(&mut self, name: &str, score: Option<Score>) -> Option<usize> {
        let column = self.column(name, "the cluster")?;
        if let Some(Score::Run { .. }) = score {
            let message =
                "values are per run, and only test examples form clusters; give --example and --correct".to_owned();
            self.fault(Fault::Option { option: "--cluster", given: name.to_owned(), message });
            return None;
        }
        Some(column)
    }
}
