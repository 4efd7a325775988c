//! TOML to a checked scenario to a plan of jobs, for nt.
//!
//! A scenario's text becomes a [`Scenario`], valid by construction, or [`Faults`]: every fault at once, each at its
//! line. With the [`Facts`] about its datasets a scenario becomes a [`Plan`]: jobs, what they need, and the cells they
//! fill. This crate reads no file and trains nothing.
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
pub mod network;
pub mod origin;
pub mod recipe;
pub mod scenario;
pub mod treatment;
pub mod vocabulary;

mod raw;
mod suggest;

pub use choice::{Choice, Initialiser, Metric};
pub use data::{CIFAR10_CLASSES, Data, DataFacts, Facts, ImageFolderData, SyntheticData, default_data_seed};
pub use diagnostic::{Code, Diagnostic, Faults, Severity};
pub use job::{
    Job, JobId, JobIdError, LearningRateChoice, Replicate, ReplicateGroup, Role, SourceTask, TargetTask, Trial, Work,
};
pub use network::{Architecture, NetworkShape};
pub use origin::Place;
pub use recipe::{Augmentation, Length, Recipe, Schedule, Settings, StepInterval};
pub use scenario::{
    FrozenDepths, Model, Pretraining, Scenario, SelfTraining, Size, Source, SourceKind, SourceNetwork, Study, Target,
    Training, TreatmentRange, Tuning, VerdictSettings,
};
pub use treatment::{SameClasses, Treatment, TreatmentError};
