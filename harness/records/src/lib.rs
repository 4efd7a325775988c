//! What a study writes and reads again: records, ledger, manifest, predictions, curves, pictures and the audit's findings.
//!
//! A study's folder holds what its jobs wrote. This crate writes those files so that a crash loses nothing, and reads
//! them back. What they mean is decided elsewhere (`nt-analysis`), and so is how they look (`nt-report`).

pub mod audit;
pub mod curve;
pub mod file;
pub mod ledger;
pub mod manifest;
pub mod metric;
#[cfg(any(test, feature = "mock"))]
pub mod mock;
pub mod number;
pub mod pictures;
pub mod predictions;
pub mod record;
pub mod table;
mod tensor_file;
pub mod verdicts;

/// The version of every file this crate writes; a file with another one is refused.
pub const SCHEMA_VERSION: u32 = 1;

pub use audit::{Audit, AuditError};
pub use curve::{CurvePoint, read_curve, write_curve};
pub use file::{FileError, FileRef, write_atomic};
pub use ledger::{Ledger, LedgerError, LedgerWarning, Shard, read_records, result_digest};
pub use manifest::Manifest;
pub use predictions::Predictions;
pub use record::{Metric, RunRecord, Status};
