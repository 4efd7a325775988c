//! Which images belong together: photographs of one bird, slices of one scan.

use std::fmt;

use regex::Regex;

use crate::diagnostic::Code;
use crate::place::Located;
use crate::reader::{Report, TableReader};

/// A pattern on the paths of images, such as `"([0-9]+)_[0-9]+\\.jpg$"`. Images with the same captures form a cluster.
#[derive(Clone, Debug)]
pub struct ClusterPattern(Regex);

impl ClusterPattern {
    /// A pattern from its text, in the syntax of the crate `regex`.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn new(text: &str) -> Result<Self, regex::Error> {
        Regex::new(text).map(Self)
    }

    /// The pattern's text.
    pub fn text(&self) -> &str {
        self.0.as_str()
    }

    /// The cluster of the image at `path`: what the pattern's groups captured, joined by `/`, or the whole match if it has no
    /// group. `None` if the pattern does not match, or its groups captured nothing.
    pub fn cluster_of(&self, path: &str) -> Option<String> {
        let captures = self.0.captures(path)?;
        let groups: Vec<&str> = captures.iter().skip(1).flatten().map(|group| group.as_str()).collect();
        let cluster = if captures.len() == 1 { captures[0].to_owned() } else { groups.join("/") };
        Some(cluster).filter(|cluster| !cluster.is_empty())
    }

    /// Reads the key `cluster`.
    pub(super) fn read(reader: &TableReader<'_, '_>, report: &mut Report) -> Option<Self> {
        let Located { value: text, span } = reader.value::<String>("cluster", report)?;
        let pattern = Self::new(&text);
        if let Err(error) = &pattern {
            let reason = error.to_string();
            // The error draws the pattern with a caret; its last line says what is wrong.
            let reason = reason.lines().last().unwrap_or_default().trim_start_matches("error: ");
            let label = "a regular expression in single quotes, such as '([0-9]+)_[0-9]+\\.jpg$'";
            report.fault(Code::Pattern, &span, format!("`cluster` is no pattern: {reason}"), label, None);
        }
        pattern.ok()
    }
}

impl PartialEq for ClusterPattern {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}

impl fmt::Display for ClusterPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_is_what_the_groups_capture() {
        let cluster = |text: &str, path: &str| ClusterPattern::new(text).unwrap().cluster_of(path);
        assert_eq!(cluster("([0-9]+)_[0-9]+", "bird/012_3.jpg").as_deref(), Some("012"));
        assert_eq!(cluster("^([^/]+)/(.)", "bird/012_3.jpg").as_deref(), Some("bird/0"));
        assert_eq!(cluster("^[^/]+", "bird/012_3.jpg").as_deref(), Some("bird"));
        assert_eq!(cluster("x([0-9]*)", "bird/x.jpg"), None, "an empty capture names nothing");
        assert_eq!(cluster("fish", "bird/012_3.jpg"), None);
    }
}
