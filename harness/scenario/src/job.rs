//! Jobs: one training or evaluation of one replicate each, named by the hash of what it means.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize, Serializer};

use crate::choice::choice;
use crate::job_id::JobId;
use crate::method::Method;
use crate::recipe::Recipe;
use crate::source::SourceKind;
use crate::streams::{APART, RUN_SHIFT};
use crate::train_images::PerClass;
use crate::treatment::Treatment;

choice! {
    /// What a job is for.
    #[derive(PartialOrd, Ord)]
    pub enum Role {
        /// Trains a source network.
        Source = "source",
        /// Tries a setting on validation; never sees a test image.
        Tuning = "tuning",
        /// Gives a cell's score.
        Final = "final",
        /// Trains scratch once more in a replicate. The mean of these runs and the final one is what treatments are
        /// compared with.
        Reference = "reference",
        /// Gives the score of scratch at another budget.
        Ladder = "ladder",
        /// Gives the score of a control outside the family of verdicts.
        Control = "control",
    }
}

impl Role {
    /// Whether its jobs give the score of a cell.
    pub fn scores_a_cell(self) -> bool {
        match self {
            Self::Final | Self::Control => true,
            Self::Source | Self::Tuning | Self::Reference | Self::Ladder => false,
        }
    }

    /// Whether its jobs open a test set.
    pub fn sees_test_images(self) -> bool {
        match self {
            Self::Tuning => false,
            Self::Source | Self::Final | Self::Reference | Self::Ladder | Self::Control => true,
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Which draws a replicate belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReplicateGroup {
    /// The draws that verdicts rest on.
    Study,
    /// Draws of their own, on which settings are searched for once, for all replicates.
    Tuning,
    /// The study's draws of images and source networks, with weights and order of their own: where every replicate searches
    /// for itself.
    Search,
}

/// One draw of everything random.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Replicate {
    /// Which draws it belongs to.
    pub group: ReplicateGroup,
    /// Its number among them, from 0.
    pub index: u32,
    /// Which fresh run of its images it is: 0, but for further runs of scratch.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub run: u32,
}

/// Whether a number is left out.
fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl Replicate {
    /// Replicate `index` of the study.
    pub fn study(index: u32) -> Self {
        Self { group: ReplicateGroup::Study, index, run: 0 }
    }

    /// A further run of scratch in replicate `index` of the study: `run` counts from 1.
    pub fn fresh_run(index: u32, run: u32) -> Self {
        Self { group: ReplicateGroup::Study, index, run }
    }

    /// Replicate `index` of the tuning.
    pub fn tuning(index: u32) -> Self {
        Self { group: ReplicateGroup::Tuning, index, run: 0 }
    }

    /// The search of replicate `index` of the study.
    pub fn search(index: u32) -> Self {
        Self { group: ReplicateGroup::Search, index, run: 0 }
    }

    /// The number that names the streams of what is given to a run: images, split, source network.
    pub fn draw(self) -> u32 {
        match self.group {
            ReplicateGroup::Study | ReplicateGroup::Search => self.index,
            ReplicateGroup::Tuning => self.index | APART,
        }
    }

    /// The number that names the streams of the run itself: fresh weights, order, augmentation, dropout.
    pub fn stream(self) -> u32 {
        match self.group {
            ReplicateGroup::Study => self.index | self.run << RUN_SHIFT,
            ReplicateGroup::Tuning | ReplicateGroup::Search => self.index | APART,
        }
    }
}

impl fmt::Display for Replicate {
    /// `r2` in the study, `t2` in a tuning for all replicates, `s2` in the search of replicate 2; `r2.3` is the third run of
    /// scratch in replicate 2.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let letter = match self.group {
            ReplicateGroup::Study => 'r',
            ReplicateGroup::Tuning => 't',
            ReplicateGroup::Search => 's',
        };
        write!(f, "{letter}{}", self.index)?;
        match self.run {
            0 => Ok(()),
            run => write!(f, ".{}", run + 1),
        }
    }
}

