//! TOML to a checked scenario to a plan of jobs, for nt.
//!
//! A scenario's text becomes a [`Scenario`], valid by construction, or [`Faults`]: every fault at once, each at its
//! line. With the [`Facts`] about its datasets, a scenario becomes a [`Plan`]: jobs, what they need, and the cells they
//! fill. This crate reads no file and trains nothing.
//!
//! ```
//! use nt_scenario::Scenario;
//!
//! let faults = Scenario::parse("version = 2\n[modle]\n", "x.toml").unwrap_err();
//! assert!(faults.to_string().contains("did you mean \"model\"?"));
//! ```
//!
//! | stage | module |
//! |---|---|
//! | places and faults | `place`, [`diagnostic`] |
//! | text → [`toml`]'s spanned table → typed values that know their place | `reader`, `raw` |
//! | what a kind's keys mean, one file a kind | [`data`], [`source`], [`method`], [`architecture`] |
//! | names resolve, numbers are in range, defaults are written in, classes exist, splits fit | `check` |
//! | lattice points, sources, tuning, identity, cost | [`plan`] |

pub mod architecture;
pub mod choice;
pub mod data;
pub mod diagnostic;
pub mod job;
pub mod labels;
pub mod method;
pub mod metric;
pub mod network;
pub mod plan;
pub mod recipe;
pub mod scenario;
pub mod source;
pub mod treatment;
pub mod vocabulary;

mod check;
mod count;
mod facts;
mod identity;
mod job_id;
mod kind;
mod migrate;
#[cfg(any(test, feature = "mock"))]
pub mod mock;
mod overrides;
mod place;
mod raw;
mod reader;
mod resolved;
mod standardisation;
mod streams;
mod suggest;
mod train_images;
mod writer;

pub use architecture::Architecture;
pub use choice::{Choice, ChoiceOf, Initialiser, Precision, SearchOf};
pub use count::thousands;
pub use data::{
    CIFAR10_CLASSES, Cifar10BinaryData, ClusterPattern, Data, DataFacts, ImageFolderData, Known, PictureFit, Resampler,
    Resizing, SyntheticData, default_data_seed,
};
pub use diagnostic::{Code, Diagnostic, Faults, Severity};
pub use facts::Facts;
pub use job::{
    Job, OnlyIf, Replicate, ReplicateGroup, Role, SettingChoice, SourceTask, SourceWeights, TargetTask, Trial, TwinOf,
    Work,
};
pub use job_id::{JobId, JobIdError};
pub use labels::{ClassSets, LabelKind, Labels};
pub use method::{Fit, FrozenDepths, Method, SettingName};
pub use metric::Metric;
pub use migrate::Migration;
pub use network::NetworkShape;
pub use overrides::apply_set;
pub use place::Place;
pub use plan::{Cell, Cost, Plan, PlanError};
pub use raw::Version;
pub use recipe::{Augmentation, Length, Named, Recipe, Schedule, Settings, StepInterval, Warmup};
pub use scenario::{
    Model, Primary, SCRATCH, Scenario, Size, StudySettings, Target, TrainingSettings, TreatmentRange, Tuning,
    VerdictSettings,
};
pub use source::{Learning, Pretraining, Source, SourceKind, SourceNetwork, Standing, Weights, WeightsFacts};
pub use standardisation::Standardisation;
pub use train_images::{PerClass, TrainImages};
pub use treatment::{Lattice, SameClasses, Treatment, TreatmentError};
