//! What is told beside the results, on standard error, and how what others wrote is shown.

use nt_records::text::printable;
use std::fmt::Display;
use std::io::Write;
use std::path::Path;

/// Writes lines to standard error. If it is closed or full, nobody listens, and that is no failure.
pub(crate) fn tell(text: impl Display) {
    let _ = writeln!(std::io::stderr().lock(), "{}", printable(&text.to_string()));
}

/// A path without what would break a line, or is seen only by what it does to its neighbours.
pub(crate) fn one_line(path: &Path) -> String {
    let is_unseen = |letter: char| {
        letter.is_control()
            || matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    escaped(&path.display().to_string(), is_unseen)
}

/// Text with these letters written out.
fn escaped(text: &str, is_meant: impl Fn(char) -> bool) -> String {
    let shown = |letter: char| if is_meant(letter) { letter.escape_unicode().to_string() } else { letter.to_string() };
    text.chars().map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_control_characters_stays_on_its_line() {
        assert_eq!(one_line(Path::new("a\nb\u{1b}[31m\u{202e} é.png")), "a\\u{a}b\\u{1b}[31m\\u{202e} é.png");
    }
}
