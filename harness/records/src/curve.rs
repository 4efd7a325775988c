//! The course of a training: `curves/<job>.csv`.

use std::path::Path;

use nt_scenario::JobId;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::file::{FileProblem, FileRef};
use crate::{number, version};
use nt_disk::FileError;

/// The version of a curve's file, which enters the digest of its record.
pub const CURVE_VERSION: u32 = 1;

/// The state of a training after a step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CurvePoint {
    /// Optimizer steps taken.
    pub step: u64,
    /// Learning rate of that step.
    pub learning_rate: f64,
    /// Training loss since the previous point, nats an image.
    pub train_loss: f64,
    /// Training top-1 accuracy since the previous point, a fraction.
    pub train_top1: f64,
    /// Validation top-1 accuracy, a fraction, if it was measured.
    pub validation_top1: Option<f64>,
}

/// Why a curve cannot be written or read.
#[derive(Debug, Error)]
pub enum CurveError {
    /// The record's file has changed, or is missing.
    #[error("{path} {problem}; `nt run SCENARIO --out FOLDER` makes it again")]
    File {
        /// The file, relative to the study's folder.
        path: String,
        /// What is wrong.
        problem: FileProblem,
    },
    /// A row is not a point of a curve.
    #[error("{path}: {source}; `nt run SCENARIO --out FOLDER` makes it again")]
    Row {
        /// The file, relative to the study's folder.
        path: String,
        /// What the reader says, with row and column.
        source: csv::Error,
    },
    /// It is of another version.
    #[error(
        "{path} has schema_version {found} where this program reads {CURVE_VERSION}; use the version of nt that wrote \
            it"
    )]
    SchemaVersion {
        /// The file, relative to the study's folder.
        path: String,
        /// What it says.
        found: u32,
    },
    /// It cannot be written.
    #[error(transparent)]
    Write(#[from] FileError),
}

/// A point as a row.
#[derive(Serialize, Deserialize)]
struct Row {
    schema_version: u32,
    step: u64,
    #[serde(with = "number")]
    learning_rate: f64,
    #[serde(with = "number")]
    train_loss: f64,
    #[serde(with = "number")]
    train_top1: f64,
    validation_top1: Option<f64>,
}

/// Writes a job's curve and returns the reference to it.
///
/// # Errors
/// [`CurveError`] if the file cannot be written.
pub fn write_curve(dir: &Path, job: JobId, points: &[CurvePoint]) -> Result<FileRef, CurveError> {
    let path = format!("curves/{job}.csv");
    let row_error = |source| CurveError::Row { path: path.clone(), source };
    let mut writer = csv::Writer::from_writer(Vec::new());
    for point in points {
        let row = Row {
            schema_version: CURVE_VERSION,
            step: point.step,
            learning_rate: point.learning_rate,
            train_loss: point.train_loss,
            train_top1: point.train_top1,
            validation_top1: point.validation_top1,
        };
        writer.serialize(row).map_err(row_error)?;
    }
    let bytes = writer.into_inner().map_err(|error| row_error(error.into_error().into()))?;
    Ok(FileRef::write(dir, path, &bytes)?)
}

/// Reads the curve that a record refers to, and checks its hash.
///
/// # Errors
/// [`CurveError`] names the file and says what is wrong with it.
pub fn read_curve(dir: &Path, file: &FileRef) -> Result<Vec<CurvePoint>, CurveError> {
    let path = &file.path;
    let bytes = file.read(dir).map_err(|problem| CurveError::File { path: path.clone(), problem })?;
    let mut points = Vec::new();
    for row in csv::Reader::from_reader(bytes.as_slice()).deserialize() {
        let row: Row = row.map_err(|source| CurveError::Row { path: path.clone(), source })?;
        if !version::is_readable(row.schema_version.into(), CURVE_VERSION) {
            return Err(CurveError::SchemaVersion { path: path.clone(), found: row.schema_version });
        }
        points.push(CurvePoint {
            step: row.step,
            learning_rate: row.learning_rate,
            train_loss: row.train_loss,
            train_top1: row.train_top1,
            validation_top1: row.validation_top1,
        });
    }
    Ok(points)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mock::job;

    #[test]
    fn a_curve_comes_back_with_every_bit_even_where_it_left_the_numbers() {
        let dir = tempfile::tempdir().unwrap();
        let point = |step, train_loss| CurvePoint {
            step,
            learning_rate: 0.1 + 0.2,
            train_loss,
            train_top1: 1.0 / 3.0,
            validation_top1: (step == 1).then_some(0.25),
        };
        let points = [point(1, 2.079_441_541_679_835_7), point(2, f64::INFINITY)];
        let file = write_curve(dir.path(), job(3), &points).unwrap();
        assert_eq!(read_curve(dir.path(), &file).unwrap(), points);
    }
}
