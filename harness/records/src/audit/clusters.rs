//! Test images that are not independent of one another.

use serde::{Deserialize, Serialize};

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
