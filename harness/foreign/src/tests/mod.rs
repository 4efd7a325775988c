use nt_stats::verdict::{Attribution, Verdict};
use proptest::prelude::*;

use super::*;

mod clusters;
mod dialects;
mod folds;
mod losses;
mod misreadings;
mod numbers;

/// A table of eight replicates: `arms` names each arm and its gap to scratch in points. Scatter is fixed and small.
fn table(arms: &[(&str, f64)]) -> Vec<String> {
    let mut rows = vec!["arm,target,replicate,value".to_owned()];
    for (place, (arm, gap)) in [("scratch", 0.0)].iter().chain(arms).enumerate() {
        for replicate in 0..8 {
            let scatter = ((replicate * (3 + 2 * place) + place) % 11) as f64 * 0.1;
            rows.push(format!("{arm},birds,{replicate},{:.4}", (60.0 + replicate as f64 + gap + scatter) / 100.0));
        }
    }
    rows
}

fn judge(rows: &[String], question: &Question) -> Result<TableAnalysis, TableFaults> {
    analyse_table((rows.join("\n") + "\n").as_bytes(), "runs.csv", Format::Separated(b','), question)
}

fn fault_of(rows: &[String]) -> String {
    judge(rows, &Question::default()).unwrap_err().to_string()
}

fn verdicts(rows: &[String], question: &Question) -> Vec<(String, Verdict)> {
    let analysis = judge(rows, question).unwrap();
    analysis.contrasts.into_iter().map(|one| (format!("{} {}", one.cell, one.arm), one.decision.verdict)).collect()
}

fn asking(change: impl FnOnce(&mut Columns)) -> Question {
    let mut question = Question::default();
    change(&mut question.columns);
    question
}

#[test]
fn planted_gaps_are_found_with_their_sign() {
    let rows = table(&[("a-harm", -9.0), ("b-help", 9.0), ("c-same", 0.0)]);
    let found = verdicts(&rows, &Question { margin_pp: Some(2.0), ..Question::default() });
    let words: Vec<&str> = found.iter().map(|(_, verdict)| verdict.name()).collect();
    assert_eq!(words, ["MATERIAL NEGATIVE", "MATERIAL POSITIVE", "EQUIVALENT"]);
}

#[test]
fn swapping_the_arms_mirrors_the_verdict() {
    let rows = table(&[("other", -9.0)]);
    let swapped = judge(&rows, &asking(|columns| columns.reference = Some("other".to_owned()))).unwrap();
    let straight = judge(&rows, &Question::default()).unwrap();
    let (one, two) = (&straight.contrasts[0].decision, &swapped.contrasts[0].decision);
    assert_eq!(one.verdict.mirrored(), two.verdict);
    assert!((one.gap.mean_pp + two.gap.mean_pp).abs() < 1e-9);
    assert!((one.gap.low_pp.unwrap() + two.gap.high_pp.unwrap()).abs() < 1e-9);
    assert_eq!(two.attribution, None, "negative transfer is said against scratch alone");
}

#[test]
fn per_cents_and_fractions_say_the_same() {
    let fractions = table(&[("harm", -9.0), ("same", 0.0)]);
    let percent: Vec<String> = fractions
        .iter()
        .map(|row| match row.rsplit_once(',') {
            Some((keys, value)) if value != "value" => format!("{keys},{:.2}", 100.0 * value.parse::<f64>().unwrap()),
            _ => row.clone(),
        })
        .collect();
    let (one, two) = (judge(&fractions, &Question::default()).unwrap(), judge(&percent, &Question::default()).unwrap());
    assert_eq!((one.unit, two.unit), (TableUnit::Fraction, TableUnit::Percent));
    assert_eq!(one.verdicts_csv().unwrap(), two.verdicts_csv().unwrap());
}

#[test]
fn every_fault_is_told_at_once_with_its_line() {
    let mut rows = table(&[("harm", -9.0)]);
    rows[3] = "scratch,birds,2,nan".to_owned();
    rows[9] = "harm,birds,0,-0.2".to_owned();
    rows.push("harm,birds,3,0.5".to_owned());
    rows.push("harm,birds,,0.5".to_owned());
    rows.push("harm,birds,9".to_owned());
    let told = fault_of(&rows);
    let places: Vec<&str> = told.lines().skip(1).map(|line| line.split(": ").next().unwrap()).collect();
    assert_eq!(places, ["runs.csv:4", "runs.csv:10", "runs.csv:18", "runs.csv:19", "runs.csv:20"], "{told}");
    assert!(told.contains("replicate 3 of harm is already in line 13"), "{told}");
}

