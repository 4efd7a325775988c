//! The role of each column of a table, as named by the caller or found by its usual name.

use nt_scenario::Metric;

use crate::fault::{Fault, TableFault};
use crate::join::correctness;
use crate::notation::Notation;
use crate::reading::Table;
use crate::status::STATUS;
use crate::unit::known_metric;

/// Usual names of the columns that together name an arm, if there is no column `arm`.
const ARM_PARTS: [&str; 4] = ["source", "treatment", "copied", "frozen"];
const CELL_PARTS: [&str; 4] = ["target", "dataset", "task", "size"];
const REPLICATE: [&str; 4] = ["replicate", "seed", "fold", "run"];
const VALUE: [&str; 4] = ["value", "top1", "accuracy", "acc"];
const EXAMPLE: [&str; 3] = ["example", "example_id", "doc_id"];
const CORRECT: [&str; 2] = ["correct", "is_correct"];
/// The metric that is judged if a table holds several and none is named.
const METRIC: Metric = Metric::Top1;
/// In a table of nt, only these runs are judged, not those that tuned a learning rate or trained a source.
const ROLE: (&str, &str) = ("role", "final");
/// The role of further runs of scratch in a replicate, and the column that numbers all of them.
const REFERENCE_RUNS: (&str, &str) = ("reference", "run");

/// The columns that the caller names. Columns that are not named are found by their usual names.
///
/// | | usual names |
/// |---|---|
/// | arm | `arm`, or whichever exist of `source`, `treatment`, `copied`, `frozen` |
/// | cell | whichever exist of `target`, `dataset`, `task`, `size`; without any, all rows are one cell |
/// | replicate | `replicate`, `seed`, `fold`, `run` |
/// | metric | rows with `top1` in the column `metric`; without that column, all rows |
/// | value | `value`, the metric's name, `top1`, `accuracy`, `acc` |
/// | example, correct | `example`, `example_id`, `doc_id`; `correct`, `is_correct` |
/// | reference | rows with `scratch` in an arm column; without `arm` and `treatment`, rows with `copied` 0 |
/// | untrained, twin | the sources `untrained` and `twin`, if the arm has a column `source` |
/// | keep | `role=final`, if there is a column `role`; with a column `run` too, `role=reference` as well: further runs of scratch, whose mean is the reference |
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Columns {
    /// Columns that together name an arm.
    pub arm: Vec<String>,
    /// Columns that together name a cell. Arms are compared within a cell.
    pub cell: Vec<String>,
    /// The column of the replicate, which pairs the arms of a cell.
    pub replicate: Option<String>,
    /// The column of the independent unit that replicates belong to.
    pub unit: Option<String>,
    /// The metric: a value of the column `metric`, or the name of the column that holds it.
    pub metric: Option<String>,
    /// The column of per-run values.
    pub value: Option<String>,
    /// The column of the test example.
    pub example: Option<String>,
    /// The column that says whether the example was right.
    pub correct: Option<String>,
    /// The reference: a value of an arm column, or conditions `COLUMN=VALUE,…` that must all hold.
    pub reference: Option<String>,
    /// The untrained source: a value of the arm's column `source` (or only column), or `COLUMN=VALUE`.
    pub untrained: Option<String>,
    /// The target's twin, likewise: a source that learned the target's task and look from other images.
    pub twin: Option<String>,
    /// The column of the group that a test example belongs to, where examples are not independent.
    pub cluster: Option<String>,
    /// Rows to keep, `COLUMN=VALUE`; of one column, any of its values.
    pub keep: Vec<String>,
    /// Rows to leave out, `COLUMN=VALUE`.
    pub drop: Vec<String>,
    /// Whether a comma stands before the decimals; `None` to infer it from the values.
    pub decimal_comma: Option<bool>,
}

