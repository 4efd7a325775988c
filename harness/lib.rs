//! nt, the negative-transfer benchmark: does knowledge from this source hurt on that target, with this recipe?
//!
//! A scenario in TOML ([`nt_scenario`]) names sources, targets, sizes and treatments. [`run`] expands it into jobs,
//! which [`train`] AlexNets ([`model`]) on [`data`] with the kernels of [`nt_kernels`], and records them ([`nt_records`]),
//! after an [`audit`] of the data. [`nt_analysis`] decides each cell with [`nt_stats`], and [`nt_report`] draws the report.
//! Modules use those before them in this list: `terminal`, `data`, `model`, `train`, `audit`, `run`, `cli`.

pub mod audit;
pub mod cli;
pub mod data;
pub mod model;
pub mod run;
mod terminal;
pub mod train;
