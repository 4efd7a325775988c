//! From a plan to records: what a job does, in which order jobs run, and what a finished study writes.

mod estimate;
mod executor;
mod kept;
mod memory;
mod pictures;
mod progress;
mod registry;
mod scheduler;
mod store;
mod study;
#[cfg(test)]
mod tests;
mod training;
mod tuning;
mod verify;
pub mod weights;

pub use estimate::measured_rate;
pub use executor::{Abandoned, Artifacts, Executor, JobOutput, Pictures, Upstream, UpstreamError};
pub use memory::DataMemory;
pub use pictures::PictureError;
pub use progress::Progress;
pub use registry::{Registry, broken_images, survey};
pub use scheduler::{ScheduleError, Scheduler, Tally};
pub use store::Store;
pub use study::{OpenStudy, RunOptions, StudyError};
pub use training::TrainingExecutor;
pub use verify::{Difference, Verification, verify};
