//! From an analysis to figures, tables and pages: the report of a study, drawn from its folder alone.
//!
//! [`report`] reads what a study wrote, decides it (`nt-analysis`) and writes tables, figures, `report.md` and one
//! self-contained `index.html`. It needs no training and no data, and writes the same bytes each time.

mod damage;
mod error;
pub mod figures;
mod markdown;
mod material;
mod page;
mod paper;
mod pictures;
mod shown;
mod study_report;
mod summary;
pub mod tables;
pub mod tensorboard;
#[cfg(test)]
mod tests;
mod words;

pub use error::ReportError;
pub use pictures::PictureError;
pub use study_report::report;
pub use summary::ReportSummary;
