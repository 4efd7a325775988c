//! The interface between the scheduler and whatever runs a job.

use nt_records::pictures::{Filters, Thumbnails};
use nt_records::{CurvePoint, Metric, Predictions, RunRecord, Status};
use nt_scenario::{Job, Method, SettingChoice, TargetTask};

/// What a job needs of the jobs before it.
pub trait Upstream: Sync {
    /// The record of a finished job, by its index in the plan.
    fn record(&self, job: usize) -> Option<RunRecord>;

    /// The contents of the file that a finished job wrote below a folder (`networks`), checked against its hash.
    ///
    /// # Errors
    /// Why it cannot be read, as a clause about the file.
    fn file(&self, job: usize, folder: &str) -> Result<Vec<u8>, String>;
}

/// Files of a job, each named after it.
#[derive(Clone, Debug, Default)]
pub struct Artifacts {
    /// What the network said of every test image.
    pub predictions: Option<Predictions>,
    /// How the training went; empty where nothing was trained.
    pub curve: Vec<CurvePoint>,
    /// The network, as safetensors.
    pub network: Option<Vec<u8>>,
    /// What the report shows and no result depends on.
    pub pictures: Pictures,
}

/// Pictures that only one job of many writes, because they are the same in all, or because one replicate's are enough.
#[derive(Clone, Debug, Default)]
pub struct Pictures {
    /// The test images of a target, small, with its name.
    pub thumbnails: Option<(String, Thumbnails)>,
    /// The network's first layer.
    pub filters: Option<Filters>,
}

/// What a job yields: everything of its record that is not in the plan.
#[derive(Clone, Debug)]
pub struct JobOutput {
    /// How it ended.
    pub status: Status,
    /// Peak learning rate; NaN where nothing was trained.
    pub learning_rate: f64,
    /// Strength of L2 regularisation of a probe.
    pub l2: Option<f64>,
    /// Whether that rate is an end of the grid searched.
    pub learning_rate_on_edge: bool,
    /// What it measured.
    pub metrics: Vec<Metric>,
    /// What is written beside the record.
    pub artifacts: Artifacts,
    /// How often it opened the test set.
    pub test_openings: u32,
}

impl JobOutput {
    /// A job that could not be run.
    pub fn failed(reason: impl Into<String>) -> Self {
        Self {
            status: Status::Failed { reason: reason.into() },
            learning_rate: f64::NAN,
            l2: None,
            learning_rate_on_edge: false,
            metrics: Vec::new(),
            artifacts: Artifacts::default(),
            test_openings: 0,
        }
    }

    /// A trial beyond an edge of its grid that was not needed.
    pub fn unneeded(task: &TargetTask) -> Self {
        let value = match task.setting {
            SettingChoice::Fixed(value) => Some(value),
            SettingChoice::NotTrained | SettingChoice::Tuned { .. } => None,
        };
        let is_probe = task.method == Method::Probe;
        Self {
            status: Status::Unneeded,
            learning_rate: value.filter(|_| !is_probe).unwrap_or(f64::NAN),
            l2: value.filter(|_| is_probe),
            ..Self::failed(String::new())
        }
    }
}

/// Why a job was abandoned. Nothing is recorded of it, and the same command runs it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Abandoned {
    /// The user asked to stop.
    Stopped,
    /// The device failed, for this reason. That says nothing about the job.
    Device(String),
}

/// Runs jobs: the one that trains networks, or a mock with a known answer.
pub trait Executor: Sync {
    /// Runs one job whose needs are recorded. A job that fails yields an output that says so, not an error.
    ///
    /// # Errors
    /// [`Abandoned`] if the user asked to stop or the device failed.
    fn execute(&self, job: &Job, upstream: &dyn Upstream) -> Result<JobOutput, Abandoned>;
}