/// One training or evaluation of one replicate.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Job {
    /// Hash of its meaning.
    pub id: JobId,
    /// What a person calls it: `shapes-b/small/near/frozen(3,3)/r2`.
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// Its replicate.
    pub replicate: Replicate,
    /// What it does.
    pub work: Work,
    /// Indices in [`Plan::jobs`](crate::Plan::jobs) of the jobs it needs, each below its own.
    pub needs: Vec<usize>,
    /// The scenario's line it comes from.
    pub line: usize,
    /// Images shown in training, each time counted.
    pub image_steps: u64,
    /// Estimate of the training's multiply–accumulates; frozen layers count their forward pass only.
    pub multiply_accumulates: f64,
}

/// What a job does.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "task", rename_all = "kebab-case")]
pub enum Work {
    /// Train a source network.
    TrainSource(SourceTask),
    /// Train a target network from a treatment, and score it.
    TrainTarget(TargetTask),
}

impl Work {
    /// How the network is trained.
    pub fn recipe(&self) -> &Recipe {
        match self {
            Self::TrainSource(task) => &task.recipe,
            Self::TrainTarget(task) => &task.recipe,
        }
    }

    /// The setting that it runs with.
    pub fn setting(&self) -> &SettingChoice {
        match self {
            Self::TrainSource(task) => &task.setting,
            Self::TrainTarget(task) => &task.setting,
        }
    }

    /// The target network that it trains and scores; none for a source.
    pub fn target(&self) -> Option<&TargetTask> {
        match self {
            Self::TrainSource(_) => None,
            Self::TrainTarget(task) => Some(task),
        }
    }

    /// Number of classes that the network tells apart.
    pub fn num_classes(&self) -> usize {
        match self {
            Self::TrainSource(task) => task.classes.len(),
            Self::TrainTarget(task) => task.classes.len(),
        }
    }

    /// Training images drawn of each class, and those of them that are held out for validation.
    pub fn images_per_class(&self) -> (&PerClass, &PerClass) {
        match self {
            Self::TrainSource(task) => (&task.train_per_class, &task.validation_per_class),
            Self::TrainTarget(task) => (&task.train_per_class, &task.validation_per_class),
        }
    }

    /// Number of images that the network is trained on, without those held out for validation.
    pub fn num_train_images(&self) -> usize {
        let (train, validation) = self.images_per_class();
        train.total(self.num_classes()) - validation.total(self.num_classes())
    }
}

/// A source network's training.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SourceTask {
    /// Index in [`Scenario::sources`](crate::Scenario::sources).
    pub source: usize,
    /// Its kind: any that needs a job. A mean-and-variance source trains nothing (0 steps): its network is drawn with the
    /// mean and variance of the network of the one job that it needs, and has the data and classes of that job.
    pub kind: SourceKind,
    /// Name of its dataset.
    pub data: Arc<str>,
    /// Its classes, in label order.
    pub classes: Arc<[String]>,
    /// Training images of each class, validation images among them; a selffer's are its target's.
    pub train_per_class: PerClass,
    /// Validation images of each class, held out of those.
    pub validation_per_class: PerClass,
    /// How it is trained.
    pub recipe: Arc<Recipe>,
    /// Its learning rate.
    pub setting: SettingChoice,
    /// When the job is run at all; always if `None`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub only_if: Option<OnlyIf>,
    /// Target and size (indices) that a selffer is trained on.
    pub for_target: Option<(usize, usize)>,
    /// What a twin is a twin of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub twin_of: Option<TwinOf>,
}

/// The target that a twin is a twin of.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TwinOf {
    /// Index in [`Scenario::targets`](crate::Scenario::targets).
    pub target: usize,
    /// Images of each class that come before the twin's in the order of the target's replicate: the target's own, of every
    /// size.
    pub after: PerClass,
}

impl SourceTask {
    /// The target whose images it learns from, or whose twin it is.
    pub fn target(&self) -> Option<usize> {
        self.for_target.map(|(target, _)| target).or_else(|| Some(self.twin_of.as_ref()?.target))
    }
}

