//! The choice of a setting (a learning rate, a probe's strength of regularisation) from its trials.

use super::Upstream;
use nt_records::{Status, metric};
use nt_scenario::{Method, OnlyIf, Trial};

/// The value chosen for an arm.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Choice {
    /// The value.
    pub value: f64,
    /// Whether it is the smallest or the largest of those tried.
    pub on_edge: bool,
}

/// How one value did in its trials.
struct Scored {
    value: f64,
    top1: f64,
    log_loss: f64,
}

/// The value with the best mean validation accuracy over the tuning replicates. Ties go to the lower mean validation
/// loss, then to the lower value. A value with a trial that diverged is not chosen, since it would be a gamble. A value
/// whose trials were not needed was not tried.
///
/// # Errors
/// Why no value is left.
pub(super) fn choose(method: Method, trials: &[Trial], upstream: &dyn Upstream) -> Result<Choice, String> {
    let (mut tried, mut scored) = (Vec::new(), Vec::new());
    for trial in trials {
        let records: Option<Vec<_>> = trial.jobs.iter().map(|&job| upstream.record(job)).collect();
        let records = records.ok_or("a tuning run is not recorded: this is a fault of nt, please report it")?;
        if records.iter().any(|record| record.status == Status::Unneeded) {
            continue;
        }
        tried.push(trial.value);
        if records.iter().any(|record| record.status != Status::Done) {
            continue;
        }
        let mean = |name: &str| {
            records.iter().map(|record| record.metric(name).unwrap_or(f64::NAN)).sum::<f64>() / records.len() as f64
        };
        let (top1, log_loss) = (mean(metric::VALIDATION_TOP1), mean(metric::VALIDATION_LOG_LOSS));
        if top1.is_finite() && log_loss.is_finite() {
            scored.push(Scored { value: trial.value, top1, log_loss });
        }
    }
    let better = |a: &&Scored, b: &&Scored| {
        a.top1.total_cmp(&b.top1).then(b.log_loss.total_cmp(&a.log_loss)).then(b.value.total_cmp(&a.value))
    };
    let value = scored.iter().max_by(better).map(|best| best.value).ok_or(match method {
        Method::Training => {
            "every learning rate of the grid diverged in tuning: add smaller rates to [tuning] learning_rates"
        }
        Method::Probe => "no strength of the probe's grid gave numbers in tuning: its source network's codes are none",
    })?;
    let lowest = !tried.iter().any(|&other| other < value);
    let highest = !tried.iter().any(|&other| other > value);
    Ok(Choice { value, on_edge: tried.len() > 1 && (lowest || highest) })
}

/// Whether a trial beyond an edge of its grid is needed: the best value so far is on that edge.
pub(super) fn is_called_for(method: Method, only_if: &OnlyIf, upstream: &dyn Upstream) -> bool {
    choose(method, &only_if.trials, upstream).is_ok_and(|choice| choice.value == only_if.best)
}

#[cfg(test)]
mod tests {
    use super::*;
    use nt_records::{Metric, RunRecord, SCHEMA_VERSION};
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
                method: Method::Training,
                replicate: 0,
                budget: 1.0,
                learning_rate: 0.1,
                l2: None,
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
        let trial = |(index, rate)| Trial { value: rate, jobs: vec![2 * index, 2 * index + 1] };
        let trials: Arc<[Trial]> = [0.001, 0.01, 0.1].into_iter().enumerate().map(trial).collect();
        choose(Method::Training, &trials, &Trials(outcomes.to_vec()))
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
        assert_eq!(chosen(&outcomes), Ok(Choice { value: 0.01, on_edge: false }));
    }

    #[test]
    fn a_tie_goes_to_the_lower_loss_and_then_to_the_lower_rate() {
        let mut outcomes = [Some((0.5, 1.0)); 6];
        assert_eq!(chosen(&outcomes), Ok(Choice { value: 0.001, on_edge: true }));
        outcomes[5] = Some((0.5, 0.9));
        assert_eq!(chosen(&outcomes), Ok(Choice { value: 0.1, on_edge: true }));
    }

    #[test]
    fn a_rate_that_diverged_once_is_not_chosen() {
        let mut outcomes = [Some((0.5, 1.0)); 6];
        outcomes[4] = Some((1.0, 0.1));
        outcomes[5] = None;
        assert_eq!(chosen(&outcomes).map(|choice| choice.value), Ok(0.001));
        assert!(chosen(&[None; 6]).is_err_and(|told| told.contains("smaller rates")));
    }
}
