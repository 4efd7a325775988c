//! `nt analyze`: verdicts for tables of other frameworks, and what it says to tables that are wrong.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

mod support;

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

#[test]
fn numbers_and_layouts_of_other_programs_are_read_and_said() {
    let comma = |value: f64, decimals: usize| format!("{value:.decimals$}").replace('.', ",");
    let objects = runs(|arm, seed, value| {
        format!("{{\"arm\": \"{arm}\", \"config\": {{\"seed\": {seed}}}, \"top1\": {value:.4}}}")
    });
    let with_header = |header: &str, rows: Vec<String>| format!("{header}\n{}\n", rows.join("\n"));
    let cases: [(&str, String, &str); 9] = [
        ("plain.csv", plain().join("\n"), "comma-separated; 12 rows"),
        (
            "crlf.csv",
            format!("\u{feff}# exported\r\n{}", plain().join("\r\n")),
            "comma-separated, 1 comment line skipped; 12 rows",
        ),
        (
            "semicolon.csv",
            with_header("arm;seed;top1", runs(|arm, seed, value| format!("{arm};{seed};{}", comma(value, 4)))),
            "semicolon-separated, decimal commas; 12 rows",
        ),
        (
            "quoted.csv",
            with_header("arm,seed,top1", runs(|arm, seed, value| format!("{arm},{seed},\"{}\"", comma(value, 4)))),
            "comma-separated, decimal commas; 12 rows",
        ),
        (
            "percent.csv",
            with_header("arm,seed,top1", runs(|arm, seed, value| format!("{arm},{seed},{:.2}%", 100.0 * value))),
            "comma-separated, per cent signs; 12 rows",
        ),
        ("lines.jsonl", objects.join("\n"), "JSON, one object a line; 12 rows"),
        ("records.json", format!("[{}]", objects.join(", ")), "JSON, an array of objects; 12 rows"),
        (
            "mlflow.csv",
            with_header(
                "run_id,status,metrics.top1,params.arm,params.seed",
                runs(|arm, seed, value| format!("x{arm}{seed},FINISHED,{value:.4},{arm},{seed}")),
            ),
            "comma-separated; 12 rows",
        ),
        (
            "wandb.csv",
            with_header(
                "\"Name\",\"State\",\"arm\",\"seed\",\"top1\"",
                runs(|arm, seed, value| format!("\"run\",\"finished\",\"{arm}\",\"{seed}\",\"{value:.4}\"")),
            ),
            "comma-separated; 12 rows",
        ),
    ];
    for (name, text, read_as) in cases {
        let output = analyze_text(name, &text, &[]);
        assert_exit(&output, 0);
        let told = printed(&output);
        assert!(told.contains(&format!("read as: {read_as}")), "{name}: {told}");
        assert!(told.contains("MATERIAL NEGATIVE") && told.contains("-8.70"), "{name}: {told}");
    }
    let ambiguous =
        with_header("arm;seed;value", runs(|arm, seed, value| format!("{arm};{seed};{}", comma(100.0 * value, 3))));
    let output = analyze_text("thousand.csv", &ambiguous, &[]);
    assert_exit(&output, 2);
    assert!(said(&output).contains("--decimal comma or --decimal point"), "{}", said(&output));
    let output = analyze_text("thousand.csv", &ambiguous, &["--decimal", "comma"]);
    assert!(printed(&output).contains("MATERIAL NEGATIVE"), "{}", said(&output));
}

