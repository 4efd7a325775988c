//! Why a job brings no result.

use crate::data::DataError;
use crate::model::StoreError;
use crate::run::tuning::ChoiceError;
use crate::run::weights::SourceFileError;
use crate::run::{Abandoned, UpstreamError};
use crate::train::TrainError;
use nt_records::predictions::PredictionsError;

/// What keeps a job from its result.
pub(super) enum Trouble {
    /// The job was not brought to its end, which says nothing of it.
    Abandoned(Abandoned),
    /// Its numbers left the finite ones.
    Diverged(String),
    /// What it needs did not train, so that it cannot be run, now or ever.
    Failed(Failure),
}

/// What came of earlier trainings, so that a job cannot be run.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// No setting can be chosen.
    #[error(transparent)]
    Choice(#[from] ChoiceError),
    /// Its source network did not train.
    #[error("its source network {name} did not train: {status}")]
    SourceDidNotTrain {
        /// The source's job.
        name: String,
        /// How that ended.
        status: &'static str,
    },
}

/// What stands in a job's way from outside. It says nothing of the training, and may be gone the next time.
#[derive(Debug, thiserror::Error)]
pub(super) enum Obstacle {
    /// An image cannot be read.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The network cannot be trained or evaluated.
    #[error("{0}: this is a fault of nt, please report it")]
    Train(TrainError),
    /// A network's file holds another network.
    #[error(transparent)]
    Network(#[from] StoreError),
    /// What the network said cannot be written down.
    #[error(transparent)]
    Predictions(#[from] PredictionsError),
    /// The file that its source network is read from cannot be used any more.
    #[error(transparent)]
    Weights(#[from] SourceFileError),
    /// The file of its source network cannot be had.
    #[error("its source network {0}")]
    SourceFile(#[from] UpstreamError),
    /// The plan lacks something that this job needs.
    #[error("the plan gives it no {what}: this is a fault of nt, please report it")]
    Plan {
        /// What is lacking.
        what: &'static str,
    },
}

impl<E: Into<Obstacle>> From<E> for Trouble {
    fn from(error: E) -> Self {
        Self::Abandoned(Abandoned::Environment(error.into().to_string()))
    }
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<ChoiceError> for Trouble {
    fn from(error: ChoiceError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<TrainError> for Trouble {
    fn from(error: TrainError) -> Self {
        match error {
            TrainError::Interrupted => Self::Abandoned(Abandoned::Stopped),
            TrainError::AtChance { .. } => Self::Abandoned(Abandoned::AtChance(error.to_string())),
            #[cfg(feature = "cuda")]
            TrainError::Cuda(error) => Self::Abandoned(Abandoned::Environment(error.to_string())),
            TrainError::Outputs(error) => Self::Diverged(error.to_string()),
            error => Obstacle::Train(error).into(),
        }
    }
}
