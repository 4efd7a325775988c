//! The arms that others are held against: the reference, the untrained source and the twin.

use super::finder::Finder;
use crate::fault::Fault;

/// A source that serves as a counterfactual.
pub(super) struct Control {
    pub(super) option: &'static str,
    /// In words, for faults.
    what: &'static str,
    usual_name: &'static str,
}

pub(super) const UNTRAINED: Control =
    Control { option: "--untrained", what: "untrained source", usual_name: "untrained" };

pub(super) const TWIN: Control = Control { option: "--twin", what: "twin", usual_name: "twin" };

impl Finder<'_> {
    pub(super) fn reference(&mut self, given: Option<&str>, arm: &[usize]) -> Vec<(Option<usize>, String)> {
        let Some(given) = given else {
            let names = ["arm", "treatment"].map(|name| self.table.column(name));
            let copied = self.table.column("copied").filter(|at| arm.contains(at));
            return match copied.filter(|_| names.iter().flatten().all(|at| !arm.contains(at))) {
                Some(copied) => vec![(Some(copied), "0".to_owned())],
                None => vec![(None, "scratch".to_owned())],
            };
        };
        let is_a_value = arm.iter().any(|at| self.table.at(*at).place(given).is_some());
        if !given.contains('=') || is_a_value {
            return vec![(None, given.to_owned())];
        }
        // A comma divides conditions only where another one follows.
        let mut parts: Vec<String> = Vec::new();
        for part in given.split(',') {
            match parts.last_mut() {
                Some(last) if !part.contains('=') => *last = format!("{last},{part}"),
                _ => parts.push(part.to_owned()),
            }
        }
        let conditions: Vec<_> =
            parts.iter().filter_map(|condition| self.condition("--reference", condition)).collect();
        if conditions.iter().any(|(at, _)| !arm.contains(at)) {
            let message =
                format!("a column that is not among those of the arm: --arm {},COLUMN adds it", self.arm_names(arm));
            self.fault(Fault::Option { option: "--reference", given: given.to_owned(), message });
        }
        conditions.into_iter().map(|(at, value)| (Some(at), value)).collect()
    }

    fn arm_names(&self, arm: &[usize]) -> String {
        arm.iter().map(|at| self.table.header()[*at].as_str()).collect::<Vec<_>>().join(",")
    }

    /// A source that serves as a counterfactual. If the caller named one, some row must have it.
    pub(super) fn control(&mut self, control: &Control, given: Option<&str>, arm: &[usize]) -> Option<(usize, String)> {
        let (place, value) = self.control_place(control, given, arm)?;
        let at = *arm.get(place)?;
        if given.is_some() && self.table.at(at).place(&value).is_none() {
            let column = self.table.header()[at].clone();
            let known = self.values(at);
            self.fault(Fault::NoControl { what: control.what, option: control.option, column, value, known });
            return None;
        }
        Some((place, value))
    }

    /// A counterfactual that the caller named must not be what everything is compared with.
    pub(super) fn not_the_reference(
        &mut self,
        control: &Control,
        given: Option<&str>,
        found: Option<&(usize, String)>,
        (reference, arm): (&[(Option<usize>, String)], &[usize]),
    ) {
        let (Some(given), Some((place, value))) = (given, found) else { return };
        let Some(&column) = arm.get(*place) else { return };
        let is = |row: usize, at: usize, name: &str| self.table.text(row, at) == name;
        let is_reference = |row: usize| {
            reference.iter().all(|(at, name)| match at {
                Some(at) => is(row, *at, name),
                None => arm.iter().any(|&at| is(row, at, name)),
            })
        };
        let mut of_control = (0..self.table.num_rows()).filter(|&row| is(row, column, value)).peekable();
        if of_control.peek().is_some() && of_control.all(is_reference) {
            let message = format!("it is the reference; name the rows of the {}", control.what);
            self.fault(Fault::Option { option: control.option, given: given.to_owned(), message });
        }
    }

    fn control_place(&mut self, control: &Control, given: Option<&str>, arm: &[usize]) -> Option<(usize, String)> {
        let source = self.table.column("source").and_then(|source| arm.iter().position(|at| *at == source));
        let Some(given) = given else { return source.map(|place| (place, control.usual_name.to_owned())) };
        let refused = |message: &str| Fault::Option {
            option: control.option,
            given: given.to_owned(),
            message: message.to_owned(),
        };
        if given.contains('=') {
            let (at, value) = self.condition(control.option, given)?;
            let place = arm.iter().position(|column| *column == at);
            if place.is_none() {
                let names = self.arm_names(arm);
                self.fault(refused(&format!(
                    "a column that is not among those of the arm: --arm {names},COLUMN adds it"
                )));
            }
            return place.map(|place| (place, value));
        }
        let place = source.or((arm.len() == 1).then_some(0));
        if place.is_none() {
            self.fault(refused("the arm has several columns; write COLUMN=VALUE"));
        }
        place.map(|place| (place, given.to_owned()))
    }
}
