//! `nt analyze`.

use super::Failure;
use super::output::{has_keys, not_over_others, say};
use super::study_folder;
use nt_disk::{advice, write_atomic};
use nt_foreign::{Columns, Direction, Format, Question, TableAnalysis, TableUnit, analyse_table};
use nt_records::verdicts::VERDICT_COLUMNS;
use nt_stats::verdict::Verdict;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

#[derive(clap::Args)]
pub(super) struct Analyze {
    /// The table: separated fields, JSON (one object a line, or an array of objects) or Parquet. One row is a run, or a run and a test
    /// example. `-` reads standard input.
    #[arg(value_name = "FILE")]
    table: PathBuf,
    #[command(flatten)]
    columns: ColumnArguments,
    /// What separates fields [default: whichever of them the first lines agree on].
    #[arg(long, value_name = "WHICH", value_parser = ["comma", "semicolon", "tab", "bar", "space"])]
    separator: Option<String>,
    /// Values are per cents, 0 to 100 [default: inferred from the values].
    #[arg(long, conflicts_with = "fraction")]
    percent: bool,
    /// Values are fractions, 0 to 1.
    #[arg(long)]
    fraction: bool,
    /// Values are in a unit of the metric's own, such as RMSE in metres. Gaps and --margin-pp are then in that unit.
    #[arg(long, conflicts_with_all = ["percent", "fraction"])]
    own_unit: bool,
    /// Lower values are better [default: by the metric's name; loss, error, nll, perplexity, rmse and their kin are lower].
    #[arg(long)]
    lower_is_better: bool,
    /// Higher values are better.
    #[arg(long, conflicts_with = "lower_is_better")]
    higher_is_better: bool,
    /// The margin of material harm and of equivalence: percentage points, hundredths of a nat for losses, or the metric's own unit
    /// [default: 1; none for a unit of its own].
    #[arg(long, value_name = "POINTS", allow_negative_numbers = true)]
    margin_pp: Option<f64>,
    /// Family-wise error of the tests.
    #[arg(long, default_value_t = 0.05, allow_negative_numbers = true)]
    alpha: f64,
    /// Judge by joint sign flips. They do not assume normal gaps, but need at least six units.
    #[arg(long)]
    sign_flips: bool,
    /// Each replicate has a source network of its own, so verdicts are about the source's training procedure.
    #[arg(long)]
    fresh_sources: bool,
    /// Print verdicts, words and notes as JSON instead of a table.
    #[arg(long)]
    json: bool,
    /// End with 1 if an arm is worse than its reference (negative), or if one is worse or not decided (undecided).
    #[arg(long, value_name = "VERDICT", value_parser = ["negative", "undecided"])]
    fail_on: Option<String>,
    /// Write verdicts.csv and verdicts.json into this folder.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// What the table's columns are. Columns with usual names are found without these arguments.
#[derive(clap::Args)]
struct ColumnArguments {
    /// A TOML file that names columns. Arguments override it.
    #[arg(long, value_name = "FILE.toml")]
    columns: Option<PathBuf>,
    /// Columns that together name an arm [default: arm, or source, treatment, copied, frozen, or else method, algorithm, variant,
    /// condition or init].
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',')]
    arm: Vec<String>,
    /// The arm that others are compared with: a value, or COLUMN=VALUE,… [default: scratch, or copied=0].
    #[arg(long, value_name = "VALUE")]
    reference: Option<String>,
    /// The column of the replicate, which pairs arms [default: fold, replicate, seed, trial or run].
    #[arg(long, value_name = "COLUMN")]
    replicate: Option<String>,
    /// The column of the independent unit that replicates belong to [default: each replicate is one].
    #[arg(long, value_name = "COLUMN")]
    unit: Option<String>,
    /// Columns that together name a cell; arms are compared within a cell. `none` makes all rows one [default: target, dataset, task,
    /// test_env, size].
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',')]
    cell: Vec<String>,
    /// The metric: a value of the column `metric`, or the name of the column that holds it [default: top1].
    #[arg(long, value_name = "NAME")]
    metric: Option<String>,
    /// The column of per-run values [default: value, top1, accuracy or acc, or one that ends so, as test_acc].
    #[arg(long, value_name = "COLUMN")]
    value: Option<String>,
    /// The column of the test example [default: example, example_id or doc_id].
    #[arg(long, value_name = "COLUMN", conflicts_with = "value")]
    example: Option<String>,
    /// The column that says whether the example was right [default: correct or is_correct].
    #[arg(long, value_name = "COLUMN", conflicts_with = "value")]
    correct: Option<String>,
    /// The untrained source, for source gaps: a value of the column `source`, or COLUMN=VALUE [default: untrained].
    #[arg(long, value_name = "VALUE")]
    untrained: Option<String>,
    /// The target's twin, a source that learned the target's task and look from other images: a value of the column `source`,
    /// or COLUMN=VALUE [default: twin].
    #[arg(long, value_name = "VALUE")]
    twin: Option<String>,
    /// The column of the group that test examples belong to, such as photographs of one bird: they are not independent.
    #[arg(long, value_name = "COLUMN")]
    cluster: Option<String>,
    /// Read only rows with this value; of several for one column, any. May be given several times [default: role=final, if that column
    /// exists].
    #[arg(long, value_name = "COLUMN=VALUE")]
    keep: Vec<String>,
    /// Leave out rows with this value, such as a seed of which a run crashed. May be given several times.
    #[arg(long, value_name = "COLUMN=VALUE")]
    drop: Vec<String>,
    /// The columns of a wide table, which has one for each replicate or for each arm: names, or names with a `*` in them [default: those
    /// with a number behind a word such as seed, or that stand beside one that is called as the reference].
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',', conflicts_with = "value")]
    wide: Vec<String>,
    /// Test examples over training examples, if replicates are folds or resampled splits of one data set; 0 if they are independent draws
    /// [default: 1/(k - 1) for a column of k folds].
    #[arg(long, value_name = "RATIO", allow_negative_numbers = true, value_parser = ratio)]
    test_per_train: Option<f64>,
    /// What stands before the decimals of numbers [default: inferred from the values].
    #[arg(long, value_name = "WHICH", value_parser = ["comma", "point"])]
    decimal: Option<String>,
}

