//! A verdict, with everything that led to it.

use super::{
    Attribution, Collapsed, Consequence, Estimate, Family, GateFailure, Reference, Verdict, corrected_for_an_early_call,
};
use crate::crossed::VarianceComponents;
use crate::power::Need;

/// The verdict on one contrast, with everything a report prints beside it.
///
/// # Units
/// Gaps and effects in percentage points (`_pp`); p-values are probabilities.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// The contrast's name.
    pub name: String,
    /// What the treatment was compared with.
    pub reference: Reference,
    /// The family that it was decided in.
    pub family: Family,
    /// The practical gap, in the replicates in which both arms trained.
    pub gap: Estimate,
    /// Runs that collapsed, and the gap with them; `None` if none did.
    pub collapsed: Option<Collapsed>,
    /// The gap to the same treatment from an untrained source, at the level of its own test.
    pub source_gap: Option<Estimate>,
    /// The gap to the same treatment from the target's twin, likewise.
    pub specificity_gap: Option<Estimate>,
    /// The gap of that treatment from the twin to scratch, likewise.
    pub freezing_gap: Option<Estimate>,
    /// Two-sided p of "no gap".
    pub p_value: Option<f64>,
    /// The same, adjusted over the family; 1 for a contrast that cannot be judged.
    pub p_adjusted: f64,
    /// Benjamini and Hochberg's q over the family: an exploratory screen for what to look at next, never a verdict.
    pub screen_q: f64,
    /// Two-sided p of "|gap| ≤ δ", adjusted over the family: at most α exactly when the verdict is MATERIAL. `None`
    /// with sign flips.
    pub material_p_adjusted: Option<f64>,
    /// p of "|gap| ≥ δ" by two one-sided tests.
    pub equivalence_p_value: Option<f64>,
    /// The same, Holm-adjusted over the family.
    pub equivalence_p_adjusted: f64,
    /// The verdict.
    pub verdict: Verdict,
    /// The verdict if every gate had held.
    pub verdict_before_gates: Verdict,
    /// Whether the gap is shown to be inside ±δ. This is possible together with NEGATIVE or POSITIVE.
    pub equivalent: bool,
    /// The cause of a loss; `None` without a NEGATIVE against scratch.
    pub attribution: Option<Attribution>,
    /// Whether these layers are shown to be better than random ones: than the same treatment from an untrained source.
    pub is_opposed: bool,
    /// Whether these layers are shown to be no worse than random ones, by more than δ.
    pub is_like_random: bool,
    /// Variance components of the practical gap, in squared fractions.
    pub components: Option<VarianceComponents>,
    /// The true gap that the adjusted test finds with the power of the settings. It is computed from the spread, not
    /// from the gap. `None` where the test cannot reject, and where no gap is so large.
    pub minimum_detectable_effect_pp: Option<f64>,
    /// The smallest adjusted p that this test can give with these replicates.
    pub attainable_p: f64,
    /// Whether `attainable_p` is at most α. If not, the test cannot reject, and the verdict says nothing.
    pub can_reject: bool,
    /// What brings the minimum detectable effect down to δ, or has brought it there. `None` where the test cannot
    /// reject.
    pub need: Option<Need>,
    /// The margin δ.
    pub margin_pp: f64,
    /// Gates that did not hold.
    pub failed_gates: Vec<GateFailure>,
    /// Replicates at which the verdict was given, where that was at a look before the last one declared. A sign that is called so
    /// is called of too large a gap on average.
    pub called_early_at: Option<usize>,
}

impl Decision {
    /// The replicates that the gap is of, where it leaves out others because runs collapsed.
    pub fn of_those_that_trained(&self) -> Option<usize> {
        let Collapsed { num_trained, treatment: [_, replicates], .. } = self.collapsed?;
        // Where none trained, the gap is that of all.
        (num_trained > 0 && (num_trained as u64) < replicates).then_some(num_trained)
    }

    /// Ends of the interval that the verdict was read from, percentage points; none where nothing could be judged.
    pub fn interval_pp(&self) -> [Option<f64>; 2] {
        let Estimate { low_pp, high_pp, .. } = self.gap;
        [low_pp, high_pp].map(|end| end.filter(|_| self.verdict != Verdict::Invalid))
    }

    /// What is left of the gap of a sign that was called early; `None` for any other verdict.
    pub fn gap_corrected_for_an_early_call(&self) -> Option<f64> {
        self.called_early_at?;
        let is_signed = self.verdict_before_gates.is_negative() || self.verdict_before_gates.is_positive();
        is_signed.then(|| corrected_for_an_early_call(&self.gap)).flatten()
    }

    /// Whether more replicates may give another verdict: nothing is found yet, the sign hangs on runs that did not train, or too few
    /// of the runs, or of scratch, trained. A verdict that a gate took one step down was found all the same.
    pub fn may_change(&self) -> bool {
        matches!(
            self.verdict_before_gates,
            Verdict::Inconclusive | Verdict::InconclusiveOptimisation | Verdict::Invalid
        )
    }

    /// Every gap of it.
    pub fn gaps_mut(&mut self) -> impl Iterator<Item = &mut Estimate> {
        let of_all = self.collapsed.as_mut().and_then(|collapsed| collapsed.gap_of_all.as_mut());
        let others = [of_all, self.source_gap.as_mut(), self.specificity_gap.as_mut(), self.freezing_gap.as_mut()];
        std::iter::once(&mut self.gap).chain(others.into_iter().flatten())
    }

    /// Whether the verdict is what replicates and test images make it, and neither a gate nor runs that collapsed hold it open.
    pub fn is_for_data_to_decide(&self) -> bool {
        let is_open = matches!(self.verdict, Verdict::Inconclusive | Verdict::InconclusiveOptimisation);
        !is_open || self.verdict_before_gates == Verdict::Inconclusive
    }

    /// What another look at the gap takes from the verdict, such as one against a longer-trained scratch, or without some of
    /// the images: `None` if all that it claims is given again. `other` is that gap, if there is any, and
    /// `is_equivalent` says whether it is shown to be inside ±δ.
    pub fn lost_to(&self, other: Option<&Estimate>, is_equivalent: bool) -> Option<Consequence> {
        let verdict = self.verdict_before_gates;
        let beyond = |threshold: f64| match verdict.is_negative() {
            true => other.is_some_and(|other| other.lies_below(-threshold)),
            false => other.is_some_and(|other| other.lies_above(threshold)),
        };
        let is_signed = verdict.is_negative() || verdict.is_positive();
        if (is_signed && !beyond(0.0)) || (verdict == Verdict::Equivalent && !is_equivalent) {
            Some(Consequence::Undecided)
        } else if verdict.is_material() && !beyond(self.margin_pp) {
            Some(Consequence::Downgrade)
        } else if is_signed && self.equivalent && !is_equivalent {
            Some(Consequence::NotEquivalent)
        } else {
            None
        }
    }

    /// Applies a gate that turned out to fail afterwards. `is_equivalent` says whether the gap is shown to be inside ±δ
    /// nevertheless: where that was claimed, it is what is left when the sign is taken away.
    pub fn fail(&mut self, failure: GateFailure, is_equivalent: bool) {
        self.failed_gates.push(failure);
        self.verdict = self.verdict_before_gates.after_gates(&self.failed_gates);
        self.equivalent &= is_equivalent;
        if self.equivalent && self.verdict == Verdict::Inconclusive {
            self.verdict = Verdict::Equivalent;
        }
        if !self.verdict.is_negative() {
            self.attribution = None;
        }
    }
}
