//! A scenario of an older version, written as the latest: the rest of its text stays byte for byte.

use crate::diagnostic::{Code, Diagnostic, Faults};
use crate::raw::Version;
use crate::scenario::Scenario;

/// What `nt migrate` makes of a scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Migration {
    /// It is of the latest version already.
    Current,
    /// It was of an older version.
    Rewritten {
        /// The version it was of.
        from: Version,
        /// The new text.
        text: String,
        /// What was changed, a sentence each.
        changes: Vec<String>,
    },
}

impl Migration {
    /// Rewrites a scenario's text as the latest version; `file` is the name that diagnostics show.
    ///
    /// The new text means the same: it parses to an equal scenario.
    ///
    /// # Errors
    /// Every fault of the text. A scenario that cannot be read is not rewritten.
    pub fn of(text: &str, file: &str) -> Result<Self, Faults> {
        let scenario = Scenario::parse(text, file)?;
        let version = &scenario.origin.raw.version;
        let (from, latest) = (version.value, Version::LATEST);
        if from == latest {
            return Ok(Self::Current);
        }
        let mut rewritten = text.to_owned();
        rewritten.replace_range(version.span.clone(), &latest.number().to_string());
        if Scenario::parse(&rewritten, file).as_ref() != Ok(&scenario) {
            let message = format!("version {} of this scenario would mean something else", latest.number());
            let label = "this is a fault of nt, please report it; the file was left as it is";
            return Err(Faults(vec![Diagnostic::new(Code::Version, message, label)]));
        }
        let line = scenario.origin.document.line(version.span.start);
        let changes = vec![format!("line {line}: version {} → {}", from.number(), latest.number())];
        Ok(Self::Rewritten { from, text: rewritten, changes })
    }
}