impl Analyze {
    pub(super) fn execute(self) -> Result<(), Failure> {
        if let Some(dir) = &self.out {
            study_folder::not_over_a_study(dir)?;
        }
        let is_piped = self.table == Path::new("-");
        let contents = if is_piped { standard_input()? } else { table(&self.table)? };
        let unit = match (self.percent, self.fraction, self.own_unit) {
            (true, ..) => Some(TableUnit::Percent),
            (_, true, _) => Some(TableUnit::Fraction),
            (.., true) => Some(TableUnit::Own),
            _ => None,
        };
        let direction = match (self.lower_is_better, self.higher_is_better) {
            (true, _) => Some(Direction::LowerIsBetter),
            (_, true) => Some(Direction::HigherIsBetter),
            _ => None,
        };
        let question = Question {
            columns: self.columns.resolve()?,
            unit,
            direction,
            sign_flips: self.sign_flips,
            fresh_sources: self.fresh_sources,
            margin_pp: self.margin_pp,
            alpha: self.alpha,
        };
        let file = if is_piped { "standard input".to_owned() } else { self.table.display().to_string() };
        let stem = if is_piped { None } else { self.table.file_stem() };
        let name = stem.map_or_else(|| file.clone(), |stem| stem.to_string_lossy().into_owned());
        let format = match self.separator.as_deref() {
            None => Format::of(&self.table),
            Some("semicolon") => Format::Separated(b';'),
            Some("tab") => Format::Separated(b'\t'),
            Some("bar") => Format::Separated(b'|'),
            Some("space") => Format::Separated(b' '),
            Some(_) => Format::Separated(b','),
        };
        let analysis =
            analyse_table(&contents, &file, format, &question).map_err(|faults| Failure::Input(faults.to_string()))?;
        if self.json {
            let json = analysis.verdicts_json(&name).map_err(|error| Failure::system(&error))?;
            say(String::from_utf8_lossy(&json).trim_end())?;
        } else {
            say(analysis.terminal_table())?;
        }
        if let Some(dir) = &self.out {
            write(dir, &name, &analysis, self.json)?;
        }
        match self.fail_on.as_deref() {
            Some(which) => fail_on(which == "undecided", &analysis),
            None => Ok(()),
        }
    }
}

impl ColumnArguments {
    fn resolve(self) -> Result<Columns, Failure> {
        let told = Columns {
            arm: self.arm,
            cell: self.cell,
            replicate: self.replicate,
            unit: self.unit,
            metric: self.metric,
            value: self.value,
            example: self.example,
            correct: self.correct,
            reference: self.reference,
            untrained: self.untrained,
            twin: self.twin,
            cluster: self.cluster,
            keep: self.keep,
            drop: self.drop,
            decimal_comma: self.decimal.map(|which| which == "comma"),
            wide: self.wide,
            test_per_train: self.test_per_train,
        };
        let Some(path) = self.columns else { return Ok(told) };
        let text = read(&path, "file of columns")?;
        let from_file = Columns::parse(&text, &path.display().to_string());
        Ok(told.or(from_file.map_err(|faults| Failure::Input(faults.to_string()))?))
    }
}

/// A ratio of test to training examples.
fn ratio(text: &str) -> Result<f64, String> {
    let number = text.parse::<f64>().ok().filter(|ratio| ratio.is_finite() && *ratio >= 0.0);
    number.ok_or_else(|| "write a number of 0 or more, such as 0.25 for five folds".to_owned())
}

