//! Test images that belong together, and those that look as if they did.

use super::overlap::PERCEPTUAL_THRESHOLD;
use super::search;
use crate::data::{DataError, Identified, SealedTest};
use nt_records::audit::{LookAlikes, TestCluster};
use std::collections::{BTreeMap, BTreeSet};

/// The clusters of a target's test images, and the groups of images that look alike and are not in one cluster.
pub(super) fn find(sealed: &SealedTest, test: &[Identified]) -> Result<(Vec<TestCluster>, Vec<LookAlikes>), DataError> {
    let cluster_of = sealed.clusters()?;
    let mut clusters: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
    for (&id, cluster) in &cluster_of {
        clusters.entry(cluster).or_default().push(id);
    }
    let is_told = |group: &Vec<u32>| {
        let clusters: BTreeSet<Option<&String>> = group.iter().map(|id| cluster_of.get(id)).collect();
        clusters.len() == 1 && !clusters.contains(&None)
    };
    let groups = search::groups(test, PERCEPTUAL_THRESHOLD).into_iter().filter(|group| !is_told(group));
    let look_alikes =
        groups.map(|group| LookAlikes { tests: group.into_iter().map(|id| sealed.name_of(id)).collect() });
    let clusters = clusters.into_iter().map(|(name, test_ids)| TestCluster { name: name.to_owned(), test_ids });
    Ok((clusters.collect(), look_alikes.collect()))
}
