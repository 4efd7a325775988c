//! Tables from elsewhere: verdicts for the results of any framework.
//!
//! A table is long: each row is a run, or a run and a test example. Columns give a row's *cell* (arms are compared
//! within a cell), its *arm*, its *replicate* (which pairs the arms) and what was measured. [`Columns`] names them, or
//! finds them by their usual names. One arm is the *reference*. Every other arm of a cell becomes a contrast, and all
//! contrasts form one family. Arms of an untrained source and of the target's twin, if there are any, are what causes are named
//! by, and form a family of their own.
//!
//! Rows are joined on their keys, never on their position, and nothing is dropped in silence. Duplicate rows, values that are not
//! numbers, and fractions among per cents are faults. All are reported at once, each with its line. What can be judged is judged: runs
//! without a partner, and arms and cells without a reference, are left out of it and listed.
//!
//! | values | method | scope | needs |
//! |---|---|---|---|
//! | per example ([`TableMethod::Crossed`]) | crossed random effects, Holm | the test population | 2 units, 2 examples |
//! | per run ([`TableMethod::PairedT`]) | paired *t* over units, Holm | this test set only | 2 units; gaps near normal |
//! | folds, resampled splits ([`TableMethod::Resampled`]) | paired *t* corrected for shared training examples, Holm | this pool only | 2 splits |
//! | either, if asked ([`TableMethod::SignFlip`]) | joint sign flips, step-down max-T | this test set only | 6 units to reach .05 |
//!
//! Units are replicates, unless a column names the independent unit that they belong to. Eight halves of four splits
//! are four units: the gaps of a unit's replicates are averaged first, and each unit has the same weight. Per-run
//! values say nothing about other test images: a paired *t* that is read so covers .69 where .95 is nominal. Gates that
//! need a study's records (equal search, live baseline, test lock) cannot be checked here. A verdict is only as good as
//! they held.

mod columns;
mod fault;
mod hints;
mod join;
mod judge;
mod key;
mod metric_name;
mod notation;
mod pairing;
mod reading;
mod rows;
mod scale;
mod shape;
mod status;
mod terminal;
#[cfg(test)]
mod tests;
mod unit;
mod words;

use nt_records::audit::ClusterCounts;
use nt_records::number::counted;
use nt_stats::verdict::{Decision, Settings};

pub use columns::Columns;
pub use fault::{Fault, TableFault, TableFaults};
pub use nt_scenario::metric::Direction;
pub use reading::Format;
pub use unit::TableUnit;

use columns::{Roles, Score};
use reading::{Dialect, Table};

/// How gaps are judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableMethod {
    /// Crossed random effects on per-example values.
    Crossed,
    /// The paired *t* over units.
    PairedT,
    /// The paired *t* over splits of one data set, corrected for the training examples that they share.
    Resampled,
    /// Joint sign flips of whole units.
    SignFlip,
}

impl TableMethod {
    /// Its name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Crossed => nt_stats::verdict::Method::Crossed.name(),
            Self::PairedT => nt_stats::verdict::Method::PairedT.name(),
            Self::Resampled => nt_stats::verdict::Method::ResampledT.name(),
            Self::SignFlip => nt_stats::verdict::Method::SignFlip.name(),
        }
    }
}

/// Replicates that it takes to speak of negative transfer.
const FEWEST_FOR_NEGATIVE_TRANSFER: usize = 6;

/// The question to a table.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// Its columns.
    pub columns: Columns,
    /// The unit of its values; `None` to infer it from the values.
    pub unit: Option<TableUnit>,
    /// Which way the metric is better; `None` to go by its name.
    pub direction: Option<Direction>,
    /// Whether to judge by sign flips instead of the method that the values allow.
    pub sign_flips: bool,
    /// Whether each replicate has a source network of its own. Otherwise the scope is the one source network at hand.
    pub fresh_sources: bool,
    /// The margin δ, percentage points, hundredths of a nat, or units of the metric. `None` is 1 of the first two.
    pub margin_pp: Option<f64>,
    /// Family-wise error.
    pub alpha: f64,
}

