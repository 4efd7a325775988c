//! Whatever the text, the answer is a scenario or its faults: never a panic, and every fault has a place.

mod common;

use nt_scenario::{Plan, Scenario};
use proptest::prelude::*;
use proptest::sample::Index;

const TEXTS: [&str; 2] = [include_str!("fixtures/good.toml"), include_str!("fixtures/study.toml")];

/// What stands in for a line or a value.
const STAND_INS: [&str; 16] = [
    "",
    "0",
    "-1",
    "9223372036854775807",
    "1e308",
    "nan",
    "true",
    "\"\"",
    "\"ä\"",
    "\"copied\"",
    "\"0..=copied\"",
    "[]",
    "[1, \"a\"]",
    "{}",
    "1979-05-27",
    "0xff",
];

fn answer(text: &str) {
    match Scenario::parse(text, "any.toml") {
        Ok(scenario) => {
            scenario.notes();
            let facts = common::facts(&scenario);
            if let Ok(plan) = Plan::new(&scenario, &facts, common::NUMERICS) {
                plan.summary(&scenario);
            }
            let resolved = Scenario::parse(&scenario.to_toml(), "resolved.toml");
            assert_eq!(resolved.as_ref(), Ok(&scenario), "{}", scenario.to_toml());
        }
        Err(faults) => {
            assert!(!faults.0.is_empty());
            for fault in &faults.0 {
                let place = fault.place.as_ref().map(|place| (place.line, place.column));
                assert!(place.is_some_and(|(line, column)| line >= 1 && column >= 1), "{fault}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_line_is_left_out_doubled_or_moved(which: Index, line: Index, to: Index, keep: bool) {
        let mut lines: Vec<&str> = which.get(&TEXTS).lines().collect();
        let moved = lines[line.index(lines.len())];
        if !keep {
            lines.remove(line.index(lines.len()));
        }
        lines.insert(to.index(lines.len() + 1), moved);
        answer(&lines.join("\n"));
        lines.remove(to.index(lines.len()));
        answer(&lines.join("\n"));
    }

    #[test]
    fn a_value_is_replaced(which: Index, line: Index, stand_in: Index) {
        let mut lines: Vec<String> = which.get(&TEXTS).lines().map(str::to_owned).collect();
        let line = line.index(lines.len());
        let stand_in = stand_in.get(&STAND_INS);
        // Ten thousand replicates are right, and a plan of a million jobs is no quick test.
        prop_assume!(!lines[line].contains("replicates"));
        lines[line] = match lines[line].split_once(" = ") {
            Some((key, _)) => format!("{key} = {stand_in}"),
            None => (*stand_in).to_owned(),
        };
        answer(&lines.join("\n"));
    }

    #[test]
    fn any_text_is_answered(text in "\\PC{0,80}") {
        answer(&text);
        answer(&format!("version = 2\n{text}"));
    }
}

#[test]
fn an_empty_text_lacks_everything() {
    let faults = Scenario::parse("", "empty.toml").unwrap_err();
    assert!(faults.0.iter().all(|fault| fault.code.to_string() == "S004"), "{faults}");
}

#[test]
fn every_fault_is_told_at_once() {
    let text = TEXTS[0].replace("seed = 7", "sede = 7").replace("copied = 3", "copied = 30").replace("batch = 32", "");
    let codes: Vec<String> =
        Scenario::parse(&text, "bad.toml").unwrap_err().0.iter().map(|fault| fault.code.to_string()).collect();
    assert_eq!(codes, ["S004", "S003", "S014", "S004"]);
}
