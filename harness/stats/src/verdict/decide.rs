//! From a family of contrasts to its verdicts.

use super::attribution::{SourceGap, attribute};
use super::family::{Judged, Member, estimate_at, judge, method};
use super::{Attribution, Consequence, Contrast, Decision, Family, Method, Reference, Settings, Side, Verdict};
use crate::differences::Differences;
use crate::power::{Need, PowerTarget};
use crate::sign_flip::ReplicateGapsError;
use rayon::prelude::*;
use std::borrow::Borrow;
use thiserror::Error;

/// Why a family cannot be judged.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum FamilyError {
    /// A setting outside its range.
    #[error("{setting} is {value}; set it to a number {accepted}")]
    Setting {
        /// Its name.
        setting: &'static str,
        /// Its value.
        value: f64,
        /// What is accepted.
        accepted: &'static str,
    },
    /// A failed run points at a row that is not there.
    #[error("{contrast}: failed run in row {row} of {num_replicates}; count rows of the differences from 0")]
    FailedRow {
        /// The contrast's name.
        contrast: String,
        /// The row.
        row: usize,
        /// Rows there are.
        num_replicates: usize,
    },
    /// The contrasts cannot be flipped together.
    #[error(transparent)]
    Flips(#[from] ReplicateGapsError),
}

/// Judges a family: every contrast on which a verdict is to be given, fixed before anything ran.
///
/// # Units
/// Differences in fractions; everything named `_pp` in percentage points.
/// # Errors
/// [`FamilyError`] if a setting is out of range, a failed run's row does not exist, or, with the test set fixed,
/// contrasts do not share their replicates.
/// # Source
/// The study protocol's section on verdicts. Choices that it leaves open:
///
/// * Source gaps form a family of their own, with the same α and margin. Attribution is read from it as
///   [`super::Attribution`] says.
/// * A contrast that is INVALID, has a run that did not train, or has no variance keeps its place in the family at p =
///   1, so that it makes nothing easier for the others.
/// * INVALID outranks INCONCLUSIVE (OPTIMISATION), which outranks every verdict on the gap, help included.
/// * With the test set fixed, an interval extends by the sign-flip critical value of the step at which its contrast was
///   judged, and a verdict needs both the interval and the adjusted p.
pub fn decide<C: Borrow<Contrast>>(family: &[C], settings: &Settings) -> Result<Vec<Decision>, FamilyError> {
    let family: Vec<&Contrast> = family.iter().map(Borrow::borrow).collect();
    check(&family, settings)?;
    let gaps: Vec<Member<'_>> =
        family.iter().map(|contrast| member(contrast, &contrast.gap, is_claimable(contrast))).collect();
    let with_source: Vec<usize> = (0..family.len()).filter(|at| family[*at].source_gap.is_some()).collect();
    let source_gaps: Vec<Member<'_>> = with_source
        .iter()
        .filter_map(|at| {
            let claimable = is_claimable(family[*at]) && !has_failed(family[*at], |arm| arm == Side::UntrainedSource);
            family[*at].source_gap.as_ref().map(|gap| member(family[*at], gap, claimable))
        })
        .collect();
    let judged = judge(&gaps, settings)?;
    let mut judged_sources: Vec<Option<Judged>> = family.iter().map(|_| None).collect();
    for (at, source) in with_source.into_iter().zip(judge(&source_gaps, settings)?) {
        judged_sources[at] = Some(source);
    }
    let lone = lone_effects(&family, settings);
    let parts: Vec<_> = family.iter().zip(judged).zip(judged_sources).collect();
    Ok(parts
        .into_par_iter()
        .map(|((contrast, judged), source)| decision(contrast, judged, source, lone(contrast.family), settings))
        .collect())
}

