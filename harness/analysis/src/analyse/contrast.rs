//! One cell against scratch: the paired differences, what the same treatment does from elsewhere, and the gates that fail.

use std::collections::BTreeSet;

use nt_scenario::metric::Unit;
use nt_stats::verdict::{Contrast, Counterfactuals, Family, Reference};
use nt_stats::{Differences, PairedGap};

use super::arm::Arm;
use super::join::Joined;
use super::pair::{Pair, pair};
use super::{AnalysisError, gates};
use crate::study::{CellKey, Study, StudySource};

/// A cell's contrast, prepared for the decision.
pub(super) struct Prepared {
    pub contrast: Contrast,
    /// The differences that its gap comes from.
    pub differences: Differences,
    /// The replicates of its rows.
    pub replicates: Vec<u32>,
}

/// Pairs a cell with scratch, and with the same treatment from an untrained source and from the target's twin if there are
/// any, on the test images that are not left out. `None` if no replicate has both arms, or no image is left.
pub(super) fn prepare(
    study: &Study,
    joined: &Joined<'_>,
    key: &CellKey,
    family: Family,
    left_out: &BTreeSet<u32>,
) -> Result<Option<Prepared>, AnalysisError> {
    let kept = kept(joined, &key.target, left_out);
    if kept.as_ref().is_some_and(Vec::is_empty) {
        return Ok(None);
    }
    let (target, name) = (key.target.as_str(), key.name());
    let gap_of = |ours: &Arm<'_>, theirs: &Arm<'_>| pair(joined, (target, &name), kept.as_deref(), ours, theirs);
    let (ours, scratch) = (joined.arm(key), joined.arm(&key.scratch()));
    let Some(paired) = gap_of(&ours, &scratch)? else { return Ok(None) };
    let trained = |ours: &Arm<'_>, theirs: &Arm<'_>| -> Result<Option<PairedGap>, AnalysisError> {
        Ok(gap_of(ours, theirs)?.and_then(Pair::trained))
    };
    let mut counterfactuals = Counterfactuals::default();
    if let Some(untrained) = elsewhere(study, joined, key, StudySource::is_untrained) {
        counterfactuals.source_gap = trained(&ours, &untrained)?;
    }
    if let Some(twin) = elsewhere(study, joined, key, StudySource::is_twin) {
        counterfactuals.specificity_gap = trained(&ours, &twin)?;
        counterfactuals.freezing_gap = trained(&twin, &scratch)?;
    }
    let contrast = Contrast {
        name,
        reference: Reference::Scratch,
        family,
        frozen: usize::from(key.frozen),
        gap: (&paired.gap).into(),
        counterfactuals,
        collapse: paired.collapse,
        largest_gap_pp: largest_gap_pp(study, &scratch, &paired.replicates),
        failed_gates: gates::failures(joined, key, &key.scratch()),
    };
    Ok(Some(Prepared { contrast, differences: paired.gap, replicates: paired.replicates }))
}

/// The differences between a cell and scratch once more, as [`prepare`] takes them with nothing left out.
pub(super) fn differences(joined: &Joined<'_>, key: &CellKey) -> Result<Option<Differences>, AnalysisError> {
    let (ours, scratch) = (joined.arm(key), joined.arm(&key.scratch()));
    Ok(pair(joined, (&key.target, &key.name()), None, &ours, &scratch)?.map(|pair| pair.gap))
}

/// The places of the test images that are not left out; `None` if none is.
fn kept(joined: &Joined<'_>, target: &str, left_out: &BTreeSet<u32>) -> Option<Vec<usize>> {
    let examples = joined.examples(target);
    let is_kept = |&place: &usize| !left_out.contains(&examples[place]);
    (!left_out.is_empty()).then(|| (0..examples.len()).filter(is_kept).collect())
}

/// The same treatment from the source of that standing, if it was run. With nothing frozen an untrained source is scratch, and the
/// two gaps coincide.
fn elsewhere<'a>(
    study: &Study,
    joined: &'a Joined<'a>,
    key: &CellKey,
    is_meant: impl Fn(&StudySource) -> bool,
) -> Option<Arm<'a>> {
    let own = study.source(key.source.as_deref()?)?;
    // The layers of a selffer have learned the very training images, so that no other network's stand in for them.
    if key.frozen == 0 || !own.is_judged() || own.is_selffer() {
        return None;
    }
    let source = study.sources.iter().find(|source| is_meant(source))?;
    let arm = joined.arm(&key.from_source(&source.name));
    if arm.is_empty() { None } else { Some(arm) }
}

/// The largest gap that is possible beside a reference, in percentage points; infinite for a loss.
pub(super) fn largest_gap_pp(study: &Study, reference: &Arm<'_>, replicates: &[u32]) -> f64 {
    let values: Vec<f64> = replicates.iter().filter_map(|&replicate| reference.value(replicate)).collect();
    match study.metric.unit() {
        Unit::Nats => f64::INFINITY,
        Unit::Fraction if values.is_empty() => 100.0,
        Unit::Fraction => {
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            100.0 * mean.max(1.0 - mean)
        }
    }
}
