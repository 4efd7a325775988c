//! Records to ledger, analysis, figures and pages, for nt.
//!
//! A study's folder holds what its jobs wrote; this crate writes those files so that a crash loses nothing, reads them
//! back, decides every cell, and draws the report from them alone: no training, no data.

pub mod file;
pub mod ledger;
pub mod metric;
pub mod number;
pub mod record;

/// The version of every file this crate writes; a file with another one is refused.
pub const SCHEMA_VERSION: u32 = 1;

pub use file::{FileError, FileRef, write_atomic};
pub use ledger::{Ledger, LedgerError, LedgerWarning};
pub use record::{Metric, RunRecord, Status};
