//! Verdicts in words, as reports print them.

use super::{Attribution, Bias, Decision, Gate, GateFailure, Reference, Verdict};
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

    /// "1 point", "2.5 points".
    fn count(self, count: f64) -> String {
        format!("{count} {}", if count == 1.0 { self.one } else { self.several })
    }
}

impl Decision {
    /// The verdict in words, with gaps counted in `unit`.
    ///
    /// "Negative transfer" is said only of a NEGATIVE against scratch with attribution SOURCE; an INCONCLUSIVE is never
    /// worded as absence.
    pub fn words(&self, unit: GapUnit) -> String {
        let margin = unit.count(self.margin_pp);
        let mut words = match self.verdict {
            Verdict::Negative | Verdict::MaterialNegative => {
                self.signed_words("negative transfer", "worse than", &margin)
            }
            Verdict::Positive | Verdict::MaterialPositive => {
                self.signed_words("positive transfer", "better than", &margin)
            }
            Verdict::Equivalent => format!("equivalent to {} within ±{margin}", self.reference),
            Verdict::Inconclusive => self.inconclusive_words(unit),
            Verdict::InconclusiveOptimisation => {
                let runs = self.failed_runs.len();
                format!("inconclusive (optimisation): {runs} run{} did not train", if runs == 1 { "" } else { "s" })
            }
            Verdict::Invalid => format!("invalid: {}", self.gate_words()),
        };
        if self.equivalent && (self.verdict.is_negative() || self.verdict.is_positive()) {
            // Writing to a String cannot fail.
            let _ = write!(words, ", but equivalent within ±{margin}");
        }
        if self.verdict != self.verdict_before_gates {
            let _ = write!(words, " (downgraded from {}: {})", self.verdict_before_gates, self.gate_words());
        }
        words
    }

    fn signed_words(&self, transfer: &str, comparison: &str, margin: &str) -> String {
        let base = match (&self.reference, self.attribution) {
            (Reference::Arm(name), _) => format!("{comparison} {name}"),
            (Reference::Scratch, Some(Attribution::Source)) => transfer.to_owned(),
            (Reference::Scratch, Some(Attribution::Freezing)) => format!("{comparison} scratch (freezing)"),
            (Reference::Scratch, _) => format!("{comparison} scratch (cause undecided)"),
        };
        if self.verdict.is_material() { format!("{base}, by more than {margin}") } else { base }
    }

    fn inconclusive_words(&self, unit: GapUnit) -> String {
        if let Some(reason) = self.gap.no_spread {
            return format!("inconclusive: {reason}");
        }
        if !self.can_reject {
            return format!(
                "inconclusive: with {} replicates this test cannot reject (its smallest p is {:.3})",
                self.gap.num_replicates, self.attainable_p
            );
        }
        let detectable = self.minimum_detectable_effect_pp.map_or_else(String::new, |effect| {
            format!(": gaps below {effect:.1} {} would mostly be missed", unit.several)
        });
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
        format!("inconclusive{detectable}{need}")
    }

    fn gate_words(&self) -> String {
        let fails_for_both = |gate: Gate| {
            let of = |bias: Bias| self.failed_gates.iter().any(|one| one.gate == gate && one.bias == Some(bias));
            of(Bias::HidesHarm) && of(Bias::ExaggeratesHarm)
        };
        let words = |failure: &GateFailure| match fails_for_both(failure.gate) {
            true => format!("{} failed for both arms", failure.gate),
            false => failure.words(),
        };
        let mut gates: Vec<String> = self.failed_gates.iter().map(words).collect();
        gates.dedup();
        gates.join(", ")
    }
}
