//! The cause of a gap, from what the same treatment does from an untrained source and from the target's twin.

use super::family::{estimate_at, raw_estimate};
use super::{Attribution, Estimate, Settings, Verdict};
use crate::estimate::StudentEstimate;
use crate::paired_gap::PairedGap;

/// Two-sided level at which each counterfactual gap is tested, for one contrast: the error is per contrast, not over the family.
const LEVEL: f64 = 0.025;

/// The same, for the gaps to the twin, once the source is shown to be the cause.
const LEVEL_AFTER_SOURCE: f64 = 0.05;

/// One-sided level at which a gap is shown to be no worse than −δ.
const NO_WORSE: f64 = 0.05;

/// One-sided level at which Q is shown to be no worse than −δ, for FREEZING: what is left of .05 after the half of [`LEVEL`] that a
/// wrong SOURCE may take. At .05, a Q of exactly −δ gave up to .058 wrong labels (6,000 studies of 12 replicates).
const NO_WORSE_THAN_TWIN: f64 = 0.05 - LEVEL / 2.0;

/// What the same treatment does from elsewhere. Each is `None` where it was not run, or did not train.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Counterfactuals {
    /// S: the treatment minus the same treatment from an untrained source. `None` too where nothing is frozen, so that it
    /// coincides with the gap to scratch.
    pub source_gap: Option<PairedGap>,
    /// Q: the treatment minus the same treatment from the target's twin.
    pub specificity_gap: Option<PairedGap>,
    /// F: the same treatment from the target's twin minus scratch.
    pub freezing_gap: Option<PairedGap>,
}

/// The cause of a gap, with what it was read from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cause {
    /// The cause; `None` without a NEGATIVE.
    pub attribution: Option<Attribution>,
    /// S, with its interval at the level that it was tested at.
    pub source_gap: Option<Estimate>,
    /// Q, likewise.
    pub specificity_gap: Option<Estimate>,
    /// F, likewise.
    pub freezing_gap: Option<Estimate>,
    /// Whether S is shown to lie above 0: these layers are better than random ones.
    pub is_opposed: bool,
    /// Whether S is shown to lie above −δ: these layers are no worse than random ones.
    pub is_like_random: bool,
}

/// The cause of a NEGATIVE against scratch, as far as counterfactuals show it. Their gaps are given for any verdict.
///
/// Three gaps are tested: S, to the same treatment from an untrained source; Q, to the same treatment from the target's *twin*, a
/// network that learned the target's task and look from other images; and F, that treatment from the twin against scratch. The
/// practical gap is F + Q. In this order:
///
/// 1. S below 0: SOURCE, which is negative transfer. The same where nothing is frozen and no S is given: the treatment from an
///    untrained source is scratch itself then.
/// 2. Q below 0 and F below 0: MIXED.
/// 3. Q below 0 alone: SPECIFICITY, these layers hold the wrong thing.
/// 4. F below 0, and the lower one-sided 96.25 % bound of Q above −δ: FREEZING.
/// 5. Otherwise UNDECIDED.
///
/// Without a twin only SOURCE and UNDECIDED are said. SOURCE says that these layers do harm, not that all of the gap is theirs: S
/// says how much is. A POSITIVE has no cause: nothing here tells why something helps.
///
/// # Source
/// Wang, Dai, Póczos and Carbonell 2019 for S; the study protocol for Q and F. S, Q and F are tested two-sided at .025 each, so
/// that a wrong label has at most that chance at each step, and the bound of FREEZING leaves .05 to all of them together
/// (`tests/attribution.rs` simulates it).
pub fn cause(verdict: Verdict, frozen: usize, counterfactuals: &Counterfactuals, settings: &Settings) -> Cause {
    let Counterfactuals { source_gap, specificity_gap, freezing_gap } = counterfactuals;
    let raw = |gap: &Option<PairedGap>| gap.as_ref().map(|gap| raw_estimate(gap, settings));
    let (source, specificity, freezing) = (raw(source_gap), raw(specificity_gap), raw(freezing_gap));
    let is_below = |gap: &Option<StudentEstimate>| passes(gap.and_then(|gap| gap.p_below(0.0)), LEVEL / 2.0);
    let margin = settings.margin_pp / 100.0;
    let is_no_worse =
        |gap: &Option<StudentEstimate>, level: f64| passes(gap.and_then(|gap| gap.p_above(-margin)), level);
    let attribution = match (is_below(&specificity), is_below(&freezing)) {
        // With nothing frozen the treatment from an untrained source is scratch with other weights: S is the gap itself.
        _ if frozen == 0 && source_gap.is_none() => Attribution::Source,
        _ if is_below(&source) => Attribution::Source,
        (true, true) => Attribution::Mixed,
        (true, false) => Attribution::Specificity,
        (false, true) if frozen > 0 && is_no_worse(&specificity, NO_WORSE_THAN_TWIN) => Attribution::Freezing,
        (false, _) => Attribution::Undecided,
    };
    let attribution = verdict.is_negative().then_some(attribution);
    let level = if attribution == Some(Attribution::Source) { LEVEL_AFTER_SOURCE } else { LEVEL };
    let shown = |gap: &Option<PairedGap>, level: f64| gap.as_ref().map(|gap| estimate_at(gap, 1.0 - level, settings));
    Cause {
        attribution,
        source_gap: shown(source_gap, LEVEL),
        specificity_gap: shown(specificity_gap, level),
        freezing_gap: shown(freezing_gap, level),
        is_opposed: passes(source.and_then(|gap| gap.p_above(0.0)), LEVEL / 2.0),
        is_like_random: is_no_worse(&source, NO_WORSE),
    }
}

fn passes(p: Option<f64>, level: f64) -> bool {
    p.is_some_and(|p| p <= level)
}
