//! Text that others wrote, as it may be shown.

use std::borrow::Cow;

/// Text without what gives orders to a terminal, or turns what stands beside it around: such letters are written out. Lines and tabs
/// stay.
pub fn printable(text: &str) -> Cow<'_, str> {
    let is_meant = |letter: char| (letter.is_control() && letter != '\n' && letter != '\t') || turns(letter);
    if !text.contains(is_meant) {
        return Cow::Borrowed(text);
    }
    let shown = |letter: char| if is_meant(letter) { letter.escape_unicode().to_string() } else { letter.to_string() };
    Cow::Owned(text.chars().map(shown).collect())
}

/// A text as a field of a CSV that spreadsheets open: what one would take for a formula gets an apostrophe before it. Numbers stay.
pub fn no_formula(text: &str) -> Cow<'_, str> {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']) && text.parse::<f64>().is_err();
    if is_formula { Cow::Owned(format!("'{text}")) } else { Cow::Borrowed(text) }
}

/// Whether a letter changes the direction of those beside it.
fn turns(letter: char) -> bool {
    matches!(letter, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::{no_formula, printable};

    #[test]
    fn formulas_are_quoted_and_numbers_are_not() {
        for (text, field) in
            [("=1+1", "'=1+1"), ("-3.5", "-3.5"), ("@x", "'@x"), ("-x", "'-x"), ("a=b", "a=b"), ("+1e3", "+1e3")]
        {
            assert_eq!(no_formula(text), field);
        }
    }

    #[test]
    fn no_order_reaches_a_terminal_and_lines_stay_lines() {
        assert_eq!(printable("a\tb\n\u{1b}[31mé\u{7}\r"), "a\tb\n\\u{1b}[31mé\\u{7}\\u{d}");
        assert_eq!(printable("\u{9b}31m\u{202e}gnp.exe"), "\\u{9b}31m\\u{202e}gnp.exe");
        assert_eq!(printable("− Größe"), "− Größe");
    }
}
