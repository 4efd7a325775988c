//! Folds and resampled splits of one data set.

use super::*;

/// Five folds, in so many repetitions, of an arm that loses about five points.
fn folds(column: &str, repetitions: usize) -> Vec<String> {
    let mut rows = vec![format!("arm,repeat,{column},accuracy")];
    for repeat in 0..repetitions {
        for fold in 0..5 {
            let scatter = ((fold * 3 + repeat * 2) % 5) as f64 / 100.0;
            rows.push(format!("scratch,{repeat},{fold},{:.4}", 0.7 + 0.01 * fold as f64));
            rows.push(format!("other,{repeat},{fold},{:.4}", 0.65 + 0.01 * fold as f64 - scatter));
        }
    }
    rows
}

#[test]
fn folds_are_corrected_by_their_name_and_resampled_splits_by_what_is_said() {
    let by_name = judge(&folds("fold", 1), &Question::default()).unwrap();
    let decision = &by_name.contrasts[0].decision;
    assert_eq!((by_name.method, decision.gap.num_replicates), (TableMethod::Resampled, 5));
    // Gaps −5 to −9 points: s² = 2.5, SE² = 2.5·(1/5 + 1/4), t₄(.975) = 2.776445.
    let half = (2.5_f64 * 0.45).sqrt() * 2.776_445;
    assert!((decision.gap.low_pp.unwrap() + 7.0 + half).abs() < 1e-4, "{:?}", decision.gap);
    assert!(by_name.terminal_table().contains("says nothing about other data"), "{}", by_name.terminal_table());
    let said = |ratio: f64| {
        judge(
            &folds("split", 1),
            &asking(|columns| {
                columns.replicate = Some("split".to_owned());
                columns.test_per_train = Some(ratio);
            }),
        )
    };
    assert_eq!(said(0.25).unwrap().contrasts[0].decision, *decision);
    let independent = said(0.0).unwrap();
    assert_eq!(independent.method, TableMethod::PairedT);
    assert!(independent.contrasts[0].decision.gap.low_pp > decision.gap.low_pp);
}

#[test]
fn repetitions_of_folds_each_count_and_are_no_more_independent() {
    let once = judge(&folds("fold", 1), &Question::default()).unwrap().contrasts.remove(0).decision.gap;
    let often = judge(&folds("fold", 20), &Question::default()).unwrap().contrasts.remove(0).decision.gap;
    assert_eq!((once.num_replicates, often.num_replicates), (5, 100));
    // Without the correction the error of the mean would fall to a quarter and less.
    let [once, often] = [once, often].map(|gap| gap.standard_error_pp.unwrap());
    assert!(often > 0.5 * once, "{once} {often}");
}

#[test]
fn folds_are_known_by_a_word_of_their_name_and_counted_in_each_cell() {
    for name in ["outer_fold", "Fold ID", "cv_split", "test_fold"] {
        let analysis = judge(&folds(name, 1), &asking(|columns| columns.replicate = Some(name.to_owned()))).unwrap();
        assert_eq!(analysis.method, TableMethod::Resampled, "{name}");
    }
    let told = judge(&folds("resample", 1), &asking(|columns| columns.replicate = Some("resample".to_owned())));
    assert!(told.unwrap_err().to_string().contains("say with --test-per-train"));
    // Five folds of one data set stay five, whatever another has, and however repetitions number them.
    let alone = judge(&folds("fold", 4), &Question::default()).unwrap().contrasts.remove(0).decision.gap;
    let with_other: Vec<String> = folds("fold", 4)
        .iter()
        .enumerate()
        .map(|(at, row)| if at == 0 { format!("dataset,{row}") } else { format!("A,{row}") })
        .chain((0..20).flat_map(|fold| {
            ["scratch", "other"].map(|arm| format!("B,{arm},0,{fold},0.{}", 60 + fold % 7 + arm.len() as i32))
        }))
        .collect();
    let beside = judge(&with_other, &Question::default()).unwrap().contrasts.remove(0).decision.gap;
    assert_eq!(alone.standard_error_pp, beside.standard_error_pp);
    let numbered_on: Vec<String> = folds("fold", 4)
        .iter()
        .map(|row| match row.split(',').collect::<Vec<_>>()[..] {
            [arm, repeat, fold, value] if repeat != "repeat" => {
                let on = 5 * repeat.parse::<u32>().unwrap() + fold.parse::<u32>().unwrap();
                format!("{arm},{repeat},{on},{value}")
            }
            _ => row.clone(),
        })
        .collect();
    let on = judge(&numbered_on, &Question::default()).unwrap().contrasts.remove(0).decision.gap;
    assert_eq!(alone.standard_error_pp, on.standard_error_pp);
}

#[test]
fn several_seeds_within_folds_are_asked_about_and_each_answer_is_judged() {
    let rows: Vec<String> = folds("fold", 4).iter().map(|row| row.replace("repeat", "seed")).collect();
    let told = fault_of(&rows);
    assert!(told.contains("1 fault") && told.contains("--replicate seed --unit fold"), "{told}");
    let of = |replicate: &str, unit: &str| {
        let question = asking(|columns| {
            (columns.replicate, columns.unit) = (Some(replicate.to_owned()), Some(unit.to_owned()));
        });
        judge(&rows, &question).unwrap().contrasts.remove(0).decision.gap.num_replicates
    };
    assert_eq!((of("fold", "seed"), of("seed", "fold")), (20, 5));
}

#[test]
fn signs_of_folds_do_not_flip_on_their_own() {
    let told = judge(&folds("fold", 1), &Question { sign_flips: true, ..Question::default() }).unwrap_err().to_string();
    assert!(told.contains("1 fault") && told.contains("--test-per-train 0"), "{told}");
}

#[test]
fn each_fold_may_have_test_examples_of_its_own() {
    let mut rows = vec!["arm,fold,example,correct".to_owned()];
    for fold in 0..5 {
        for example in 40 * fold..40 * (fold + 1) {
            rows.push(format!("scratch,{fold},{example},{}", example % 4 != 0));
            rows.push(format!("other,{fold},{example},{}", example % (3 + fold % 2) != 0));
        }
    }
    let analysis = judge(&rows, &Question::default()).unwrap();
    assert_eq!((analysis.method, analysis.contrasts[0].num_test_examples), (TableMethod::Resampled, None));
    assert_eq!(analysis.contrasts[0].decision.gap.num_replicates, 5);
    let torn = [&rows[..7], &rows[8..]].concat();
    assert!(fault_of(&torn).contains("were not tested on the same examples"), "{}", fault_of(&torn));
}
