//! A scenario of an older version, written as the latest: the rest of its text stays byte for byte.

use toml_edit::{Document, Item};

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
        let line = scenario.origin.document.line(version.span.start);
        let mut changes = vec![format!("line {line}: version {} → {}", from.number(), latest.number())];
        for (table, key, value) in meant_before(&scenario) {
            if let Some(inserted) = insert(&rewritten, table, key, &value) {
                rewritten = inserted;
                changes.push(format!(
                    "[{table}]: {key} = {}, which the older version means by leaving it out",
                    value.trim()
                ));
            }
        }
        if Scenario::parse(&rewritten, file).as_ref() != Ok(&scenario) {
            let message = format!("version {} of this scenario would mean something else", latest.number());
            let label = "this is a fault of nt, please report it; the file was left as it is";
            return Err(Faults(vec![Diagnostic::new(Code::Version, message, label)]));
        }
        Ok(Self::Rewritten { from, text: rewritten, changes })
    }
}

/// The keys that an older version means something else by, where they are left out, with what this scenario means, as TOML.
fn meant_before(scenario: &Scenario) -> Vec<(&'static str, &'static str, String)> {
    let word = |word: &str| format!("{word:?}");
    let mut keys = vec![("study", "reference_runs", scenario.study.reference_runs.to_string())];
    if let Some(tuning) = &scenario.tuning {
        keys.push(("tuning", "search", word(tuning.search.word())));
        keys.push(("tuning", "extend", tuning.extend.to_string()));
    }
    let primary: Vec<String> = scenario.verdict.primary.iter().map(|primary| word(primary.word())).collect();
    keys.push(("verdict", "choice", word(scenario.verdict.choice.word())));
    keys.push(("verdict", "primary", format!("[{}]", primary.join(", "))));
    keys
}

/// The text with a key that one of its tables lacks, below the table's last key; the rest stays byte for byte. `None` if the
/// table has the key.
fn insert(text: &str, table: &str, key: &str, value: &str) -> Option<String> {
    let document = Document::parse(text).ok()?;
    let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let Some(item) = document.get(table) else {
        let gap = if text.ends_with('\n') { "" } else { newline };
        return Some(format!("{text}{gap}{newline}[{table}]{newline}{key} = {value}{newline}"));
    };
    if item.get(key).is_some() {
        return None;
    }
    let last = last_value(item)?;
    let (at, inserted) = match item {
        Item::Value(_) => (last, format!(", {key} = {value}")),
        Item::Table(table) if table.is_dotted() => {
            (line_end(text, last), format!("{newline}{}.{key} = {value}", item_name(text, last)?))
        }
        Item::Table(_) | Item::None | Item::ArrayOfTables(_) => {
            (line_end(text, last), format!("{newline}{key} = {value}"))
        }
    };
    let (before, after) = text.split_at_checked(at)?;
    Some(format!("{before}{inserted}{after}"))
}

/// Where the last value of a table ends; the end of its header, if it has none.
fn last_value(item: &Item) -> Option<usize> {
    let own = item.as_table_like()?.iter().filter_map(|(_, value)| Some(value.span()?.end)).max();
    own.or_else(|| Some(item.span()?.end))
}

/// The end of the line that a place is on, before its line break.
fn line_end(text: &str, from: usize) -> usize {
    let rest = text.get(from..).unwrap_or_default();
    let line = rest.split('\n').next().unwrap_or_default();
    from + line.trim_end_matches('\r').len()
}

/// The name before the first dot of the line that a place is on.
fn item_name(text: &str, place: usize) -> Option<&str> {
    let line = text.get(..place)?.rsplit('\n').next()?;
    Some(line.split_once('.')?.0)
}
