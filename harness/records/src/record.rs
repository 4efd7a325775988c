//! One job's outcome.

use nt_scenario::{JobId, Method, Role};
use serde::{Deserialize, Serialize};

use crate::file::FileRef;
use crate::measure::{Measure, Measured};
use crate::number;
use crate::setting::Setting;

/// The version of a record. It is hashed into every digest, and so are the names and the order of what
/// [`RunRecord::meaning_bytes`] holds: raise it only where a record means something else.
pub const RECORD_VERSION: u32 = 1;

/// What one job was, how it ended, and what it measured: one line of `runs.jsonl`.
///
/// A job that is not about a target (a source's training) has no target; one from no source (scratch) has no source.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunRecord {
    /// [`RECORD_VERSION`] of the program that wrote it.
    pub schema_version: u32,
    /// Hash of the job's meaning.
    pub job: JobId,
    /// The job's name for people: `shapes-b/small/near/frozen(3,3)/r2`.
    pub name: String,
    /// The study that ran it.
    pub study: String,
    /// Its purpose in the study.
    pub role: Role,
    /// Where the copied layers come from; none for scratch.
    pub source: Option<String>,
    /// The similarity the scenario declares of that source.
    pub similarity: Option<String>,
    /// The task it is judged on; none for a source's own training.
    pub target: Option<String>,
    /// Name of the target's size.
    pub size: Option<String>,
    /// Name of the treatment, `scratch` for (0,0).
    pub treatment: String,
    /// Learned layers copied from the source.
    pub copied: u8,
    /// Learned layers frozen, of those copied.
    pub frozen: u8,
    /// How the layers that are not frozen were fitted. Older records lack it: they are all trainings.
    #[serde(default)]
    pub method: Method,
    /// Number of the replicate, among those of its role.
    pub replicate: u32,
    /// Which fresh run of the replicate's images it is: 0, but for further runs of scratch.
    #[serde(default, skip_serializing_if = "is_first")]
    pub run: u32,
    /// Training length as a multiple of the scenario's: 1, except on the scratch ladder.
    #[serde(with = "number")]
    pub budget: f64,
    /// Peak learning rate of a training; `None` if nothing was trained. On disk, `None` is the number NaN.
    #[serde(with = "number::or_nan")]
    pub learning_rate: Option<f64>,
    /// Strength of the L2 regularisation of a probe; `None` for a training.
    #[serde(default)]
    pub l2: Option<f64>,
    /// Whether the setting, be it a rate or a strength, is the smallest or the largest of the grid searched.
    #[serde(rename = "learning_rate_on_edge")]
    pub setting_on_edge: bool,
    /// Backend, precision and version of the arithmetic; a contrast never mixes two.
    pub numerics: String,
    /// How it ended.
    pub status: Status,
    /// What it measured.
    pub metrics: Vec<Measured>,
    /// Files it wrote.
    pub files: Vec<FileRef>,
    /// How often it opened the test labels: once, after training, or never.
    pub test_openings: u32,
    /// How long it took. No part of its meaning.
    #[serde(with = "number")]
    pub wall_seconds: f64,
}

/// Whether the number of a run is left out.
fn is_first(run: &u32) -> bool {
    *run == 0
}

/// How a job ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "lowercase", deny_unknown_fields)]
pub enum Status {
    /// It ran to its end.
    Done,
    /// Its loss was no longer finite: "did not train".
    Diverged {
        /// Where and how.
        reason: String,
    },
    /// It could not be run.
    Failed {
        /// Why.
        reason: String,
    },
    /// A trial beyond an edge of its grid that was not needed: the best value did not lie on that edge.
    Unneeded,
}

impl Status {
    /// The word in tables for a run that ran to its end.
    pub const DONE: &'static str = "done";
    /// The word in tables for a run that did not train.
    pub const DIVERGED: &'static str = "diverged";

