//! Finds the columns of a table by the names that the caller gives, and otherwise by their usual ones.

use nt_scenario::Metric;

use super::{Columns, Condition, Score, meets};
use crate::fault::{Fault, TableFault};
use crate::key::Key;
use crate::notation::correctness;
use crate::reading::Table;
use crate::status::{RAYS_DONE, ended, is_status, may_be_status};
use crate::unit::known_metric;
use crate::words::words_of;

/// Usual names of the columns that together name an arm, if there is no column `arm`.
const ARM_PARTS: [&str; 4] = ["source", "treatment", "copied", "frozen"];
/// Usual names of a lone column that names an arm, if there is none of those.
const ARM_OTHERWISE: [&str; 5] = ["method", "algorithm", "variant", "condition", "init"];
pub(super) const CELL_PARTS: [&str; 5] = ["target", "dataset", "task", "test_env", "size"];
pub(super) const REPLICATE: [&str; 6] = ["replicate", "seed", "trial_seed", "trial", "fold", "run"];
/// Columns that number the repetitions of a cross-validation.
const REPEAT: [&str; 5] = ["repeat", "repetition", "rep", "cv_repeat", "repeat_id"];
/// Words in the names of columns of folds, and of other splits of one data set.
const FOLD: [&str; 5] = ["fold", "folds", "kfold", "kfolds", "cv"];
const RESAMPLED: [&str; 7] = ["resample", "resamples", "resampling", "bootstrap", "bootstraps", "holdout", "shuffle"];
/// Columns that say which metric a row's value is of.
const METRIC_COLUMN: [&str; 2] = ["metric", "metric_name"];
const VALUE: [&str; 5] = ["value", "metric_value", "top1", "accuracy", "acc"];
const EXAMPLE: [&str; 3] = ["example", "example_id", "doc_id"];
const CORRECT: [&str; 2] = ["correct", "is_correct"];
/// Metrics that say of an example whether it was right.
const HITS: [&str; 3] = ["exact_match", "em", "acc_norm"];
/// The most values of a column that are shown.
const MOST_VALUES: usize = 12;
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

