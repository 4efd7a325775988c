//! Runs that collapsed: an outcome of their own, beside the gap among runs that trained.

use super::{Estimate, Settings, Verdict};
use crate::fisher::fisher_exact;
use crate::paired_gap::PairedGap;
use crate::verdict::family::estimate_at;

/// Fewest replicates in which both arms trained, for a verdict on those.
pub const FEWEST_TRAINED: usize = 3;

/// What is known of runs that collapsed: that ended with a training accuracy not above chance, or with a training loss that had
/// not fallen. Test images have no say in it. The gap of the contrast is then that of the replicates in which the treatment and
/// at least one run of the reference trained.
#[derive(Debug, Clone, PartialEq)]
pub struct Collapse {
    /// Treatment minus reference over all runs, those that collapsed among them. `None` where nothing is known of them but that
    /// they collapsed: no sign may be claimed then.
    pub gap_of_all: Option<PairedGap>,
    /// Replicates in which both arms trained. With none, the gap of the contrast is that of all.
    pub num_trained: usize,
    /// Runs of the treatment that collapsed, and all of them.
    pub treatment: [u64; 2],
    /// Runs of the reference that collapsed, and all of them.
    pub reference: [u64; 2],
}

impl Collapse {
    /// Whether a gap among runs that trained may be claimed: the gap over all runs has its sign, and by itself, at 1 − α, excludes
    /// zero.
    ///
    /// The sign of the mean alone is not enough. Leaving out the replicates that collapsed can leave a few that agree by chance:
    /// of tuned studies really trained in which nothing differs, and 8 % of runs collapse, .065 then had a false sign; with this
    /// rule .04 have.
    pub(super) fn allows_sign(&self, gap: &PairedGap, settings: &Settings) -> bool {
        let agrees = |all: Estimate| if gap.mean() < 0.0 { all.lies_below(0.0) } else { all.lies_above(0.0) };
        self.num_trained >= FEWEST_TRAINED && self.of_all(settings).is_some_and(agrees)
    }

    /// Whether runs that trained may be called equivalent: the gap over all runs shows no sign.
    pub(super) fn allows_equivalence(&self, settings: &Settings) -> bool {
        let is_open = |all: Estimate| !all.lies_below(0.0) && !all.lies_above(0.0);
        self.num_trained >= FEWEST_TRAINED && self.of_all(settings).is_some_and(is_open)
    }

    fn of_all(&self, settings: &Settings) -> Option<Estimate> {
        Some(estimate_at(self.gap_of_all.as_ref()?, 1.0 - settings.alpha, settings))
    }

    /// The verdict, where `verdict` is what the gap among runs that trained says by itself: INVALID where too few trained;
    /// INCONCLUSIVE (OPTIMISATION) where that gap, or the one over all runs, shows a sign that may not be claimed.
    pub(super) fn verdict(&self, gap: &PairedGap, judged: &Estimate, verdict: Verdict, settings: &Settings) -> Verdict {
        if self.num_trained < FEWEST_TRAINED {
            return Verdict::Invalid;
        }
        let is_signed = |verdict: Verdict| verdict.is_negative() || verdict.is_positive();
        if is_signed(verdict) && self.allows_sign(gap, settings) {
            return verdict;
        }
        let Some(all) = &self.gap_of_all else {
            return if is_signed(verdict) { Verdict::InconclusiveOptimisation } else { verdict };
        };
        let all = estimate_at(all, judged.level, settings);
        let excludes_zero = all.lies_below(0.0) || all.lies_above(0.0);
        if is_signed(verdict) || excludes_zero { Verdict::InconclusiveOptimisation } else { verdict }
    }
}

/// How often the arms of a contrast collapsed, and what comes of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Collapsed {
    /// Replicates in which both arms trained.
    pub num_trained: usize,
    /// Runs of the treatment that collapsed, and all of them.
    pub treatment: [u64; 2],
    /// Runs of the reference that collapsed, and all of them.
    pub reference: [u64; 2],
    /// Two-sided p of "both arms collapse equally often". A large one shows nothing with so few runs.
    pub p_value: f64,
    /// The gap over all runs, at 1 − α, at which it must exclude zero for a sign to be claimed.
    pub gap_of_all: Option<Estimate>,
}

impl Collapsed {
    pub(super) fn of(collapse: &Collapse, settings: &Settings) -> Self {
        Self {
            num_trained: collapse.num_trained,
            treatment: collapse.treatment,
            reference: collapse.reference,
            p_value: fisher_exact(collapse.treatment, collapse.reference),
            gap_of_all: collapse.of_all(settings),
        }
    }

    /// Runs of both arms that collapsed.
    pub fn num_runs(&self) -> u64 {
        self.treatment[0] + self.reference[0]
    }
}

/// The share of runs that would have to collapse for a gap to vanish: of the treatment for a gap above 0, of the reference for
/// one below. `None` where the arm that would have to is not above chance.
///
/// # Units
/// Means of runs that trained, and of guessing: fractions, higher is better.
pub fn vanishing_rate(treatment: f64, reference: f64, chance: f64) -> Option<f64> {
    let (better, gap) = (treatment.max(reference), (treatment - reference).abs());
    (better > chance).then(|| (gap / (better - chance)).min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_vanishes_when_so_many_runs_guess() {
        // .8 · (1 − f) + .1 · f is .6 at f = 2/7.
        let rate = vanishing_rate(0.8, 0.6, 0.1).unwrap();
        assert!((rate - 2.0 / 7.0).abs() < 1e-15);
        assert_eq!(vanishing_rate(0.6, 0.8, 0.1), Some(rate), "of the reference, for a gap below 0");
        assert_eq!(vanishing_rate(0.1, 0.05, 0.1), None);
    }
}
