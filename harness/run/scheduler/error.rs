//! Why a run ends before its last job.

use nt_records::LedgerError;
use nt_records::curve::CurveError;
use nt_records::pictures::PicturesError;
use nt_records::predictions::PredictionsError;

/// Why a run ended before its last job.
#[derive(Debug, thiserror::Error)]
pub enum ScheduleError {
    /// A record or a file of a job could not be written.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// A file of predictions could not be written.
    #[error(transparent)]
    Predictions(#[from] PredictionsError),
    /// A training curve could not be written.
    #[error(transparent)]
    Curve(#[from] CurveError),
    /// A picture for the report could not be written.
    #[error(transparent)]
    Pictures(#[from] PicturesError),
    /// The device, the disk or the data failed.
    #[error("{name} could not be run: {reason}\n  what is recorded stays; run the same command to resume")]
    Environment {
        /// The job.
        name: String,
        /// Why.
        reason: String,
    },
    /// Jobs are left of which none can begin.
    #[error("{left} jobs wait for what never comes: this is a fault of nt, please report it; what is recorded stays")]
    Stalled {
        /// Jobs that are left.
        left: usize,
    },
    /// The threads that run jobs could not be started.
    #[error("cannot run {jobs} jobs at a time: {source}; give fewer --jobs, or allow more threads (`ulimit -u`)")]
    Workers {
        /// Jobs at a time.
        jobs: usize,
        /// Why.
        source: std::io::Error,
    },
    /// A job panicked.
    #[error(
        "{name} ended in a panic ({message}): this is a fault of nt, please report it with the scenario; what is recorded stays"
    )]
    Panicked {
        /// The job.
        name: String,
        /// What it said.
        message: String,
    },
    /// The threads of a job could not be started.
    #[error(
        "cannot start {jobs} jobs of {threads} {} each: {source}; give fewer --jobs or --threads, or allow more (`ulimit -u`)",
        if *threads == 1 { "thread" } else { "threads" }
    )]
    Threads {
        /// Jobs at a time.
        jobs: usize,
        /// Threads a job.
        threads: usize,
        /// Why.
        source: rayon::ThreadPoolBuildError,
    },
}
