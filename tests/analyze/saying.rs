//! What is said of a table, to people and to scripts, and what is not said.

use super::support::{Workplace, assert_exit, said};
use super::{analyze_text, plain, printed, runs, verdicts};
use serde_json::Value;

#[test]
fn scripts_get_json_and_an_exit_code() {
    let text = plain().join("\n");
    let output = analyze_text("runs.csv", &text, &["--json"]);
    assert_exit(&output, 0);
    let file: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(file["verdicts"][0]["verdict"], "MATERIAL NEGATIVE");
    assert!(file["words"][0].as_str().unwrap().contains("worse than scratch"), "{file}");
    let notes: Vec<&str> = file["notes"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(notes.iter().any(|note| note.starts_with("not checked")), "{notes:?}");
    let output = analyze_text("runs.csv", &text, &["--json", "--fail-on", "negative"]);
    assert_exit(&output, 1);
    assert_eq!(serde_json::from_slice::<Value>(&output.stdout).unwrap(), file);
    assert!(said(&output).contains("1 of 1 arm worse than the reference"), "{}", said(&output));
    let few: Vec<String> = plain().into_iter().filter(|row| !row.contains(",2,") && !row.contains(",3,")).collect();
    let few: String = few.join("\n").replace("frozen", "other");
    let undecided = few.replace("other,0,0.63", "other,0,0.73").replace("other,1,0.58", "other,1,0.70");
    assert_exit(&analyze_text("runs.csv", &undecided, &["--fail-on", "negative"]), 0);
    assert_exit(&analyze_text("runs.csv", &undecided, &["--fail-on", "undecided"]), 1);
}

#[test]
fn nothing_is_said_that_the_table_does_not_carry() {
    // Three replicates and no untrained arm: a loss, and no word of negative transfer.
    let few: Vec<String> = plain().into_iter().filter(|row| !row.contains(",3,") && !row.contains(",4,")).collect();
    let few = printed(&analyze_text("runs.csv", &few.join("\n"), &[]));
    assert!(few.contains("4 pairs of runs, one a seed; one source network"), "{few}");
    assert!(few.contains("4 are a pilot") && few.contains("a loss is not called negative transfer"), "{few}");
    assert!(few.contains("not checked, since a table does not show it"), "{few}");
    // Six, with an untrained source that does better, and a source trained anew in each: now it may be said.
    let mut rows = vec!["source,frozen,seed,top1".to_owned()];
    rows.extend(runs(|arm, seed, value| match arm {
        "scratch" => format!("none,0,{seed},{value:.4}"),
        _ => format!("far,7,{seed},{value:.4}\nuntrained,7,{seed},{:.4}", value + 0.05 + seed as f64 / 1000.0),
    }));
    let words = ["--reference", "source=none,frozen=0", "--fresh-sources"];
    let all = printed(&analyze_text("runs.csv", &rows.join("\n"), &words));
    assert!(all.contains("far/7 of the table: negative transfer"), "{all}");
    let without = printed(&analyze_text("runs.csv", &rows.join("\n"), &words[..2]));
    assert!(without.contains("far/7 of the table: worse than scratch (the source)"), "{without}");
    assert_eq!(without.matches("negative transfer").count(), 1, "{without}");
    // A positive arm has its line, and no cause.
    let better: Vec<String> =
        plain().iter().map(|row| row.replace("frozen,", "zz,").replace("scratch,", "frozen,")).collect();
    let better = better.join("\n").replace("zz,", "scratch,");
    let better = printed(&analyze_text("runs.csv", &better, &[]));
    assert!(better.contains("frozen of the table: better than scratch, by more than 1 point"), "{better}");
    assert!(better.lines().nth(2).unwrap().ends_with("MATERIAL POSITIVE"), "{better}");
}

#[test]
fn what_can_be_judged_is_and_halves_of_a_split_are_told() {
    // Halves 0A to 3B of four splits; selffers were run for the A halves alone.
    let mut rows = vec!["treatment,replicate,split,top1_accuracy".to_owned()];
    for (at, half) in ["0A", "0B", "1A", "1B", "2A", "2B", "3A", "3B"].into_iter().enumerate() {
        let (split, value) = (&half[..1], 0.62 + 0.003 * (at * 5 % 8) as f64);
        rows.push(format!("scratch,{half},{split},{value:.4}"));
        rows.push(format!("frozen,{half},{split},{:.4}", value - 0.05 - 0.001 * (at * 3 % 8) as f64));
        if half.ends_with('A') {
            rows.push(format!("selffer,{half},{split},{:.4}", value - 0.01 - 0.001 * (at * 3 % 8) as f64));
        }
    }
    let output = analyze_text("runs.csv", &rows.join("\n"), &["--value", "top1_accuracy", "--json"]);
    assert_exit(&output, 0);
    let file: Value = serde_json::from_slice(&output.stdout).unwrap();
    let ns: Vec<(&str, u64)> = file["verdicts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["treatment"].as_str().unwrap(), row["n"].as_u64().unwrap()))
        .collect();
    assert_eq!(ns, [("frozen", 8), ("selffer", 4)]);
    assert_eq!(file["left_out"][0], "left out: replicates 0B, 1B, 2B, 3B of scratch, which selffer lacks in the table");
    assert!(file["notes"].to_string().contains("give --unit split"), "{file}");
    let with_unit =
        ["--value", "top1_accuracy", "--unit", "split", "--keep", "treatment=scratch", "--keep", "treatment=frozen"];
    let shown = printed(&analyze_text("runs.csv", &rows.join("\n"), &with_unit));
    assert!(shown.contains("n counts split") && !shown.contains("give --unit"), "{shown}");
}

#[test]
fn names_that_spreadsheets_would_run_are_quoted() {
    let workplace = Workplace::tiny();
    let text = plain().join("\n").replace("frozen", "=1+1");
    std::fs::write(workplace.path("runs.csv"), text).unwrap();
    assert_exit(&workplace.nt(&["analyze", "runs.csv", "--out", "out"]).output().unwrap(), 0);
    let csv = std::fs::read_to_string(workplace.path("out/verdicts.csv")).unwrap();
    let row = csv.lines().nth(1).unwrap();
    assert!(row.contains(",'=1+1,") && row.contains(",-8.7"), "{row}");
    assert_eq!(verdicts(&workplace.path("out"))[0]["treatment"], "=1+1");
}
