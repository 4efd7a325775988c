//! Numbers in range, and lists that ascend.

use std::ops::RangeInclusive;

use crate::count::thousands;
use crate::diagnostic::Code;
use crate::place::{Located, Span};

use super::{Report, TableReader};

/// Values of a grid at most.
const MOST_VALUES: usize = 1_000;

/// The largest whole number TOML can write.
pub(crate) const MAX_COUNT: u64 = i64::MAX as u64;

impl TableReader<'_, '_> {
    /// A real number that satisfies `holds`; `accepted` says which do.
    pub(crate) fn real(
        &self,
        key: &str,
        accepted: &str,
        holds: impl Fn(f64) -> bool,
        report: &mut Report,
    ) -> Option<Located<f64>> {
        let number = self.value::<f64>(key, report)?;
        real_in_range(key, number, accepted, holds, report)
    }

    /// A list of real numbers that each satisfy `holds`; `accepted` says which do.
    pub(crate) fn reals(
        &self,
        key: &str,
        accepted: &str,
        holds: impl Fn(f64) -> bool,
        report: &mut Report,
    ) -> Option<Located<Vec<Located<f64>>>> {
        let list = self.grid(key, report)?;
        let checked = list.value.into_iter().map(|number| real_in_range(key, number, accepted, &holds, report));
        let checked: Vec<_> = checked.collect();
        Some(Located { value: checked.into_iter().collect::<Option<_>>()?, span: list.span })
    }

    /// A list of numbers that is no longer than a grid may be.
    pub(crate) fn grid(&self, key: &str, report: &mut Report) -> Option<Located<Vec<Located<f64>>>> {
        let list = self.list::<f64>(key, report)?;
        if list.value.len() > MOST_VALUES {
            let message = format!("{key} has {} values", thousands(list.value.len() as u64));
            report.fault(
                Code::OutOfRange,
                &list.span,
                message,
                format!("at most {}", thousands(MOST_VALUES as u64)),
                None,
            );
            return None;
        }
        Some(list)
    }

    /// A whole number in this range.
    pub(crate) fn count(&self, key: &str, range: RangeInclusive<u64>, report: &mut Report) -> Option<Located<u64>> {
        let number = self.value::<i64>(key, report)?;
        match u64::try_from(number.value) {
            Ok(value) if range.contains(&value) => Some(Located { value, span: number.span }),
            _ => {
                let accepted = match (*range.start(), *range.end()) {
                    (low, MAX_COUNT) => format!("accepted: {low} or more"),
                    (low, high) => format!("accepted: {low} to {}", thousands(high)),
                };
                out_of_range(key, &number.span, accepted, report);
                None
            }
        }
    }
}

/// Reports a real number for which `holds` is false.
pub(crate) fn real_in_range(
    key: &str,
    number: Located<f64>,
    accepted: &str,
    holds: impl Fn(f64) -> bool,
    report: &mut Report,
) -> Option<Located<f64>> {
    if number.value.is_finite() && holds(number.value) {
        return Some(number);
    }
    out_of_range(key, &number.span, format!("accepted: {accepted}"), report);
    None
}

/// Reports a number, as it is written, that is out of range.
fn out_of_range(key: &str, span: &Span, accepted: String, report: &mut Report) {
    let written = report.document.text.get(span.clone()).unwrap_or_default();
    report.fault(Code::OutOfRange, span, format!("{key} {written} is out of range"), accepted, None);
}

/// Reports every value of a list that is not above the one before it; `noun` is what a person calls a value.
pub(crate) fn ascends(noun: &str, values: &[Located<f64>], report: &mut Report) {
    for pair in values.windows(2) {
        let [before, value] = pair else { continue };
        if value.value <= before.value {
            let message = format!("{noun} {} is not above the one before it", value.value);
            let label = format!("write them in ascending order, each once: above {}", before.value);
            report.fault(Code::Grid, &value.span, message, label, None);
        }
    }
}