#[test]
fn one_cause_is_told_once_and_its_remedy_works() {
    let mut rows = plain();
    rows.insert(7, rows[0].clone());
    let output = analyze_text("again.csv", &rows.join("\n"), &[]);
    assert_exit(&output, 2);
    assert!(said(&output).starts_with("error: 1 fault in again.csv"), "{}", said(&output));
    assert!(said(&output).contains("again.csv:8: the header stands again; take this line out"), "{}", said(&output));

    let with_state = |crashed: usize| -> String {
        let row = |arm: &str, seed: usize, value: f64| {
            let state = if arm == "frozen" && seed == crashed { "Crashed" } else { "finished" };
            format!("{state},{arm},{seed},{value:.4}")
        };
        std::iter::once("State,arm,seed,top1".to_owned()).chain(runs(row)).collect::<Vec<_>>().join("\n")
    };
    let output = analyze_text("runs.csv", &with_state(2), &[]);
    assert_exit(&output, 2);
    let told = said(&output);
    assert!(
        told.starts_with("error: 1 fault in runs.csv") && told.contains("runs.csv:10: State is \"Crashed\""),
        "{told}"
    );
    assert!(told.contains("--drop seed=2"), "{told}");
    let output = analyze_text("runs.csv", &with_state(2), &["--drop", "seed=2"]);
    assert_exit(&output, 0);
    assert!(printed(&output).contains("MATERIAL NEGATIVE"), "{}", printed(&output));

    let nan: Vec<String> =
        plain().iter().map(|row| row.replace("frozen,3", "frozen,3,").replace("3,,0", "3,NaN #")).collect();
    let nan: Vec<&str> = nan.iter().map(|row| row.split(" #").next().unwrap()).collect();
    let output = analyze_text("nan.csv", &nan.join("\n"), &[]);
    assert!(
        said(&output).starts_with("error: 1 fault in nan.csv") && said(&output).contains("top1 is \"NaN\""),
        "{}",
        said(&output)
    );
    for (text, words) in [("", "the file is empty"), ("arm,seed,top1\n", "there is a header and no row")] {
        let output = analyze_text("few.csv", text, &[]);
        assert_exit(&output, 2);
        assert!(said(&output).contains(words), "{}", said(&output));
    }
}

#[test]
fn the_gold_answer_of_an_example_is_no_cell() {
    let row = |column: &'static str| {
        move |arm: &str, seed: usize, document: usize| {
            let is_right = (document * 7 + seed * 3) % 10 < if arm == "scratch" { 8 } else { 4 };
            format!(
                "{{\"doc_id\": {document}, \"{column}\": \"{}\", \"acc\": {:.1}, \"arm\": \"{arm}\", \"seed\": {seed}}}",
                document % 4,
                f64::from(u8::from(is_right))
            )
        }
    };
    let samples = |column: &'static str| -> String {
        let row = row(column);
        let runs = ["scratch", "frozen"].iter().flat_map(|arm| (0..6).map(move |seed| (*arm, seed)));
        let lines = runs.flat_map(|(arm, seed)| (0..40).map(move |document| (arm, seed, document)));
        lines.map(|(arm, seed, document)| row(arm, seed, document)).collect::<Vec<_>>().join("\n")
    };
    let (target, gold) =
        (analyze_text("a.jsonl", &samples("target"), &[]), analyze_text("a.jsonl", &samples("gold"), &[]));
    assert_exit(&target, 0);
    assert_exit(&gold, 0);
    let of = |output: &Output| printed(output).lines().nth(2).unwrap().to_owned();
    assert_eq!(of(&target), of(&gold));
    assert!(printed(&target).contains("target changes with doc_id"), "{}", printed(&target));
}

#[test]
fn a_table_may_come_through_a_pipe() {
    let workplace = Workplace::tiny();
    let mut command = workplace.nt(&["analyze", "-"]);
    let mut child = command.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), plain().join("\n").as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_exit(&output, 0);
    assert!(printed(&output).contains("MATERIAL NEGATIVE"), "{}", printed(&output));
}

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

#[cfg(target_os = "linux")]
#[test]
fn what_has_no_end_or_is_no_table_is_refused_at_once() {
    let workplace = Workplace::tiny();
    let zeros = || std::fs::File::open("/dev/zero").unwrap();
    let device = workplace.nt(&["analyze", "/dev/zero"]).output().unwrap();
    assert_exit(&device, 2);
    assert!(said(&device).contains("is a device"), "{}", said(&device));
    let piped = workplace.nt(&["analyze", "-"]).stdin(zeros()).output().unwrap();
    assert_exit(&piped, 2);
    assert!(said(&piped).contains("this is no text, and no Parquet"), "{}", said(&piped));
    std::fs::write(workplace.path("latin.csv"), b"arm,seed,top1\nscratch,0,0.5\nf\xFCr,0,0.6\n").unwrap();
    let latin = workplace.nt(&["analyze", "latin.csv"]).output().unwrap();
    assert_exit(&latin, 2);
    assert!(said(&latin).contains("latin.csv:3:2: byte 0xFC here is no UTF-8"), "{}", said(&latin));
}
