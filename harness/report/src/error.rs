//! Why a report cannot be written.

use std::path::PathBuf;

use nt_analysis::AnalysisError;
use nt_disk::FileError;
use nt_disk::shell_word;
use nt_records::curve::CurveError;
use nt_records::examine::ExamineError;
use nt_records::file::FileProblem;
use nt_records::manifest::ManifestError;
use nt_records::predictions::PredictionsError;
use nt_records::table::TableError;
use nt_scenario::Faults;
use thiserror::Error;

use crate::figures::FigureError;
use crate::pictures::PictureError;

/// Why a report cannot be written.
#[derive(Debug, Error)]
pub enum ReportError {
    /// The folder holds no study.
    #[error(
        "{} lacks resolved.toml and scenario.toml; `nt run SCENARIO --out {}` writes them again", dir.display(), shell_word(dir)
    )]
    NoScenario {
        /// The folder.
        dir: PathBuf,
    },
    /// Its scenario cannot be read.
    #[error(
        "the scenario in {} is damaged; `nt run SCENARIO --out {}` writes it again\n{}", dir.display(), shell_word(dir), first_of(faults)
    )]
    Scenario {
        /// The folder.
        dir: PathBuf,
        /// Every fault.
        faults: Faults,
    },
    /// Its records or its manifest cannot be read.
    #[error(transparent)]
    Folder(#[from] ExamineError),
    /// Its manifest cannot be written.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// Its runs cannot be compared.
    #[error(transparent)]
    Analysis(#[from] AnalysisError),
    /// A figure cannot be drawn.
    #[error(transparent)]
    Figure(#[from] FigureError),
    /// A learning curve cannot be read.
    #[error(transparent)]
    Curve(#[from] CurveError),
    /// A table cannot be written.
    #[error(transparent)]
    Table(#[from] TableError),
    /// A picture cannot be shown.
    #[error(transparent)]
    Picture(#[from] PictureError),
    /// A record's file cannot be read now, which says nothing of its contents.
    #[error("{path} {problem}")]
    Unreadable {
        /// The file, relative to the study's folder.
        path: String,
        /// Why.
        problem: FileProblem,
    },
    /// The predictions were left out.
    #[error("the predictions of {} were left out on purpose (nt strip); `nt run SCENARIO --out FOLDER` makes them again", dir.display())]
    Stripped {
        /// The folder.
        dir: PathBuf,
    },
    /// The system refused.
    #[error(transparent)]
    File(#[from] FileError),
}

impl ReportError {
    /// Whether a file of a record is not as it was written.
    pub(crate) fn is_of_contents(&self) -> bool {
        if let Self::Analysis(AnalysisError::Predictions { source: PredictionsError::File { problem, .. }, .. })
        | Self::Curve(CurveError::File { problem, .. }) = self
        {
            return problem.is_lasting();
        }
        false
    }
}

/// The first faults of a scenario, without what one does about them in a scenario that one writes.
fn first_of(faults: &Faults) -> String {
    const MOST: usize = 20;
    faults.0.iter().take(MOST).map(ToString::to_string).collect::<Vec<_>>().join("\n")
}
