//! The cause of a gap.

use super::{Estimate, Verdict};
use std::fmt;

/// The cause of a practical gap, as far as the source gap shows it.
///
/// Given for a NEGATIVE or POSITIVE against scratch. Stated here for NEGATIVE; POSITIVE is its mirror image. "The source gap" is
/// its interval adjusted over the family of source gaps, and "equivalent" is two one-sided tests against ±δ, adjusted likewise.
///
/// * SOURCE: the source gap lies below 0. The same where nothing is frozen and no source gap is given: the treatment
///   from an untrained source is then scratch itself, and the two gaps coincide.
/// * FREEZING: something is frozen, and the source gap is shown to be no harm: it lies above 0, or is equivalent to 0.
/// * Both at once (real, but inside ±δ): FREEZING if the practical gap is MATERIAL, since less than δ cannot explain more than δ;
///   else SOURCE.
/// * Otherwise UNDECIDED.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Attribution {
    /// The source: the same treatment from an untrained source differs in the same direction.
    Source,
    /// What the layers hold and that they are frozen, both: [`super::cause()`] tells these two apart, by the target's twin.
    Mixed,
    /// What the layers hold: the same treatment from the target's twin does better, and no worse than scratch.
    Specificity,
    /// Freezing: it does as badly (or as well) without a trained source.
    Freezing,
    /// The source gap is unknown, or its interval leaves both possible.
    Undecided,
}

impl Attribution {
    /// Its name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Source => "SOURCE",
            Self::Mixed => "MIXED",
            Self::Specificity => "SPECIFICITY",
            Self::Freezing => "FREEZING",
            Self::Undecided => "UNDECIDED",
        }
    }
}

impl fmt::Display for Attribution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A source gap as attribution sees it.
pub(super) struct SourceGap<'a> {
    pub(super) estimate: &'a Estimate,
    /// Shown to be inside ±δ.
    pub(super) equivalent: bool,
}

/// The attribution of a NEGATIVE or POSITIVE against scratch; `None` for any other verdict.
pub(super) fn attribute(verdict: Verdict, frozen: usize, source_gap: Option<&SourceGap<'_>>) -> Option<Attribution> {
    if !verdict.is_negative() && !verdict.is_positive() {
        return None;
    }
    let Some(SourceGap { estimate, equivalent }) = source_gap else {
        return Some(if frozen == 0 { Attribution::Source } else { Attribution::Undecided });
    };
    let (below, above) = (estimate.lies_below(0.0), estimate.lies_above(0.0));
    let (same_side, other_side) = if verdict.is_negative() { (below, above) } else { (above, below) };
    let exonerated = frozen > 0 && (other_side || *equivalent);
    Some(match (same_side, exonerated) {
        (true, true) if verdict.is_material() => Attribution::Freezing,
        (true, _) => Attribution::Source,
        (false, true) => Attribution::Freezing,
        (false, false) => Attribution::Undecided,
    })
}
