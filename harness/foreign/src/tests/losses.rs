//! Metrics that are losses.

use super::*;

/// Eight replicates of a log-loss: scratch at about 1.2 nats, the arm as much lower as told.
fn losses(metric: &str, lower_by: f64) -> Vec<String> {
    let mut rows = vec![format!("arm,target,replicate,{metric}")];
    for replicate in 0..8 {
        let scatter = f64::from(replicate * 5 % 7) * 0.002;
        rows.push(format!("scratch,birds,{replicate},{:.4}", 1.2 + 0.01 * f64::from(replicate)));
        rows.push(format!("help,birds,{replicate},{:.4}", 1.2 + 0.01 * f64::from(replicate) + scatter - lower_by));
    }
    rows
}

#[test]
fn a_lower_log_loss_is_better_under_each_of_its_names() {
    for name in ["log_loss", "log-loss", "Log loss"] {
        let question = asking(|columns| columns.metric = Some(name.to_owned()));
        let analysis = judge(&losses(name, 0.3), &question).unwrap();
        let gap = &analysis.contrasts[0].decision;
        assert_eq!((analysis.unit, gap.verdict), (TableUnit::Nats, Verdict::MaterialPositive), "{name}");
        assert!((gap.gap.mean_pp - 29.4).abs() < 0.5, "hundredths of a nat: {}", gap.gap.mean_pp);
        let shown = analysis.terminal_table();
        assert!(shown.contains("read as nats") && !shown.contains("points") && !shown.contains(" pp"), "{shown}");
        let worse = judge(&losses(name, -0.3), &question).unwrap();
        assert_eq!(worse.contrasts[0].decision.verdict, Verdict::MaterialNegative);
    }
}

#[test]
fn a_metric_that_sounds_like_a_loss_is_not_judged_by_a_guess() {
    for name in ["loss", "top1_error", "perplexity", "val-rmse"] {
        let question = asking(|columns| columns.metric = Some(name.to_owned()));
        let told = judge(&losses(name, 0.3), &question).unwrap_err().to_string();
        assert!(told.contains(&format!("whether higher or lower {name} is better")), "{told}");
        assert!(told.contains("1 fault") && told.contains("log_loss"), "{told}");
    }
}

#[test]
fn a_log_loss_has_no_other_unit_and_is_not_negative() {
    let question = asking(|columns| columns.metric = Some("log_loss".to_owned()));
    let percent = Question { unit: Some(TableUnit::Percent), ..question.clone() };
    assert!(judge(&losses("log_loss", 0.3), &percent).unwrap_err().to_string().contains("leave --percent"));
    assert!(judge(&losses("log_loss", 5.0), &question).unwrap_err().to_string().contains("not its negative"));
}
