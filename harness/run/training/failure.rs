//! Why a job brings no result.

use crate::data::DataError;
use crate::model::StoreError;
use crate::run::tuning::ChoiceError;
use crate::run::{Abandoned, UpstreamError};
use crate::train::TrainError;
use nt_records::predictions::PredictionsError;

/// What keeps a job from its result.
pub(super) enum Trouble {
    /// The job was not brought to its end, which says nothing of it.
    Abandoned(Abandoned),
    /// Its numbers left the finite ones.
    Diverged(String),
    /// It cannot be run.
    Failed(Failure),
}

/// Why a job cannot be run.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// An image cannot be read.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The network cannot be trained or evaluated.
    #[error(transparent)]
    Train(TrainError),
    /// A network's file holds another network.
    #[error(transparent)]
    Network(#[from] StoreError),
    /// What the network said cannot be written down.
    #[error(transparent)]
    Predictions(#[from] PredictionsError),
    /// No setting can be chosen.
    #[error(transparent)]
    Choice(#[from] ChoiceError),
    /// The file of its source network cannot be had.
    #[error("its source network {0}")]
    SourceFile(#[from] UpstreamError),
    /// Its source network did not train.
    #[error("its source network {name} did not train: {status}")]
    SourceDidNotTrain {
        /// The source's job.
        name: String,
        /// How that ended.
        status: &'static str,
    },
    /// The plan lacks something that this job needs.
    #[error("the plan gives it no {what}: this is a fault of nt, please report it")]
    Plan {
        /// What is lacking.
        what: &'static str,
    },
}

impl<E: Into<Failure>> From<E> for Trouble {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

impl From<TrainError> for Trouble {
    fn from(error: TrainError) -> Self {
        match error {
            TrainError::Interrupted => Self::Abandoned(Abandoned::Stopped),
            TrainError::AtChance { .. } => Self::Abandoned(Abandoned::AtChance(error.to_string())),
            #[cfg(feature = "cuda")]
            TrainError::Cuda(error) => Self::Abandoned(Abandoned::Device(error.to_string())),
            TrainError::Outputs(error) => Self::Diverged(error.to_string()),
            error => Self::Failed(Failure::Train(error)),
        }
    }
}
