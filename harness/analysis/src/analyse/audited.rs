//! Gates 6 and 7, which rest on the audit of the data.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use nt_stats::verdict::{Bias, Consequence, Contrast, Decision, Gate, GateFailure};
use rayon::prelude::*;

use super::contrast;
use super::join::Joined;
use super::without_overlap::WithoutOverlap;
use super::{AnalysisError, CellResult};
use crate::audit::{Confirmation, OrderFinding, order_findings};
use crate::study::{CellKey, Study};
use nt_records::audit::{Audit, MatchKind, TargetAudit};

/// Applies the audit to a decided family, of which `contrasts` and `decisions` are the cells' and `others` the rest. Judges every
/// cell without its overlap, and adds the gates that it fails to its contrast. Returns whether any gate failed, so that the family
/// must be decided again.
///
/// # Errors
/// As for the family itself.
pub(super) fn hold(
    study: &Study,
    joined: &Joined<'_>,
    audit: &Audit,
    (cells, places): (&mut [CellResult], &[usize]),
    (contrasts, decisions): (&mut [Contrast], &[Decision]),
    others: &[Contrast],
) -> Result<bool, AnalysisError> {
    let without = without_overlap(study, joined, audit, (cells, places), contrasts, others)?;
    let reversed = reversed(study, audit);
    let mut is_any_failed = false;
    for (((&at, contrast), decision), without) in places.iter().zip(contrasts).zip(decisions).zip(without) {
        let failures = failures(audit, &reversed, &cells[at].key, decision, without.as_ref());
        is_any_failed |= !failures.is_empty();
        contrast.failed_gates.extend(failures);
        cells[at].without_overlap = without;
    }
    Ok(is_any_failed)
}

/// The gates of the audit that any of these contrasts fails, each once: a comparison of their cells fails them too.
pub(super) fn inherited<'a>(contrasts: impl IntoIterator<Item = &'a Contrast>) -> Vec<GateFailure> {
    let mut failures: Vec<GateFailure> = Vec::new();
    for failure in contrasts.into_iter().flat_map(|contrast| &contrast.failed_gates) {
        if matches!(failure.gate, Gate::Overlap | Gate::Similarity) && !failures.contains(failure) {
            failures.push(failure.clone());
        }
    }
    failures
}

/// The test images of a cell that are among its target's or its source's training images, by matches of these kinds.
fn matched(audit: &Audit, key: &CellKey, is_counted: impl Fn(MatchKind) -> bool) -> BTreeSet<u32> {
    audit.target(&key.target).map_or_else(BTreeSet::new, |target| target.test_ids(key.source.as_deref(), is_counted))
}

/// The family's cells without their overlap, in its order; `None` for a cell without overlap.
fn without_overlap<'c>(
    study: &Study,
    joined: &Joined<'_>,
    audit: &Audit,
    (cells, places): (&[CellResult], &[usize]),
    contrasts: &'c [Contrast],
    others: &'c [Contrast],
) -> Result<Vec<Option<WithoutOverlap>>, AnalysisError> {
    let left_out: Vec<BTreeSet<u32>> = places.iter().map(|&at| matched(audit, &cells[at].key, |_| true)).collect();
    if left_out.iter().all(BTreeSet::is_empty) {
        return Ok(vec![None; places.len()]);
    }
    // The family is judged as a whole, so that intervals with and without the overlap are adjusted in the same way.
    let prepare = |((&at, left_out), contrast): ((&usize, &BTreeSet<u32>), &'c Contrast)| {
        if left_out.is_empty() {
            return Ok(Some(Cow::Borrowed(contrast)));
        }
        let prepared = contrast::prepare(study, joined, &cells[at].key, contrast.family, left_out)?;
        Ok(prepared.map(|prepared| Cow::Owned(prepared.contrast)))
    };
    let all = places.par_iter().zip(&left_out).zip(contrasts);
    let prepared: Vec<Option<Cow<'_, Contrast>>> = all.map(prepare).collect::<Result<_, AnalysisError>>()?;
    let mut family = Vec::new();
    let mut rows = Vec::new();
    for prepared in prepared {
        rows.push(prepared.is_some().then_some(family.len()));
        family.extend(prepared);
    }
    family.extend(others.iter().map(Cow::Borrowed));
    let decisions = study.decide(&family)?;
    let result = |(left_out, row): (BTreeSet<u32>, Option<usize>)| {
        let decision = row.map(|row| &decisions[row]);
        (!left_out.is_empty()).then(|| WithoutOverlap {
            num_left_out: left_out.len(),
            gap: decision.map(|decision| decision.gap),
            verdict: decision.map(|decision| decision.verdict_before_gates),
            equivalent: decision.is_some_and(|decision| decision.equivalent),
        })
    };
    Ok(left_out.into_iter().zip(rows).map(result).collect())
}