#[test]
fn a_table_of_a_later_nt_is_refused_and_other_versions_are_not_ours() {
    let with_version = |version: &str, job: &str| -> Vec<String> {
        let rows = table(&[("harm", -9.0)]);
        let tail = |at: usize| if at == 0 { format!("schema_version,{job}") } else { format!("{version},x") };
        rows.iter().enumerate().map(|(at, row)| format!("{row},{}", tail(at))).collect()
    };
    assert!(fault_of(&with_version("9", "job")).contains("runs.csv:2: schema_version is 9, and up to 3 is read"));
    assert!(judge(&with_version("2", "job"), &Question::default()).is_ok());
    assert!(judge(&with_version("9", "note"), &Question::default()).is_ok());
}

#[test]
fn a_run_without_a_partner_is_left_out_and_listed_whichever_arm_lacks_it() {
    let rows = table(&[("harm", -9.0), ("help", 9.0)]);
    let without = |line: usize| judge(&[&rows[..line], &rows[line + 1..]].concat(), &Question::default()).unwrap();
    let ns = |analysis: &TableAnalysis| {
        analysis.contrasts.iter().map(|one| one.decision.gap.num_replicates).collect::<Vec<_>>()
    };
    let analysis = without(16);
    assert_eq!(analysis.left_out, ["left out: replicate 7 of scratch, which harm lacks in cell birds"]);
    assert_eq!(ns(&analysis), [7, 8]);
    let analysis = without(8);
    assert_eq!(ns(&analysis), [7, 7]);
    assert!(analysis.left_out.contains(&"left out: replicate 7 of help, which scratch lacks in cell birds".to_owned()));
    assert!(analysis.terminal_table().contains("runs that are missing because they failed make the rest mislead"));
}

#[test]
fn what_cannot_be_judged_is_listed_unless_it_is_all() {
    let mut rows = table(&[("harm", -9.0)]);
    rows.extend((0..8).map(|replicate| format!("other,birds,r{replicate},0.6")));
    rows.extend((0..8).map(|replicate| format!("other,cats,{replicate},0.6")));
    let analysis = judge(&rows, &Question::default()).unwrap();
    assert_eq!(analysis.contrasts.len(), 1);
    assert!(analysis.left_out[0].contains("other and scratch have no replicate in common"), "{:?}", analysis.left_out);
    assert!(analysis.left_out[1].contains("cell cats has no row of the reference"), "{:?}", analysis.left_out);
    let without_reference = [&rows[..1], &rows[9..]].concat();
    assert!(fault_of(&without_reference).contains("cell birds has no row of the reference (scratch)"));
    assert!(fault_of(&rows[..9]).contains("the reference alone"));
}

#[test]
fn fractions_among_per_cents_are_a_fault_unless_the_unit_is_said() {
    let mut rows = table(&[("harm", -9.0)]);
    rows[5] = "scratch,birds,4,64.2".to_owned();
    assert!(fault_of(&rows).contains("runs.csv:6: 64.2 looks like a per cent among fractions"));
    assert!(judge(&rows, &Question { unit: Some(TableUnit::Percent), ..Question::default() }).is_ok());
    let fractions = table(&[("harm", -9.0)]);
    let as_percents = judge(&fractions, &Question { unit: Some(TableUnit::Percent), ..Question::default() });
    assert!(as_percents.unwrap_err().to_string().contains("these look like fractions"));
    let as_fractions = judge(&rows, &Question { unit: Some(TableUnit::Fraction), ..Question::default() });
    assert!(as_fractions.unwrap_err().to_string().contains("not a fraction between 0 and 1"));
}

