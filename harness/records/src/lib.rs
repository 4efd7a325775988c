//! What a study writes and reads again: records, ledger, manifest, predictions, curves, pictures and the audit's
//! findings.
//!
//! A study's folder holds what its jobs wrote. This crate writes those files so that a crash loses nothing, and reads
//! them back. What they mean is decided elsewhere (`nt-analysis`), and so is how they look (`nt-report`).

pub mod audit;
pub mod curve;
pub mod examine;
pub mod faults;
pub mod file;
pub mod ledger;
pub mod manifest;
pub mod measure;
#[cfg(any(test, feature = "mock"))]
pub mod mock;
pub mod names;
pub mod number;
pub mod pictures;
pub mod predictions;
pub mod record;
pub mod registration;
pub mod setting;
pub mod strip;
pub mod table;
mod tensor_file;
pub mod text;
pub mod verdicts;
pub mod version;

pub use audit::{Audit, AuditError};
pub use curve::{CurvePoint, read_curve, write_curve};
pub use file::{FileProblem, FileRef};
pub use ledger::{Ledger, LedgerError, LedgerWarning, Shard, read_records, result_digest};
pub use manifest::Manifest;
pub use measure::{Measure, Measured};
pub use predictions::Predictions;
pub use record::{RunRecord, Status};
pub use setting::Setting;
