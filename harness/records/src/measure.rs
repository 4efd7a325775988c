//! Measures: a metric, and the images it was measured on.

use std::fmt;
use std::str::FromStr;

use nt_scenario::Metric;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

use crate::number;

/// What one value of a record measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Measure {
    /// A metric on the test set.
    Test(Metric),
    /// A metric on the validation images.
    Validation(Metric),
    /// A metric on the training images, at the end of training.
    Train(Metric),
    /// Training loss of the first steps, nats.
    TrainLossFirst,
    /// Training loss of the last steps, nats.
    TrainLossLast,
}

/// A text that is not the name of a measure.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "{text:?} is no measure that this version knows; a record holds metrics such as \"top1\" and \"validation_top1\": read \
     it with the version of nt that wrote it"
)]
pub struct MeasureError {
    /// The text.
    pub text: String,
}

const VALIDATION: &str = "validation_";
const TRAIN: &str = "train_";
const TRAIN_LOSS_FIRST: &str = "train_loss_first";
const TRAIN_LOSS_LAST: &str = "train_loss_last";

impl fmt::Display for Measure {
    /// Its name in records and tables: `top1`, `validation_top1`, `train_loss_first`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Test(metric) => f.write_str(metric.name()),
            Self::Validation(metric) => write!(f, "{VALIDATION}{}", metric.name()),
            Self::Train(metric) => write!(f, "{TRAIN}{}", metric.name()),
            Self::TrainLossFirst => f.write_str(TRAIN_LOSS_FIRST),
            Self::TrainLossLast => f.write_str(TRAIN_LOSS_LAST),
        }
    }
}

impl FromStr for Measure {
    type Err = MeasureError;

    fn from_str(text: &str) -> Result<Self, MeasureError> {
        let metric = |name: &str| Metric::ALL.iter().copied().find(|metric| metric.name() == name);
        let of_train = || text.strip_prefix(TRAIN).and_then(metric).map(Self::Train);
        let of_validation = || text.strip_prefix(VALIDATION).and_then(metric).map(Self::Validation);
        let found = match text {
            TRAIN_LOSS_FIRST => Some(Self::TrainLossFirst),
            TRAIN_LOSS_LAST => Some(Self::TrainLossLast),
            text => metric(text).map(Self::Test).or_else(of_validation).or_else(of_train),
        };
        found.ok_or_else(|| MeasureError { text: text.to_owned() })
    }
}

impl Serialize for Measure {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Measure {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// One measured value.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measured {
    /// What was measured.
    #[serde(rename = "name")]
    pub measure: Measure,
    /// The value, in the metric's unit.
    #[serde(with = "number")]
    pub value: f64,
    /// Over how many examples.
    pub n: u64,
}

impl Measured {
    /// A value over `n` examples.
    pub fn new(measure: Measure, value: f64, n: u64) -> Self {
        Self { measure, value, n }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_measure_comes_back_from_its_name() {
        let of_metrics = Metric::ALL
            .iter()
            .flat_map(|&metric| [Measure::Test(metric), Measure::Validation(metric), Measure::Train(metric)]);
        for measure in of_metrics.chain([Measure::TrainLossFirst, Measure::TrainLossLast]) {
            assert_eq!(measure.to_string().parse(), Ok(measure));
        }
        assert_eq!(Measure::Validation(Metric::MeanPerClass).to_string(), "validation_mean_per_class");
        assert!("validation_".parse::<Measure>().is_err() && "accuracy".parse::<Measure>().is_err());
    }
}