/// A target network's training and scoring.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TargetTask {
    /// Index in [`Scenario::targets`](crate::Scenario::targets).
    pub target: usize,
    /// Index in [`Target::sizes`](crate::Target::sizes).
    pub size: usize,
    /// Index in [`Scenario::sources`](crate::Scenario::sources); none for scratch.
    pub source: Option<usize>,
    /// Where the weights of the source network come from.
    #[serde(rename = "source_job")]
    pub source_weights: SourceWeights,
    /// The lattice point.
    pub treatment: Treatment,
    /// Name of the treatment it is part of; `scratch` for scratch.
    pub treatment_name: Arc<str>,
    /// Name of its dataset.
    pub data: Arc<str>,
    /// Its classes, in label order.
    pub classes: Arc<[String]>,
    /// Training images of each class, validation images among them.
    pub train_per_class: PerClass,
    /// Validation images of each class, held out of those.
    pub validation_per_class: PerClass,
    /// Test images a class; all if `None`.
    pub test_per_class: Option<usize>,
    /// How it is trained.
    pub recipe: Arc<Recipe>,
    /// How what is not frozen is made.
    pub method: Method,
    /// The one setting that the method is searched for: the learning rate of a training, the L2 strength of a probe.
    pub setting: SettingChoice,
    /// Training length as a multiple of the scenario's.
    pub budget: f64,
    /// When the job is run at all; always if `None`.
    pub only_if: Option<OnlyIf>,
}

/// Where the weights of a source network come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SourceWeights {
    /// No job makes them: scratch copies nothing, and a network that was never trained is drawn from its source's own
    /// stream by every run that copies from it.
    Drawn,
    /// The network of this job, an index in [`Plan::jobs`](crate::Plan::jobs).
    OfJob(usize),
    /// No job makes them: they are read from the source's file.
    OfFile,
}

impl SourceWeights {
    /// The job that has to be done first, if any.
    pub fn job(self) -> Option<usize> {
        match self {
            Self::Drawn | Self::OfFile => None,
            Self::OfJob(job) => Some(job),
        }
    }
}

impl Serialize for SourceWeights {
    /// The job's index, or null.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.job().serialize(serializer)
    }
}

/// Where a setting comes from.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SettingChoice {
    /// Nothing is trained: (8, 8).
    NotTrained,
    /// This value.
    Fixed(f64),
    /// The value with the best mean of the metric on validation images over its trials: a function of them, so that it needs no name.
    Tuned {
        /// The values of the scenario's grid, ascending.
        grid: Arc<[f64]>,
        /// Each value with the jobs that tried it, one a tuning replicate, or the one of its own replicate; those that extend
        /// the grid among them.
        trials: Arc<[Trial]>,
    },
}

/// A value of a setting and the jobs that tried it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Trial {
    /// The value.
    pub value: f64,
    /// Indices of its jobs: one a tuning replicate, or the one of its own replicate.
    pub jobs: Vec<usize>,
}

/// A trial that extends the grid is run only if the trials before it end with the best value on the edge.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OnlyIf {
    /// The value on the edge.
    pub best: f64,
    /// The trials before it.
    pub trials: Arc<[Trial]>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::streams::{MOST_REFERENCE_RUNS, MOST_REPLICATES};

    #[test]
    fn tuning_shares_no_stream_with_the_study() {
        let (study, tuning) = (Replicate::study(3), Replicate::tuning(3));
        assert!(study.draw() != tuning.draw() && study.stream() != tuning.stream());
        assert_eq!((study.to_string(), tuning.to_string()), ("r3".into(), "t3".into()));
    }

    #[test]
    fn a_search_shares_its_images_with_its_replicate_and_nothing_else() {
        let (study, search) = (Replicate::study(3), Replicate::search(3));
        assert_eq!(search.draw(), study.draw());
        assert_ne!(search.stream(), study.stream());
        assert_eq!(search.to_string(), "s3");
    }

    #[test]
    fn every_run_of_scratch_has_streams_of_its_own() {
        let last = (MOST_REPLICATES - 1) as u32;
        let runs =
            (0..MOST_REFERENCE_RUNS as u32).flat_map(|run| [0, last].map(|index| Replicate::fresh_run(index, run)));
        let searches = [0, last].map(Replicate::search);
        let streams: Vec<u32> = runs.chain(searches).map(Replicate::stream).collect();
        let distinct: std::collections::BTreeSet<u32> = streams.iter().copied().collect();
        assert_eq!(distinct.len(), streams.len());
        assert_eq!(Replicate::fresh_run(7, 2).to_string(), "r7.3");
        assert_eq!(Replicate::fresh_run(7, 2).draw(), 7);
    }
}
