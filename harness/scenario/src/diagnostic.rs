//! What is wrong with a scenario: code, place, what would be accepted, and a guess at what was meant.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::place::Place;

/// Declares the codes with their severities; a code's number is its place in the list.
macro_rules! codes {
    ($(#[doc = $doc:literal] $code:ident: $severity:ident,)+) => {
        /// A kind of fault or note, `S001` and up; a number is never given to another kind.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code {
            $(#[doc = $doc] $code,)+
        }

        impl Code {
            /// Every code, ascending.
            pub const ALL: &[Self] = &[$(Self::$code),+];

            /// How much it matters.
            pub fn severity(self) -> Severity {
                match self {
                    $(Self::$code => Severity::$severity,)+
                }
            }
        }
    };
}

codes! {
    /// S001: the text is not TOML.
    Syntax: Error,
    /// S002: the schema's version is not one this program reads.
    Version: Error,
    /// S003: no such key.
    UnknownKey: Error,
    /// S004: a key or table is missing.
    MissingKey: Error,
    /// S005: a value has the wrong type.
    WrongType: Error,
    /// S006: a word is not among those accepted.
    UnknownWord: Error,
    /// S007: a number is out of range.
    OutOfRange: Error,
    /// S008: two things have one name.
    DuplicateName: Error,
    /// S009: a name refers to nothing.
    UnknownReference: Error,
    /// S010: a name cannot be a file's or a column's.
    BadName: Error,
    /// S011: a training length is not exactly one of steps, epochs and examples.
    Length: Error,
    /// S012: a learning rate is neither fixed nor tuned, or both.
    LearningRate: Error,
    /// S013: depths are not written as a number, a list or a range.
    Depths: Error,
    /// S014: a depth does not exist.
    NoSuchDepth: Error,
    /// S015: a layer would be frozen that is not copied.
    FrozenPastCopied: Error,
    /// S016: fc8 would be copied between different classes.
    ClassesDiffer: Error,
    /// S017: a key does not belong to this kind.
    KeyOfOtherKind: Error,
    /// S018: a class does not exist.
    UnknownClass: Error,
    /// S019: a list of classes repeats one or has fewer than two.
    ClassList: Error,
    /// S020: a dataset cannot be read.
    UnreadableData: Error,
    /// S021: more images are asked for than there are.
    SplitTooLarge: Error,
    /// S022: a point of the lattice is planned twice.
    PlannedTwice: Error,
    /// S023: a grid (learning rates, a probe's strengths, a ladder) repeats a value or does not ascend.
    Grid: Error,
    /// S024: learning rates are tuned without validation images, or all images are validation images.
    Validation: Error,
    /// S025: a pool does not fit and is left out (a note).
    PoolLeftOut: Note,
    /// S026: something is declared and never used (a note).
    Unused: Note,
    /// S027: an override on the command line cannot be applied.
    Override: Error,
    /// S028: a study has too few replicates for a verdict (a note).
    Pilot: Note,
    /// S029: looks do not ascend to the number of replicates.
    Looks: Error,
    /// S030: a scenario of an older version is read as it was meant (a note).
    OldVersion: Note,
    /// S031: training images are given in two ways, or too few for one of each class.
    TrainImages: Error,
    /// S032: the metric or a method cannot use labels of the kind that the data have.
    Labels: Error,
    /// S033: replicates of a search that is made by every replicate for itself.
    SearchReplicates: Error,
    /// S034: a pattern is not a regular expression.
    Pattern: Error,
    /// S035: a file of weights cannot be read, or does not fit the network.
    UnusableWeights: Error,
}

impl fmt::Display for Code {
    /// `S014`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "S{:03}", *self as usize + 1)
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// How much a diagnostic matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The scenario cannot run.
    Error,
    /// It can, and its author should know.
    Note,
}

/// One fault or note.
///
/// Its [`Display`](fmt::Display) is the plain text a terminal shows:
/// ```text
/// error[S014]: frozen depth 9 does not exist
///   --> scenarios/yosinski.toml:14:17
/// 14 | frozen = [1, 3, 9]
///                      ^ AlexNet has 8 learned layers; choose 0..=7, or 8 if source and target have the same classes
/// help: did you mean 7?
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// Its kind.
    pub code: Code,
    /// How much it matters.
    pub severity: Severity,
    /// What is wrong.
    pub message: String,
    /// Where; none for a command line.
    pub place: Option<Place>,
    /// What would be accepted there.
    pub label: String,
    /// A guess at what was meant, or the next step.
    pub help: Option<String>,
}

impl Diagnostic {
    /// A diagnostic of this code without a place.
    pub fn new(code: Code, message: impl Into<String>, label: impl Into<String>) -> Self {
        Self { code, severity: code.severity(), message: message.into(), place: None, label: label.into(), help: None }
    }

    /// The same with a place.
    pub(crate) fn at(mut self, place: Place) -> Self {
        self.place = Some(place);
        self
    }

    /// The same with a guess or the next step, if there is one.
    pub(crate) fn help(mut self, help: Option<String>) -> Self {
        self.help = help;
        self
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self.severity {
            Severity::Error => "error",
            Severity::Note => "note",
        };
        writeln!(f, "{word}[{}]: {}", self.code, self.message)?;
        if let Some(place) = &self.place {
            let number = place.line.to_string();
            let indent = " ".repeat(number.len() + 3 + place.before);
            writeln!(f, "{}--> {}:{}:{}", " ".repeat(number.len()), place.file, place.line, place.column)?;
            writeln!(f, "{number} | {}", place.source_line)?;
            // Further lines of a label stay within the frame.
            let label = self.label.replace('\n', &format!("\n{indent}"));
            writeln!(f, "{indent}{} {label}", "^".repeat(place.width))?;
        } else if !self.label.is_empty() {
            writeln!(f, "  {}", self.label.replace('\n', "\n  "))?;
        }
        match &self.help {
            Some(help) => writeln!(f, "help: {help}"),
            None => Ok(()),
        }
    }
}

/// Most faults that are printed: with more, a program wrote the scenario, and has one fault of its own.
const MOST_SHOWN: usize = 200;

/// Every fault of a scenario, in the order of the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Faults(pub Vec<Diagnostic>);

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for diagnostic in self.0.iter().take(MOST_SHOWN) {
            writeln!(f, "{diagnostic}")?;
        }
        if self.0.len() > MOST_SHOWN {
            writeln!(f, "… and {} more\n", self.0.len() - MOST_SHOWN)?;
        }
        let plural = if self.0.len() == 1 { "" } else { "s" };
        write!(f, "{} fault{plural}: nothing was run; correct the scenario and check it again", self.0.len())
    }
}

impl std::error::Error for Faults {}

/// Puts diagnostics in the order of the file.
pub(crate) fn sort(diagnostics: &mut [Diagnostic]) {
    diagnostics.sort_by_key(|d| (d.place.as_ref().map_or((0, 0), |place| (place.line, place.column)), d.code));
}
