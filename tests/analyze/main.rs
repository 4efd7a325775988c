//! `nt analyze`: verdicts for tables of other frameworks, and what it says to tables that are wrong.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

#[path = "../support/mod.rs"]
mod support;

mod saying;
mod tables;

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Output;
use support::{Workplace, assert_exit, said};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/analyze").join(name)
}

/// `nt analyze` of a copy of a fixture, in an empty folder.
fn analyze(workplace: &Workplace, name: &str, words: &[&str]) -> Output {
    std::fs::copy(fixture(name), workplace.path(name)).unwrap();
    let mut command = workplace.nt(&["analyze", name]);
    command.args(words).output().unwrap()
}

fn printed(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// The rows of `verdicts.json` in a folder.
fn verdicts(dir: &Path) -> Vec<Value> {
    let file: Value = serde_json::from_slice(&std::fs::read(dir.join("verdicts.json")).unwrap()).unwrap();
    file["verdicts"].as_array().unwrap().clone()
}

#[test]
fn a_table_of_pytorch_needs_no_flags_and_agrees_with_scipy() {
    let workplace = Workplace::tiny();
    let output = analyze(&workplace, "pytorch.csv", &["--margin-pp", "2", "--out", "out"]);
    assert_exit(&output, 0);
    let rows = verdicts(&workplace.path("out"));
    let expected: Value = serde_json::from_slice(&std::fs::read(fixture("pytorch.json")).unwrap()).unwrap();
    for arm in expected["arms"].as_array().unwrap() {
        let is_arm = |row: &&Value| {
            let name = format!("{}/{}/{}", row["source"].as_str().unwrap(), row["copied"], row["frozen"]);
            name == arm["arm"].as_str().unwrap()
        };
        let row = rows.iter().find(is_arm).unwrap();
        let (gap, p) = (row["gap_pp"].as_f64().unwrap(), row["p_adjusted"].as_f64().unwrap());
        assert!((gap - arm["gap_pp"].as_f64().unwrap()).abs() <= 5.1e-5, "{row}");
        // A printed p has three decimals, or one digit rounded up.
        let holm = arm["p_holm"].as_f64().unwrap();
        assert!(if holm < 0.001 { holm <= p && p <= 2.0 * holm } else { (p - holm).abs() <= 5.1e-4 }, "{row}");
    }
    let verdict = |source: &str, frozen: u64| {
        let row = rows.iter().find(|row| row["source"] == source && row["frozen"] == frozen).unwrap();
        format!("{} {}", row["verdict"].as_str().unwrap(), row["attribution"].as_str().unwrap())
    };
    assert_eq!(verdict("near", 0), "MATERIAL POSITIVE ");
    assert_eq!(verdict("far", 0), "EQUIVALENT ");
    assert_eq!(verdict("far", 7), "MATERIAL NEGATIVE UNDECIDED");
    let table = printed(&output);
    for words in [
        "paired t over units, Holm",
        "this test set",
        "worse than scratch (cause undecided; no worse than random layers)",
        "separate family of counterfactual sources: 1",
    ] {
        assert!(table.contains(words), "{table}");
    }
}

#[test]
fn written_tables_have_the_columns_of_a_study_and_nothing_is_written_unasked() {
    let workplace = Workplace::tiny();
    assert_exit(&analyze(&workplace, "pytorch.csv", &["--out", "out"]), 0);
    let csv = std::fs::read_to_string(workplace.path("out/verdicts.csv")).unwrap();
    assert_eq!(csv.lines().next().unwrap(), nt_records::verdicts::VERDICT_COLUMNS.join(","));
    assert_eq!(csv.lines().count(), 6);
    let bare = Workplace::tiny();
    assert_exit(&analyze(&bare, "pytorch.csv", &[]), 0);
    assert_eq!(std::fs::read_dir(bare.path("")).unwrap().count(), 2, "the scenario and the table");
}

#[test]
fn the_order_of_rows_changes_nothing() {
    let workplace = Workplace::tiny();
    let straight = analyze(&workplace, "pytorch.csv", &[]);
    let text = std::fs::read_to_string(workplace.path("pytorch.csv")).unwrap();
    let (header, rows) = text.split_once('\n').unwrap();
    let reversed: Vec<&str> = std::iter::once(header).chain(rows.lines().rev()).collect();
    std::fs::write(workplace.path("reversed.csv"), reversed.join("\n")).unwrap();
    let other = workplace.nt(&["analyze", "reversed.csv"]).output().unwrap();
    assert_eq!(printed(&straight), printed(&other));
}

#[test]
fn columns_named_in_a_file_or_by_flags_say_the_same_and_halves_count_once() {
    let workplace = Workplace::tiny();
    std::fs::copy(fixture("columns.toml"), workplace.path("columns.toml")).unwrap();
    let by_file = analyze(&workplace, "halves.csv", &["--columns", "columns.toml"]);
    assert_exit(&by_file, 0);
    let flags = ["--arm", "recipe", "--reference", "from-scratch", "--cell", "task", "--replicate", "half"];
    let more = ["--unit", "split", "--value", "accuracy_percent", "--percent"];
    let by_flags = analyze(&workplace, "halves.csv", &[&flags[..], &more].concat());
    assert_eq!(printed(&by_file), printed(&by_flags));
    let table = printed(&by_file);
    assert!(table.contains("n counts split") && table.contains("MATERIAL NEGATIVE"), "{table}");
    assert!(!table.contains("negative transfer"), "the reference is not called scratch: {table}");
    // Without its unit a half stands four times for one replicate.
    let refused = analyze(&workplace, "halves.csv", &flags);
    assert_exit(&refused, 2);
}

#[test]
fn a_bad_file_of_columns_is_told_with_line_and_column() {
    let workplace = Workplace::tiny();
    std::fs::write(workplace.path("columns.toml"), "arm = \"recipe\"\ncel = \"task\"\nunit = 4\n").unwrap();
    let output = analyze(&workplace, "halves.csv", &["--columns", "columns.toml"]);
    assert_exit(&output, 2);
    for place in ["columns.toml:2:1: there is no key \"cel\"", "columns.toml:3:8: unit must be a string"] {
        assert!(said(&output).contains(place), "{}", said(&output));
    }
}

#[test]
fn every_fault_of_a_table_is_told_with_its_row_and_nothing_is_written() {
    let workplace = Workplace::tiny();
    let output = analyze(&workplace, "faulty.csv", &["--out", "out"]);
    assert_exit(&output, 2);
    let told = said(&output);
    for fault in [
        "4 faults in faulty.csv; nothing was judged",
        "faulty.csv:3: value is \"NaN\", so that this run has no value",
        "faulty.csv:4: replicate 1 of scratch is already in line 3",
        "faulty.csv:7: 62.5 looks like a per cent among fractions",
        "faulty.csv:8: this row has 3 fields, separated by ',', and the header has 4",
    ] {
        assert!(told.contains(fault), "{fault:?} is not in {told}");
    }
    assert!(!workplace.path("out").exists());
    assert_exit(&workplace.nt(&["analyze", "nowhere.csv"]).output().unwrap(), 2);
}

/// Whether two `verdicts.json` give every cell the same gaps from the same replicates. A study leaves out runs that collapsed, which
/// a table of its runs does not tell.
fn assert_same_gaps(found: &[Value], own: &[Value]) {
    assert_eq!(found.len(), own.len());
    let keys = ["source", "target", "size", "similarity", "treatment", "copied", "frozen", "metric", "reference"];
    for row in found {
        let twin = own.iter().find(|other| keys.iter().all(|key| row[key] == other[key])).unwrap();
        let has_collapsed = |row: &Value| !row["collapsed"].is_null();
        let is_counterfactual = |other: &&Value| {
            let point = ["target", "size", "copied", "frozen", "metric"];
            other["source"] == "untrained" && point.iter().all(|key| row[key] == other[key])
        };
        let mut keys = Vec::new();
        if !has_collapsed(twin) {
            keys = vec!["gap_pp", "n"];
            keys.extend(own.iter().find(is_counterfactual).filter(|row| !has_collapsed(row)).map(|_| "source_gap_pp"));
        }
        for key in keys {
            // Where the fifth decimal is a 5, the last bit of the sum decides which way it is rounded.
            let near = |one: f64, other: f64| (one - other).abs() <= 1.01e-4;
            let agree = row[key].as_f64().zip(twin[key].as_f64()).map_or(row[key] == twin[key], |(a, b)| near(a, b));
            assert!(agree, "{key}: {row} against {twin}");
        }
    }
}

#[test]
fn only_a_twin_says_that_it_is_what_the_layers_hold() {
    // Frozen layers of the target's own network lose nothing, those of A 8 points, random ones 30.
    for (words, expected) in
        [(&[][..], "MATERIAL NEGATIVE UNDECIDED"), (&["--twin", "B-own"], "MATERIAL NEGATIVE SPECIFICITY")]
    {
        let workplace = Workplace::tiny();
        let output = analyze(&workplace, "own-features.csv", &[words, &["--out", "out"]].concat());
        assert_exit(&output, 0);
        let rows = verdicts(&workplace.path("out"));
        let of = |source: &str| {
            let row = rows.iter().find(|row| row["source"] == source).unwrap();
            format!("{} {}", row["verdict"].as_str().unwrap(), row["attribution"].as_str().unwrap())
        };
        assert_eq!(of("A"), expected);
        assert_eq!(of("B-own").trim(), "EQUIVALENT");
        assert_eq!(printed(&output).contains("better than random layers"), words.is_empty(), "{}", printed(&output));
    }
}

#[test]
fn the_runs_of_a_study_of_nt_need_no_flags() {
    let runs = Path::new(env!("CARGO_MANIFEST_DIR")).join("reports/examples/smoke/runs.csv");
    let workplace = Workplace::tiny();
    let output = workplace.nt(&["analyze", &runs.display().to_string(), "--fresh-sources", "--out", "out"]).output();
    assert_exit(&output.unwrap(), 0);
    assert_same_gaps(&verdicts(&workplace.path("out")), &verdicts(runs.parent().unwrap()));
}

#[test]
fn a_study_and_its_table_agree_on_which_log_loss_is_harm() {
    let workplace = Workplace::tiny();
    assert_exit(&workplace.run("study", &["--set", "verdict.metric=\"log-loss\""]), 0);
    let words = ["analyze", "study/runs.csv", "--metric", "log_loss", "--fresh-sources", "--out", "table"];
    assert_exit(&workplace.nt(&words).output().unwrap(), 0);
    let own = verdicts(&workplace.path("study"));
    assert!(own.iter().any(|row| row["gap_pp"].as_f64().is_some_and(|gap| gap < 0.0)), "some cell is harmed");
    assert_same_gaps(&verdicts(&workplace.path("table")), &own);
}

/// Two arms of six runs, of which the second does worse: a row for each, written by `row(arm, seed, value)`.
fn runs(row: impl Fn(&str, usize, f64) -> String) -> Vec<String> {
    let scratch = [0.7204, 0.6744, 0.7042, 0.6943, 0.7110, 0.6871];
    let of_arm = |arm: &'static str, gap: f64| {
        scratch.iter().enumerate().map(move |(seed, value)| (arm, seed, value + gap * (1.0 - (seed % 3) as f64 / 30.0)))
    };
    of_arm("scratch", 0.0).chain(of_arm("frozen", -0.09)).map(|(arm, seed, value)| row(arm, seed, value)).collect()
}

/// What `nt analyze` makes of a text in a file of this name.
fn analyze_text(name: &str, text: &str, words: &[&str]) -> Output {
    let workplace = Workplace::tiny();
    std::fs::write(workplace.path(name), text).unwrap();
    let mut command = workplace.nt(&["analyze", name]);
    command.args(words).output().unwrap()
}

fn plain() -> Vec<String> {
    std::iter::once("arm,seed,top1".to_owned())
        .chain(runs(|arm, seed, value| format!("{arm},{seed},{value:.4}")))
        .collect()
}
