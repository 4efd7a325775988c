//! A run as analysis needs it.

use nt_records::file::FileRef;
use nt_records::measure::Measure;
use nt_records::record::RunRecord;
use nt_records::setting::Setting;
use nt_scenario::Metric;
use std::cmp::Ordering;

use super::scores::Scores;

/// A run as analysis needs it.
pub(super) struct JoinedRun<'a> {
    pub record: &'a RunRecord,
    /// Whether its first guesses on the test images are above chance, whatever the deciding metric is. For no other
    /// metric is there an exact test on a single run.
    pub is_above_chance: bool,
    /// Whether it did not train: it diverged, its first guesses on the training images are not above chance, or its training
    /// loss did not fall. Test images have no say in it: a run that fits its training images and fails on the test images
    /// did train, and that is a result.
    pub has_collapsed: bool,
    /// Its scores on the test images, in the target's order; `None` unless it ended well.
    pub scores: Option<Scores>,
    /// Its scores on its validation images, if there are any.
    pub validation: Option<Validation>,
    /// The deciding metric on the test images, in its unit; `None` unless it ended well.
    pub value: Option<f64>,
}

impl<'a> JoinedRun<'a> {
    /// The one setting that was searched for; `None` if nothing was fitted.
    pub fn setting(&self) -> Option<Setting> {
        self.record.setting()
    }

    /// Its learning curve, if it wrote one.
    pub fn curve(&self) -> Option<&'a FileRef> {
        self.record.file_in("curves")
    }
}

/// A run's scores on its validation images.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Validation {
    /// The deciding metric, such that higher is better.
    pub score: f64,
    /// Log-loss, nats. It decides between equal scores.
    pub log_loss: f64,
}

impl Validation {
    /// The scores of a record; `None` unless it has both.
    pub fn of(record: &RunRecord, metric: Metric) -> Option<Self> {
        let log_loss = record.value(Measure::Validation(Metric::LogLoss))?;
        Some(Self { score: metric.oriented(record.value(Measure::Validation(metric))?), log_loss })
    }

    /// Whether it is better than the other.
    pub fn is_better_than(&self, other: &Self) -> bool {
        self.order(other).is_lt()
    }

    /// The better one first, and last what is no number.
    pub fn order(&self, other: &Self) -> Ordering {
        let key = |one: &Self| {
            let known = |value: f64| if value.is_nan() { f64::NEG_INFINITY } else { value };
            [known(one.score), known(-one.log_loss)]
        };
        key(other).partial_cmp(&key(self)).unwrap_or(Ordering::Equal)
    }
}

/// A run that tried a setting on validation images.
pub(super) struct TrialRun {
    pub replicate: u32,
    pub setting: Option<Setting>,
    pub validation: Validation,
}
