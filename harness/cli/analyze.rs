//! `nt analyze`.

use super::Failure;
use super::output::say;
use nt_disk::{advice, write_atomic};
use nt_foreign::{Columns, Format, Question, TableAnalysis, TableUnit, analyse_table};
use nt_records::verdicts::VERDICT_COLUMNS;
use std::io::Read;
use std::path::{Path, PathBuf};

#[derive(clap::Args)]
pub(super) struct Analyze {
    /// The table: separated fields, or JSON (one object a line, or an array of objects). One row is a run, or a run and a test example.
    /// `-` reads standard input.
    #[arg(value_name = "FILE")]
    table: PathBuf,
    #[command(flatten)]
    columns: ColumnArguments,
    /// What separates fields [default: whichever of them the first lines agree on].
    #[arg(long, value_name = "WHICH", value_parser = ["comma", "semicolon", "tab", "bar"])]
    separator: Option<String>,
    /// Values are per cents, 0 to 100 [default: inferred from the values].
    #[arg(long, conflicts_with = "fraction")]
    percent: bool,
    /// Values are fractions, 0 to 1.
    #[arg(long)]
    fraction: bool,
    /// The margin of material harm and of equivalence, percentage points.
    #[arg(long, value_name = "POINTS", default_value_t = 1.0, allow_negative_numbers = true)]
    margin_pp: f64,
    /// Family-wise error of the tests.
    #[arg(long, default_value_t = 0.05, allow_negative_numbers = true)]
    alpha: f64,
    /// Judge by joint sign flips. They do not assume normal gaps, but need at least six units.
    #[arg(long)]
    sign_flips: bool,
    /// Each replicate has a source network of its own, so verdicts are about the source's training procedure.
    #[arg(long)]
    fresh_sources: bool,
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
    /// Columns that together name an arm [default: arm, or source, treatment, copied, frozen].
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',')]
    arm: Vec<String>,
    /// The arm that others are compared with: a value, or COLUMN=VALUE,… [default: scratch, or copied=0].
    #[arg(long, value_name = "VALUE")]
    reference: Option<String>,
    /// The column of the replicate, which pairs arms [default: replicate, seed, fold or run].
    #[arg(long, value_name = "COLUMN")]
    replicate: Option<String>,
    /// The column of the independent unit that replicates belong to [default: each replicate is one].
    #[arg(long, value_name = "COLUMN")]
    unit: Option<String>,
    /// Columns that together name a cell; arms are compared within a cell [default: target, dataset, task, size].
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',')]
    cell: Vec<String>,
    /// The metric: a value of the column `metric`, or the name of the column that holds it [default: top1].
    #[arg(long, value_name = "NAME")]
    metric: Option<String>,
    /// The column of per-run values [default: value, top1, accuracy or acc].
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
    /// What stands before the decimals of numbers [default: inferred from the values].
    #[arg(long, value_name = "WHICH", value_parser = ["comma", "point"])]
    decimal: Option<String>,
}

impl Analyze {
    pub(super) fn execute(self) -> Result<(), Failure> {
        let is_piped = self.table == Path::new("-");
        let text = if is_piped { standard_input()? } else { read(&self.table, "table")? };
        let unit = match (self.percent, self.fraction) {
            (true, _) => Some(TableUnit::Percent),
            (_, true) => Some(TableUnit::Fraction),
            _ => None,
        };
        let question = Question {
            columns: self.columns.resolve()?,
            unit,
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
            Some(_) => Format::Separated(b','),
        };
        let analysis =
            analyse_table(&text, &file, format, &question).map_err(|faults| Failure::Input(faults.to_string()))?;
        say(analysis.terminal_table())?;
        match &self.out {
            Some(dir) => write(dir, &name, &analysis),
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
        };
        let Some(path) = self.columns else { return Ok(told) };
        let text = read(&path, "file of columns")?;
        let from_file = Columns::parse(&text, &path.display().to_string());
        Ok(told.or(from_file.map_err(|faults| Failure::Input(faults.to_string()))?))
    }
}

/// The table that another program writes into a pipe.
fn standard_input() -> Result<String, Failure> {
    let mut text = String::new();
    std::io::stdin()
        .lock()
        .read_to_string(&mut text)
        .map_err(|error| Failure::Input(format!("cannot read standard input: {error}; {}", advice(&error))))?;
    Ok(text)
}

fn read(path: &Path, what: &str) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| {
        Failure::Input(format!("cannot read the {what} {}: {error}; {}", path.display(), advice(&error)))
    })
}

fn write(dir: &Path, name: &str, analysis: &TableAnalysis) -> Result<(), Failure> {
    let csv = analysis.verdicts_csv().map_err(|error| Failure::system(&error))?;
    let json = analysis.verdicts_json(name).map_err(|error| Failure::system(&error))?;
    let files = [("verdicts.csv", csv), ("verdicts.json", json)];
    for (file, _) in &files {
        let path = dir.join(file);
        if nt_disk::read(&path).is_ok_and(|found| !is_of_verdicts(file, &found)) {
            return Err(Failure::Input(format!(
                "{} is there and was not written by nt; give another folder with --out, or move the file",
                path.display()
            )));
        }
    }
    for (file, contents) in files {
        let path = dir.join(file);
        write_atomic(&path, &contents).map_err(|error| Failure::system(&error))?;
        say(path.display())?;
    }
    Ok(())
}

/// Whether a file of this name is one that `nt` wrote, now or in an older version.
fn is_of_verdicts(name: &str, contents: &[u8]) -> bool {
    if name.ends_with(".csv") {
        return contents.starts_with(VERDICT_COLUMNS[..4].join(",").as_bytes());
    }
    let value = serde_json::from_slice::<serde_json::Value>(contents);
    value.is_ok_and(|value| value.get("schema_version").is_some() && value.get("verdicts").is_some())
}