/// Pairs of sources that measure the reverse of what is declared, by target.
type Reversed<'a> = BTreeMap<&'a str, Vec<OrderFinding>>;

fn reversed<'a>(study: &Study, audit: &'a Audit) -> Reversed<'a> {
    let of_target = |target: &'a TargetAudit| {
        let mut findings = order_findings(target, study);
        findings.retain(|finding| finding.standing == Confirmation::Reversed);
        (target.target.as_str(), findings)
    };
    // Of two audits of one target the first counts, as everywhere.
    audit.targets.iter().rev().map(of_target).collect()
}

/// The gates of the audit that a cell fails.
fn failures(
    audit: &Audit,
    reversed: &Reversed<'_>,
    key: &CellKey,
    decision: &Decision,
    without: Option<&WithoutOverlap>,
) -> Vec<GateFailure> {
    overlap(audit, key, decision, without).into_iter().chain(similarity(reversed, key)).collect()
}

/// Gate 6 fails if too many test images are pixel-for-pixel copies of training images, or if the verdict does not hold
/// without the images found, including candidates.
fn overlap(audit: &Audit, key: &CellKey, decision: &Decision, without: Option<&WithoutOverlap>) -> Option<GateFailure> {
    let (target, source) = (audit.target(&key.target)?, key.source.as_deref());
    let failed =
        |consequence, detail| GateFailure { gate: Gate::Overlap, consequence, bias: Some(Bias::HidesHarm), detail };
    let without = without?;
    if let Some(consequence) = decision.lost_to(without.gap.as_ref(), without.equivalent) {
        return Some(failed(
            consequence,
            format!(
                "{} against scratch is not given without the {}",
                decision.verdict_before_gates,
                without.left_out_in_words()
            ),
        ));
    }
    if target.is_overlap_material(source) {
        return Some(failed(
            Consequence::Downgrade,
            format!(
                "{} of {} test images are pixel-for-pixel copies of training images; remove them from one side",
                target.test_ids(source, |kind| kind == MatchKind::Exact).len(),
                target.num_test_images
            ),
        ));
    }
    None
}

/// Gate 7 fails for both sources of a pair that measures the reverse of what is declared.
fn similarity(reversed: &Reversed<'_>, key: &CellKey) -> Option<GateFailure> {
    let source = key.source.as_deref()?;
    let of_target = reversed.get(key.target.as_str())?;
    let reversed = of_target.iter().find(|finding| finding.near == source || finding.far == source)?;
    let interval = reversed.interval.map_or(String::new(), |(low, high)| format!(" [{low:+.2}, {high:+.2}]"));
    Some(GateFailure {
        gate: Gate::Similarity,
        consequence: Consequence::Downgrade,
        bias: None,
        detail: format!(
            "{} is declared nearer than {}, and {} measures nearer: proxy A-distance {:+.2}{interval}; choose other words",
            reversed.near, reversed.far, reversed.far, reversed.difference
        ),
    })
}
