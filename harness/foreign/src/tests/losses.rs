//! Metrics of which lower is better, and those in a unit of their own.

use super::*;

/// Eight replicates of a metric: scratch at about 1.2, the arm as much lower as told.
fn losses(metric: &str, lower_by: f64) -> Vec<String> {
    let mut rows = vec![format!("arm,target,replicate,{metric}")];
    for replicate in 0..8 {
        let scatter = f64::from(replicate * 5 % 7) * 0.002;
        rows.push(format!("scratch,birds,{replicate},{:.4}", 1.2 + 0.01 * f64::from(replicate)));
        rows.push(format!("help,birds,{replicate},{:.4}", 1.2 + 0.01 * f64::from(replicate) + scatter - lower_by));
    }
    rows
}

fn of_metric(name: &str) -> Question {
    asking(|columns| columns.metric = Some(name.to_owned()))
}

#[test]
fn a_lower_loss_is_better_under_each_of_its_names_and_is_said_to_be() {
    for name in ["log_loss", "log-loss", "Log loss", "test_loss", "nll", "val/cross_entropy"] {
        let analysis = judge(&losses(name, 0.3), &of_metric(name)).unwrap();
        let gap = &analysis.contrasts[0].decision;
        assert_eq!((analysis.unit, gap.verdict), (TableUnit::Nats, Verdict::MaterialPositive), "{name}");
        assert!((gap.gap.mean_pp - 29.4).abs() < 0.5, "hundredths of a nat: {}", gap.gap.mean_pp);
        let shown = analysis.terminal_table();
        assert!(shown.contains("read as nats") && !shown.contains("points") && !shown.contains(" pp"), "{shown}");
        assert!(shown.contains("of which lower is better"), "{shown}");
        let worse = judge(&losses(name, -0.3), &of_metric(name)).unwrap();
        assert_eq!(worse.contrasts[0].decision.verdict, Verdict::MaterialNegative);
    }
}

#[test]
fn an_error_rate_is_a_share_of_which_lower_is_better() {
    let rates: Vec<String> = losses("top1_error", 0.3)
        .iter()
        .map(|row| match row.rsplit_once(',') {
            Some((keys, value)) if value != "top1_error" => {
                format!("{keys},{:.4}", value.parse::<f64>().unwrap() / 4.0)
            }
            _ => row.clone(),
        })
        .collect();
    let analysis = judge(&rates, &of_metric("top1_error")).unwrap();
    let decision = &analysis.contrasts[0].decision;
    assert_eq!((analysis.unit, decision.verdict), (TableUnit::Fraction, Verdict::MaterialPositive));
    assert!((decision.gap.mean_pp - 7.35).abs() < 0.1, "{}", decision.gap.mean_pp);
    let turned = Question { direction: Some(Direction::HigherIsBetter), ..of_metric("top1_error") };
    assert_eq!(judge(&rates, &turned).unwrap().contrasts[0].decision.verdict, Verdict::MaterialNegative);
}

#[test]
fn a_perplexity_is_judged_by_its_logarithm() {
    let with = |value: fn(f64) -> f64, metric: &str| {
        let rows: Vec<String> = losses(metric, 0.3)
            .iter()
            .map(|row| match row.rsplit_once(',') {
                Some((keys, text)) if text != metric => format!("{keys},{}", value(text.parse().unwrap())),
                _ => row.clone(),
            })
            .collect();
        judge(&rows, &of_metric(metric)).unwrap().contrasts.remove(0).decision
    };
    let (of_losses, of_perplexities) = (with(|loss| loss, "nll"), with(libm::exp, "perplexity"));
    assert_eq!(of_losses.verdict, of_perplexities.verdict);
    assert!((of_losses.gap.mean_pp - of_perplexities.gap.mean_pp).abs() < 1e-9);
    assert!(judge(&losses("ppl", 0.3), &of_metric("ppl")).unwrap_err().to_string().contains("below 1"));
}

#[test]
fn a_metric_in_a_unit_of_its_own_needs_a_margin() {
    let told = judge(&losses("val-rmse", 0.3), &of_metric("val-rmse")).unwrap_err().to_string();
    assert!(told.contains("1 fault") && told.contains("--margin-pp 0.0"), "{told}");
    let with_margin = Question { margin_pp: Some(0.05), ..of_metric("val-rmse") };
    let analysis = judge(&losses("val-rmse", 0.3), &with_margin).unwrap();
    let decision = &analysis.contrasts[0].decision;
    assert_eq!((analysis.unit, decision.verdict), (TableUnit::Own, Verdict::MaterialPositive));
    assert!((decision.gap.mean_pp - 0.294).abs() < 0.005, "in the metric's own unit: {}", decision.gap.mean_pp);
    assert!(analysis.terminal_table().contains("by more than 0.05 units of the metric"));
    // Any numbers, if that is said.
    let higher = Some(Direction::HigherIsBetter);
    let asked = Question { unit: Some(TableUnit::Own), margin_pp: Some(0.1), direction: higher, ..of_metric("reward") };
    assert_eq!(
        judge(&losses("reward", -500.0), &asked).unwrap().contrasts[0].decision.verdict,
        Verdict::MaterialPositive
    );
    assert!(judge(&losses("score", -500.0), &of_metric("score")).unwrap_err().to_string().contains("--own-unit"));
}

#[test]
fn a_log_loss_has_no_other_unit_and_is_not_negative() {
    let percent = Question { unit: Some(TableUnit::Percent), ..of_metric("log_loss") };
    assert!(judge(&losses("log_loss", 0.3), &percent).unwrap_err().to_string().contains("leave --percent"));
    assert!(
        judge(&losses("log_loss", 5.0), &of_metric("log_loss")).unwrap_err().to_string().contains("not its negative")
    );
}
