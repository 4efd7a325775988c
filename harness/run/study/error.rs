//! Why a study cannot be opened or run.

use crate::audit::DataAuditError;
use crate::data::DataError;
use crate::run::ScheduleError;
use crate::run::pictures::PictureError;
use crate::train::TrainError;
use nt_analysis::AnalysisError;
use nt_disk::FileError;
use nt_records::LedgerError;
use nt_records::manifest::ManifestError;
use nt_scenario::{Faults, PlanError};

/// Why a study cannot be opened or run.
#[derive(Debug, thiserror::Error)]
pub enum StudyError {
    /// The data do not contain what the scenario asks for.
    #[error(transparent)]
    Faults(#[from] Faults),
    /// The cache of decoded images cannot be used.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The data cannot be audited.
    #[error(transparent)]
    Audit(#[from] DataAuditError),
    /// No plan can be made.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The device refused to plan a training.
    #[error(transparent)]
    Device(TrainError),
    /// A training does not fit into the device's memory.
    #[error(transparent)]
    TooLarge(TrainError),
    /// The folder is busy, or its records cannot be read or written.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// A job's output cannot be written.
    #[error(transparent)]
    Schedule(#[from] ScheduleError),
    /// The manifest cannot be read or written.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// Another file cannot be written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The records of a look cannot be analysed.
    #[error(transparent)]
    Analysis(#[from] AnalysisError),
    /// The folder holds a study of another version's meaning.
    #[error(
        "{} holds a study as version {kept} of a scenario means it, and this scenario has the meaning of version {given}: records of \
         both would mix. Its report can be drawn again (nt report), but this study cannot go on there: give another folder with --out",
        dir.display()
    )]
    OtherMeaning {
        /// The folder.
        dir: std::path::PathBuf,
        /// The version that means what the folder's study does.
        kept: u64,
        /// The same of this study.
        given: u64,
    },
    /// A picture of the data cannot be made.
    #[error(transparent)]
    Picture(#[from] PictureError),
}
