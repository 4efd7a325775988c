//! The one setting of an arm that is searched for.

use std::fmt;

/// The setting that an arm's search chose, or that its scenario fixed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Setting {
    /// Peak learning rate of a training.
    LearningRate(f64),
    /// Strength of the L2 regularisation of a probe.
    L2(f64),
}

impl Setting {
    /// The number alone.
    pub fn value(self) -> f64 {
        match self {
            Self::LearningRate(value) | Self::L2(value) => value,
        }
    }

    /// The learning rate, if that is what was set.
    pub fn learning_rate(self) -> Option<f64> {
        match self {
            Self::LearningRate(value) => Some(value),
            Self::L2(_) => None,
        }
    }

    /// The strength of L2 regularisation, if that is what was set.
    pub fn l2(self) -> Option<f64> {
        match self {
            Self::LearningRate(_) => None,
            Self::L2(value) => Some(value),
        }
    }
}

impl Setting {
    /// In words: "learning rate 0.01", "L2 strength 0.1".
    pub fn words(self) -> String {
        match self {
            Self::LearningRate(rate) => format!("learning rate {rate}"),
            Self::L2(strength) => format!("L2 strength {strength}"),
        }
    }
}

impl fmt::Display for Setting {
    /// The number alone: tables have a column for each kind.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.value())
    }
}
