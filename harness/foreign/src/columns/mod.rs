//! The role of each column of a table, as named by the caller or found by its usual name.

mod counterparts;
mod file;
mod finder;
mod measured;
mod splits;
mod usual;

use crate::fault::{Fault, TableFault};
use crate::key::Key;
use crate::notation::Notation;
use crate::reading::Table;
use counterparts::{TWIN, UNTRAINED};
pub(crate) use finder::Finder;
use measured::{METRIC, is_of_correctness};
pub(crate) use splits::Splits;
use splits::splits;
use usual::{CELL_PARTS, REPLICATE};

/// The columns that the caller names. Columns that are not named are found by their usual names.
///
/// | | usual names |
/// |---|---|
/// | arm | `arm`, or whichever exist of `source`, `treatment`, `copied`, `frozen`, or else one of `method`, `algorithm`, `variant`, `condition`, `init` |
/// | cell | whichever exist of `target`, `dataset`, `task`, `test_env`, `size`; without any, all rows are one cell |
/// | replicate | `fold`, with a column `repeat` or `seed` that tells repetitions apart; or `replicate`, `seed`, `trial_seed`, `trial`, `run` |
/// | metric | rows with `top1`, or else with `accuracy` or `acc`, in the column `metric` or `metric_name`; without that column, all rows |
/// | value | `value`, `metric_value`, the metric's name, `top1`, `accuracy`, `acc` |
/// | example, correct | `example`, `example_id`, `doc_id`; `correct`, `is_correct` |
/// | reference | rows with `scratch` in an arm column; without `arm` and `treatment`, rows with `copied` 0 |
/// | untrained, twin | the sources `untrained` and `twin`, if the arm has a column `source` |
/// | keep | `role=final`, if there is a column `role`; with a column `run` too, `role=reference` as well: further runs of scratch, whose mean is the reference |
#[derive(Debug, Clone, PartialEq, Default)]
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
    /// The columns of a wide table, one a replicate or one an arm: names, or names with a `*` in them.
    pub wide: Vec<String>,
    /// Test examples over training examples of a resampled split, where replicates are such splits of one data set; 0 if they are
    /// independent draws. `None`: 1/(k − 1) where the replicates are k folds by their column's name, and otherwise 0.
    pub test_per_train: Option<f64>,
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
            wide: list(self.wide, other.wide),
            test_per_train: self.test_per_train.or(other.test_per_train),
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
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Roles {
    pub(crate) arm: Vec<usize>,
    pub(crate) cell: Vec<usize>,
    pub(crate) replicate: usize,
    pub(crate) unit: Option<usize>,
    /// What is known of replicates that are folds or resampled splits of one data set.
    pub(crate) splits: Option<Splits>,
    pub(crate) score: Score,
    pub(crate) metric: String,
    /// How the column of per-run values writes numbers.
    pub(crate) notation: Notation,
    pub(crate) status: Option<usize>,
    /// Whether TERMINATED is a word for a run that came to its end, as Ray has it.
    pub(crate) terminated_is_done: bool,
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
    /// Whether a study's own judged runs are kept, since nothing else was asked for.
    pub(crate) keeps_roles: bool,
    /// What a reader must know of how the columns were taken.
    pub(crate) notes: Vec<String>,
}

/// A column, and its values in the rows that are read.
pub(crate) type Condition = (usize, Vec<String>);

/// Whether a row meets a condition.
fn meets(table: &Table, row: usize, (column, values): &Condition) -> bool {
    let found = Key::new(table.text(row, *column));
    values.iter().any(|value| Key::new(value) == found)
}

impl Roles {
    /// Which column is taken for what: "arm: source, frozen; reference: scratch; replicate: seed; value: accuracy".
    pub(crate) fn words(&self, header: &[String]) -> String {
        let names = |columns: &[usize]| columns.iter().map(|at| header[*at].as_str()).collect::<Vec<_>>().join(", ");
        let mut parts =
            vec![format!("arm: {}", names(&self.arm)), format!("reference: {}", self.reference_words(header))];
        let mut add = |role: &str, columns: &[usize]| {
            if !columns.is_empty() {
                parts.push(format!("{role}: {}", names(columns)));
            }
        };
        add("cell", &self.cell);
        add("replicate", &[self.replicate]);
        match self.score {
            Score::Run { value } => add("value", &[value]),
            Score::Example { example, correct } => {
                add("example", &[example]);
                add("correct", &[correct]);
            }
        }
        for (role, column) in [("unit", self.unit), ("cluster", self.cluster), ("status", self.status)] {
            add(role, column.as_slice());
        }
        let conditions = |conditions: &[Condition]| {
            let words = |(column, values): &Condition| format!("{}={}", header[*column], values.join(" or "));
            conditions.iter().map(words).collect::<Vec<_>>().join(", ")
        };
        for (role, given) in [("only", &self.keep), ("without", &self.drop)] {
            if !given.is_empty() {
                parts.push(format!("{role}: {}", conditions(given)));
            }
        }
        parts.join("; ")
    }

    /// Whether each run has one score, as itself or as the share of its examples that it got right.
    pub(crate) fn judges_runs(&self) -> bool {
        matches!(self.score, Score::Run { .. }) || self.splits.is_some()
    }

