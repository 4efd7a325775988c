//! Where a value stands in its file.

use std::ops::Range;

/// A range of bytes of a scenario's text.
pub type Span = Range<usize>;

/// A value and where it stands.
#[derive(Clone, Debug)]
pub struct Located<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub span: Span,
}

impl<T> Located<T> {
    /// The same place, another value.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Located<U> {
        Located { value: change(self.value), span: self.span }
    }
}

/// A file's name and text.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) file: String,
    pub(crate) text: String,
}

/// A place in a file, as a person looks for it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Place {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1, in characters.
    pub column: usize,
    /// The line's text.
    pub source_line: String,
    /// How many characters of it are meant, at least 1.
    pub width: usize,
}

impl Document {
    /// The line (from 1) of a byte.
    pub(crate) fn line(&self, byte: usize) -> usize {
        self.text.as_bytes().iter().take(byte).filter(|&&b| b == b'\n').count() + 1
    }

    /// The place of a span; one that runs over several lines is cut at the end of its first.
    pub(crate) fn place(&self, span: &Span) -> Place {
        // A fault at the end of the file is shown at the end of its last line, not on an empty one after it.
        let end_of_text = self.text.trim_end_matches(['\n', '\r']).len();
        let start = floor_to_character(&self.text, span.start.min(end_of_text));
        let line_start = self.text[..start].rfind('\n').map_or(0, |newline| newline + 1);
        let line_end = self.text[start..].find('\n').map_or(self.text.len(), |newline| start + newline);
        let source_line = self.text[line_start..line_end].trim_end_matches('\r');
        let end = floor_to_character(&self.text, span.end.clamp(start, line_start + source_line.len()));
        Place {
            file: self.file.clone(),
            line: self.line(start),
            column: self.text[line_start..start].chars().count() + 1,
            source_line: source_line.replace('\t', " "),
            width: self.text[start..end].chars().count().max(1),
        }
    }
}

fn floor_to_character(text: &str, byte: usize) -> usize {
    (0..=byte).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(text: &str) -> Document {
        Document { file: "a.toml".to_owned(), text: text.to_owned() }
    }

    #[test]
    fn columns_count_characters_not_bytes() {
        let place = document("a = 1\nä = \"öl\"\n").place(&(10..16));
        assert_eq!((place.line, place.column, place.source_line.as_str()), (2, 4, "ä = \"öl\""));
    }

    #[test]
    fn a_span_over_lines_is_cut_at_its_first() {
        let place = document("a = [\n1,\n]\n").place(&(4..10));
        assert_eq!((place.line, place.column, place.width), (1, 5, 1));
    }

    #[test]
    fn the_end_of_the_file_is_the_end_of_its_last_line() {
        let place = document("[a]\nb = \n").place(&(9..9));
        assert_eq!((place.line, place.column, place.width), (2, 5, 1));
    }
}
