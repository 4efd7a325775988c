//! Runs a study in which no treatment differs from scratch with one seed after the other, and counts its false alarms.
//!
//! `nt-placebo NT SCENARIO COUNTS STUDIES [WHAT]` runs the binary NT on SCENARIO with the seeds 1 to STUDIES and writes a line a
//! study to COUNTS, a CSV file. A seed that has a line is not run again, so that the count can be interrupted and resumed. WHAT is
//! `any` (an alarm is any verdict with a sign in the study) or `choice` (one on a quadrant's choice).

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nt_stats::binomial::below_chance;

/// The header of the file of counts.
const HEADER: &str = "seed,cells,choices,rules,invalid,contrasts,digest";

/// What a study of this seed found.
#[derive(Clone, Debug, PartialEq)]
struct Counted {
    seed: u64,
    /// Cells with a sign.
    cells: u64,
    /// Of them, those that a quadrant chose.
    choices: u64,
    /// Rules that were supported or refuted.
    rules: u64,
    /// Cells without a verdict.
    invalid: u64,
    /// All cells.
    contrasts: u64,
    /// The study's result digest, its first 16 digits.
    digest: String,
}

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let (nt, scenario, counts, studies, what) = match words.as_slice() {
        [nt, scenario, counts, studies] => (nt, scenario, counts, studies, "any"),
        [nt, scenario, counts, studies, what] if what == "any" || what == "choice" => {
            (nt, scenario, counts, studies, what.as_str())
        }
        _ => return Err("write: nt-placebo NT SCENARIO COUNTS STUDIES [any|choice]".into()),
    };
    let studies: u64 = studies.parse()?;
    let counts = Path::new(counts);
    let mut known = read(counts)?;
    for seed in (1..=studies).filter(|seed| !known.iter().any(|counted| counted.seed == *seed)).collect::<Vec<_>>() {
        let counted = run(nt, scenario, seed)?;
        append(counts, &counted)?;
        known.push(counted);
        let so_far = known.iter().filter(|counted| counted.seed <= studies);
        eprintln!("study {seed}: {}", told(&so_far.cloned().collect::<Vec<_>>(), what));
    }
    known.retain(|counted| counted.seed <= studies);
    println!("{}", told(&known, what));
    Ok(())
}

/// The counts so far; none if there is no file.
fn read(path: &Path) -> Result<Vec<Counted>, Failure> {
    if !path.exists() {
        return Ok(Vec::new());
    }
    rows(path)?.iter().map(counted_of).collect()
}

fn counted_of(row: &BTreeMap<String, String>) -> Result<Counted, Failure> {
    let number = |name: &str| -> Result<u64, Failure> { Ok(column(row, name)?.parse()?) };
    Ok(Counted {
        seed: number("seed")?,
        cells: number("cells")?,
        choices: number("choices")?,
        rules: number("rules")?,
        invalid: number("invalid")?,
        contrasts: number("contrasts")?,
        digest: column(row, "digest")?.to_owned(),
    })
}

/// The rows of a CSV file, each by the names of its columns.
fn rows(path: &Path) -> Result<Vec<BTreeMap<String, String>>, Failure> {
    let mut reader = csv::Reader::from_path(path)?;
    Ok(reader.deserialize().collect::<Result<_, _>>()?)
}

fn column<'a>(row: &'a BTreeMap<String, String>, name: &str) -> Result<&'a str, Failure> {
    row.get(name).map(String::as_str).ok_or_else(|| format!("there is no column {name}").into())
}

/// Adds a line, on disk when it returns.
fn append(path: &Path, counted: &Counted) -> Result<(), Failure> {
    let is_new = !path.exists();
    let mut file: File = OpenOptions::new().create(true).append(true).open(path)?;
    if is_new {
        writeln!(file, "{HEADER}")?;
    }
    let Counted { seed, cells, choices, rules, invalid, contrasts, digest } = counted;
    writeln!(file, "{seed},{cells},{choices},{rules},{invalid},{contrasts},{digest}")?;
    Ok(file.sync_all()?)
}

/// Runs the study of a seed in a folder of its own, which is removed again.
fn run(nt: &str, scenario: &str, seed: u64) -> Result<Counted, Failure> {
    let folder = std::env::temp_dir().join(format!("nt-placebo-{}-{seed}", std::process::id()));
    let result = run_in(nt, scenario, seed, &folder);
    // What is left of a run that failed is of no use either.
    let _ = fs::remove_dir_all(&folder);
    result
}

fn run_in(nt: &str, scenario: &str, seed: u64, folder: &PathBuf) -> Result<Counted, Failure> {
    let output = Command::new(nt)
        .args(["run", scenario, "--set", &format!("study.seed={seed}"), "--keep-going", "--out"])
        .arg(folder)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .output()?;
    // 1: a run diverged, which is an outcome as any other.
    if !matches!(output.status.code(), Some(0 | 1)) {
        return Err(format!("the study of seed {seed} failed:\n{}", String::from_utf8_lossy(&output.stderr)).into());
    }
    count(seed, folder)
}

