//! Test images that are not independent of one another.

use std::collections::BTreeMap;
use std::sync::Arc;

use nt_records::audit::{Audit, ClusterCounts, TargetAudit};
use nt_stats::Clusters;

use super::AnalysisError;
use crate::study::Study;

/// How many clusters an audit found among a target's test images; `None` where they have none.
pub fn clusters_of(target: &TargetAudit) -> Option<ClusterCounts> {
    let sizes = target.clusters.iter().enumerate();
    let labels: Vec<usize> = sizes.flat_map(|(at, cluster)| vec![at; cluster.test_ids.len()]).collect();
    (!labels.is_empty()).then(|| ClusterCounts::from(&Clusters::by_label(&labels)))
}

/// The clusters of each target's test images, given by their identities. Targets whose images have none are left out.
///
/// # Errors
/// [`AnalysisError::Clusters`] where the study says that images form clusters, and the audit does not have them all.
pub(super) fn of_targets(
    study: &Study,
    examples: &BTreeMap<String, Vec<u32>>,
    audit: Option<&Audit>,
) -> Result<BTreeMap<String, Arc<Clusters>>, AnalysisError> {
    let mut all = BTreeMap::new();
    for target in study.targets.iter().filter(|target| target.cluster.is_some()).map(|target| &target.name) {
        let Some(ids) = examples.get(target) else { continue };
        let audited = audit.and_then(|audit| audit.target(target));
        let labels = audited.and_then(|audited| labels(audited, ids));
        let labels = labels.ok_or_else(|| AnalysisError::Clusters { target: target.clone() })?;
        all.insert(target.clone(), Arc::new(Clusters::by_label(&labels)));
    }
    Ok(all)
}

/// The number of the cluster of each test image; `None` if one has no cluster.
fn labels(audited: &TargetAudit, ids: &[u32]) -> Option<Vec<usize>> {
    let numbered = audited.clusters.iter().enumerate();
    let of_id: BTreeMap<u32, usize> =
        numbered.flat_map(|(number, cluster)| cluster.test_ids.iter().map(move |&id| (id, number))).collect();
    ids.iter().map(|id| of_id.get(id).copied()).collect()
}