impl Default for Question {
    /// δ = 1 point, α = .05, one source network, and everything else inferred from the table.
    fn default() -> Self {
        let Settings { alpha, .. } = Settings::default();
        Self {
            columns: Columns::default(),
            unit: None,
            direction: None,
            sign_flips: false,
            fresh_sources: false,
            margin_pp: None,
            alpha,
        }
    }
}

/// A contrast of the table, judged.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// The cell's name.
    pub cell: String,
    /// The arm's name.
    pub arm: String,
    /// The arm and its cell in the terms of a study.
    pub labels: Labels,
    /// Whether the arm's source is untrained, or the twin. Such arms form a family of their own.
    pub is_control: bool,
    /// Whether what stands behind a loss carries the words "negative transfer": the same arm of an untrained source, six replicates, and
    /// a source trained anew in each.
    pub may_say_negative_transfer: bool,
    /// Number of test examples; `None` if values are per run.
    pub num_test_examples: Option<usize>,
    /// The clusters that these form; `None` where each was drawn for itself.
    pub clusters: Option<ClusterCounts>,
    /// The decision.
    pub decision: Decision,
}

/// The columns of a study's verdicts, as far as the table has them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Labels {
    /// The source.
    pub source: String,
    /// The target, with everything else that names the cell.
    pub target: String,
    /// Its size.
    pub size: String,
    /// Similarity of the source.
    pub similarity: String,
    /// The treatment, with everything else that names the arm.
    pub treatment: String,
    /// Layers copied.
    pub copied: Option<u8>,
    /// Of them, frozen.
    pub frozen: Option<u8>,
}

/// Every verdict on a table.
#[derive(Debug, Clone, PartialEq)]
pub struct TableAnalysis {
    /// How the text was read: "semicolon-separated, decimal commas; 64 rows".
    pub read_as: String,
    /// Which column was taken for what.
    pub columns: String,
    /// What a reader must know of how the columns were taken, a sentence each.
    pub remarks: Vec<String>,
    /// Runs, arms and cells that could not be judged, a sentence each.
    pub left_out: Vec<String>,
    /// Arms and cells among them.
    pub num_unjudged: usize,
    /// The metric.
    pub metric: String,
    /// Which way it is better.
    pub direction: Direction,
    /// Whether each replicate is said to have a source of its own.
    pub fresh_sources: bool,
    /// The column of the replicate.
    pub replicate_column: String,
    /// How gaps were judged.
    pub method: TableMethod,
    /// The unit its values were read in.
    pub unit: TableUnit,
    /// The column of the independent unit, if one was named.
    pub unit_column: Option<String>,
    /// Family-wise error.
    pub alpha: f64,
    /// One verdict for each contrast, ordered by cell and arm.
    pub contrasts: Vec<Judged>,
}

/// Judges every arm of a table against its reference.
///
/// # Errors
/// [`TableFaults`]: every fault of the table at once, each with its line. What follows from a fault is not told beside it.
pub fn analyse_table(
    bytes: &[u8],
    file: &str,
    format: Format,
    question: &Question,
) -> Result<TableAnalysis, TableFaults> {
    let mut faults = Vec::new();
    let (table, dialect) = reading::read(bytes, format, &mut faults);
    let analysis = judge_table(table, &dialect, question, &mut faults);
    let in_rows = dialect.in_rows;
    analysis.filter(|_| faults.is_empty()).ok_or_else(|| TableFaults { in_rows, ..TableFaults::new(file, faults) })
}

