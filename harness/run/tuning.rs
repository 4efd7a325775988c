//! The choice of a learning rate from its trials.

use super::Upstream;
use nt_results::{Status, metric};
use nt_scenario::Trial;

/// The rate chosen for an arm.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Choice {
    /// The rate.
    pub rate: f64,
    /// Whether it is the smallest or the largest of the grid.
    pub on_edge: bool,
}

/// The rate with the best mean validation accuracy over the tuning replicates; of equal ones that with the lower mean
/// validation loss, then the lower rate. A rate with a trial that diverged is not chosen: it would be a gamble.
///
/// # Errors
/// Where no rate is left, why.
pub(super) fn choose(trials: &[Trial], upstream: &dyn Upstream) -> Result<Choice, String> {
    let mut scored: Vec<(f64, f64, f64)> = Vec::new();
    for trial in trials {
        let records: Option<Vec<_>> = trial.jobs.iter().map(|&job| upstream.record(job)).collect();
        let records = records.ok_or("a tuning run is not recorded: this is a fault of nt, please report it")?;
        if records.iter().any(|record| record.status != Status::Done) {
            continue;
        }
        let mean = |name: &str| {
            records.iter().map(|record| record.metric(name).unwrap_or(f64::NAN)).sum::<f64>() / records.len() as f64
        };
        let (top1, loss) = (mean(metric::VALIDATION_TOP1), mean(metric::VALIDATION_LOG_LOSS));
        if top1.is_finite() && loss.is_finite() {
            scored.push((top1, loss, trial.rate));
        }
    }
    let better = |a: &&(f64, f64, f64), b: &&(f64, f64, f64)| {
        a.0.total_cmp(&b.0).then(b.1.total_cmp(&a.1)).then(b.2.total_cmp(&a.2))
    };
    let &(_, _, rate) = scored
        .iter()
        .max_by(better)
        .ok_or("every learning rate of the grid diverged in tuning: add smaller rates to [tuning] learning_rates")?;
    let on_edge = trials.len() > 1 && !trials.iter().any(|t| t.rate < rate) || !trials.iter().any(|t| t.rate > rate);
    Ok(Choice { rate, on_edge })
}