/// The end of a command whose caller asked to fail on a verdict.
fn fail_on(undecided: bool, analysis: &TableAnalysis) -> Result<(), Failure> {
    let arms = || analysis.contrasts.iter().filter(|one| !one.is_control).map(|one| one.decision.verdict);
    let num_negative = arms().filter(|verdict| verdict.is_negative()).count();
    let is_undecided = |verdict: &Verdict| {
        matches!(verdict, Verdict::Inconclusive | Verdict::InconclusiveOptimisation | Verdict::Invalid)
    };
    let num_undecided = arms().filter(is_undecided).count() + analysis.num_unjudged;
    let num_arms = arms().count() + analysis.num_unjudged;
    let counted = |count: usize| format!("{count} of {num_arms} arm{}", if num_arms == 1 { "" } else { "s" });
    match (num_negative, num_undecided) {
        (0, count) if count == 0 || !undecided => Ok(()),
        (0, count) => Err(Failure::Incomplete(format!("{} not decided (--fail-on undecided)", counted(count)))),
        (count, _) => Err(Failure::Incomplete(format!("{} worse than the reference (--fail-on)", counted(count)))),
    }
}

/// The most bytes of a table: rows and lines are counted in 32 bits.
const MOST_BYTES: u64 = u32::MAX as u64;

/// The table that another program writes into a pipe.
fn standard_input() -> Result<Vec<u8>, Failure> {
    bounded(io::stdin().lock(), "standard input")
}

/// The contents of a file or a pipe.
fn table(path: &Path) -> Result<Vec<u8>, Failure> {
    let shown = path.display();
    let refused =
        |error: io::Error| Failure::Input(format!("cannot read the table {shown}: {error}; {}", advice(&error)));
    let file = std::fs::File::open(path).map_err(refused)?;
    let kind = file.metadata().map_err(refused)?.file_type();
    if is_device(kind) {
        return Err(Failure::Input(format!("{shown} is a device; give a file, a pipe, or - for standard input")));
    }
    bounded(file, &format!("the table {shown}"))
}

#[cfg(unix)]
fn is_device(kind: std::fs::FileType) -> bool {
    use std::os::unix::fs::FileTypeExt;
    kind.is_char_device() || kind.is_block_device()
}

#[cfg(not(unix))]
fn is_device(_: std::fs::FileType) -> bool {
    false
}

/// Reads to the end, but not without end: no more than can be judged, and no further into what is no table.
fn bounded(mut reader: impl Read, what: &str) -> Result<Vec<u8>, Failure> {
    const BEGINNING: u64 = 1 << 16;
    let refused = |error: io::Error| Failure::Input(format!("cannot read {what}: {error}; {}", advice(&error)));
    let mut contents = Vec::new();
    reader.by_ref().take(BEGINNING).read_to_end(&mut contents).map_err(refused)?;
    // Text has no zeros but in UTF-16, which begins with FF FE or FE FF; Parquet begins with its name.
    let may_have_zeros = [&b"PAR1"[..], &[0xFF, 0xFE], &[0xFE, 0xFF]].iter().any(|magic| contents.starts_with(magic));
    if !contents.contains(&0) || may_have_zeros {
        reader.take(MOST_BYTES).read_to_end(&mut contents).map_err(refused)?;
    }
    if contents.len() as u64 > MOST_BYTES {
        return Err(Failure::Input(format!("{what} is larger than 4 GiB; leave out columns that are not needed")));
    }
    Ok(contents)
}

fn read(path: &Path, what: &str) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| {
        Failure::Input(format!("cannot read the {what} {}: {error}; {}", path.display(), advice(&error)))
    })
}

fn write(dir: &Path, name: &str, analysis: &TableAnalysis, is_quiet: bool) -> Result<(), Failure> {
    let csv = analysis.verdicts_csv().map_err(|error| Failure::system(&error))?;
    let json = analysis.verdicts_json(name).map_err(|error| Failure::system(&error))?;
    let files = [("verdicts.csv", csv), ("verdicts.json", json)];
    for (file, _) in &files {
        not_over_others(&dir.join(file), |found| is_of_verdicts(file, found))?;
    }
    for (file, contents) in files {
        let path = dir.join(file);
        write_atomic(&path, &contents).map_err(|error| Failure::system(&error))?;
        // Standard output holds the JSON alone.
        if !is_quiet {
            say(path.display())?;
        }
    }
    Ok(())
}

/// Whether a file of this name is one that `nt` wrote, now or in an older version.
fn is_of_verdicts(name: &str, contents: &[u8]) -> bool {
    if name.ends_with(".csv") {
        return contents.starts_with(VERDICT_COLUMNS[..4].join(",").as_bytes());
    }
    has_keys(contents, &["schema_version", "verdicts"])
}