/// What a lone effect in each family has to pass: the first step of Holm's procedure, at half of α where there are two families.
fn lone_effects(contrasts: &[&Contrast], settings: &Settings) -> impl Fn(Family) -> PowerTarget + Sync + use<> {
    let size = |family: Family| contrasts.iter().filter(|contrast| contrast.family == family).count();
    let (primaries, secondaries) = (size(Family::Primary), size(Family::Secondary));
    let alpha = if primaries == 0 || secondaries == 0 { settings.alpha } else { settings.alpha / 2.0 };
    let power = settings.power;
    move |family| {
        let size = if family == Family::Primary { primaries } else { secondaries };
        PowerTarget::first_holm_step(alpha, size, power)
    }
}

fn member<'a>(contrast: &Contrast, gap: &'a Differences, claimable: bool) -> Member<'a> {
    Member { gap, claimable, family: contrast.family }
}

fn check(family: &[&Contrast], settings: &Settings) -> Result<(), FamilyError> {
    let inside = |setting, value: f64, accepted, good: bool| {
        if good { Ok(()) } else { Err(FamilyError::Setting { setting, value, accepted }) }
    };
    let is_probability = |value: f64| value > 0.0 && value < 1.0;
    let Settings { margin_pp, alpha, equivalence_alpha, power, .. } = *settings;
    inside("margin_pp", margin_pp, "above 0, in percentage points", margin_pp > 0.0 && margin_pp.is_finite())?;
    inside("alpha", alpha, "between 0 and 1, such as .05", is_probability(alpha))?;
    inside(
        "equivalence_alpha",
        equivalence_alpha,
        "between 0 and .5, such as .05",
        is_probability(2.0 * equivalence_alpha),
    )?;
    inside("power", power, "between alpha and 1, such as .80", is_probability(power) && power > alpha)?;
    for contrast in family {
        let num_replicates = contrast.gap.num_replicates();
        if let Some(row) = contrast.failed_runs.iter().filter_map(|run| run.row).find(|row| *row >= num_replicates) {
            return Err(FamilyError::FailedRow { contrast: contrast.name.clone(), row, num_replicates });
        }
    }
    Ok(())
}

fn has_failed(contrast: &Contrast, is_asked: impl Fn(Side) -> bool) -> bool {
    contrast.failed_runs.iter().any(|run| is_asked(run.arm))
}

fn is_invalid(contrast: &Contrast) -> bool {
    contrast.failed_gates.iter().any(|gate| gate.consequence == Consequence::Invalid)
}

fn is_claimable(contrast: &Contrast) -> bool {
    let is_allowed = contrast.collapse.as_ref().is_none_or(|collapse| collapse.allows(&contrast.gap));
    !is_invalid(contrast) && is_allowed && !has_failed(contrast, |arm| arm != Side::UntrainedSource)
}

fn decision(
    contrast: &Contrast,
    judged: Judged,
    source: Option<Judged>,
    target: PowerTarget,
    settings: &Settings,
) -> Decision {
    let verdict_before_gates = match &contrast.collapse {
        Some(collapse) if !is_invalid(contrast) => {
            collapse.verdict(&contrast.gap, &judged.estimate, verdict_on_gap(contrast, &judged, settings), settings)
        }
        Some(_) | None => verdict_on_gap(contrast, &judged, settings),
    };
    let is_downgraded = contrast.failed_gates.iter().any(|gate| gate.consequence == Consequence::Downgrade);
    let verdict = match (verdict_before_gates == Verdict::Invalid, is_downgraded) {
        (true, _) => Verdict::Invalid,
        (false, true) => verdict_before_gates.downgraded(),
        (false, false) => verdict_before_gates,
    };
    let equivalent = is_claimable(contrast) && !is_downgraded && is_equivalent(&judged, settings);
    let attribution = attribution(contrast, verdict, source.as_ref(), settings);
    let can_reject = judged.attainable_p <= settings.alpha;
    let spread = judged.raw.spread.ok().filter(|_| can_reject);
    let effect_pp = spread.map(|spread| 100.0 * target.minimum_detectable_effect(spread));
    let need = spread.and_then(|_| need(&judged, &target, settings));
    // A design rebuilt from unbiased components may look a little noisier than the sample. Where the sample shows that
    // its replicates are enough, they are enough.
    let need = match effect_pp {
        Some(effect) if effect <= settings.margin_pp => {
            let had = judged.estimate.num_replicates;
            need.map(|need| Need::Replicates(need.replicates().map_or(had, |count| count.min(had))))
        }
        _ => need,
    };
    Decision {
        name: contrast.name.clone(),
        reference: contrast.reference.clone(),
        gap: judged.estimate,
        gap_without_failed: gap_without_failed(contrast, judged.estimate.level, settings),
        source_gap: source.map(|source| source.estimate),
        p_value: judged.p_value,
        p_adjusted: judged.p_adjusted,
        screen_q: judged.screen_q,
        material_p_adjusted: judged.material_p_adjusted,
        equivalence_p_value: judged.equivalence_p_value,
        equivalence_p_adjusted: judged.equivalence_p_adjusted,
        verdict,
        verdict_before_gates,
        equivalent,
        attribution,
        components: judged.components,
        minimum_detectable_effect_pp: effect_pp,
        attainable_p: judged.attainable_p,
        can_reject,
        need,
        margin_pp: settings.margin_pp,
        failed_runs: contrast.failed_runs.clone(),
        failed_gates: contrast.failed_gates.clone(),
    }
}

