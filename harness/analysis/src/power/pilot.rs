//! Variance components from a finished study's `verdicts.json`.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use nt_stats::crossed::VarianceComponents;
use serde::Deserialize;
use thiserror::Error;

use super::PowerError;
use nt_disk::FileError;
use nt_records::file::FileRef;
use nt_records::manifest::Manifest;
use nt_records::names::is_study;
use nt_records::verdicts::{VERDICTS_VERSION, VarianceRow};
use nt_records::version;
use nt_scenario::Metric;

/// What holds the verdicts of a folder.
const VERDICTS_FILE: &str = "verdicts.json";

/// A finished study, as far as power needs it.
#[derive(Debug, Clone, PartialEq)]
pub struct Pilot {
    study: String,
    /// The metric that its verdicts were given on.
    metric: Metric,
    cells: Vec<Cell>,
}

#[derive(Debug, Clone, PartialEq)]
struct Cell {
    target: String,
    /// Whether its source knows nothing.
    is_control: bool,
    num_replicates: usize,
    components: VarianceComponents,
}

/// Why a folder cannot serve as a pilot.
#[derive(Debug, Error)]
pub enum PilotError {
    /// Its verdicts cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// They are malformed.
    #[error("{} is not a verdicts.json that this program reads ({source}); draw it again by nt report", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What the reader says.
        source: serde_json::Error,
    },
    /// They are not as they were written.
    #[error("{} is not as it was written: draw it again by nt report", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
    },
    /// There are none.
    #[error("{} is not there: draw the report of that study with nt report, or give the folder of a finished one", path.display())]
    NoVerdicts {
        /// The file.
        path: PathBuf,
    },
    /// Its manifest is missing or damaged, so that nothing says whether its verdicts are as they were written.
    #[error("{} has lost its manifest, or has a damaged one: run its study again with nt run, which writes it", dir.display())]
    NoManifest {
        /// The folder.
        dir: PathBuf,
    },
    /// They are of another version.
    #[error("{} has schema_version {found}, and up to {VERDICTS_VERSION} is read; draw it again by nt report", path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// The version found.
        found: u32,
    },
    /// No contrast has variance components.
    #[error(
        "{} holds no variance components: these need two replicates and two test images in a cell, and a report drawn by \
         this version; run nt report on the folder, or run more replicates",
        path.display()
    )]
    NoVariance {
        /// The file.
        path: PathBuf,
    },
}

#[derive(Deserialize)]
struct File {
    schema_version: u32,
    study: String,
    /// Sources that know nothing.
    untrained: Vec<String>,
    verdicts: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    source: String,
    target: String,
    metric: String,
    n: usize,
    variance: Option<VarianceRow>,
}

impl Pilot {
    /// Reads the verdicts of a study's folder.
    ///
    /// # Errors
    /// [`PilotError`] says what is missing and how to get it.
    pub fn read(dir: &Path) -> Result<Self, PilotError> {
        let path = dir.join(VERDICTS_FILE);
        let bytes = match nt_disk::read(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Err(PilotError::NoVerdicts { path }),
            read => read.map_err(FileError::at("read", &path))?,
        };
        // A folder of `nt analyze` has neither manifest nor records. A study that has lost its manifest says nothing of its verdicts.
        let manifest = match Manifest::read(dir) {
            Ok(Some(manifest)) => Some(manifest),
            Ok(None) if !is_study(dir) => None,
            Ok(None) | Err(_) => return Err(PilotError::NoManifest { dir: dir.to_owned() }),
        };
        let listed = manifest.iter().flat_map(|manifest| &manifest.files).find(|file| file.path == VERDICTS_FILE);
        if listed.is_some_and(|file| *file != FileRef::new(VERDICTS_FILE, &bytes)) {
            return Err(PilotError::Damaged { path });
        }
        let file: File = match serde_json::from_slice(&bytes) {
            Ok(file) => file,
            Err(source) => return Err(PilotError::Format { path, source }),
        };
        if !version::is_readable(file.schema_version.into(), VERDICTS_VERSION) {
            return Err(PilotError::Version { path, found: file.schema_version });
        }
        let metrics: Vec<Metric> = Metric::ALL
            .iter()
            .copied()
            .filter(|metric| file.verdicts.iter().any(|row| row.metric == metric.name()))
            .collect();
        let mut is_damaged = false;
        let cells = file.verdicts.into_iter().filter_map(|row| {
            let VarianceRow { replicate, example, residual } = row.variance?;
            let is_possible = |variance: f64| variance.is_finite() && (0.0..=1e6).contains(&variance);
            if ![replicate, example, residual].into_iter().all(is_possible) {
                is_damaged = true;
                return None;
            }
            let components = VarianceComponents { replicate, example, residual };
            let is_control = file.untrained.contains(&row.source);
            Some(Cell { target: row.target, is_control, num_replicates: row.n, components })
        });
        let cells: Vec<Cell> = cells.collect();
        if is_damaged {
            return Err(PilotError::Damaged { path });
        }
        let (&[metric], false) = (metrics.as_slice(), cells.is_empty()) else {
            return Err(PilotError::NoVariance { path });
        };
        Ok(Self { study: file.study, metric, cells })
    }

    /// Checks that its verdicts were given on this metric.
    pub(super) fn check(&self, metric: Metric) -> Result<(), PowerError> {
        if self.metric == metric {
            return Ok(());
        }
        Err(PowerError::OtherMetric { pilot: self.study.clone(), found: self.metric, metric })
    }

    /// The components of its controls, or of its other cells. They come from the cells on this target if there are any,
    /// else from all. If the pilot has no cell of the kind asked for, they come from the cells that it has.
    pub(super) fn components(&self, controls: bool, target: &str) -> Vec<VarianceComponents> {
        let of_kind: Vec<&Cell> = self.cells.iter().filter(|cell| cell.is_control == controls).collect();
        let of_kind = if of_kind.is_empty() { self.cells.iter().collect() } else { of_kind };
        let here: Vec<&Cell> = of_kind.iter().copied().filter(|cell| cell.target == target).collect();
        let chosen = if here.is_empty() { of_kind } else { here };
        chosen.into_iter().map(|cell| cell.components).collect()
    }

    pub(super) fn words(&self) -> String {
        let least = self.cells.iter().map(|cell| cell.num_replicates).min().unwrap_or(0);
        let caution = if least < 6 { ": few, so the variance between replicates is only roughly known" } else { "" };
        format!(
            "variance components of the pilot {} ({} cells, {least} replicates or more{caution})",
            self.study,
            self.cells.len()
        )
    }
}
