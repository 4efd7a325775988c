//! What a table measures: its metric, and the column of values or of hits.

use nt_scenario::Metric;

use super::finder::{Finder, MOST_VALUES};
use super::usual::{CORRECT, EXAMPLE, HITS, METRIC_COLUMN, VALUE};
use super::{Columns, Condition, Score, meets};
use crate::fault::Fault;
use crate::notation::correctness;
use crate::reading::Table;
use crate::unit::known_metric;
use crate::words::words_of;

/// The metric that is judged if a table holds several and none is named.
pub(super) const METRIC: Metric = Metric::Top1;

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

impl Finder<'_> {
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

    /// Whether a metric was asked for that the column of metrics does not hold, which is told.
    pub(super) fn lacks_metric(&self) -> bool {
        self.faults.iter().any(|fault| matches!(fault.fault, Fault::Metric { .. }))
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
        let value = match name {
            Some(name) => self.column(name, "the value"),
            None => self.value_of_test(),
        };
        if value.is_none() && name.is_none() {
            let (usual, known) = (VALUE.join(", "), self.known());
            let hint = Self::hint("the value");
            self.fault(Fault::NoDefault { role: "the value", option: "--value", usual, known, hint });
        }
        value.map(|value| Score::Run { value })
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