fn judge_table(
    table: Table,
    dialect: &Dialect,
    question: &Question,
    faults: &mut Vec<TableFault>,
) -> Option<TableAnalysis> {
    if table.num_rows() == 0 {
        // What is wrong with its rows says why there are none.
        if faults.is_empty() {
            let fault = if table.header().is_empty() { Fault::NoText } else { Fault::NoRows };
            faults.push(TableFault::of_file(fault));
        }
        return None;
    }
    // Which column is meant by a name that stands twice, nobody knows.
    if faults.iter().any(|fault| matches!(fault.fault, Fault::ColumnTwice { .. })) {
        return None;
    }
    table.check_version(faults);
    let has_unread = !faults.is_empty();
    let num_rows = table.num_rows();
    let num_faults = faults.len();
    let (table, columns, mut remarks) = shape::long(table, &question.columns, faults);
    if faults.len() > num_faults {
        return None;
    }
    let roles = columns::resolve(&columns, &table, faults)?;
    let mut joined = join::join(&table, &roles, (question.unit, question.direction), faults);
    joined.has_unread = has_unread;
    if let (true, Some(column)) = (question.fresh_sources, hints::one_source_file(&table, &roles)) {
        let message = format!("column {column} has one file for all runs; leave --fresh-sources out, or that column");
        faults.push(TableFault::of_file(Fault::Option { option: "--fresh-sources", given: String::new(), message }));
    }
    let method = method(&roles, question, faults);
    let pairs = pairing::pair(&table, &roles, &joined, method, faults);
    let margin_pp = margin(&joined, &roles, question, faults);
    if !faults.is_empty() {
        return None;
    }
    let contrasts = match judge::decide_all(pairs.judged, &table, &roles, method, (question, margin_pp)) {
        Ok(contrasts) => contrasts,
        Err(fault) => {
            faults.push(TableFault::of_file(fault));
            return None;
        }
    };
    remarks.extend(joined.scale.remark);
    remarks.extend(roles.notes.iter().cloned());
    remarks.extend(hints::hints(&table, &roles));
    let header = table.header();
    Some(TableAnalysis {
        read_as: read_as(dialect, &roles, num_rows),
        columns: roles.words(table.header()),
        remarks,
        left_out: pairs.left_out,
        num_unjudged: pairs.num_unjudged,
        unit: joined.scale.unit,
        direction: joined.scale.direction,
        fresh_sources: question.fresh_sources,
        replicate_column: header[roles.replicate].clone(),
        unit_column: roles
            .unit
            .filter(|_| roles.splits.is_none_or(|splits| splits.by_unit))
            .map(|column| header[column].clone()),
        metric: roles.metric,
        method,
        alpha: question.alpha,
        contrasts,
    })
}

/// How gaps are judged: as the values allow, unless sign flips are asked for.
fn method(roles: &Roles, question: &Question, faults: &mut Vec<TableFault>) -> TableMethod {
    match (roles.score, question.sign_flips, roles.splits) {
        (_, true, Some(_)) => {
            let message = "splits of one data set share training examples, so that their signs do not flip on their own; leave it out, or \
                           say that they are independent with --test-per-train 0";
            let fault = Fault::Option { option: "--sign-flips", given: String::new(), message: message.to_owned() };
            faults.push(TableFault::of_file(fault));
            TableMethod::SignFlip
        }
        (_, _, Some(_)) => TableMethod::Resampled,
        (_, true, None) => TableMethod::SignFlip,
        (Score::Run { .. }, false, None) => TableMethod::PairedT,
        (Score::Example { .. }, false, None) => TableMethod::Crossed,
    }
}

/// The margin that was asked for, or 1 where a point or a hundredth of a nat is the unit.
fn margin(joined: &join::Joined, roles: &Roles, question: &Question, faults: &mut Vec<TableFault>) -> f64 {
    if joined.scale.unit == TableUnit::Own && question.margin_pp.is_none() {
        let such_as = joined.a_twentieth();
        faults.push(TableFault::of_file(Fault::NoMargin { metric: roles.metric.clone(), such_as }));
    }
    question.margin_pp.unwrap_or(Settings::default().margin_pp)
}

/// How the table was read.
fn read_as(dialect: &Dialect, roles: &Roles, num_rows: usize) -> String {
    let mut words = dialect.words();
    if roles.notation.decimal_comma {
        words.push_str(", decimal commas");
    }
    if roles.notation.percent {
        words.push_str(", per cent signs");
    }
    format!("{words}; {}", counted(num_rows, "row"))
}
