//! Records to ledger, analysis, figures and pages, for nt.
//!
//! A study's folder holds what its jobs wrote; this crate writes those files so that a crash loses nothing, reads them
//! back, decides every cell, and draws the report from them alone: no training, no data.

pub mod analysis;
pub mod audit;
pub mod curve;
pub mod figures;
pub mod file;
pub mod foreign;
pub mod ledger;
pub mod manifest;
pub mod metric;
#[cfg(test)]
mod mock;
pub mod number;
pub mod pictures;
pub mod power;
pub mod predictions;
pub mod record;
pub mod registration;
pub mod report;
pub mod study;
pub mod tables;
mod tensor_file;
pub mod tensorboard;

/// The version of every file this crate writes; a file with another one is refused.
pub const SCHEMA_VERSION: u32 = 1;

pub use audit::{Audit, AuditError};
pub use curve::{CurvePoint, read_curve, write_curve};
pub use file::{FileError, FileRef, write_atomic};
pub use ledger::{Ledger, LedgerError, LedgerWarning, Shard, read_records, result_digest};
pub use manifest::Manifest;
pub use predictions::Predictions;
pub use record::{Metric, RunRecord, Status};
pub use registration::preregistration;
pub use report::{ReportError, ReportSummary, report};
pub use study::Study;
