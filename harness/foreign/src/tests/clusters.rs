//! Test examples that are not independent.

use super::*;

/// Three replicates of 60 test examples, each in the cluster that it is given.
fn clustered(cluster: impl Fn(&str, u64, u64) -> String) -> Vec<String> {
    let mut rows = vec!["arm,replicate,example,correct,patient".to_owned()];
    for (arm, wrong_of) in [("scratch", 3), ("other", 4)] {
        for replicate in 0..3 {
            for example in 0..60 {
                let correct = u64::from((example * 7 + replicate * 5) % wrong_of != 0);
                rows.push(format!("{arm},{replicate},{example},{correct},{}", cluster(arm, replicate, example)));
            }
        }
    }
    rows
}

#[test]
fn clusters_are_counted_and_named_in_the_scope() {
    let question = asking(|columns| columns.cluster = Some("patient".to_owned()));
    let analysis = judge(&clustered(|_, _, example| (example / 5).to_string()), &question).unwrap();
    let counts = analysis.contrasts[0].clusters.unwrap();
    assert_eq!((counts.num_clusters, counts.effective), (12, 12.0));
    assert!(analysis.contrasts[0].decision.gap.scope.in_clusters);
    let shown = analysis.terminal_table();
    assert!(shown.contains("60 test examples in 12 clusters (effective 12)"), "{shown}");
    assert!(shown.contains("the population of clusters of test images"), "{shown}");
}

#[test]
fn one_cluster_has_no_interval_however_it_is_hidden() {
    let question = asking(|columns| columns.cluster = Some("patient".to_owned()));
    for giant in [60, 59, 50] {
        let rows = clustered(|_, _, example| if example < giant { "all".to_owned() } else { example.to_string() });
        let analysis = judge(&rows, &question).unwrap();
        let decision = &analysis.contrasts[0].decision;
        assert_eq!((decision.verdict, decision.gap.low_pp), (Verdict::Inconclusive, None), "{giant}");
        let shown = analysis.terminal_table();
        assert!(shown.contains("in fewer than two clusters"), "{giant}: {shown}");
    }
}

#[test]
fn a_missing_cluster_and_one_that_changes_are_each_one_fault() {
    let question = asking(|columns| columns.cluster = Some("patient".to_owned()));
    let told = |other: &str| {
        let rows = clustered(|arm, replicate, example| match (arm, replicate, example) {
            ("other", 1, 7) => other.to_owned(),
            _ => (example / 5).to_string(),
        });
        judge(&rows, &question).unwrap_err().to_string()
    };
    for missing in ["", "nan", "NA", "None"] {
        let told = told(missing);
        assert!(told.contains("1 fault") && told.contains(&format!("the cluster is {missing:?}")), "{told}");
    }
    let told = told("99");
    assert!(told.contains("1 fault") && told.contains("a test example is in one cluster"), "{told}");
}