/// What the tables of a study's folder say.
fn count(seed: u64, folder: &Path) -> Result<Counted, Failure> {
    let is_signed = |verdict: &str| verdict.ends_with("NEGATIVE") || verdict.ends_with("POSITIVE");
    let mut counted = Counted { seed, cells: 0, choices: 0, rules: 0, invalid: 0, contrasts: 0, digest: String::new() };
    for row in rows(&folder.join("verdicts.csv"))? {
        let verdict = column(&row, "verdict")?;
        counted.contrasts += 1;
        counted.invalid += u64::from(verdict == "INVALID");
        counted.cells += u64::from(is_signed(verdict));
        counted.choices += u64::from(is_signed(verdict) && column(&row, "is_choice")? == "true");
    }
    let mut judged = BTreeMap::new();
    for row in rows(&folder.join("rules.csv"))? {
        let place = ["target", "size", "similarity"].map(|name| column(&row, name).unwrap_or_default().to_owned());
        judged.insert(place, column(&row, "rule_verdict")?.to_owned());
    }
    counted.rules =
        judged.values().filter(|verdict| matches!(verdict.as_str(), "SUPPORTED" | "REFUTED")).count() as u64;
    let manifest = fs::read_to_string(folder.join("manifest.json"))?;
    let digest = manifest.split("\"result_digest\"").nth(1).and_then(|rest| rest.split('"').nth(1));
    counted.digest = digest.unwrap_or_default().chars().take(16).collect();
    Ok(counted)
}

/// "19 of 400 studies gave a false alarm: 4.8 %; with 95 % confidence below 6.9 %. 12 cells of 1,600 were invalid".
fn told(all: &[Counted], what: &str) -> String {
    let is_alarm = |counted: &&Counted| match what {
        "choice" => counted.choices > 0,
        _ => counted.cells + counted.rules > 0,
    };
    let (alarms, studies) = (all.iter().filter(is_alarm).count() as u64, all.len() as u64);
    let sum = |of: fn(&Counted) -> u64| all.iter().map(of).sum::<u64>();
    format!(
        "{alarms} of {studies} studies gave a false alarm: {:.1} %; with 95 % confidence below {:.1} %. {} of {} cells were \
         invalid",
        100.0 * alarms as f64 / studies.max(1) as f64,
        100.0 * upper_bound(alarms, studies),
        sum(|counted| counted.invalid),
        sum(|counted| counted.contrasts),
    )
}

/// The one-sided upper 95 % bound of a rate, as Clopper and Pearson have it: the rate at which so few are just not surprising.
fn upper_bound(hits: u64, trials: u64) -> f64 {
    if hits >= trials {
        return 1.0;
    }
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if below_chance(hits, trials, middle) > 0.05 { low = middle } else { high = middle }
    }
    high
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_is_clopper_and_pearsons() {
        // SciPy 1.17.1: beta.ppf(.95, hits + 1, trials − hits).
        for (hits, trials, expected) in [(19, 400, 0.069_143), (36, 600, 0.078_6), (0, 10, 0.258_9)] {
            assert!(
                (upper_bound(hits, trials) - expected).abs() < 1e-3,
                "{hits} of {trials}: {}",
                upper_bound(hits, trials)
            );
        }
    }

    #[test]
    fn counts_are_read_by_the_names_of_their_columns() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        write(
            "verdicts.csv",
            "is_choice,scope,verdict\ntrue,\"a, b\",MATERIAL POSITIVE\nfalse,x,INVALID\nfalse,x,NEGATIVE\ntrue,x,EQUIVALENT\n",
        );
        write(
            "rules.csv",
            "size,rule_verdict,target,similarity\nlarge,SUPPORTED,t,far\nlarge,SUPPORTED,t,far\nsmall,NOT TESTED,t,far\n",
        );
        write("manifest.json", "{ \"result_digest\": \"0123456789abcdef0123\" }");
        let counted = count(7, folder.path()).unwrap();
        let expected = Counted {
            seed: 7,
            cells: 2,
            choices: 1,
            rules: 1,
            invalid: 1,
            contrasts: 4,
            digest: "0123456789abcdef".to_owned(),
        };
        assert_eq!(counted, expected);
        let path = folder.path().join("counts.csv");
        append(&path, &counted).unwrap();
        append(&path, &Counted { seed: 8, ..counted.clone() }).unwrap();
        assert_eq!(read(&path).unwrap(), [counted.clone(), Counted { seed: 8, ..counted }]);
    }
}