#[test]
fn eight_halves_of_four_splits_are_four() {
    let rows: Vec<String> = table(&[("harm", -9.0)])
        .iter()
        .map(|row| match row.split(',').collect::<Vec<_>>()[..] {
            [arm, target, "replicate", value] => format!("{arm},{target},half,split,{value}"),
            [arm, target, replicate, value] => {
                let replicate: u32 = replicate.parse().unwrap();
                format!("{arm},{target},{},{},{value}", replicate % 2, replicate / 2)
            }
            _ => unreachable!(),
        })
        .collect();
    let halves = |columns: &mut Columns| columns.replicate = Some("half".to_owned());
    // Without the unit, half 0 of each split would be one replicate four times.
    let refused = judge(&rows, &asking(halves)).unwrap_err();
    assert_eq!(refused.faults.len(), 12);
    let question = asking(|columns| {
        halves(columns);
        columns.unit = Some("split".to_owned());
    });
    let analysis = judge(&rows, &question).unwrap();
    let decision = &analysis.contrasts[0].decision;
    assert_eq!(decision.gap.num_replicates, 4);
    assert_eq!(decision.gap.df.map(|df| (df * 1e9).round() / 1e9), Some(3.0));
    assert!(analysis.terminal_table().contains("n counts split"));
}

#[test]
fn per_example_rows_are_judged_for_the_population() {
    let mut rows = vec!["arm,replicate,example,correct".to_owned()];
    for replicate in 0..4 {
        for example in 0..200 {
            let luck = (example * 31 + replicate * 17) % 100;
            rows.push(format!("scratch,{replicate},{example},{}", luck < 80));
            rows.push(format!("harm,{replicate},{example},{}", luck < 40));
        }
    }
    let analysis = judge(&rows, &Question::default()).unwrap();
    let decision = &analysis.contrasts[0].decision;
    assert_eq!((analysis.method, analysis.contrasts[0].num_test_examples), (TableMethod::Crossed, Some(200)));
    assert_eq!((decision.gap.mean_pp, decision.verdict), (-40.0, Verdict::MaterialNegative));
    assert!(decision.gap.scope.to_string().starts_with("the test population"));
    assert_eq!(decision.attribution, Some(Attribution::Undecided), "nothing says how much is frozen");
    let torn = [&rows[..100], &rows[101..]].concat();
    assert!(fault_of(&torn).contains("only one has example"), "{}", fault_of(&torn));
    rows.push("harm,3,199,1".to_owned());
    assert!(
        fault_of(&rows).contains("example 199 of replicate 3 of harm is already in line 1601"),
        "{}",
        fault_of(&rows)
    );
}

#[test]
fn a_diverged_run_is_no_evidence_of_harm() {
    let mut rows: Vec<String> =
        table(&[("harm", -9.0), ("same", 0.0)]).iter().map(|row| format!("{row},done")).collect();
    rows[0] = "arm,target,replicate,value,status".to_owned();
    rows[12] = "harm,birds,3,,diverged".to_owned();
    let found = verdicts(&rows, &Question::default());
    assert_eq!(found[0].1, Verdict::InconclusiveOptimisation);
    rows[12] = "harm,birds,3,0.5,failed".to_owned();
    assert!(fault_of(&rows).contains("runs.csv:13: status is \"failed\": the run did not come to its end"));
}

#[test]
fn sign_flips_of_five_say_that_they_cannot_reject() {
    let rows: Vec<String> = table(&[("harm", -9.0)])
        .into_iter()
        .filter(|row| !["5", "6", "7"].contains(&row.split(',').nth(2).unwrap()))
        .collect();
    let question = Question { sign_flips: true, ..Question::default() };
    let analysis = judge(&rows, &question).unwrap();
    assert_eq!(analysis.contrasts[0].decision.verdict, Verdict::Inconclusive);
    assert!(analysis.terminal_table().contains("cannot reject (its smallest p is 0.062)"));
    assert_eq!(verdicts(&rows, &Question::default())[0].1, Verdict::MaterialNegative);
}

#[test]
fn json_lines_read_as_the_same_table() {
    let rows = table(&[("harm", -9.0)]);
    let lines: Vec<String> = rows[1..]
        .iter()
        .map(|row| match row.split(',').collect::<Vec<_>>()[..] {
            [arm, target, replicate, value] => format!(
                r#"{{"arm": "{arm}", "config": {{"lr": 1}}, "target": "{target}", "replicate": {replicate}, "value": {value}}}"#
            ),
            _ => unreachable!(),
        })
        .collect();
    let read = |text: &str| analyse_table(text.as_bytes(), "runs.jsonl", Format::Json, &Question::default());
    let (json, csv) = (read(&lines.join("\n")).unwrap(), judge(&rows, &Question::default()).unwrap());
    assert_eq!(
        (json.read_as.as_str(), csv.read_as.as_str()),
        ("JSON, one object a line; 16 rows", "comma-separated; 16 rows")
    );
    assert_eq!(json, TableAnalysis { read_as: json.read_as.clone(), ..csv.clone() });
    let array =
        analyse_table(format!("[{}]", lines.join(",\n")).as_bytes(), "runs.json", Format::Json, &Question::default())
            .unwrap();
    assert_eq!(array, TableAnalysis { read_as: "JSON, an array of objects; 16 rows".to_owned(), ..csv });
    let torn = format!("{}\n{{\"arm\": }}", lines.join("\n"));
    assert!(read(&torn).unwrap_err().to_string().contains("runs.jsonl:17:9: this is not a JSON object"));
}