impl Columns {
    /// These columns, completed by those of `other`.
    pub fn or(self, other: Self) -> Self {
        let list = |ours: Vec<String>, theirs| if ours.is_empty() { theirs } else { ours };
        Self {
            arm: list(self.arm, other.arm),
            cell: list(self.cell, other.cell),
            replicate: self.replicate.or(other.replicate),
            unit: self.unit.or(other.unit),
            metric: self.metric.or(other.metric),
            value: self.value.or(other.value),
            example: self.example.or(other.example),
            correct: self.correct.or(other.correct),
            reference: self.reference.or(other.reference),
            untrained: self.untrained.or(other.untrained),
            twin: self.twin.or(other.twin),
            cluster: self.cluster.or(other.cluster),
            keep: list(self.keep, other.keep),
            drop: list(self.drop, other.drop),
            decimal_comma: self.decimal_comma.or(other.decimal_comma),
        }
    }
}

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Score {
    /// One value a run.
    Run { value: usize },
    /// One row an example.
    Example { example: usize, correct: usize },
}

/// The positions of the columns, and the conditions on them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Roles {
    pub(crate) arm: Vec<usize>,
    pub(crate) cell: Vec<usize>,
    pub(crate) replicate: usize,
    pub(crate) unit: Option<usize>,
    pub(crate) score: Score,
    pub(crate) metric: String,
    /// How the column of per-run values writes numbers.
    pub(crate) notation: Notation,
    pub(crate) status: Option<usize>,
    /// Conditions that make a row the reference. A condition without a position applies to any arm column.
    pub(crate) reference: Vec<(Option<usize>, String)>,
    /// The place among the arm's columns, and the value that marks an untrained source there.
    pub(crate) untrained: Option<(usize, String)>,
    /// The same for the target's twin.
    pub(crate) twin: Option<(usize, String)>,
    pub(crate) cluster: Option<usize>,
    /// The number of the run, where an arm has several in a replicate.
    pub(crate) run: Option<usize>,
    /// Conditions on the rows that are read: each with the values that are accepted.
    pub(crate) keep: Vec<Condition>,
    /// Conditions of which a row that is read meets none.
    pub(crate) drop: Vec<Condition>,
    /// What a reader must know of how the columns were taken.
    pub(crate) notes: Vec<String>,
}

/// A column, and its values in the rows that are read.
pub(crate) type Condition = (usize, Vec<String>);

/// Whether a row meets a condition.
fn meets(table: &Table, row: usize, (column, values): &Condition) -> bool {
    values.iter().any(|value| table.text(row, *column) == value)
}

impl Roles {
    /// The reference in words.
    pub(crate) fn reference_words(&self, header: &[String]) -> String {
        let word = |(column, value): &(Option<usize>, String)| match column {
            Some(column) => format!("{}={value}", header[*column]),
            None => value.clone(),
        };
        self.reference.iter().map(word).collect::<Vec<_>>().join(",")
    }
}

/// A source that serves as a counterfactual.
struct Control {
    option: &'static str,
    /// In words, for faults.
    what: &'static str,
    usual_name: &'static str,
}

const UNTRAINED: Control = Control { option: "--untrained", what: "untrained source", usual_name: "untrained" };

const TWIN: Control = Control { option: "--twin", what: "twin", usual_name: "twin" };

