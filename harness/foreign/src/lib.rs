//! Tables from elsewhere: verdicts for the results of any framework.
//!
//! A table is long: each row is a run, or a run and a test example. Columns give a row's *cell* (arms are compared
//! within a cell), its *arm*, its *replicate* (which pairs the arms) and what was measured. [`Columns`] names them, or
//! finds them by their usual names. One arm is the *reference*. Every other arm of a cell becomes a contrast, and all
//! contrasts form one family. Arms of an untrained source and of the target's twin, if there are any, are what causes are named
//! by, and form a family of their own.
//!
//! Rows are joined on their keys, never on their position, and nothing is dropped in silence. Duplicate rows, runs
//! without a partner, values that are not numbers, and fractions among per cents are faults. All are reported at once,
//! each with its line.
//!
//! | values | method | scope | needs |
//! |---|---|---|---|
//! | per example ([`TableMethod::Crossed`]) | crossed random effects, Holm | the test population | 2 units, 2 examples |
//! | per run ([`TableMethod::PairedT`]) | paired *t* over units, Holm | this test set only | 2 units; gaps near normal |
//! | either, if asked ([`TableMethod::SignFlip`]) | joint sign flips, step-down max-T | this test set only | 6 units to reach .05 |
//!
//! Units are replicates, unless a column names the independent unit that they belong to. Eight halves of four splits
//! are four units: the gaps of a unit's replicates are averaged first, and each unit has the same weight. Per-run
//! values say nothing about other test images: a paired *t* that is read so covers .69 where .95 is nominal. Gates that
//! need a study's records (equal search, live baseline, test lock) cannot be checked here. A verdict is only as good as
//! they held.

mod columns;
mod fault;
mod join;
mod key;
mod notation;
mod pairing;
mod reading;
mod rows;
mod status;
mod terminal;
#[cfg(test)]
mod tests;
mod unit;

use nt_records::audit::ClusterCounts;
use nt_records::number::counted;
use nt_stats::decide;
use nt_stats::verdict::{Contrast, Decision, FamilyError, Reach, Scope, Settings, decide_runs};

pub use columns::Columns;
pub use fault::{Fault, TableFault, TableFaults};
pub use reading::Format;
pub use unit::TableUnit;

use columns::{Roles, Score};
use key::{Key, name};
use pairing::Paired;
use reading::{Dialect, Table};

/// How gaps are judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableMethod {
    /// Crossed random effects on per-example values.
    Crossed,
    /// The paired *t* over units.
    PairedT,
    /// Joint sign flips of whole units.
    SignFlip,
}

impl TableMethod {
    /// Its name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Crossed => nt_stats::verdict::Method::Crossed.name(),
            Self::PairedT => nt_stats::verdict::Method::PairedT.name(),
            Self::SignFlip => nt_stats::verdict::Method::SignFlip.name(),
        }
    }
}

/// The question to a table.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// Its columns.
    pub columns: Columns,
    /// The unit of its values; `None` to infer it from the values.
    pub unit: Option<TableUnit>,
    /// Whether to judge by sign flips instead of the method that the values allow.
    pub sign_flips: bool,
    /// Whether each replicate has a source network of its own. Otherwise the scope is the one source network at hand.
    pub fresh_sources: bool,
    /// The margin δ, percentage points.
    pub margin_pp: f64,
    /// Family-wise error.
    pub alpha: f64,
}