#[test]
fn columns_come_from_toml_with_every_fault_at_its_place() {
    let columns = Columns::parse("arm = [\"a\", \"b\"]\ncell = \"c\"\nreference = \"a=x\"\n", "c.toml").unwrap();
    assert_eq!((columns.arm.len(), columns.cell.len(), columns.reference.as_deref()), (2, 1, Some("a=x")));
    let faults = Columns::parse("arm = 3\nrefrence = \"x\"\n  unit = [\"a\"]\n", "c.toml").unwrap_err().to_string();
    let places: Vec<&str> = faults.lines().skip(1).map(|line| line.split(": ").next().unwrap()).collect();
    assert_eq!(places, ["c.toml:1:7", "c.toml:2:1", "c.toml:3:10"], "{faults}");
    assert!(Columns::parse("arm = \n", "c.toml").unwrap_err().to_string().contains("c.toml:1:"));
}

#[test]
fn a_column_that_does_not_exist_is_told_with_those_that_do() {
    let question = asking(|columns| (columns.unit, columns.cell) = (Some("split".to_owned()), vec!["tsk".to_owned()]));
    let told = judge(&table(&[("harm", -9.0)]), &question).unwrap_err().to_string();
    assert!(told.contains("no column \"split\" for the unit; the columns are arm, target, replicate, value"), "{told}");
    assert!(told.contains("no column \"tsk\" for the cell"), "{told}");
    let rows = table(&[("harm", -9.0)]);
    let told = judge(&rows, &asking(|columns| columns.untrained = Some("random".to_owned()))).unwrap_err().to_string();
    assert!(told.contains("no arm has the untrained source \"random\" in column arm"), "{told}");
    let told = judge(&rows, &asking(|columns| columns.reference = Some("base".to_owned()))).unwrap_err().to_string();
    assert!(told.contains("no row of the reference (base)") && told.contains("the arms are harm, scratch"), "{told}");
}

