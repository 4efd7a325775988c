//! One cell against scratch: the paired differences, and the gates that they fail.

use std::collections::BTreeSet;

use nt_stats::Differences;
use nt_stats::verdict::{Contrast, Family, Reference, Side};

use super::join::{Joined, failures_of_training};
use super::{AnalysisError, CellResult, gates};
use crate::study::{CellKey, Study};

/// A cell's contrast, prepared for the decision.
pub(super) enum Prepared {
    /// It can be decided.
    Ready {
        /// Its differences.
        contrast: Box<Contrast>,
        /// The replicate of their first row.
        first_replicate: u32,
    },
    /// No replicate has both arms.
    Unpaired,
}

/// Pairs a cell with scratch, and with the same treatment from the untrained source if there is one, on the test images
/// that are not left out.
pub(super) fn prepare(
    study: &Study,
    joined: &Joined,
    cell: &CellResult,
    left_out: &BTreeSet<u32>,
) -> Result<Prepared, AnalysisError> {
    let (key, scratch) = (&cell.key, cell.key.scratch());
    let replicates = joined.common_replicates(key, &scratch);
    let (Some(gap), Some(&first_replicate)) =
        (differences(joined, key, &scratch, &replicates, left_out)?, replicates.first())
    else {
        return Ok(Prepared::Unpaired);
    };
    let untrained = untrained_twin(study, key);
    let source_gap = match &untrained {
        Some(twin) => differences(joined, key, twin, &joined.common_replicates(key, twin), left_out)?,
        None => None,
    };
    let mut failed_runs = failures_of_training(joined.runs(key), Side::Treatment, &replicates);
    failed_runs.extend(failures_of_training(joined.runs(&scratch), Side::Reference, &replicates));
    if let Some(twin) = untrained.filter(|_| source_gap.is_some()) {
        // Its rows are not rows of the practical gap.
        failed_runs.extend(failures_of_training(joined.runs(&twin), Side::UntrainedSource, &[]));
    }
    let contrast = Box::new(Contrast {
        name: key.name(),
        reference: Reference::Scratch,
        family: Family::Primary,
        frozen: usize::from(key.frozen),
        gap,
        source_gap,
        collapse: None,
        failed_runs,
        failed_gates: gates::failures(joined, key, &scratch),
    });
    Ok(Prepared::Ready { contrast, first_replicate })
}

/// The same treatment from an untrained source. With nothing frozen it is scratch, and the two gaps coincide.
fn untrained_twin(study: &Study, key: &CellKey) -> Option<CellKey> {
    if key.frozen == 0 || study.source(key.source.as_deref()?)?.is_untrained {
        return None;
    }
    let untrained = study.sources.iter().find(|source| source.is_untrained)?;
    Some(key.from_source(&untrained.name))
}

/// d[r, i] = score of the first − score of the second, one row for each replicate; `None` without a replicate or an
/// image.
fn differences(
    joined: &Joined,
    first: &CellKey,
    second: &CellKey,
    replicates: &[u32],
    left_out: &BTreeSet<u32>,
) -> Result<Option<Differences>, AnalysisError> {
    if replicates.is_empty() {
        return Ok(None);
    }
    let (target, ours, theirs) = (&first.target, joined.scores(first, replicates), joined.scores(second, replicates));
    let differences = if left_out.is_empty() {
        joined.differences(target, None, &ours, &theirs)
    } else {
        let examples = joined.examples(target);
        let kept: Vec<usize> = (0..examples.len()).filter(|&place| !left_out.contains(&examples[place])).collect();
        if kept.is_empty() {
            return Ok(None);
        }
        joined.differences(target, Some(&kept), &ours, &theirs)
    };
    differences.map(Some).map_err(|source| AnalysisError::Differences { cell: first.name(), source })
}
