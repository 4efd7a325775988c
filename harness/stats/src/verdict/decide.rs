//! From a family of contrasts to its verdicts.

use super::family::{Claimable, Judged, Member, judge, method};
use super::{Collapsed, Consequence, Contrast, Decision, Family, Method, Reference, Settings, Verdict, cause};
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
/// * A contrast that is INVALID, has a sign that its collapsed runs do not allow, or has no variance keeps its place in the family
///   at p = 1, so that it makes nothing easier for the others.
/// * INVALID outranks INCONCLUSIVE (OPTIMISATION), which outranks every verdict on the gap, help included.
/// * With the test set fixed, an interval extends by the sign-flip critical value of the step at which its contrast was
///   judged, and a verdict needs both the interval and the adjusted p.
pub fn decide<C: Borrow<Contrast>>(family: &[C], settings: &Settings) -> Result<Vec<Decision>, FamilyError> {
    let family: Vec<&Contrast> = family.iter().map(Borrow::borrow).collect();
    check(settings)?;
    let members: Vec<Member<'_>> = family
        .iter()
        .map(|contrast| Member {
            gap: &contrast.gap,
            claimable: Claimable::of(contrast, settings),
            family: contrast.family,
        })
        .collect();
    let judged = judge(&members, settings)?;
    let lone = lone_effects(&family, settings);
    let parts: Vec<_> = family.iter().zip(judged).collect();
    Ok(parts
        .into_par_iter()
        .map(|(contrast, judged)| decision(contrast, judged, lone(contrast.family), settings))
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

fn check(settings: &Settings) -> Result<(), FamilyError> {
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
    inside("power", power, "between alpha and 1, such as .80", is_probability(power) && power > alpha)
}

fn is_invalid(contrast: &Contrast) -> bool {
    contrast.failed_gates.iter().any(|gate| gate.consequence == Consequence::Invalid)
}

impl Claimable {
    /// What gates and runs that collapsed leave to be claimed of a contrast.
    fn of(contrast: &Contrast, settings: &Settings) -> Self {
        let is_valid = !is_invalid(contrast);
        match &contrast.collapse {
            None => Self { sign: is_valid, equivalence: is_valid },
            Some(collapse) => Self {
                sign: is_valid && collapse.allows_sign(&contrast.gap, settings),
                equivalence: is_valid && collapse.allows_equivalence(settings),
            },
        }
    }
}

fn decision(contrast: &Contrast, judged: Judged, target: PowerTarget, settings: &Settings) -> Decision {
    let verdict_before_gates = match &contrast.collapse {
        Some(collapse) if !is_invalid(contrast) => {
            collapse.verdict(&contrast.gap, &judged.estimate, verdict_on_gap(contrast, &judged, settings), settings)
        }
        Some(_) | None => verdict_on_gap(contrast, &judged, settings),
    };
    let verdict = verdict_before_gates.after_gates(&contrast.failed_gates);
    let equivalent = Claimable::of(contrast, settings).equivalence
        && contrast.failed_gates.is_empty()
        && is_equivalent(&judged, settings);
    let cause = cause(verdict, contrast.frozen, &contrast.counterfactuals, settings);
    let can_reject = judged.attainable_p <= settings.alpha;
    let spread = judged.raw.spread.ok().filter(|_| can_reject);
    let effect_pp = spread.map(|spread| 100.0 * target.minimum_detectable_effect(spread));
    let effect_pp = effect_pp.filter(|effect| *effect <= contrast.largest_gap_pp);
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
        family: contrast.family,
        gap: judged.estimate,
        collapsed: contrast.collapse.as_ref().map(|of| Collapsed::of(of, settings)),
        source_gap: cause.source_gap,
        specificity_gap: cause.specificity_gap,
        freezing_gap: cause.freezing_gap,
        p_value: judged.p_value,
        p_adjusted: judged.p_adjusted,
        screen_q: judged.screen_q,
        material_p_adjusted: judged.material_p_adjusted,
        equivalence_p_value: judged.equivalence_p_value,
        equivalence_p_adjusted: judged.equivalence_p_adjusted,
        verdict,
        verdict_before_gates,
        equivalent,
        attribution: cause.attribution.filter(|_| contrast.reference == Reference::Scratch),
        is_opposed: cause.is_opposed,
        is_like_random: cause.is_like_random,
        components: judged.components,
        minimum_detectable_effect_pp: effect_pp,
        attainable_p: judged.attainable_p,
        can_reject,
        need,
        margin_pp: settings.margin_pp,
        failed_gates: contrast.failed_gates.clone(),
        called_early_at: None,
    }
}

/// The verdict by the numbers alone, without gates that downgrade it.
fn verdict_on_gap(contrast: &Contrast, judged: &Judged, settings: &Settings) -> Verdict {
    if is_invalid(contrast) {
        return Verdict::Invalid;
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

fn need(judged: &Judged, target: &PowerTarget, settings: &Settings) -> Option<Need> {
    let margin = settings.margin_pp / 100.0;
    let (num_replicates, num_examples) = (judged.estimate.num_replicates, judged.estimate.num_examples);
    match method(settings) {
        Method::Crossed | Method::PairedT | Method::ResampledT => {
            target.needed(&judged.components?, margin, num_replicates, num_examples)
        }
        Method::SignFlip => {
            let standard_error = judged.raw.spread.ok()?.standard_error;
            Some(target.needed_on_fixed_test_set(standard_error * (num_replicates as f64).sqrt(), margin))
        }
    }
}