impl Default for Question {
    /// δ = 1 point, α = .05, one source network, and everything else inferred from the table.
    fn default() -> Self {
        let Settings { margin_pp, alpha, .. } = Settings::default();
        Self { columns: Columns::default(), unit: None, sign_flips: false, fresh_sources: false, margin_pp, alpha }
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
    /// What a reader must know of how the columns were taken, a sentence each.
    pub remarks: Vec<String>,
    /// The metric.
    pub metric: String,
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
/// [`TableFaults`]: every fault of the table at once, each with its line. A row that cannot be read may leave another
/// row without its partner, which is then reported as well.
pub fn analyse_table(
    text: &str,
    file: &str,
    format: Format,
    question: &Question,
) -> Result<TableAnalysis, TableFaults> {
    let mut faults = Vec::new();
    let analysis = judge_text(text, format, question, &mut faults);
    analysis.filter(|_| faults.is_empty()).ok_or_else(|| TableFaults::new(file, faults))
}

fn judge_text(text: &str, format: Format, question: &Question, faults: &mut Vec<TableFault>) -> Option<TableAnalysis> {
    let (table, dialect) = reading::read(text, format, faults);
    if table.num_rows() == 0 {
        // What is wrong with its rows says why there are none.
        if faults.is_empty() {
            let fault = if table.header().is_empty() { Fault::NoText } else { Fault::NoRows };
            faults.push(TableFault::of_file(fault));
        }
        return None;
    }
    table.check_version(faults);
    let has_unread = !faults.is_empty();
    let roles = columns::resolve(&question.columns, &table, faults)?;
    let mut joined = join::join(&table, &roles, question.unit, faults);
    joined.has_unread = has_unread;
    let method = match (roles.score, question.sign_flips) {
        (_, true) => TableMethod::SignFlip,
        (Score::Run { .. }, false) => TableMethod::PairedT,
        (Score::Example { .. }, false) => TableMethod::Crossed,
    };
    let pairs = pairing::pair(&table, &roles, &joined, method, faults);
    if !faults.is_empty() {
        return None;
    }
    let contrasts = match decide_all(pairs, &table, &roles, method, question) {
        Ok(contrasts) => contrasts,
        Err(fault) => {
            faults.push(TableFault::of_file(fault));
            return None;
        }
    };
    let unit_column = roles.unit.map(|column| table.header()[column].clone());
    Some(TableAnalysis {
        read_as: read_as(&dialect, &roles, &table),
        remarks: roles.notes.clone(),
        metric: roles.metric,
        method,
        unit: joined.unit,
        unit_column,
        alpha: question.alpha,
        contrasts,
    })
}

/// How the text was read.
fn read_as(dialect: &Dialect, roles: &Roles, table: &Table) -> String {
    let mut words = dialect.words();
    if roles.notation.decimal_comma {
        words.push_str(", decimal commas");
    }
    if roles.notation.percent {
        words.push_str(", per cent signs");
    }
    format!("{words}; {}", counted(table.num_rows(), "row"))
}

/// Decides the arms of sources that are judged as one family, and those of the untrained source and the twin as another.
fn decide_all(
    pairs: Vec<Paired>,
    table: &Table,
    roles: &Roles,
    method: TableMethod,
    question: &Question,
) -> Result<Vec<Judged>, Fault> {
    let mut judged: Vec<Option<Judged>> = pairs.iter().map(|_| None).collect();
    for controls in [false, true] {
        let places: Vec<usize> = (0..pairs.len()).filter(|at| pairs[*at].is_control == controls).collect();
        let family: Vec<Contrast> = places.iter().map(|at| pairs[*at].contrast.clone()).collect();
        let decisions = decide_by(method, &family, &settings(method, question))
            .map_err(|error| Fault::Statistics { message: error.to_string() })?;
        for (at, decision) in places.into_iter().zip(decisions) {
            judged[at] = Some(finish(&pairs[at], decision, table, roles, method, question));
        }
    }
    Ok(judged.into_iter().flatten().collect())
}

fn finish(
    paired: &Paired,
    mut decision: Decision,
    table: &Table,
    roles: &Roles,
    method: TableMethod,
    question: &Question,
) -> Judged {
    let scope = scope(method, question);
    for gap in decision.gaps_mut() {
        gap.scope = Scope { in_clusters: gap.scope.in_clusters, ..scope };
        gap.num_examples = paired.num_examples;
    }
    let has_examples = matches!(roles.score, Score::Example { .. });
    Judged {
        cell: if paired.cell.is_empty() { "all".to_owned() } else { name(&paired.cell) },
        arm: name(&paired.arm),
        labels: labels(paired, table, roles),
        is_control: paired.is_control,
        num_test_examples: has_examples.then_some(paired.num_examples),
        clusters: paired.clusters,
        decision,
    }
}

/// What the verdicts are about.
fn scope(method: TableMethod, question: &Question) -> Scope {
    let reach = |wide| if wide { Reach::Population } else { Reach::This };
    Scope {
        test_images: reach(method == TableMethod::Crossed),
        source_network: reach(question.fresh_sources),
        ..Scope::default()
    }
}

fn decide_by(method: TableMethod, family: &[Contrast], settings: &Settings) -> Result<Vec<Decision>, FamilyError> {
    match method {
        TableMethod::PairedT => decide_runs(family, settings),
        TableMethod::Crossed | TableMethod::SignFlip => decide(family, settings),
    }
}

/// The settings that make [`decide`] use the method.
fn settings(method: TableMethod, question: &Question) -> Settings {
    let test_images = if method == TableMethod::SignFlip { Reach::This } else { Reach::Population };
    Settings {
        margin_pp: question.margin_pp,
        alpha: question.alpha,
        scope: Scope { test_images, ..Scope::default() },
        ..Settings::default()
    }
}

fn labels(paired: &Paired, table: &Table, roles: &Roles) -> Labels {
    let text = |column: &str| table.column(column).map(|at| table.text(paired.row, at).to_owned()).unwrap_or_default();
    let depth = |column: &str| text(column).trim_end_matches(".0").parse().ok();
    // Columns without a place of their own go into the target and the treatment.
    let rest = |columns: &[usize], keys: &[Key], own: &[&str]| {
        let others = columns.iter().zip(keys).filter(|(at, _)| !own.contains(&table.header()[**at].as_str()));
        name(&others.map(|(_, key)| key.clone()).collect::<Vec<_>>())
    };
    const OWN: [&str; 5] = ["source", "size", "similarity", "copied", "frozen"];
    Labels {
        source: text("source"),
        target: rest(&roles.cell, &paired.cell, &OWN),
        size: text("size"),
        similarity: text("similarity"),
        treatment: rest(&roles.arm, &paired.arm, &OWN),
        copied: depth("copied"),
        frozen: depth("frozen"),
    }
}
