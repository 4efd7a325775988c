//! The audit of a study's data, made before the first job: `audit.json`. It holds the overlap of training and test
//! images (gate 6), and how far sources lie from targets (gate 7).

mod clusters;
mod overlap;
mod similarity;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use clusters::{ClusterCounts, LookAlikes, TestCluster};
pub use overlap::{MATERIAL_SHARE, Match, MatchKind, Overlap};
pub use similarity::{Comparison, Distance, Distances, LEVEL, MeasuredOn, Similarity};

use crate::version;
use nt_disk::{FileError, write_listed};

/// The version of `audit.json`.
pub const AUDIT_VERSION: u32 = 2;

/// Name of the file in a study's folder.
pub const AUDIT_FILE: &str = "audit.json";

/// What was found in a study's data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Audit {
    /// [`AUDIT_VERSION`] of the program that wrote it.
    pub schema_version: u32,
    /// Hash of all that it depends on: data, classes, seed, and the version of the measurement.
    pub basis: String,
    /// In words, what the images were measured with.
    pub measured_by: String,
    /// The most of 128 signs in which the perceptual hashes of a candidate may differ.
    pub perceptual_threshold: u32,
    /// By target, in the study's order.
    pub targets: Vec<TargetAudit>,
}

/// What was found for one target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetAudit {
    /// The target.
    pub target: String,
    /// Its test images.
    pub num_test_images: usize,
    /// The clusters that its test images form, by name; empty where every image was drawn for itself.
    #[serde(default)]
    pub clusters: Vec<TestCluster>,
    /// Groups of test images that look alike and are in no common cluster.
    #[serde(default)]
    pub look_alikes: Vec<LookAlikes>,
    /// Test images that are also training images: of the target itself first, then of each source with images.
    pub overlaps: Vec<Overlap>,
    /// Number of images of each source and of the target that distances were measured on; `None` if there are too few.
    pub num_images: Option<usize>,
    /// How far each source lies, in the study's order.
    pub similarities: Vec<Similarity>,
    /// Differences of the proxy A-distances of every two sources that were measured.
    pub comparisons: Vec<Comparison>,
}

impl TargetAudit {
    /// The overlap of its test images with its own training images (`None`), or with a source's.
    pub fn overlap(&self, source: Option<&str>) -> Option<&Overlap> {
        self.overlaps.iter().find(|overlap| overlap.source.as_deref() == source)
    }

    /// The test images that its own or a source's training images hold, of these kinds.
    pub fn test_ids(&self, source: Option<&str>, is_counted: impl Fn(MatchKind) -> bool) -> BTreeSet<u32> {
        let of_source = source.and_then(|source| self.overlap(Some(source)));
        self.overlap(None).into_iter().chain(of_source).flat_map(|overlap| overlap.test_ids(&is_counted)).collect()
    }

    /// Whether more than [`MATERIAL_SHARE`] of its test images are pixel-for-pixel copies of its own training images or
    /// of a source's.
    pub fn is_overlap_material(&self, source: Option<&str>) -> bool {
        let num_exact = self.test_ids(source, |kind| kind == MatchKind::Exact).len();
        num_exact as f64 > MATERIAL_SHARE * self.num_test_images as f64
    }

    /// How far a source lies.
    pub fn similarity(&self, source: &str) -> Option<&Similarity> {
        self.similarities.iter().find(|similarity| similarity.source == source)
    }
}

/// Why an audit cannot be read or written.
#[derive(Debug, Error)]
pub enum AuditError {
    /// It is not an audit of this version.
    #[error("{} is not an audit: {source}; `nt run SCENARIO --out FOLDER` makes it again", path.display())]
    Parse {
        /// The file.
        path: PathBuf,
        /// What serde says, with line and column.
        source: serde_json::Error,
    },
    /// It is of another version.
    #[error(
        "{} has schema_version {found} where this program reads {AUDIT_VERSION}; `nt run SCENARIO --out FOLDER` \
             makes it again",
        path.display()
    )]
    SchemaVersion {
        /// The file.
        path: PathBuf,
        /// What it says.
        found: u64,
    },
    /// The system refused.
    #[error(transparent)]
    File(#[from] FileError),
}

impl AuditError {
    /// Whether the file itself is at fault, and not the system at this moment.
    pub fn is_lasting(&self) -> bool {
        match self {
            Self::Parse { .. } | Self::SchemaVersion { .. } => true,
            Self::File(_) => false,
        }
    }
}

impl Audit {
    /// The audit of a target.
    pub fn target(&self, name: &str) -> Option<&TargetAudit> {
        self.targets.iter().find(|target| target.target == name)
    }

    /// The file's bytes.
    ///
    /// # Errors
    /// [`AuditError::Parse`] if JSON cannot hold a value.
    pub fn to_json(&self) -> Result<Vec<u8>, AuditError> {
        let mut json =
            serde_json::to_vec_pretty(self).map_err(|source| AuditError::Parse { path: AUDIT_FILE.into(), source })?;
        json.push(b'\n');
        Ok(json)
    }

    /// Writes `audit.json` into a study's folder.
    ///
    /// # Errors
    /// [`AuditError::File`] if the system refuses.
    pub fn write(&self, dir: &Path) -> Result<(), AuditError> {
        Ok(write_listed(&dir.join(AUDIT_FILE), &self.to_json()?)?)
    }

    /// Reads `audit.json` of a study's folder; `None` if there is no such file.
    ///
    /// # Errors
    /// [`AuditError`] if the file exists but cannot be read.
    pub fn read(dir: &Path) -> Result<Option<Self>, AuditError> {
        let path = dir.join(AUDIT_FILE);
        let Some(text) = nt_disk::read_if_there(&path)? else { return Ok(None) };
        let parse = |source| AuditError::Parse { path: path.clone(), source };
        let value: serde_json::Value = serde_json::from_slice(&text).map_err(parse)?;
        let found = value.get("schema_version").and_then(serde_json::Value::as_u64).unwrap_or(0);
        if !version::is_readable(found, AUDIT_VERSION) {
            return Err(AuditError::SchemaVersion { path, found });
        }
        Ok(Some(serde_json::from_value(value).map_err(parse)?))
    }
}