/// Finds every column, or reports all that are missing.
pub(crate) fn resolve(columns: &Columns, table: &Table, faults: &mut Vec<TableFault>) -> Option<Roles> {
    let mut finder = Finder { table, faults: Vec::new() };
    let arm = finder.arm(&columns.arm);
    let mut cell: Vec<usize> = match columns.cell.is_empty() {
        true => finder.present(&CELL_PARTS).into_iter().filter(|at| !arm.contains(at)).collect(),
        false => finder.named(&columns.cell, "the cell"),
    };
    let replicate = finder.one(columns.replicate.as_deref(), "the replicate", "--replicate", &REPLICATE);
    let unit = columns.unit.as_deref().and_then(|name| finder.column(name, "the unit"));
    let mut keep = finder.keep(&columns.keep);
    let drop = finder.conditions("--drop", &columns.drop);
    let metric = finder.metric(columns.metric.as_deref(), &keep);
    keep.extend(metric.clone().map(|(column, value)| (column, vec![value])));
    let run = finder.run(&columns.keep);
    let score = finder.score(columns, metric.is_some());
    let reference = finder.reference(columns.reference.as_deref(), &arm);
    let untrained = finder.control(&UNTRAINED, columns.untrained.as_deref(), &arm);
    let twin = finder.control(&TWIN, columns.twin.as_deref(), &arm);
    for (control, given, found) in [(&UNTRAINED, &columns.untrained, &untrained), (&TWIN, &columns.twin, &twin)] {
        finder.not_the_reference(control, given.as_deref(), found.as_ref(), (&reference, &arm));
    }
    let is_given = columns.twin.is_some() || columns.untrained.is_some();
    if is_given && twin.is_some() && twin == untrained {
        let (option, given) = match (&columns.twin, &columns.untrained) {
            (Some(given), _) => (TWIN.option, given.clone()),
            (None, given) => (UNTRAINED.option, given.clone().unwrap_or_default()),
        };
        let message =
            "the twin, which has learned the target's task, and the untrained source are two sources".to_owned();
        finder.fault(Fault::Option { option, given, message });
    }
    let cluster = columns.cluster.as_deref().and_then(|name| finder.cluster(name, score));
    let mut notes = Vec::new();
    if let (true, Some(Score::Example { example, .. })) = (columns.cell.is_empty(), score) {
        cell.retain(|&column| {
            let is_cell = !varies_with(table, column, example);
            if !is_cell {
                let [column, example] = [column, example].map(|at| &table.header()[at]);
                notes.push(format!("{column} changes with {example}, so it is taken for a part of the example and names no cell (--cell {column} makes it one)"));
            }
            is_cell
        });
    }
    if table.header().get(replicate.unwrap_or(usize::MAX)).is_some_and(|name| name.eq_ignore_ascii_case("fold")) {
        notes.push(
            "the replicates are folds of one data set, which share training examples and are no independent draws: taken so, five folds give \
             .08 false alarms where .05 is promised, and thirty repeated splits .33"
                .to_owned(),
        );
    }
    let is_complete = finder.faults.is_empty();
    faults.extend(finder.faults);
    let score = score.filter(|_| is_complete)?;
    let metric = match (metric, &columns.metric, score) {
        (Some((_, name)), ..) => name,
        (None, Some(name), _) => name.clone(),
        (None, None, Score::Run { value }) => table.header()[value].clone(),
        (None, None, Score::Example { .. }) => METRIC.name().to_owned(),
    };
    let is_status = |name: &String| STATUS.iter().any(|known| name.eq_ignore_ascii_case(known));
    let status = table.header().iter().position(is_status);
    let replicate = replicate?;
    let notation = match score {
        Score::Run { value } => {
            let texts = table.at(value).texts().iter().map(AsRef::as_ref);
            match Notation::of(texts, columns.decimal_comma) {
                Ok(notation) => notation,
                Err(value_of_both) => {
                    let column = table.header()[value].clone();
                    faults.push(TableFault::of_file(Fault::CommaOfBoth { column, value: value_of_both.to_owned() }));
                    return None;
                }
            }
        }
        Score::Example { .. } => Notation::PLAIN,
    };
    Some(Roles {
        arm,
        cell,
        replicate,
        unit,
        score,
        metric,
        notation,
        status,
        reference,
        untrained,
        twin,
        cluster,
        run,
        keep,
        drop,
        notes,
    })
}

