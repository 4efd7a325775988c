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
    let lowest = !trials.iter().any(|trial| trial.rate < rate);
    let highest = !trials.iter().any(|trial| trial.rate > rate);
    let on_edge = trials.len() > 1 && (lowest || highest);
    Ok(Choice { rate, on_edge })
}

#[cfg(test)]
mod tests {
    use super::*;
    use nt_results::{Metric, RunRecord, SCHEMA_VERSION};
    use nt_scenario::{JobId, Role};
    use std::sync::Arc;

    /// Tuning runs by their index: validation accuracy and loss, or none where the run diverged.
    struct Trials(Vec<Option<(f64, f64)>>);

    impl Upstream for Trials {
        fn record(&self, job: usize) -> Option<RunRecord> {
            let (status, metrics) = match self.0.get(job)? {
                Some((top1, loss)) => {
                    let top1 = Metric::new(metric::VALIDATION_TOP1, *top1, 10);
                    (Status::Done, vec![top1, Metric::new(metric::VALIDATION_LOG_LOSS, *loss, 10)])
                }
                None => (Status::Diverged { reason: "at step 3".to_owned() }, Vec::new()),
            };
            Some(RunRecord {
                schema_version: SCHEMA_VERSION,
                job: JobId::from([job as u8; 16]),
                name: format!("trial {job}"),
                study: "mock".to_owned(),
                role: Role::Tuning,
                source: None,
                similarity: None,
                target: None,
                size: None,
                treatment: "scratch".to_owned(),
                copied: 0,
                frozen: 0,
                replicate: 0,
                budget: 1.0,
                learning_rate: 0.1,
                learning_rate_on_edge: false,
                numerics: "mock".to_owned(),
                status,
                metrics,
                files: Vec::new(),
                test_openings: 0,
                wall_seconds: 0.0,
            })
        }

        fn file(&self, _job: usize, _folder: &str) -> Result<Vec<u8>, String> {
            Err("is a mock".to_owned())
        }
    }

    /// Two replicates of each rate, in the order of the grid.
    fn chosen(outcomes: &[Option<(f64, f64)>]) -> Result<Choice, String> {
        let trial = |(index, rate)| Trial { rate, jobs: vec![2 * index, 2 * index + 1] };
        let trials: Arc<[Trial]> = [0.001, 0.01, 0.1].into_iter().enumerate().map(trial).collect();
        choose(&trials, &Trials(outcomes.to_vec()))
    }

    #[test]
    fn the_best_mean_accuracy_wins() {
        let outcomes = [
            Some((0.5, 1.0)),
            Some((0.5, 1.0)),
            Some((0.9, 1.0)),
            Some((0.4, 1.0)),
            Some((0.1, 1.0)),
            Some((0.1, 1.0)),
        ];
        assert_eq!(chosen(&outcomes), Ok(Choice { rate: 0.01, on_edge: false }));
    }

    #[test]
    fn a_tie_goes_to_the_lower_loss_and_then_to_the_lower_rate() {
        let mut outcomes = [Some((0.5, 1.0)); 6];
        assert_eq!(chosen(&outcomes), Ok(Choice { rate: 0.001, on_edge: true }));
        outcomes[5] = Some((0.5, 0.9));
        assert_eq!(chosen(&outcomes), Ok(Choice { rate: 0.1, on_edge: true }));
    }

    #[test]
    fn a_rate_that_diverged_once_is_not_chosen() {
        let mut outcomes = [Some((0.5, 1.0)); 6];
        outcomes[4] = Some((1.0, 0.1));
        outcomes[5] = None;
        assert_eq!(chosen(&outcomes).map(|choice| choice.rate), Ok(0.001));
        assert!(chosen(&[None; 6]).is_err_and(|told| told.contains("smaller rates")));
    }
}
