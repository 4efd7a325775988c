//! What can be wrong with a table, or with the options that name its columns.

mod listed;

use nt_records::version::RUNS_VERSION;

use thiserror::Error;

pub use listed::{TableFault, TableFaults};

/// A fault of a table, or of the options that name its columns.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Fault {
    /// The text is not in the format of its file name.
    #[error("this is not {format}: {message}")]
    Syntax {
        /// `CSV`, `JSON` or `TOML`.
        format: &'static str,
        /// What the reader says.
        message: String,
    },
    /// A row has more or fewer fields than the header.
    #[error(
        "this row has {got} {}, separated by {separator}, and the header has {expected}; make them equal, or name what separates \
         fields with --separator",
        if *got == 1 { "field" } else { "fields" }
    )]
    Ragged {
        /// Fields of the header.
        expected: usize,
        /// Fields of the row.
        got: usize,
        /// What separates them.
        separator: String,
    },
    /// A quote swallowed the lines after it.
    #[error("a quote that is opened in this row is not closed in it; close it, or double it if it is part of the text")]
    OpenQuote,
    /// The header stands again, as where tables were appended to each other.
    #[error("the header stands again; take this line out")]
    HeaderAgain,
    /// A header, or an object, has a name several times.
    #[error("column {column:?} stands {count} times; rename them{}", if *count > 2 { " (a pandas frame with a header of several lines: reset_index, or flatten its columns)" } else { "" })]
    ColumnTwice {
        /// Its name.
        column: String,
        /// How often.
        count: usize,
    },
    /// Columns of dictionaries where others are missing.
    #[error(
        "{columns}: dictionaries stand where columns are missing; give each of their keys a column (pandas: pd.json_normalize), or write \
             a JSON object a line"
    )]
    Dictionaries {
        /// The columns that hold them.
        columns: String,
    },
    /// A file that is no text.
    #[error("this is no text, and no Parquet; give a table as CSV, JSON or Parquet, and unpack it if it is packed")]
    Binary,
    /// A text in another encoding.
    #[error("byte {byte:#04X} here is no UTF-8; save the table as UTF-8 (pandas: encoding=\"utf-8\")")]
    NotUtf8 {
        /// The byte.
        byte: u8,
    },
    /// A text that begins as UTF-16 and is none to its end.
    #[error("this begins as UTF-16 and is cut or changed; save the table again, best as UTF-8")]
    CutUtf16,
    /// The file holds nothing.
    #[error("the file is empty, or holds nothing but comments; write a header, and a row for each run")]
    NoText,
    /// There is a header alone.
    #[error("there is a header and no row; write a row for each run")]
    NoRows,
    /// The filters keep no row.
    #[error("no row is left to judge; check --keep, --drop and --metric")]
    NothingKept,
    /// A column that was named does not exist.
    #[error("there is no column {column:?} for {role}; the columns are {known}")]
    NoColumn {
        /// The name given.
        column: String,
        /// The role it should have.
        role: &'static str,
        /// The columns that exist.
        known: String,
    },
    /// No column was named, and none has a usual name.
    #[error("no column for {role}: name it with {option} (usual names: {usual}); the columns are {known}{hint}")]
    NoDefault {
        /// The role to fill.
        role: &'static str,
        /// The option that names it.
        option: &'static str,
        /// Names that are found without an option.
        usual: String,
        /// The columns that exist.
        known: String,
        /// What else may help, after "; "; or nothing.
        hint: &'static str,
    },
    /// A condition that is not COLUMN=VALUE, or whose column does not belong to the arm.
    #[error("{option}{}: {message}", if given.is_empty() { String::new() } else { format!(" {given:?}") })]
    Option {
        /// The option.
        option: &'static str,
        /// What was given.
        given: String,
        /// What would be accepted.
        message: String,
    },
    /// The table holds several metrics, and none was chosen.
    #[error("{}the table holds the metrics {known}; choose one with --metric", if wanted.is_empty() { String::new() } else { format!("there is no metric {wanted:?}; ") })]
    Metric {
        /// The metric asked for; empty if none was.
        wanted: String,
        /// The metrics that exist.
        known: String,
    },
    /// A key is empty that must not be.
    #[error("{role} is empty; fill it in every row")]
    EmptyKey {
        /// Which key.
        role: &'static str,
    },
    /// A part of a cell's name is empty.
    #[error("{column} is empty; fill it in every row, or name other columns for cells with --cell")]
    EmptyCell {
        /// The column.
        column: String,
    },
    /// A test example without a cluster.
    #[error("the cluster is {value:?}; name one in every row, and give an example that stands alone one of its own")]
    NoCluster {
        /// What stands in its place.
        value: String,
    },
    /// A value that is no number.
    #[error(
        "{column} is {value:?}, which is no number as the others of the column are written; correct it, such as 0.45"
    )]
    Value {
        /// The column.
        column: String,
        /// The value found.
        value: String,
    },
    /// A run without a value, or with one that is not finite.
    #[error(
        "{column} is {value:?}, so that this run has no value; give it, or, if its training diverged, write \"diverged\" in the column \
         `{status}` of its row (in a wide table give each run a row of its own first)"
    )]
    NoValue {
        /// The column.
        column: String,
        /// The value found.
        value: String,
        /// The column that says how runs ended, or a name for one.
        status: String,
    },
    /// A comma that may stand before decimals or between thousands.
    #[error(
        "{column} is {value:?}: a comma or a point of the column may stand before decimals or between thousands; say which with --decimal comma or --decimal point"
    )]
    CommaOfBoth {
        /// The column.
        column: String,
        /// A value with such a comma.
        value: String,
    },
    /// A correctness that is neither right nor wrong.
    #[error("{column} is {value:?}; write 1 or 0, true or false")]
    Correctness {
        /// The column.
        column: String,
        /// The value found.
        value: String,
    },
    /// A table of nt that a later program wrote.
    #[error("schema_version is {found}, and up to {RUNS_VERSION} is read; analyse it with the nt that wrote it")]
    LaterVersion {
        /// The version found.
        found: String,
    },
    /// An unknown status.
    #[error(
        "{column} is {value:?}, which does not say how the run ended; write done or diverged, or leave the run out with --drop {}",
        condition(column, value)
    )]
    Status {
        /// The column.
        column: String,
        /// The value found.
        value: String,
    },
    /// A run that did not come to its end.
    #[error(
        "{column} is {value:?}: the run did not come to its end, and its value is what it logged last; run it again, leave its replicate \
         out of every arm with --drop {replicate}, or its arm with --drop {arm}"
    )]
    EndedEarly {
        /// The column.
        column: String,
        /// The word found.
        value: String,
        /// The condition that leaves its replicate out.
        replicate: String,
        /// The condition that leaves its arm out.
        arm: String,
    },
    /// A value outside its unit.
    #[error(
        "{value} is not a {unit} between 0 and {most}; correct it, leave --fraction or --percent out if one was given, or, if the \
         metric has a unit of its own, give --own-unit and what matters in it with --margin-pp"
    )]
    OutOfRange {
        /// The value found.
        value: String,
        /// `fraction` or `per cent`.
        unit: &'static str,
        /// The largest accepted.
        most: u32,
    },
    /// A value below zero of a metric in nats.
    #[error(
        "{value} is below 0, which no log-loss in nats is; give the loss itself, not its negative, or --own-unit if it is no log-loss"
    )]
    NegativeLoss {
        /// The value found.
        value: String,
    },
    /// A unit was asked for, but the metric has its own.
    #[error(
        "the metric is judged in nats; leave --percent and --fraction out, or give it another name with --value COLUMN --metric NAME"
    )]
    UnitOfNats,
    /// A metric of which nobody knows which way is better.
    #[error(
        "whether higher or lower {metric} is better is not known, and nothing is judged by a guess; say --higher-is-better or \
         --lower-is-better, and --own-unit with a margin if it is neither a share nor a per cent"
    )]
    UnknownDirection {
        /// The metric's name.
        metric: String,
    },
    /// Resampled splits of one data set of unknown proportions.
    #[error(
        "{column} names resampled splits of one data set, which share training examples; say with --test-per-train how many test examples \
         come to a training example, such as 0.11 for 90/10, or 0 if they are independent draws"
    )]
    NoRatio {
        /// The column.
        column: String,
    },
    /// Several seeds within folds.
    #[error(
        "each {folds} has several values of {seed}: if each splits the data anew, give --replicate {folds} --unit {seed}; if they train again \
         on the same splits, give --replicate {seed} --unit {folds}"
    )]
    SeedsOfFolds {
        /// The column of folds.
        folds: String,
        /// The column of seeds.
        seed: String,
    },
    /// A record of DomainBed without the accuracy on its test domain.
    #[error("the record has no {column}, the accuracy on its test domain; leave it out")]
    NoDomain {
        /// The column.
        column: String,
    },
    /// A row that sums others up.
    #[error(
        "{column} is {value:?}: this row sums up others and is no run; take it out, or leave it out with --drop {}",
        condition(column, value)
    )]
    SummaryRow {
        /// The replicate's column.
        column: String,
        /// The word found.
        value: String,
    },
    /// A perplexity that none is.
    #[error(
        "{value} is below 1, which no perplexity is; if it is none, give it another name with --value COLUMN --metric NAME, or --own-unit with --margin-pp"
    )]
    SmallPerplexity {
        /// The value found.
        value: String,
    },
    /// A metric in a unit of its own, and no margin.
    #[error(
        "{metric} has a unit of its own, in which no margin is taken for granted; say with --margin-pp how much of it matters, such as \
         --margin-pp {such_as}; if it is a share, give --fraction or --percent in place of --own-unit"
    )]
    NoMargin {
        /// The metric.
        metric: String,
        /// A twentieth of the reference's mean.
        such_as: String,
    },
    /// Columns of a wide table that do not exist.
    #[error("no column is called {given:?}, or begins so before a \"*\"; the columns are {known}")]
    NoWideColumn {
        /// What was given.
        given: String,
        /// The columns that exist.
        known: String,
    },
    /// Columns of a wide table that hold several metrics.
    #[error("{given:?} names columns of several metrics: {columns}; name those of one, such as --wide '{such_as}'")]
    WideMixed {
        /// What was given.
        given: String,
        /// Two of them.
        columns: String,
        /// A name that means those of one.
        such_as: String,
    },
    /// A value in a different unit from the rest.
    #[error(
        "{value} looks like a {unit} among {others}; give all values in one unit, --percent if all are per cents, or --own-unit with --margin-pp if the \
         metric is no share"
    )]
    MixedUnits {
        /// The value found.
        value: String,
        /// What it looks like.
        unit: &'static str,
        /// The unit of the others.
        others: &'static str,
    },
    /// All values could be fractions, but --percent was given.
    #[error(
        "no value is above 1 per cent: these look like fractions; leave --percent out; if they are per cents, write each with its sign, such \
         as 0.30%"
    )]
    TinyPercents,
    /// Two rows have the same key.
    #[error("{what} is already in line {first_line}; {}", if advice.is_empty() { "remove one of the two rows" } else { advice })]
    Duplicate {
        /// The key in words.
        what: String,
        /// The line that had it first.
        first_line: usize,
        /// Columns without a part in the key by which the two differ.
        differing: Vec<String>,
        /// How the two can be told apart; empty if they cannot.
        advice: String,
    },
    /// No row of a cell is the reference.
    #[error(
        "{cell} has no row of the reference ({reference}); name it with --reference, one of several columns as COLUMN=VALUE; the arms are {arms}"
    )]
    NoReference {
        /// The cell.
        cell: String,
        /// How the reference is recognised.
        reference: String,
        /// The arms that exist.
        arms: String,
    },
    /// Several arms of a cell are the reference.
    #[error("{cell}: {first} and {second} are both the reference; choose one with --reference COLUMN=VALUE,…")]
    TwoReferences {
        /// The cell.
        cell: String,
        /// An arm.
        first: String,
        /// Another arm.
        second: String,
    },
    /// No arm has the source that was named as a counterfactual.
    #[error("no arm has the {what} {value:?} in column {column}, which has {known}; check {option}")]
    NoControl {
        /// What it is.
        what: &'static str,
        /// The option that names it.
        option: &'static str,
        /// The column.
        column: String,
        /// The value named.
        value: String,
        /// The values that exist.
        known: String,
    },
    /// A cell holds nothing but the reference.
    #[error("{cell} holds the reference alone; add the rows of another arm, or check --keep and --drop")]
    Alone {
        /// The cell.
        cell: String,
    },
    /// Two arms have no replicate in common.
    #[error(
        "{arm} and {reference} have no replicate in common in {cell} ({runs}); give the runs of a pair the same name in the column of the \
         replicate"
    )]
    Unpaired {
        /// The arm.
        arm: String,
        /// The reference.
        reference: String,
        /// The cell.
        cell: String,
        /// A run of each.
        runs: String,
    },
    /// A run was tested on other examples than the reference.
    #[error(
        "{run} and {reference} were not tested on the same examples: only one has example {example}; test both on all"
    )]
    Examples {
        /// The run in words.
        run: String,
        /// The reference's first run.
        reference: String,
        /// The first example that only one of them has.
        example: String,
    },
    /// A test example is in two clusters.
    #[error(
        "example {example} is in cluster {second:?} here, and in {first:?} on line {first_line}; a test example is in one cluster"
    )]
    TwoClusters {
        /// The example.
        example: String,
        /// Its cluster here.
        second: String,
        /// Its cluster elsewhere.
        first: String,
        /// The line of that.
        first_line: usize,
    },
    /// Every pair of an arm has a run that diverged.
    #[error("{arm}: no replicate trained in both arms, so there is no gap to judge; run more replicates")]
    NothingTrained {
        /// The arm.
        arm: String,
    },
    /// The statistics refused the numbers.
    #[error("the verdicts cannot be given: {message}")]
    Statistics {
        /// What they say.
        message: String,
    },
    /// An unknown key in a file of columns.
    #[error("there is no key {key:?}; the keys are {known}")]
    UnknownKey {
        /// The key.
        key: String,
        /// The keys that exist.
        known: String,
    },
    /// A value of the wrong type in a file of columns.
    #[error("{key} must be {expected}")]
    WrongType {
        /// The key.
        key: String,
        /// What would be accepted.
        expected: &'static str,
    },
}

/// A condition as a shell takes it.
pub(crate) fn condition(column: &str, value: &str) -> String {
    let is_plain = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '-' | '.' | '/' | '+' | ':' | '=');
    let condition = format!("{column}={value}");
    if condition.chars().all(is_plain) { condition } else { format!("'{}'", condition.replace('\'', "'\\''")) }
}
