//! Where a value stands in its file.

use std::ops::Range;

/// A range of bytes of a scenario's text.
pub type Span = Range<usize>;

/// A value and where it stands.
#[derive(Clone, Debug, Default)]
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

/// Longest part of a line that is shown, in characters. There may be a fault at each of its places.
const MOST_SHOWN: usize = 200;
/// Characters shown before the place, where a line is cut.
const SHOWN_BEFORE: usize = 60;

/// A file's name and text.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) file: String,
    pub(crate) text: String,
    /// The first byte of every line.
    lines: Vec<usize>,
    /// The end of the last line that holds something.
    end: usize,
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
    /// The line's text, or the part of it around the place, if it is long.
    pub source_line: String,
    /// How many characters of that stand before the place.
    pub before: usize,
    /// How many characters of it are meant, at least 1.
    pub width: usize,
}

impl Document {
    /// A file of this name with this text.
    pub(crate) fn new(file: &str, text: &str) -> Self {
        let ends = text.bytes().enumerate().filter(|&(_, byte)| byte == b'\n').map(|(at, _)| at + 1);
        let lines = std::iter::once(0).chain(ends).collect();
        let end = text.trim_end_matches(['\n', '\r']).len();
        Self { file: file.to_owned(), text: text.to_owned(), lines, end }
    }

    /// The line (from 1) of a byte.
    pub(crate) fn line(&self, byte: usize) -> usize {
        self.lines.partition_point(|&start| start <= byte)
    }

    /// The place of a span; one that runs over several lines is cut at the end of its first.
    pub(crate) fn place(&self, span: &Span) -> Place {
        // A fault at the end of the file is shown at the end of its last line, not on an empty one after it.
        let start = floor_to_character(&self.text, span.start.min(self.end));
        let line = self.line(start);
        let line_start = self.lines[line - 1];
        let line_end = self.lines.get(line).map_or(self.text.len(), |next| next - 1);
        let source_line = self.text[line_start..line_end].trim_end_matches('\r');
        let end = floor_to_character(&self.text, span.end.clamp(start, line_start + source_line.len()));
        let column = self.text[line_start..start].chars().count() + 1;
        let width = self.text[start..end].chars().count().max(1);
        let is_long = source_line.len() > MOST_SHOWN;
        let skipped = if is_long { (column - 1).saturating_sub(SHOWN_BEFORE) } else { 0 };
        let shown: String =
            source_line.chars().skip(skipped).take(if is_long { MOST_SHOWN } else { usize::MAX }).collect();
        let before = column - 1 - skipped;
        Place {
            file: self.file.clone(),
            line,
            column,
            before,
            width: width.min(shown.chars().count().saturating_sub(before).max(1)),
            source_line: shown.replace('\t', " "),
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
        Document::new("a.toml", text)
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
    fn of_a_long_line_the_part_around_the_place_is_shown() {
        let text = format!("a = [{}]\n", "1, ".repeat(1000));
        let place = document(&text).place(&(1505..1506));
        assert_eq!((place.line, place.column, place.before, place.width), (1, 1506, 60, 1));
        assert_eq!(place.source_line.len(), 200);
        let whole = document("a = 1\n").place(&(4..5));
        assert_eq!((whole.column, whole.before, whole.source_line.as_str()), (5, 4, "a = 1"));
    }

    #[test]
    fn places_cost_no_more_at_the_end_of_a_long_file() {
        let document = document(&"a = 1\n".repeat(200_000));
        let began = std::time::Instant::now();
        for line in 0..200_000 {
            assert_eq!(document.place(&(6 * line..6 * line + 1)).line, line + 1);
        }
        // Counting lines anew for each took minutes.
        assert!(began.elapsed().as_secs() < 10, "{:?}", began.elapsed());
    }

    #[test]
    fn the_end_of_the_file_is_the_end_of_its_last_line() {
        let place = document("[a]\nb = \n").place(&(9..9));
        assert_eq!((place.line, place.column, place.width), (2, 5, 1));
    }
}
