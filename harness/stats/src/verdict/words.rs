//! Verdicts in words, as reports print them.

use super::{Attribution, Bias, Collapsed, Consequence, Decision, Gate, GateFailure, Reference, Verdict};
use crate::power::Need;
use std::fmt::Write;

/// What gaps are counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GapUnit {
    /// What stands after exactly one: "point".
    pub one: &'static str,
    /// What stands after any other number: "points".
    pub several: &'static str,
}

impl GapUnit {
    /// Percentage points.
    pub const POINTS: Self = Self { one: "point", several: "points" };
    /// Hundredths of a nat, for losses.
    pub const HUNDREDTHS_OF_A_NAT: Self = Self { one: "hundredth of a nat", several: "hundredths of a nat" };
    /// The metric's own unit.
    pub const OWN: Self = Self { one: "unit of the metric", several: "units of the metric" };

    /// "1 point", "2.5 points".
    pub fn count(self, count: f64) -> String {
        format!("{count} {}", if count == 1.0 { self.one } else { self.several })
    }
}

impl Decision {
    /// The verdict in words, with gaps counted in `unit`.
    ///
    /// "Negative transfer" is said only of a NEGATIVE against scratch with attribution SOURCE; an INCONCLUSIVE is never
    /// worded as absence.
    pub fn words(&self, unit: GapUnit) -> String {
        self.words_with(unit, true)
    }

    /// The same; where what stands behind the verdict does not carry the words "negative transfer", a loss whose cause is the source is
    /// called that.
    pub fn words_with(&self, unit: GapUnit, may_say_negative_transfer: bool) -> String {
        let margin = unit.count(self.margin_pp);
        let mut words = match self.verdict {
            Verdict::Negative | Verdict::MaterialNegative => {
                self.signed_words("worse than", &margin, unit, may_say_negative_transfer)
            }
            Verdict::Positive | Verdict::MaterialPositive => {
                self.signed_words("better than", &margin, unit, may_say_negative_transfer)
            }
            Verdict::Equivalent => format!("equivalent to {} within ±{margin}", self.reference),
            Verdict::Inconclusive => self.inconclusive_words(unit),
            Verdict::InconclusiveOptimisation => {
                format!("inconclusive (optimisation): the sign depends on {}", self.collapse_words())
            }
            Verdict::Invalid if !self.is_invalidated() => {
                let trained = match self.collapsed.as_ref().map_or(0, |collapsed| collapsed.num_trained) {
                    0 => "no replicate".to_owned(),
                    1 => "only 1 replicate".to_owned(),
                    replicates => format!("only {replicates} replicates"),
                };
                format!("invalid: both arms trained in {trained}, beside {}", self.collapse_words())
            }
            Verdict::Invalid => format!("invalid: {}", self.gate_words()),
        };
        let is_signed = self.verdict.is_negative() || self.verdict.is_positive();
        if is_signed && self.collapsed.is_some() {
            words.push_str(", among runs that trained");
        }
        if self.equivalent && is_signed {
            // Writing to a String cannot fail.
            let _ = write!(words, ", but equivalent within ±{margin}");
        }
        if let Some(taken) = self.taken_by_gates() {
            let _ = write!(words, " ({taken})");
        }
        words
    }

    /// What gates took away: "downgraded from MATERIAL NEGATIVE: gate 1 (equal search) failed", or "not equivalent: gate 3 (live
    /// baseline) failed"; `None` if they took nothing from a verdict that there is.
    pub fn taken_by_gates(&self) -> Option<String> {
        let not_equivalent = self.failed_gates.iter().any(|failure| failure.consequence == Consequence::NotEquivalent);
        if self.verdict != self.verdict_before_gates {
            Some(format!("downgraded from {}: {}", self.verdict_before_gates, self.gate_words()))
        } else {
            not_equivalent.then(|| format!("not equivalent: {}", self.gate_words()))
        }
    }

    fn signed_words(&self, comparison: &str, margin: &str, unit: GapUnit, may_say_negative_transfer: bool) -> String {
        // The source does harm, but is not shown to do as much harm as there is.
        if let (Some(Attribution::Source), Some(source), true) =
            (self.attribution, &self.source_gap, self.verdict.is_material())
            && !source.lies_below(-self.margin_pp)
            && may_say_negative_transfer
        {
            return format!(
                "{comparison} scratch, by more than {margin}, with negative transfer: {:+.1} {} against random layers",
                source.mean_pp, unit.several
            )
            .replace('-', "−");
        }
        let base = match (&self.reference, self.attribution) {
            (Reference::Arm(name), _) => format!("{comparison} {name}"),
            (Reference::Scratch, Some(Attribution::Source)) if may_say_negative_transfer => {
                "negative transfer".to_owned()
            }
            (Reference::Scratch, Some(attribution)) => {
                format!("{comparison} scratch ({})", self.cause_words(attribution))
            }
            (Reference::Scratch, None) => format!("{comparison} scratch"),
        };
        if self.verdict.is_material() { format!("{base}, by more than {margin}") } else { base }
    }

