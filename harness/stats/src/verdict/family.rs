//! One family of gaps: estimates, adjusted p-values, and intervals that match them.

use super::{Estimate, Method, Reach, Scope, Settings, Tails};
use crate::crossed::VarianceComponents;
use crate::equivalence::tost;
use crate::estimate::{NoSpread, StudentEstimate};
use crate::multiplicity::{benjamini_hochberg, holm_of_two_families, matching_levels_of_two_families};
use crate::paired::paired;
use crate::paired_gap::PairedGap;
use crate::sign_flip::{Flips, MaxT, ReplicateGaps, ReplicateGapsError, max_t, step_down_critical_values};
use rayon::prelude::*;

/// The two families of a study. Each is decided at half of α, and a family whose contrasts are all rejected passes its half on to
/// the other. A study that declares no primary contrasts has one family, at all of α.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Family {
    /// Declared to be what the study is about.
    Primary,
    /// All other contrasts.
    Secondary,
}

/// What may be claimed of a gap. Where something may not, the gap keeps its place in that test of the family at p = 1.
#[derive(Clone, Copy)]
pub(super) struct Claimable {
    /// That it differs from zero.
    pub(super) sign: bool,
    /// That it lies inside the margin.
    pub(super) equivalence: bool,
}

/// A gap of a family, and what may be claimed of it.
#[derive(Clone, Copy)]
pub(super) struct Member<'a> {
    pub(super) gap: &'a PairedGap,
    pub(super) claimable: Claimable,
    pub(super) family: Family,
}

/// The result of the family's test for one gap.
pub(super) struct Judged {
    pub(super) estimate: Estimate,
    /// The estimate in fractions.
    pub(super) raw: StudentEstimate,
    pub(super) components: Option<VarianceComponents>,
    pub(super) p_value: Option<f64>,
    pub(super) p_adjusted: f64,
    pub(super) screen_q: f64,
    pub(super) material_p_adjusted: Option<f64>,
    pub(super) equivalence_p_value: Option<f64>,
    pub(super) equivalence_p_adjusted: f64,
    pub(super) attainable_p: f64,
}