    /// The columns that have a part in a row's key, its score or whether it is read.
    pub(crate) fn used(&self) -> Vec<usize> {
        let score = match self.score {
            Score::Run { value } => vec![value],
            Score::Example { example, correct } => vec![example, correct],
        };
        let conditions = self.keep.iter().chain(&self.drop).map(|(column, _)| *column);
        let keys = self.arm.iter().chain(&self.cell).copied().chain([self.replicate]);
        let others = [self.unit, self.cluster, self.run, self.status].into_iter().flatten();
        keys.chain(score).chain(conditions).chain(others).collect()
    }

    /// The reference in words.
    pub(crate) fn reference_words(&self, header: &[String]) -> String {
        let word = |(column, value): &(Option<usize>, String)| match column {
            Some(column) => format!("{}={value}", header[*column]),
            None => value.clone(),
        };
        self.reference.iter().map(word).collect::<Vec<_>>().join(",")
    }
}

/// Finds every column, or reports all that are missing.
pub(crate) fn resolve(columns: &Columns, table: &Table, faults: &mut Vec<TableFault>) -> Option<Roles> {
    let mut finder = Finder::new(table);
    let arm = finder.arm(&columns.arm);
    let mut cell: Vec<usize> = match columns.cell.is_empty() {
        true => finder.present(&CELL_PARTS).into_iter().filter(|at| !arm.contains(at)).collect(),
        false if columns.cell == [NO_CELL] && table.column(NO_CELL).is_none() => Vec::new(),
        false => finder.named(&columns.cell, "the cell"),
    };
    if columns.cell.is_empty() {
        // A column that holds nothing tells no cells apart.
        cell.retain(|&column| table.at(column).texts().iter().any(|text| !Key::new(text).is_blank()));
    }
    let replicate = match (&columns.replicate, finder.folds()) {
        (None, Some(folds)) if columns.test_per_train != Some(0.0) => Some(folds),
        (named, _) => finder.one(named.as_deref(), "the replicate", "--replicate", &REPLICATE),
    };
    let unit = columns.unit.as_deref().and_then(|name| finder.column(name, "the unit"));
    let splits = replicate.and_then(|replicate| splits(&mut finder, columns, replicate, unit));
    let unit = unit.or_else(|| finder.repeat().filter(|repeat| splits.is_some() && Some(*repeat) != replicate));
    let mut keep = finder.keep(&columns.keep);
    let keeps_roles = columns.keep.is_empty() && !keep.is_empty();
    let drop = finder.conditions("--drop", &columns.drop);
    let metric = finder.metric(columns.metric.as_deref(), &keep);
    keep.extend(metric.clone().map(|(column, value)| (column, vec![value])));
    let run = finder.run(&columns.keep);
    let score = finder.score(columns, metric.is_some() || finder.lacks_metric());
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
    if let (Some(given), Some((_, value))) = (&columns.twin, &twin)
        && value.to_lowercase().contains("selffer")
    {
        let message = "a selffer has learned the target's own images, and shows no cause; a twin has learned the same task from others";
        finder.fault(Fault::Option { option: TWIN.option, given: given.clone(), message: message.to_owned() });
    }
    let cluster = columns.cluster.as_deref().and_then(|name| finder.cluster(name, score));
    let mut notes = Vec::new();
    if let (true, Some(Score::Example { example, .. })) = (columns.cell.is_empty(), score) {
        cell.retain(|&column| !finder.is_gold_answer(column, example, &mut notes));
    }
    if let (Some(splits), Some(replicate)) = (splits, replicate) {
        let column = if splits.by_unit { unit.unwrap_or(replicate) } else { replicate };
        let ratio = match splits.test_per_train {
            Some(ratio) => format!("{ratio} test examples a training example"),
            None => "1/(k − 1) for k folds".to_owned(),
        };
        notes.push(format!(
            "{} names splits of one data set, which share training examples: the test is corrected for that ({ratio}; --test-per-train says \
             otherwise, 0 for independent draws), and says nothing about other data",
            table.header()[column]
        ));
    }
    notes.extend(finder.other_metrics(metric.as_ref()));
    let status = finder.status();
    notes.extend(finder.no_status(status));
    let terminated_is_done = finder.is_of_ray();
    finder.explain_dictionaries();
    let is_complete = finder.faults.is_empty();
    faults.extend(finder.faults);
    let score = score.filter(|_| is_complete)?;
    let metric = match (metric, &columns.metric, score) {
        (Some((_, name)), ..) => name,
        (None, Some(name), _) => name.clone(),
        (None, None, Score::Run { value }) => table.header()[value].clone(),
        (None, None, Score::Example { correct, .. }) => {
            let name = &table.header()[correct];
            let says_nothing = is_of_correctness(name);
            if says_nothing { METRIC.name().to_owned() } else { name.clone() }
        }
    };
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
        splits,
        score,
        metric,
        notation,
        status,
        terminated_is_done,
        reference,
        untrained,
        twin,
        cluster,
        run,
        keeps_roles,
        keep,
        drop,
        notes,
    })
}

/// What `--cell` says where all rows are one cell.
const NO_CELL: &str = "none";