/// Whether a column's text is another for another example, and one for one: a label or a gold answer, and no cell.
fn varies_with(table: &Table, column: usize, example: usize) -> bool {
    let (column, example) = (table.at(column), table.at(example));
    let mut of_example: Vec<Option<usize>> = vec![None; example.texts().len()];
    let is_one_for_one = (0..table.num_rows()).all(|row| {
        let known = &mut of_example[example.code(row)];
        *known.get_or_insert(column.code(row)) == column.code(row)
    });
    is_one_for_one && column.texts().len() > 1
}

/// Whether every text of a column says right or wrong.
fn is_of_hits(table: &Table, column: usize) -> bool {
    table.at(column).texts().iter().all(|text| correctness(text).is_some())
}

/// Whether both names mean one metric of nt, as `log-loss` and `log_loss` do.
fn is_same_metric(one: &str, other: &str) -> bool {
    known_metric(one).is_some_and(|metric| known_metric(other) == Some(metric))
}

struct Finder<'a> {
    table: &'a Table,
    faults: Vec<TableFault>,
}

impl Finder<'_> {
    fn fault(&mut self, fault: Fault) {
        self.faults.push(TableFault::of_file(fault));
    }

    fn known(&self) -> String {
        self.table.header().join(", ")
    }

    fn column(&mut self, name: &str, role: &'static str) -> Option<usize> {
        let at = self.table.column(name);
        if at.is_none() {
            let known = self.known();
            self.fault(Fault::NoColumn { column: name.to_owned(), role, known });
        }
        at
    }

    fn named(&mut self, names: &[String], role: &'static str) -> Vec<usize> {
        names.iter().filter_map(|name| self.column(name, role)).collect()
    }

    fn present(&self, names: &[&str]) -> Vec<usize> {
        names.iter().filter_map(|name| self.table.column_like(name)).collect()
    }

    fn one(
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
            self.fault(Fault::NoDefault { role, option, usual, known });
        }
        found
    }

    fn arm(&mut self, names: &[String]) -> Vec<usize> {
        if !names.is_empty() {
            return self.named(names, "the arm");
        }
        if let Some(arm) = self.table.column_like("arm") {
            return vec![arm];
        }
        let parts = self.present(&ARM_PARTS);
        if parts.is_empty() {
            let (usual, known) = (format!("arm, {}", ARM_PARTS.join(", ")), self.known());
            self.fault(Fault::NoDefault { role: "the arm", option: "--arm", usual, known });
        }
        parts
    }

    fn keep(&mut self, conditions: &[String]) -> Vec<Condition> {
        if conditions.is_empty() {
            let further = self.run(conditions).map(|_| REFERENCE_RUNS.0.to_owned());
            let values = std::iter::once(ROLE.1.to_owned()).chain(further).collect();
            return self.table.column(ROLE.0).map(|role| (role, values)).into_iter().collect();
        }
        self.conditions("--keep", conditions)
    }

    /// Conditions by column: of several values of one column, any is meant.
    fn conditions(&mut self, option: &'static str, given: &[String]) -> Vec<Condition> {
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
    fn run(&self, conditions: &[String]) -> Option<usize> {
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

    /// The condition on the column `metric`; `None` without that column.
    fn metric(&mut self, wanted: Option<&str>, keep: &[Condition]) -> Option<(usize, String)> {
        let column = self.table.column("metric")?;
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
            (None, _) => names.contains(&METRIC.name()).then_some(METRIC.name()),
        };
        if chosen.is_none() {
            let known = names.join(", ");
            self.fault(Fault::Metric { known });
        }
        chosen.map(|name| (column, name.to_owned()))
    }

    fn score(&mut self, columns: &Columns, has_metric_column: bool) -> Option<Score> {
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

    fn reference(&mut self, given: Option<&str>, arm: &[usize]) -> Vec<(Option<usize>, String)> {
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
    fn control(&mut self, control: &Control, given: Option<&str>, arm: &[usize]) -> Option<(usize, String)> {
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
    fn not_the_reference(
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
    fn cluster(&mut self, name: &str, score: Option<Score>) -> Option<usize> {
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