fn primaries(members: &[Member<'_>]) -> Vec<bool> {
    members.iter().map(|member| member.family == Family::Primary).collect()
}

struct Raw {
    estimate: StudentEstimate,
    components: Option<VarianceComponents>,
}

pub(super) fn method(settings: &Settings) -> Method {
    match settings.scope.test_images {
        Reach::Population => Method::Crossed,
        Reach::This => Method::SignFlip,
    }
}

/// Judges a family with the method its scope asks for.
pub(super) fn judge(members: &[Member<'_>], settings: &Settings) -> Result<Vec<Judged>, ReplicateGapsError> {
    if members.is_empty() {
        return Ok(Vec::new());
    }
    let raw: Vec<Raw> = members.par_iter().map(|member| estimate(member.gap, settings)).collect();
    match method(settings) {
        Method::Crossed | Method::PairedT | Method::ResampledT => Ok(judge_crossed(members, &raw, settings)),
        Method::SignFlip => judge_sign_flips(members, &raw, settings),
    }
}

/// The estimate of one gap alone, with an interval at `level`.
pub fn estimate_at(gap: &PairedGap, level: f64, settings: &Settings) -> Estimate {
    let raw = estimate(gap, settings).estimate;
    in_points(gap, &raw, raw.interval(level), level, settings)
}

/// The estimate of one gap alone, in fractions.
pub(super) fn raw_estimate(gap: &PairedGap, settings: &Settings) -> StudentEstimate {
    estimate(gap, settings).estimate
}

fn estimate(gap: &PairedGap, settings: &Settings) -> Raw {
    let crossed = gap.crossed();
    match method(settings) {
        Method::Crossed | Method::PairedT | Method::ResampledT => Raw {
            estimate: match settings.tails {
                Tails::Mixed => crossed.estimate,
                Tails::Satterthwaite => crossed.with_satterthwaite_tails(),
            },
            components: crossed.components,
        },
        Method::SignFlip => Raw {
            estimate: paired(gap.replicate_means())
                .unwrap_or(StudentEstimate { mean: crossed.estimate.mean, spread: Err(NoSpread::OneReplicate) }),
            components: crossed.components,
        },
    }
}

fn judge_crossed(members: &[Member<'_>], raw: &[Raw], settings: &Settings) -> Vec<Judged> {
    // The tests do not see a gap of which nothing may be claimed.
    let tested: Vec<StudentEstimate> = members
        .iter()
        .zip(raw)
        .map(|(member, raw)| match member.claimable.sign {
            true => raw.estimate,
            false => StudentEstimate { spread: Err(NoSpread::NoVariance), ..raw.estimate },
        })
        .collect();
    let margin = settings.margin_pp / 100.0;
    let is_primary = primaries(members);
    let levels = matching_levels_of_two_families(&tested, &is_primary, settings.alpha);
    let p_values: Vec<FamilyP> = raw.par_iter().map(|raw| FamilyP::new(&raw.estimate, margin)).collect();
    let adjusted = |pick: fn(&FamilyP) -> Option<f64>| {
        let p: Vec<_> = members.iter().zip(&p_values).map(|(one, p)| pick(p).filter(|_| one.claimable.sign)).collect();
        holm_of_two_families(&p, &is_primary)
    };
    let (no_gap, material) = (adjusted(|p| p.no_gap), adjusted(|p| p.material));
    let equivalence = equivalence_adjusted(members, p_values.iter().map(|p| p.equivalence), &is_primary);
    let screen = screen(members, p_values.iter().map(|p| p.no_gap));
    (0..members.len())
        .map(|at| {
            let estimate = raw[at].estimate;
            let gap = members[at].gap;
            Judged {
                estimate: in_points(gap, &estimate, estimate.interval(levels[at]), levels[at], settings),
                raw: estimate,
                components: raw[at].components,
                p_value: p_values[at].no_gap,
                p_adjusted: no_gap[at],
                screen_q: screen[at],
                material_p_adjusted: Some(material[at]),
                equivalence_p_value: p_values[at].equivalence,
                equivalence_p_adjusted: equivalence[at],
                attainable_p: if estimate.spread.is_ok() { 0.0 } else { 1.0 },
            }
        })
        .collect()
}

/// Adjusted p-values of equivalence. A contrast of which it may not be claimed keeps its place at p = 1.
fn equivalence_adjusted(
    members: &[Member<'_>],
    p_values: impl Iterator<Item = Option<f64>>,
    is_primary: &[bool],
) -> Vec<f64> {
    let claimed: Vec<_> =
        members.iter().zip(p_values).map(|(one, p)| p.filter(|_| one.claimable.equivalence)).collect();
    holm_of_two_families(&claimed, is_primary)
}

/// Benjamini and Hochberg's q of every gap. One of which nothing may be claimed keeps its place at p = 1.
fn screen(members: &[Member<'_>], p_values: impl Iterator<Item = Option<f64>>) -> Vec<f64> {
    benjamini_hochberg(
        &members.iter().zip(p_values).map(|(one, p)| p.filter(|_| one.claimable.sign)).collect::<Vec<_>>(),
    )
}

/// Unadjusted p-values of one gap.
struct FamilyP {
    no_gap: Option<f64>,
    material: Option<f64>,
    equivalence: Option<f64>,
}

impl FamilyP {
    fn new(estimate: &StudentEstimate, margin: f64) -> Self {
        Self {
            no_gap: estimate.p_two_sided(0.0),
            material: p_beyond(estimate, margin),
            equivalence: tost(estimate, margin),
        }
    }
}

/// Two-sided p of "|gap| ≤ margin".
fn p_beyond(estimate: &StudentEstimate, margin: f64) -> Option<f64> {
    let nearest = if estimate.mean < 0.0 { estimate.p_below(-margin)? } else { estimate.p_above(margin)? };
    Some((2.0 * nearest).min(1.0))
}

fn judge_sign_flips(
    members: &[Member<'_>],
    raw: &[Raw],
    settings: &Settings,
) -> Result<Vec<Judged>, ReplicateGapsError> {
    let flips = Flips { num_flips: settings.num_flips, seed: settings.seed };
    let is_primary = primaries(members);
    let flipped = flip_families(members, &is_primary, settings.alpha, &flips)?;
    let margin = settings.margin_pp / 100.0;
    // Equivalence is judged by *t* tests in either scope: sign flips of few replicates could never pass Holm.
    let equivalence_p: Vec<Option<f64>> = raw.iter().map(|raw| tost(&raw.estimate, margin)).collect();
    let equivalence = equivalence_adjusted(members, equivalence_p.iter().copied(), &is_primary);
    let screen = screen(members, flipped.iter().map(|flipped| Some(flipped.p_value)));
    let judged = (0..members.len()).map(|at| {
        let (estimate, flipped) = (raw[at].estimate, &flipped[at]);
        let interval = estimate.spread.ok().map(|spread| {
            let width = flipped.margin * spread.standard_error;
            let (low, high) = (estimate.mean - width, estimate.mean + width);
            // The interval must not claim more than the test.
            if flipped.p_adjusted > settings.alpha { (low.min(0.0), high.max(0.0)) } else { (low, high) }
        });
        Judged {
            estimate: in_points(members[at].gap, &estimate, interval, 1.0 - settings.alpha, settings),
            raw: estimate,
            components: raw[at].components,
            p_value: members[at].claimable.sign.then_some(flipped.p_value),
            p_adjusted: flipped.p_adjusted,
            screen_q: screen[at],
            material_p_adjusted: None,
            equivalence_p_value: equivalence_p[at],
            equivalence_p_adjusted: equivalence[at],
            attainable_p: flipped.attainable_p,
        }
    });
    Ok(judged.collect())
}

/// What joint sign flips say of one gap.
#[derive(Clone, Copy)]
struct Flipped {
    p_value: f64,
    p_adjusted: f64,
    /// The smallest adjusted p that its family can give.
    attainable_p: f64,
    /// Standard errors that its interval extends.
    margin: f64,
}

/// Flips each family jointly, at half of α or, where the other is rejected whole, at all of it.
fn flip_families(
    members: &[Member<'_>],
    is_primary: &[bool],
    alpha: f64,
    flips: &Flips,
) -> Result<Vec<Flipped>, ReplicateGapsError> {
    let (primaries, secondaries): (Vec<usize>, Vec<usize>) = (0..members.len()).partition(|&at| is_primary[at]);
    let families: Vec<Vec<usize>> = [primaries, secondaries].into_iter().filter(|family| !family.is_empty()).collect();
    // Zeros flip to zeros, so a gap of which nothing may be claimed keeps its place and is never rejected.
    let gaps_of = |member: &Member<'_>| {
        let means = member.gap.replicate_means();
        if member.claimable.sign { means.to_vec() } else { vec![0.0; means.len()] }
    };
    let tested = families.iter().map(|family| {
        let gaps = ReplicateGaps::new(family.iter().map(|&at| gaps_of(&members[at])).collect())?;
        let test = max_t(&gaps, flips);
        Ok((gaps, test))
    });
    let tested: Vec<(ReplicateGaps, MaxT)> = tested.collect::<Result<_, ReplicateGapsError>>()?;
    let greatest = |family: usize| tested[family].1.p_adjusted.iter().copied().fold(0.0, f64::max);
    let mut flipped = vec![None; members.len()];
    for (family, (gaps, test)) in tested.iter().enumerate() {
        // Twice the greatest p of the other family: at most α where that family is rejected whole at half of it.
        let other = if families.len() == 1 { 0.0 } else { 2.0 * greatest(1 - family) };
        let passed = |p: f64| (2.0 * p).min(p.max(other)).min(1.0);
        let margins = matching_margins(gaps, test, if other <= alpha { alpha } else { alpha / 2.0 }, flips);
        for (place, &at) in families[family].iter().enumerate() {
            flipped[at] = Some(Flipped {
                p_value: test.p_values[place],
                p_adjusted: passed(test.p_adjusted[place]),
                attainable_p: passed(test.attainable_p),
                margin: margins[place],
            });
        }
    }
    Ok(flipped.into_iter().flatten().collect())
}

/// For each gap, how many standard errors its interval extends: the critical value of the step at which it was judged.
fn matching_margins(gaps: &ReplicateGaps, test: &MaxT, alpha: f64, flips: &Flips) -> Vec<f64> {
    let mut margins = vec![f64::INFINITY; gaps.cells().len()];
    if gaps.num_replicates() < 2 {
        return margins;
    }
    let num_rejected = test.order.iter().take_while(|cell| test.p_adjusted[**cell] <= alpha).count();
    let critical = step_down_critical_values(gaps, &test.order, num_rejected + 1, alpha, flips);
    for (rank, cell) in test.order.iter().enumerate() {
        if let Some(value) = critical.get(rank).or(critical.last()) {
            margins[*cell] = *value;
        }
    }
    margins
}

fn in_points(
    gap: &PairedGap,
    raw: &StudentEstimate,
    interval: Option<(f64, f64)>,
    level: f64,
    settings: &Settings,
) -> Estimate {
    let (standard_error_pp, df, no_spread) = Estimate::standard_error_of(raw);
    Estimate {
        mean_pp: 100.0 * raw.mean,
        low_pp: interval.map(|(low, _)| 100.0 * low),
        high_pp: interval.map(|(_, high)| 100.0 * high),
        level,
        standard_error_pp,
        df,
        no_spread,
        method: method(settings),
        scope: Scope { in_clusters: gap.is_in_clusters(), ..settings.scope },
        num_replicates: gap.num_replicates(),
        num_examples: gap.num_examples(),
    }
}