/// What the gap comes from, where the contrast is against scratch.
fn attribution(
    contrast: &Contrast,
    verdict: Verdict,
    source: Option<&Judged>,
    settings: &Settings,
) -> Option<Attribution> {
    if contrast.reference != Reference::Scratch {
        return None;
    }
    if has_failed(contrast, |arm| arm == Side::UntrainedSource) {
        return attribute(verdict, contrast.frozen.max(1), None);
    }
    let source_gap =
        source.map(|source| SourceGap { estimate: &source.estimate, equivalent: is_equivalent(source, settings) });
    attribute(verdict, contrast.frozen, source_gap.as_ref())
}

/// The verdict by the numbers alone, without gates that downgrade it.
fn verdict_on_gap(contrast: &Contrast, judged: &Judged, settings: &Settings) -> Verdict {
    if is_invalid(contrast) {
        return Verdict::Invalid;
    }
    if has_failed(contrast, |arm| arm != Side::UntrainedSource) {
        return Verdict::InconclusiveOptimisation;
    }
    let gap = &judged.estimate;
    if gap.lies_below(-settings.margin_pp) {
        Verdict::MaterialNegative
    } else if gap.lies_below(0.0) {
        Verdict::Negative
    } else if gap.lies_above(settings.margin_pp) {
        Verdict::MaterialPositive
    } else if gap.lies_above(0.0) {
        Verdict::Positive
    } else if is_equivalent(judged, settings) {
        Verdict::Equivalent
    } else {
        Verdict::Inconclusive
    }
}

fn is_equivalent(judged: &Judged, settings: &Settings) -> bool {
    judged.equivalence_p_adjusted <= settings.equivalence_alpha
}

fn gap_without_failed(contrast: &Contrast, level: f64, settings: &Settings) -> Option<super::Estimate> {
    let rows: Vec<usize> =
        contrast.failed_runs.iter().filter(|run| run.arm != Side::UntrainedSource).filter_map(|run| run.row).collect();
    if rows.is_empty() {
        return None;
    }
    contrast.gap.without_replicates(&rows).map(|rest| estimate_at(&rest, level, settings))
}

fn need(judged: &Judged, target: &PowerTarget, settings: &Settings) -> Option<Need> {
    let margin = settings.margin_pp / 100.0;
    let (num_replicates, num_examples) = (judged.estimate.num_replicates, judged.estimate.num_examples);
    match method(settings) {
        Method::Crossed | Method::PairedT => target.needed(&judged.components?, margin, num_replicates, num_examples),
        Method::SignFlip => {
            let standard_error = judged.raw.spread.ok()?.standard_error;
            Some(target.needed_on_fixed_test_set(standard_error * (num_replicates as f64).sqrt(), margin))
        }
    }
}