#[test]
fn gaps_that_differ_by_rounding_alone_show_no_variation() {
    let rows: Vec<String> =
        "arm,seed,acc\nscratch,0,0.71\nscratch,1,0.82\nother,0,0.61\nother,1,0.72".lines().map(str::to_owned).collect();
    assert_eq!(verdicts(&rows, &Question::default())[0].1, Verdict::Inconclusive);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn the_order_of_rows_and_a_constant_change_no_verdict(
        order in Just((1..33).collect::<Vec<usize>>()).prop_shuffle(),
        gaps in prop::array::uniform3(-12.0..12.0_f64),
        constant in 0..20_i32,
    ) {
        let rows = table(&[("a", gaps[0]), ("b", gaps[1]), ("c", gaps[2])]);
        let straight = judge(&rows, &Question::default()).unwrap();
        let shuffled: Vec<String> =
            std::iter::once(0).chain(order).map(|at| rows[at].clone()).collect();
        prop_assert_eq!(straight.verdicts_csv().unwrap(), judge(&shuffled, &Question::default()).unwrap().verdicts_csv().unwrap());
        let raised: Vec<String> = rows
            .iter()
            .map(|row| match row.rsplit_once(',') {
                Some((keys, value)) if value != "value" => {
                    format!("{keys},{:.4}", value.parse::<f64>().unwrap() + f64::from(constant) / 100.0)
                }
                _ => row.clone(),
            })
            .collect();
        prop_assert_eq!(verdicts(&rows, &Question::default()), verdicts(&raised, &Question::default()));
    }

    #[test]
    fn swapping_the_arms_and_the_unit_change_no_verdict_but_its_side(
        gap in -12.0..12.0_f64,
        margin_pp in 0.5..6.0_f64,
    ) {
        let fractions = table(&[("other", gap)]);
        let question = Question { margin_pp: Some(margin_pp), ..Question::default() };
        let mut swapped = question.clone();
        swapped.columns.reference = Some("other".to_owned());
        let straight = judge(&fractions, &question).unwrap().contrasts.remove(0).decision;
        let turned = judge(&fractions, &swapped).unwrap().contrasts.remove(0).decision;
        prop_assert_eq!(straight.verdict.mirrored(), turned.verdict);
        prop_assert_eq!(straight.equivalent, turned.equivalent);
        prop_assert!((straight.gap.low_pp.unwrap() + turned.gap.high_pp.unwrap()).abs() < 1e-9);

        let in_points = |row: &String| match row.rsplit_once(',') {
            Some((keys, value)) if value != "value" => format!("{keys},{:.2}", 100.0 * value.parse::<f64>().unwrap()),
            _ => row.clone(),
        };
        let points: Vec<String> = fractions.iter().map(in_points).collect();
        let percent = judge(&points, &question).unwrap().contrasts.remove(0).decision;
        prop_assert_eq!(straight.verdict, percent.verdict);
        prop_assert!((straight.gap.mean_pp - percent.gap.mean_pp).abs() < 1e-9);
    }

    #[test]
    fn replicates_told_twice_never_widen_an_interval(
        seed in any::<u64>(),
        num_replicates in 2..5_u64,
        num_examples in 50..70_u64,
        harm in 0..40_u64,
    ) {
        // A linear congruence is random enough here.
        let mut state = seed;
        let mut draw = || { state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1); (state >> 33) % 100 };
        let mut answers = Vec::new();
        for replicate in 0..num_replicates {
            for example in 0..num_examples {
                answers.push((replicate, example, draw() < 70, draw() < 70 - harm));
            }
        }
        let rows = |copies: u64| {
            let mut rows = vec!["arm,replicate,example,correct".to_owned()];
            for copy in 0..copies {
                for (replicate, example, base, arm) in &answers {
                    let replicate = copy * num_replicates + replicate;
                    rows.push(format!("scratch,{replicate},{example},{base}"));
                    rows.push(format!("other,{replicate},{example},{arm}"));
                }
            }
            rows
        };
        let width = |copies| {
            let gap = judge(&rows(copies), &Question::default()).unwrap().contrasts.remove(0).decision.gap;
            gap.high_pp.zip(gap.low_pp).map(|(high, low)| high - low)
        };
        if let (Some(once), Some(twice)) = (width(1), width(2)) {
            prop_assert!(twice <= once * (1.0 + 1e-9), "{once} became {twice}");
        }
    }
}

#[test]
fn lines_are_counted_alike_whatever_ends_them() {
    let mut rows = table(&[("harm", -9.0)]);
    rows[3] = "scratch,birds,2,nan".to_owned();
    let told = |end: &str| {
        let text = rows.join(end) + end;
        analyse_table(text.as_bytes(), "runs.csv", Format::Separated(b','), &Question::default())
            .unwrap_err()
            .to_string()
    };
    assert!(told("\n").contains("runs.csv:4:"), "{}", told("\n"));
    assert_eq!(told("\n"), told("\r\n"));
}

#[test]
fn a_counterfactual_is_neither_the_reference_nor_the_other() {
    let rows = table(&[("harm", -9.0), ("untrained", -3.0), ("twin", -2.0)]);
    let told = |untrained: &str, twin: &str| {
        let question = asking(|columns| {
            (columns.untrained, columns.twin) = (Some(untrained.to_owned()), Some(twin.to_owned()));
        });
        judge(&rows, &question).map(|_| ()).map_err(|faults| faults.to_string())
    };
    assert!(told("untrained", "twin").is_ok());
    assert!(told("untrained", "scratch").unwrap_err().contains("it is the reference"));
    assert!(told("scratch", "twin").unwrap_err().contains("name the rows of the untrained source"));
    assert!(told("twin", "twin").unwrap_err().contains("are two sources"));
    let mut rows = rows;
    rows[0] = "source,target,replicate,value".to_owned();
    let by_default = judge(&rows, &asking(|columns| columns.untrained = Some("twin".to_owned())));
    assert!(by_default.unwrap_err().to_string().contains("are two sources"), "where the twin is found by its name");
}