/// Whether a column's name says that it holds what was right, and of no metric.
pub(super) fn is_of_correctness(name: &str) -> bool {
    CORRECT.iter().any(|known| name.eq_ignore_ascii_case(known))
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

    /// Whether a column names folds, by a word of its name: `fold`, `outer_fold`, `Fold ID`, `cv_split`.
    pub(super) fn is_of_folds(&self, column: usize) -> bool {
        self.has_word(column, &FOLD)
    }

    /// Whether a column names other splits of one data set.
    pub(super) fn is_resampled(&self, column: usize) -> bool {
        self.has_word(column, &RESAMPLED)
    }

    /// Whether a column's name has one of these words, and none that makes it a number or a measure of them: `n_folds`, `cv_acc`.
    fn has_word(&self, column: usize, known: &[&str]) -> bool {
        const OF_THEM: [&str; 16] = [
            "n", "num", "number", "count", "total", "k", "acc", "accuracy", "score", "loss", "error", "mean", "std",
            "f1", "auc", "top",
        ];
        let words = words_of(&self.table.header()[column]);
        let has = |known: &[&str]| {
            words.iter().any(|word| known.contains(&word.trim_end_matches(|letter: char| letter.is_ascii_digit())))
        };
        has(known) && !has(&OF_THEM)
    }

    /// The column of folds, where there are several.
    pub(super) fn folds(&self) -> Option<usize> {
        let is_of_several = |column: &usize| self.is_of_folds(*column) && self.table.at(*column).texts().len() > 1;
        (0..self.table.header().len()).find(is_of_several)
    }

    /// The column that tells repetitions of the folds apart.
    pub(super) fn repeat(&self) -> Option<usize> {
        self.present(&REPEAT).into_iter().find(|column| self.table.at(*column).texts().len() > 1)
    }

    pub(super) fn fault(&mut self, fault: Fault) {
        self.faults.push(TableFault::of_file(fault));
    }

    fn known(&self) -> String {
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
    fn hint(role: &str) -> &'static str {
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
    fn values(&self, column: usize) -> String {
        let texts = self.table.at(column).texts();
        let shown: Vec<&str> = texts.iter().take(MOST_VALUES).map(AsRef::as_ref).collect();
        let more = if texts.len() > MOST_VALUES { format!(" … ({} in all)", texts.len()) } else { String::new() };
        format!("{}{more}", shown.join(", "))
    }

    /// `COLUMN=VALUE`, where some row has the value.
    fn condition(&mut self, option: &'static str, given: &str) -> Option<(usize, String)> {
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

    /// The condition on the column that names the metric; `None` without that column.
    pub(super) fn metric(&mut self, wanted: Option<&str>, keep: &[Condition]) -> Option<(usize, String)> {
        let column = self.present(&METRIC_COLUMN).into_iter().next()?;
        // Elsewhere a metric may be a setting: of a distance, or of a search.
        let is_long = !self.present(&["value", "metric_value"]).is_empty();
        let is_wanted = |wanted: &str| {
            self.table
                .at(column)
                .texts()
                .iter()
                .any(|text| text.eq_ignore_ascii_case(wanted) || is_same_metric(text, wanted))
        };
        if !is_long && !wanted.is_some_and(is_wanted) {
            return None;
        }
        let kept = |row: &usize| keep.iter().all(|condition| meets(self.table, *row, condition));
        let rows = (0..self.table.num_rows()).filter(kept);
        let mut names: Vec<&str> = rows.map(|row| self.table.text(row, column)).collect();
        names.sort_unstable();
        names.dedup();
        names.retain(|name| !name.is_empty());
        let chosen = match (wanted, names.as_slice()) {
            (Some(wanted), _) => {
                let is_meant = |name: &&str| name.eq_ignore_ascii_case(wanted) || is_same_metric(name, wanted);
                names.iter().copied().find(|name| *name == wanted).or_else(|| names.iter().copied().find(is_meant))
            }
            (None, [only]) => Some(*only),
            (None, _) => {
                let usual: Vec<&str> = VALUE.into_iter().filter(|usual| names.contains(usual)).collect();
                usual.first().copied().filter(|first| usual.len() == 1 || *first == METRIC.name())
            }
        };
        if chosen.is_none() {
            let known = names.join(", ");
            self.fault(Fault::Metric { wanted: wanted.unwrap_or_default().to_owned(), known });
        }
        chosen.map(|name| (column, name.to_owned()))
    }

    pub(super) fn score(&mut self, columns: &Columns, has_metric_column: bool) -> Option<Score> {
        let has_examples = !self.present(&EXAMPLE).is_empty() && !self.present(&CORRECT).is_empty();
        let asks_examples = columns.example.is_some() || columns.correct.is_some();
        // Without a column `metric`, the metric's name is the name of the column that holds it.
        let metric = columns.metric.as_deref().filter(|_| !has_metric_column);
        let name = columns.value.as_deref().or(metric);
        // lm-evaluation-harness writes hits under the metric's name.
        let of_example = self.present(&EXAMPLE).first().copied();
        let named = name.and_then(|name| self.table.column_like(name));
        let hits = match (name, has_examples) {
            (Some(_), _) => named,
            (None, true) => None,
            (None, false) => {
                self.present(&[&VALUE[..], &HITS].concat()).into_iter().find(|&at| is_of_hits(self.table, at))
            }
        };
        let hits = hits.filter(|&column| is_of_hits(self.table, column));
        if let (Some(example), Some(correct), false) = (of_example, hits, asks_examples) {
            return Some(Score::Example { example, correct });
        }
        if asks_examples || (has_examples && name.is_none()) {
            let example = self.one(columns.example.as_deref(), "the test example", "--example", &EXAMPLE);
            let correct = self.one(columns.correct.as_deref(), "the correctness", "--correct", &CORRECT);
            return Some(Score::Example { example: example?, correct: correct? });
        }
        if name.is_none() {
            if let Some(value) = self.value_of_test() {
                return Some(Score::Run { value });
            }
            let (usual, known) = (VALUE.join(", "), self.known());
            let hint = Self::hint("the value");
            self.fault(Fault::NoDefault { role: "the value", option: "--value", usual, known, hint });
            return None;
        }
        Some(Score::Run { value: self.one(name, "the value", "--value", &VALUE)? })
    }

    /// The column of values: the first of the usual names, or else the only one whose name ends in one; none that tells of training, of
    /// validation or of a source. `test_acc`, `final/test_accuracy`, `metrics.top1`, but not `train/acc`.
    fn value_of_test(&self) -> Option<usize> {
        const OF_OTHERS: [&str; 15] = [
            "train",
            "training",
            "trn",
            "val",
            "valid",
            "validation",
            "dev",
            "fit",
            "pretrain",
            "pretraining",
            "source",
            "src",
            "clip",
            "cv",
            "best",
        ];
        let header = self.table.header();
        let exact = |usual: &&str| header.iter().position(|name| name.eq_ignore_ascii_case(usual));
        if let Some(column) = VALUE.iter().find_map(exact) {
            return Some(column);
        }
        let is_of_value = |column: &usize| {
            let words = words_of(&header[*column]);
            let is_of_others = words.iter().any(|word| OF_OTHERS.contains(&word.as_str()));
            words.last().is_some_and(|last| VALUE.contains(&last.as_str())) && !is_of_others
        };
        let found: Vec<usize> = (0..header.len()).filter(is_of_value).collect();
        let of_test = |column: &&usize| header[**column].to_lowercase().contains("test");
        match (found.as_slice(), found.iter().filter(of_test).collect::<Vec<_>>().as_slice()) {
            ([only], _) => Some(*only),
            (_, [only]) => Some(**only),
            _ => None,
        }
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

    /// Reports several seeds within folds, of which nobody knows whether each splits anew.
    pub(super) fn no_seeds_within(&mut self, folds: usize) {
        let Some(seed) =
            self.present(&["seed", "trial_seed", "trial", "replicate", "run"]).into_iter().find(|at| *at != folds)
        else {
            return;
        };
        if !self.table.has_one_each(folds, seed) {
            let [folds, seed] = [folds, seed].map(|at| self.table.header()[at].clone());
            self.fault(Fault::SeedsOfFolds { folds, seed });
        }
    }

    /// Whether a column is no cell but the gold answer of test examples, as lm-evaluation-harness has it; that is noted. Elsewhere a
    /// column of targets that changes with the example may be either, and that is a fault.
    pub(super) fn is_gold_answer(&mut self, column: usize, example: usize, notes: &mut Vec<String>) -> bool {
        let name = self.table.header()[column].clone();
        let is_target = name.rsplit(['.', '/']).next().is_some_and(|last| last.eq_ignore_ascii_case("target"));
        let varies = self.table.has_one_each(example, column) && self.table.at(column).texts().len() > 1;
        if !is_target || !varies {
            return false;
        }
        let by = &self.table.header()[example];
        let is_of_lm_eval = by == "doc_id" || self.table.column("filtered_resps").is_some();
        if is_of_lm_eval {
            notes.push(format!(
                "{name} changes with {by}, so it is taken for a part of the example and names no cell (--cell {name} makes it one)"
            ));
        } else {
            let message = format!(
                "it changes with {by}: if it is the right answer, give --cell none, or the columns that name cells; if it is the target's name, \
                 give --cell {name}"
            );
            self.fault(Fault::Option { option: "--cell", given: name, message });
        }
        true
    }

    /// What else the column of metrics holds.
    pub(super) fn other_metrics(&self, metric: Option<&(usize, String)>) -> Option<String> {
        let (column, judged) = metric?;
        let others: Vec<&str> = self
            .table
            .at(*column)
            .texts()
            .iter()
            .map(AsRef::as_ref)
            .filter(|name: &&str| !name.is_empty() && name != judged)
            .collect();
        let shown = others.iter().take(MOST_VALUES).copied().collect::<Vec<_>>().join(", ");
        let name = &self.table.header()[*column];
        (!others.is_empty()).then(|| format!("only rows with {name} {judged} are judged, and none of {shown}"))
    }

    /// Whether a table is of Ray Tune, whose trials are TERMINATED when they are done.
    pub(super) fn is_of_ray(&self) -> bool {
        ["trial_id", "training_iteration", "experiment_tag"].iter().any(|name| self.table.column_like(name).is_some())
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
        let is_a_value = arm.iter().any(|at| self.table.at(*at).place(given).is_some());
        if !given.contains('=') || is_a_value {
            return vec![(None, given.to_owned())];
        }
        // A comma divides conditions only where another one follows.
        let mut parts: Vec<String> = Vec::new();
        for part in given.split(',') {
            match parts.last_mut() {
                Some(last) if !part.contains('=') => *last = format!("{last},{part}"),
                _ => parts.push(part.to_owned()),
            }
        }
        let conditions: Vec<_> =
            parts.iter().filter_map(|condition| self.condition("--reference", condition)).collect();
        if conditions.iter().any(|(at, _)| !arm.contains(at)) {
            let message =
                format!("a column that is not among those of the arm: --arm {},COLUMN adds it", self.arm_names(arm));
            self.fault(Fault::Option { option: "--reference", given: given.to_owned(), message });
        }
        conditions.into_iter().map(|(at, value)| (Some(at), value)).collect()
    }

    /// Whether a metric was asked for that the column of metrics does not hold, which is told.
    pub(super) fn lacks_metric(&self) -> bool {
        self.faults.iter().any(|fault| matches!(fault.fault, Fault::Metric { .. }))
    }

    fn arm_names(&self, arm: &[usize]) -> String {
        arm.iter().map(|at| self.table.header()[*at].as_str()).collect::<Vec<_>>().join(",")
    }

    /// A source that serves as a counterfactual. If the caller named one, some row must have it.
    pub(super) fn control(&mut self, control: &Control, given: Option<&str>, arm: &[usize]) -> Option<(usize, String)> {
        let (place, value) = self.control_place(control, given, arm)?;
        let at = *arm.get(place)?;
        if given.is_some() && self.table.at(at).place(&value).is_none() {
            let column = self.table.header()[at].clone();
            let known = self.values(at);
            self.fault(Fault::NoControl { what: control.what, option: control.option, column, value, known });
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
                let names = self.arm_names(arm);
                self.fault(refused(&format!(
                    "a column that is not among those of the arm: --arm {names},COLUMN adds it"
                )));
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
