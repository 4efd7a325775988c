//! What is told beside the results, on standard error.

use std::fmt::Display;
use std::io::Write;

/// Writes lines to standard error. If it is closed or full, nobody listens, and that is no failure.
pub(crate) fn tell(text: impl Display) {
    let _ = writeln!(std::io::stderr().lock(), "{}", printable(&text.to_string()));
}

/// Text without what gives orders to a terminal: names and lines of files reach messages as somebody wrote them.
pub(crate) fn printable(text: &str) -> String {
    let is_order = |letter: char| letter.is_control() && letter != '\n' && letter != '\t';
    let shown = |letter: char| if is_order(letter) { letter.escape_unicode().to_string() } else { letter.to_string() };
    text.chars().map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_order_reaches_a_terminal_and_lines_stay_lines() {
        assert_eq!(printable("a\tb\n\u{1b}[31mé\u{7}\r"), "a\tb\n\\u{1b}[31mé\\u{7}\\u{d}");
    }
}
