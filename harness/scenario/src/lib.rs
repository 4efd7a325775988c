//! TOML to a checked scenario to a plan of jobs, for nt.
//!
//! A scenario's text becomes a [`Scenario`], valid by construction, or [`Faults`]: every fault at once, each at its
//! line. With the [`Facts`] about its datasets a scenario becomes a [`Plan`]: jobs, what they need, and the cells they
//! fill. This crate reads no file and trains nothing.
//!
//! ```
//! use nt_scenario::Scenario;
//!
//! let faults = Scenario::parse("version = 1\n[modle]\n", "x.toml").unwrap_err();
//! assert!(faults.to_string().contains("did you mean \"model\"?"));
//! ```
//!
//! | stage | module |
//! |---|---|
//! | text → [`toml`]'s spanned table → typed values that know their place | `reader`, `raw` |
//! | names resolve, numbers are in range, defaults are written in | `check` |
//! | classes exist, splits fit | `facts` |
//! | lattice points, sources, tuning, identity, cost | `plan` |

pub mod choice;
pub mod data;
pub mod diagnostic;
pub mod job;
pub mod labels;
pub mod metric;
pub mod network;
pub mod origin;
pub mod plan;
pub mod recipe;
pub mod scenario;
pub mod treatment;
pub mod vocabulary;

mod check;
mod identity;
mod overrides;
mod raw;
mod reader;
mod resolved;
mod suggest;

pub use choice::{Choice, Initialiser, Precision};
pub use data::{CIFAR10_CLASSES, Data, DataFacts, Facts, ImageFolderData, SyntheticData, default_data_seed};
pub use diagnostic::{Code, Diagnostic, Faults, Severity};
pub use job::{
    Job, JobId, JobIdError, OnlyIf, Replicate, ReplicateGroup, Role, SettingChoice, SourceTask, TargetTask, Trial, Work,
};
pub use labels::{ClassSets, LabelKind, Labels};
pub use metric::Metric;
pub use network::{Architecture, NetworkShape};
pub use origin::Place;
pub use overrides::apply_set;
pub use plan::{Cell, Cost, Plan, PlanError};
pub use recipe::{Augmentation, Length, Recipe, Schedule, Settings, StepInterval};
pub use scenario::{
    Fit, FrozenDepths, Model, Pretraining, SCRATCH, Scenario, SelfTraining, Size, Source, SourceKind, SourceNetwork,
    Study, Target, Training, TreatmentRange, Tuning, VerdictSettings,
};
pub use treatment::{Method, SameClasses, Treatment, TreatmentError};
