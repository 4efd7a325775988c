//! The choice of a setting (a learning rate, a probe's strength of regularisation) from its trials.

use super::Upstream;
use nt_records::{Measure, Status};
use nt_scenario::{Method, Metric, OnlyIf, Trial};

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
    /// Mean of the deciding metric, such that higher is better.
    score: f64,
    log_loss: f64,
}

/// Why no value can be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum ChoiceError {
    /// A trial has no record.
    #[error("a tuning run is not recorded: this is a fault of nt, please report it")]
    NotRecorded,
    /// No learning rate gave numbers in every trial.
    #[error("every learning rate of the grid diverged in tuning: add smaller rates to [tuning] learning_rates")]
    EveryRateDiverged,
    /// No strength of a probe gave numbers in every trial.
    #[error(
        "no L2 strength of the probe's grid gave finite numbers in tuning, since its source network's codes are not \
         finite: leave this source out, or train it with a smaller learning rate"
    )]
    NoStrengthGaveNumbers,
}

/// The value with the best mean of the deciding metric on validation images over the tuning replicates. Ties go to the
/// lower mean validation loss, then to the lower value. A value with a trial that diverged is not chosen, since it
/// would be a gamble. A value whose trials were not needed was not tried.
///
/// # Errors
/// [`ChoiceError`] if no value is left.
pub(super) fn choose(
    metric: Metric,
    method: Method,
    trials: &[Trial],
    upstream: &dyn Upstream,
) -> Result<Choice, ChoiceError> {
    let (mut tried, mut scored) = (Vec::new(), Vec::new());
    for trial in trials {
        let records: Option<Vec<_>> = trial.jobs.iter().map(|&job| upstream.record(job)).collect();
        let records = records.ok_or(ChoiceError::NotRecorded)?;
        if records.iter().any(|record| record.status == Status::Unneeded) {
            continue;
        }
        tried.push(trial.value);
        if records.iter().any(|record| record.status != Status::Done) {
            continue;
        }
        let mean = |metric: Metric| {
            let values = records.iter().map(|record| record.value(Measure::Validation(metric)));
            let sum = values.sum::<Option<f64>>()?;
            Some(sum / records.len() as f64).filter(|mean| mean.is_finite())
        };
        if let (Some(score), Some(log_loss)) = (mean(metric), mean(Metric::LogLoss)) {
            scored.push(Scored { value: trial.value, score: metric.oriented(score), log_loss });
        }
    }
    let better = |a: &&Scored, b: &&Scored| {
        a.score.total_cmp(&b.score).then(b.log_loss.total_cmp(&a.log_loss)).then(b.value.total_cmp(&a.value))
    };
    let value = scored.iter().max_by(better).map(|best| best.value).ok_or(match method {
        Method::Training => ChoiceError::EveryRateDiverged,
        Method::Probe => ChoiceError::NoStrengthGaveNumbers,
    })?;
    let lowest = !tried.iter().any(|&other| other < value);
    let highest = !tried.iter().any(|&other| other > value);
    Ok(Choice { value, on_edge: tried.len() > 1 && (lowest || highest) })
}

/// Whether a trial beyond an edge of its grid is needed: the best value so far is on that edge.
pub(super) fn is_called_for(metric: Metric, method: Method, only_if: &OnlyIf, upstream: &dyn Upstream) -> bool {
    choose(metric, method, &only_if.trials, upstream).is_ok_and(|choice| choice.value == only_if.best)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::UpstreamError;
    use crate::train::AtChance;
    use nt_records::mock;
    use nt_records::{Measured, RunRecord};
    use nt_scenario::{Job, Role};
    use std::sync::Arc;

    /// Tuning runs by their index: validation accuracy and loss, or none where the run diverged.
    struct Trials(Vec<Option<(f64, f64)>>);

    impl Upstream for Trials {
        fn record(&self, job: usize) -> Option<RunRecord> {
            let (status, metrics) = match self.0.get(job)? {
                Some((score, loss)) => {
                    let measured = |metric, value| Measured::new(Measure::Validation(metric), value, 10);
                    // Mean per-class accuracy runs against top-1 accuracy here.
                    let metrics =
                        [(Metric::Top1, *score), (Metric::MeanPerClass, 1.0 - score), (Metric::LogLoss, *loss)];
                    (Status::Done, metrics.map(|(metric, value)| measured(metric, value)).to_vec())
                }
                None => (Status::Diverged { reason: "at step 3".to_owned() }, Vec::new()),
            };
            Some(RunRecord { role: Role::Tuning, status, metrics, ..mock::record(job as u64) })
        }

        fn file(&self, _job: usize, _folder: &str) -> Result<Vec<u8>, UpstreamError> {
            Err(UpstreamError::NotRecorded)
        }

        fn at_chance(&self, _job: &Job) -> AtChance {
            AtChance::GoesOn
        }
    }

    /// Two replicates of each rate, in the order of the grid.
    fn chosen(outcomes: &[Option<(f64, f64)>]) -> Result<Choice, ChoiceError> {
        chosen_by(Metric::Top1, outcomes)
    }

    fn chosen_by(metric: Metric, outcomes: &[Option<(f64, f64)>]) -> Result<Choice, ChoiceError> {
        let trial = |(index, rate)| Trial { value: rate, jobs: vec![2 * index, 2 * index + 1] };
        let trials: Arc<[Trial]> = [0.001, 0.01, 0.1].into_iter().enumerate().map(trial).collect();
        choose(metric, Method::Training, &trials, &Trials(outcomes.to_vec()))
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
    fn the_metric_that_decides_chooses_whichever_way_is_better() {
        let outcomes = [(0.2, 3.0), (0.2, 3.0), (0.9, 2.0), (0.9, 2.0), (0.5, 1.0), (0.5, 1.0)].map(Some);
        let value = |metric| chosen_by(metric, &outcomes).map(|choice| choice.value);
        assert_eq!(value(Metric::Top1), Ok(0.01));
        assert_eq!(value(Metric::MeanPerClass), Ok(0.001));
        assert_eq!(value(Metric::LogLoss), Ok(0.1), "a loss is better when lower");
        assert_eq!(value(Metric::Top5), Err(ChoiceError::EveryRateDiverged), "it was not measured");
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
        assert_eq!(chosen(&[None; 6]), Err(ChoiceError::EveryRateDiverged));
    }
}
