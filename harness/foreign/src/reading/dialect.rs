//! How a text was read, in words.

/// How a text was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Dialect {
    /// "comma-separated", "JSON, one object a line".
    pub(crate) layout: &'static str,
    /// Comment lines before the header.
    pub(crate) num_comments: usize,
    /// Whether there are no lines, and rows are counted.
    pub(crate) in_rows: bool,
}

impl Dialect {
    /// Of what could not be read.
    pub(crate) const NONE: Self = Self { layout: "unread", num_comments: 0, in_rows: false };

    /// "semicolon-separated, 2 comment lines skipped".
    pub(crate) fn words(&self) -> String {
        match self.num_comments {
            0 => self.layout.to_owned(),
            1 => format!("{}, 1 comment line skipped", self.layout),
            count => format!("{}, {count} comment lines skipped", self.layout),
        }
    }
}
