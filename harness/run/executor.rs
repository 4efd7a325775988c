//! The interface between the scheduler and whatever runs a job.

use crate::train::AtChance;
use nt_records::file::FileProblem;
use nt_records::pictures::{Filters, Thumbnails};
use nt_records::{CurvePoint, Measured, Predictions, RunRecord, Setting, Status};
use nt_scenario::{Job, Method, SettingChoice, SettingName};

/// What a job needs of the jobs before it, and of the study that it is part of.
pub trait Upstream: Sync {
    /// The record of a finished job, by its index in the plan.
    fn record(&self, job: usize) -> Option<RunRecord>;

    /// The contents of the file that a finished job wrote below a folder (`networks`), checked against its hash.
    ///
    /// # Errors
    /// [`UpstreamError`], a clause about the job, if the file cannot be read.
    fn file(&self, job: usize, folder: &str) -> Result<Vec<u8>, UpstreamError>;

    /// What becomes of a source, of scratch, or of their trials, if it learns nothing.
    fn at_chance(&self, job: &Job) -> AtChance;
}

/// Why the file of a finished job cannot be read, as a clause about the job.
#[derive(Debug, thiserror::Error)]
pub enum UpstreamError {
    /// There is no record of the job.
    #[error("is not recorded")]
    NotRecorded,
    /// The job wrote no file there.
    #[error("has no file in {folder}/")]
    NoFile {
        /// The folder.
        folder: String,
    },
    /// The file is not what the record refers to.
    #[error("{path} {problem}")]
    File {
        /// The file, relative to the study's folder.
        path: String,
        /// What is wrong with it.
        problem: FileProblem,
    },
}

/// Files of a job, each named after it.
#[derive(Clone, Debug, Default)]
pub struct Artifacts {
    /// What the network said of every test image.
    pub predictions: Option<Predictions>,
    /// How the training went; empty where nothing was trained.
    pub curve: Vec<CurvePoint>,
    /// The network, as safetensors: a source's, or that of a judged run where it is kept.
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
    /// The setting that it ran with; none where nothing was fitted.
    pub setting: Option<Setting>,
    /// Whether that setting is an end of the grid searched.
    pub setting_on_edge: bool,
    /// What it measured.
    pub metrics: Vec<Measured>,
    /// What is written beside the record.
    pub artifacts: Artifacts,
    /// How often it opened the test set.
    pub test_openings: u32,
}

impl JobOutput {
    /// A job that ended in this way, of which nothing else is known yet.
    pub fn ended(status: Status) -> Self {
        Self {
            status,
            setting: None,
            setting_on_edge: false,
            metrics: Vec::new(),
            artifacts: Artifacts::default(),
            test_openings: 0,
        }
    }

    /// A job that cannot be run, since what it needs did not train.
    pub fn failed(reason: impl Into<String>) -> Self {
        Self::ended(Status::Failed { reason: reason.into() })
    }

    /// A trial beyond an edge of its grid that was not needed.
    pub fn unneeded(method: Method, setting: &SettingChoice) -> Self {
        let setting = match setting {
            SettingChoice::Fixed(value) => Some(setting_of(method, *value)),
            SettingChoice::NotTrained | SettingChoice::Tuned { .. } => None,
        };
        Self { setting, ..Self::ended(Status::Unneeded) }
    }
}

/// The setting that a method calls this value.
fn setting_of(method: Method, value: f64) -> Setting {
    match method.setting() {
        SettingName::LearningRate => Setting::LearningRate(value),
        SettingName::L2 => Setting::L2(value),
    }
}

/// Why a job was abandoned. Nothing is recorded of it, and the same command runs it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Abandoned {
    /// The user asked to stop.
    Stopped,
    /// The device, the disk or the data failed, for this reason. That says nothing about the job.
    Environment(String),
    /// It learned nothing after a tenth of its steps, as this clause says, and what depends on it would learn from nothing.
    AtChance(String),
}

/// Runs jobs: the one that trains networks, or a mock with a known answer.
pub trait Executor: Sync {
    /// Runs one job whose needs are recorded. A job that diverges, or whose needs did, yields an output that says so, not an error.
    ///
    /// # Errors
    /// [`Abandoned`] if the user asked to stop, the device or the disk failed, or the job learns nothing.
    fn execute(&self, job: &Job, upstream: &dyn Upstream) -> Result<JobOutput, Abandoned>;
}