    /// Its word in tables: `done`, `diverged`, `failed` or `unneeded`.
    pub fn word(&self) -> &'static str {
        match self {
            Status::Done => Self::DONE,
            Status::Diverged { .. } => Self::DIVERGED,
            Status::Failed { .. } => "failed",
            Status::Unneeded => "unneeded",
        }
    }
}

impl RunRecord {
    /// What was measured of this, if it was.
    pub fn measured(&self, measure: Measure) -> Option<&Measured> {
        self.metrics.iter().find(|measured| measured.measure == measure)
    }

    /// The value that was measured of this, if it was.
    pub fn value(&self, measure: Measure) -> Option<f64> {
        self.measured(measure).map(|measured| measured.value)
    }

    /// The setting it ran with; `None` if nothing was fitted.
    pub fn setting(&self) -> Option<Setting> {
        self.l2.map(Setting::L2).or(self.learning_rate.map(Setting::LearningRate))
    }

    /// The file below a folder of the study (`predictions`, `curves`, `networks`), if the job wrote one.
    pub fn file_in(&self, folder: &str) -> Option<&FileRef> {
        self.files.iter().find(|file| file.path.split_once('/').is_some_and(|(first, _)| first == folder))
    }

    /// Everything that running the same job again must reproduce, in an unambiguous encoding: all fields except the
    /// wall time.
    ///
    /// Pictures are left out, because no result depends on them. A target's network is, because the user chooses whether to keep it. A source's network is included,
    /// because other networks are trained from it. The names of study and treatment are labels, and left out as they
    /// are from the job's identity.
    pub fn meaning_bytes(&self) -> Vec<u8> {
        let mut bytes = Meaning(Vec::with_capacity(512));
        bytes.number(u64::from(RECORD_VERSION)).text(&self.job.to_string()).text(self.role.word());
        for part in [&self.source, &self.target, &self.size] {
            bytes.optional(part.as_deref());
        }
        bytes.number(u64::from(self.copied)).number(u64::from(self.frozen)).number(u64::from(self.replicate));
        bytes.float(self.budget).float(self.learning_rate.unwrap_or(f64::NAN)).number(u64::from(self.setting_on_edge));
        bytes.text(&self.numerics).text(self.status.word()).number(u64::from(self.test_openings));
        bytes.number(self.metrics.len() as u64);
        for metric in &self.metrics {
            bytes.text(&metric.measure.to_string()).float(metric.value).number(metric.n);
        }
        // Written for probes only, so that the digest of a study without probes stays what it was.
        if let Some(l2) = self.l2 {
            bytes.text(self.method.word()).float(l2);
        }
        if !is_first(&self.run) {
            bytes.number(u64::from(self.run));
        }
        let is_target = self.target.is_some();
        let is_chosen = |file: &FileRef| is_target && file.path.starts_with("networks/");
        for file in self.files.iter().filter(|file| !file.is_picture() && !is_chosen(file)) {
            bytes.text(&file.path).number(file.bytes).text(&file.blake3);
        }
        bytes.0
    }

    /// BLAKE3 of [`Self::meaning_bytes`], hex.
    pub fn digest(&self) -> String {
        blake3::hash(&self.meaning_bytes()).to_hex().to_string()
    }
}

/// Fields one after the other, each of known length, so that no two records read the same.
struct Meaning(Vec<u8>);

impl Meaning {
    fn number(&mut self, value: u64) -> &mut Self {
        self.0.extend_from_slice(&value.to_le_bytes());
        self
    }

    fn float(&mut self, value: f64) -> &mut Self {
        self.number(number::canonical_bits(value))
    }

    fn text(&mut self, value: &str) -> &mut Self {
        self.number(value.len() as u64);
        self.0.extend_from_slice(value.as_bytes());
        self
    }

    fn optional(&mut self, value: Option<&str>) -> &mut Self {
        match value {
            None => self.number(0),
            Some(value) => self.number(1).text(value),
        }
    }
}
