//! Tables of other programs: what is read, and what is refused.

use super::support::{Workplace, assert_exit, said};
use super::{analyze_text, plain, printed, runs};
use std::process::Output;

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
