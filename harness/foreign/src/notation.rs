//! How values are written: numbers with a point or a comma for decimals, with separated thousands, with a per cent sign; and right or
//! wrong.

/// How the numbers of a column are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Notation {
    /// Whether a comma stands before the decimals.
    pub decimal_comma: bool,
    /// Whether a per cent sign stands behind every number.
    pub percent: bool,
}

impl Notation {
    /// 0.45, 1e-3.
    pub(crate) const PLAIN: Self = Self { decimal_comma: false, percent: false };

    /// The notation that these texts agree on. Where a comma may be of decimals or of thousands (1,234), no text tells, and `asked`
    /// must: the answer is an error with such a text.
    pub(crate) fn of<'t>(texts: impl Iterator<Item = &'t str> + Clone, asked: Option<bool>) -> Result<Self, &'t str> {
        let numbers = texts.filter(|text| is_a_number(text));
        let percent = {
            let mut all = numbers.clone().peekable();
            all.peek().is_some() && all.all(|text| text.ends_with('%'))
        };
        if let Some(decimal_comma) = asked {
            return Ok(Self { decimal_comma, percent });
        }
        let bare = numbers.map(|text| (text, text.trim_end_matches('%').trim_end()));
        let with_comma = bare.clone().filter(|(_, text)| text.contains(','));
        let has_comma = with_comma.clone().next().is_some();
        let of_decimals = with_comma.clone().any(|(_, text)| is_of_decimals(text));
        let of_thousands = with_comma.clone().any(|(_, text)| is_of_thousands(text));
        // Beside decimal commas a lone point is of thousands, or the number is written otherwise than the others.
        let with_point = bare.clone().find(|(_, text)| text.contains('.') && !text.contains(','));
        if let (true, false, Some((text, _))) = (of_decimals, of_thousands, with_point) {
            return Err(text);
        }
        match (has_comma, of_decimals, of_thousands) {
            (false, ..) | (true, false, true) => Ok(Self { decimal_comma: false, percent }),
            (true, true, false) => Ok(Self { decimal_comma: true, percent }),
            (true, ..) => Err(with_comma.map(|(text, _)| text).next().unwrap_or_default()),
        }
    }

    /// The number of a text; `None` if it is none in this notation, or not finite.
    pub(crate) fn number(self, text: &str) -> Option<f64> {
        // Typeset tables have a minus sign where programs have a hyphen.
        let text = &text.replace('\u{2212}', "-");
        // A sign that not all numbers have is part of none.
        let text =
            if self.percent { text.strip_suffix('%').map_or(text.as_str(), str::trim_end) } else { text.as_str() };
        if let Ok(number) = text.parse::<f64>()
            && !(self.decimal_comma && text.contains('.'))
        {
            return Some(number).filter(|number| number.is_finite() && is_a_number(text));
        }
        let (decimal, thousands) = if self.decimal_comma { (',', '.') } else { ('.', ',') };
        let (whole, decimals) = text.split_once(decimal).unwrap_or((text, ""));
        if decimals.contains([thousands, decimal, ' ', '\'']) {
            return None;
        }
        let plain: String = ungrouped(whole, thousands)?;
        let number = if decimals.is_empty() { plain } else { format!("{plain}.{decimals}") };
        number.parse().ok().filter(|number: &f64| number.is_finite())
    }
}

/// Whether a text begins as a number does. NaN and words are none.
pub(crate) fn is_a_number(text: &str) -> bool {
    text.trim_start_matches(['-', '+', '\u{2212}'])
        .starts_with(|letter: char| letter.is_ascii_digit() || matches!(letter, '.' | ','))
}

/// Whether the comma of a text is of decimals: before any number of digits but three, or after a point of thousands.
fn is_of_decimals(text: &str) -> bool {
    let Some((whole, decimals)) = text.rsplit_once(',') else { return false };
    let is_after_thousands = whole.contains('.');
    let digits = decimals.chars().take_while(char::is_ascii_digit).count();
    !whole.contains(',') && (is_after_thousands || digits != 3 || whole.trim_start_matches('-') == "0")
}

fn is_of_thousands(text: &str) -> bool {
    // 1,234.5 and 1,234,567.
    let (whole, _) = text.split_once('.').unwrap_or((text, ""));
    let has_several = whole.matches(',').count() > 1;
    whole.contains(',') && (has_several || text.contains('.') && text.rfind('.') > text.rfind(','))
}

/// Digits without the separators of their thousands, if those stand where they should.
fn ungrouped(whole: &str, separator: char) -> Option<String> {
    let is_separator = |letter: char| letter == separator || matches!(letter, ' ' | '\'' | '\u{a0}' | '\u{202f}');
    let mut groups = whole.split(is_separator);
    let first = groups.next()?;
    let rest: Vec<&str> = groups.collect();
    let digits = first.trim_start_matches(['-', '+']);
    let is_grouped = !rest.is_empty();
    if is_grouped && digits.starts_with('0') {
        return None;
    }
    let is_sound = rest.iter().all(|group| group.len() == 3 && group.chars().all(|digit| digit.is_ascii_digit()))
        && (rest.is_empty() || (1..=3).contains(&digits.len()));
    is_sound.then(|| format!("{first}{}", rest.concat()))
}

/// Whether a text says that an example was right; `None` if it says neither.
pub(crate) fn correctness(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "1" | "1.0" | "true" => Some(true),
        "0" | "0.0" | "false" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(texts: &[&str]) -> Result<Vec<Option<f64>>, String> {
        let notation = Notation::of(texts.iter().copied(), None).map_err(str::to_owned)?;
        Ok(texts.iter().map(|text| notation.number(text)).collect())
    }

    #[test]
    fn numbers_are_read_as_they_are_written_or_asked_about() {
        assert_eq!(read(&["0.45", "1e-3", "-2"]), Ok(vec![Some(0.45), Some(0.001), Some(-2.0)]));
        assert_eq!(read(&["0,45", "12,5"]), Ok(vec![Some(0.45), Some(12.5)]));
        assert_eq!(read(&["45.2%", "7 %", "\u{2212}3%"]), Ok(vec![Some(45.2), Some(7.0), Some(-3.0)]));
        assert_eq!(read(&["1,234.5", "900.25"]), Ok(vec![Some(1234.5), Some(900.25)]));
        assert_eq!(read(&["1.234,5", "900,25"]), Ok(vec![Some(1234.5), Some(900.25)]));
        assert_eq!(read(&["1 234,5", "2,5"]), Ok(vec![Some(1234.5), Some(2.5)]));
        assert_eq!(read(&["1,234", "5,678"]), Err("1,234".to_owned()));
        assert_eq!(read(&["0,234", "0,678"]), Ok(vec![Some(0.234), Some(0.678)]));
        assert_eq!(read(&["nan", "0.5", "x", ""]), Ok(vec![None, Some(0.5), None, None]));
        assert_eq!(read(&["1,23,4"]).unwrap_or_default(), vec![None]);
        assert_eq!(read(&["1.234", "1.247", "1,2"]), Err("1.234".to_owned()));
        assert_eq!(read(&["0.455", "0,61"]), Err("0.455".to_owned()));
        assert_eq!(read(&["0.5%", "0.6"]), Ok(vec![None, Some(0.6)]));
        assert_eq!(Notation { decimal_comma: true, percent: false }.number("0.455"), None);
    }
}