    /// The cause of a loss that no source made.
    fn cause_words(&self, attribution: Attribution) -> String {
        match attribution {
            Attribution::Source => "the source".to_owned(),
            Attribution::Freezing => "freezing".to_owned(),
            Attribution::Mixed => "freezing, and what the layers hold".to_owned(),
            Attribution::Specificity if self.is_opposed => {
                "what the layers hold, though better than random ones".to_owned()
            }
            Attribution::Specificity => "what the layers hold".to_owned(),
            Attribution::Undecided if self.is_opposed => "cause undecided; better than random layers".to_owned(),
            Attribution::Undecided if self.is_like_random => "cause undecided; no worse than random layers".to_owned(),
            Attribution::Undecided => "cause undecided".to_owned(),
        }
    }

    /// "2 runs that collapsed".
    fn collapse_words(&self) -> String {
        match self.collapsed.as_ref().map_or(0, Collapsed::num_runs) {
            1 => "1 run that collapsed".to_owned(),
            runs => format!("{runs} runs that collapsed"),
        }
    }

    fn inconclusive_words(&self, unit: GapUnit) -> String {
        // A gate took a sign away: neither replicates nor test images would bring it back.
        if self.verdict != self.verdict_before_gates {
            return "inconclusive".to_owned();
        }
        if let Some(reason) = self.gap.no_spread {
            return format!("inconclusive: {reason}");
        }
        if !self.can_reject {
            return format!(
                "inconclusive: with {} replicates this test cannot reject (its smallest p is {:.3})",
                self.gap.num_replicates, self.attainable_p
            );
        }
        let detectable = match self.minimum_detectable_effect_pp {
            Some(effect) => {
                format!(": a true gap of {effect:.1} {} would be found in 4 of 5 such studies", unit.several)
            }
            None => ": no gap that is possible would be found in 4 of 5 such studies".to_owned(),
        };
        let need = match self.need {
            Some(Need::Replicates(count)) if count > self.gap.num_replicates => {
                format!("; {count} replicates would find {}", unit.count(self.margin_pp))
            }
            Some(Need::TestExamples(count)) => {
                format!("; {count} test images would find {}, more replicates would not", unit.count(self.margin_pp))
            }
            Some(Need::Both) => "; it takes both more replicates and more test images".to_owned(),
            Some(Need::Replicates(_)) | None => String::new(),
        };
        format!("inconclusive{detectable}{need}{}", self.withheld_equivalence().unwrap_or_default())
    }

    /// "; not equivalent, since the gap over all runs excludes zero, 2 runs that collapsed among them"; `None` where no run that
    /// collapsed withholds it.
    pub fn withheld_equivalence(&self) -> Option<String> {
        let all = self.collapsed?.gap_of_all?;
        let excludes_zero = all.lies_below(0.0) || all.lies_above(0.0);
        let is_withheld = excludes_zero && self.equivalence_p_value.is_some_and(|p| p <= 0.05);
        is_withheld.then(|| {
            format!("; not equivalent, since the gap over all runs excludes zero, {} among them", self.collapse_words())
        })
    }

    /// Whether a gate left nothing to judge.
    fn is_invalidated(&self) -> bool {
        self.failed_gates.iter().any(|failure| failure.consequence == Consequence::Invalid)
    }

    /// The gates that made the verdict what it is.
    pub fn gate_words(&self) -> String {
        let fails_for_both = |gate: Gate| {
            let of = |bias: Bias| self.failed_gates.iter().any(|one| one.gate == gate && one.bias == Some(bias));
            of(Bias::HidesHarm) && of(Bias::ExaggeratesHarm)
        };
        let words = |failure: &GateFailure| match fails_for_both(failure.gate) {
            true => format!("{} failed for both arms", failure.gate),
            false => failure.words(),
        };
        let acted = |failure: &&GateFailure| !self.is_invalidated() || failure.consequence == Consequence::Invalid;
        let mut gates: Vec<String> = self.failed_gates.iter().filter(acted).map(words).collect();
        gates.dedup();
        gates.join("; ")
    }
}
