//! The cause of a gap.

use std::fmt;

/// The cause of a practical gap, as far as counterfactuals show it. [`super::cause()`] says when each is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Attribution {
    /// The source: the same treatment from an untrained source differs in the same direction.
    Source,
    /// Both what the layers hold and that they are frozen.
    Mixed,
    /// What the layers hold: the same treatment from the target's twin does better, and no worse than scratch.
    Specificity,
    /// Freezing: it does as badly (or as well) without a trained source.
    Freezing,
    /// What is known leaves several causes possible.
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
