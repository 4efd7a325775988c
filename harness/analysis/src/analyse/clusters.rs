//! Test images that are not independent of one another.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use nt_records::audit::{Audit, TargetAudit};
use nt_records::number::thousands;
use nt_stats::Clusters;

use super::AnalysisError;
use crate::study::Study;

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
        write!(f, "{} clusters (effective {:.0})", thousands(self.num_clusters as u64), self.effective)
    }
}

impl ClusterCounts {
    /// The counts of what an audit found; `None` where images have no clusters.
    pub fn of_audit(target: &TargetAudit) -> Option<Self> {
        let sizes = target.clusters.iter().enumerate();
        let labels: Vec<usize> = sizes.flat_map(|(at, cluster)| vec![at; cluster.test_ids.len()]).collect();
        (!labels.is_empty()).then(|| Self::of(&Clusters::by_label(&labels)))
    }

    pub(super) fn of(clusters: &Clusters) -> Self {
        Self { num_clusters: clusters.num_clusters(), effective: clusters.effective_number() }
    }
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
