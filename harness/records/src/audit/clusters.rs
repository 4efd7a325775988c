//! Test images that are not independent of one another.

use std::fmt;

use nt_stats::Clusters;
use serde::{Deserialize, Serialize};

use crate::number::thousands;

/// How many clusters test images form.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClusterCounts {
    /// Clusters.
    pub num_clusters: usize,
    /// Clusters of equal size that would tell as much.
    pub effective: f64,
}

impl fmt::Display for ClusterCounts {
    /// "300 clusters (effective 212)".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.num_clusters == 1 { "" } else { "s" };
        write!(f, "{} cluster{plural} (effective {:.0})", thousands(self.num_clusters as u64), self.effective)
    }
}

impl From<&Clusters> for ClusterCounts {
    fn from(clusters: &Clusters) -> Self {
        Self { num_clusters: clusters.num_clusters(), effective: clusters.effective_number() }
    }
}

/// Test images that the scenario says belong together, such as slices of one scan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TestCluster {
    /// What the data's pattern of clusters captured.
    pub name: String,
    /// Its test images' ids, as in predictions, ascending.
    pub test_ids: Vec<u32>,
}

/// Test images that look alike though the scenario does not say that they belong together. A candidate: look at them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LookAlikes {
    /// Names by which a person finds them, in the order of their ids. Each is like another one of them.
    pub tests: Vec<String>,
}
