//! How the learning rate moves over a training.

use serde::{Deserialize, Serialize};
use toml::Spanned;
use toml::de::{DeTable, DeValue};
use toml_edit::{InlineTable, Value};

use crate::choice::{Choice, choice};
use crate::diagnostic::Code;
use crate::identity::Meaning;
use crate::place::{Located, Span};
use crate::reader::{Key, MAX_COUNT, Report, TableReader, from_value, optional, required, unknown_word, wrong_type};
use crate::writer::whole;

/// How the learning rate moves over a training.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Schedule {
    /// It stays.
    Constant,
    /// Half a cosine, from the full rate to zero, without restarts.
    Cosine,
    /// It is multiplied by `factor` after every interval.
    Step {
        /// The interval.
        every: StepInterval,
        /// What the rate is multiplied by, above 0 and at most 1.
        factor: f64,
    },
}

/// Interval of a step schedule.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StepInterval {
    /// This fraction of the training.
    Fraction(f64),
    /// This many steps.
    Steps(u64),
}

impl Schedule {
    /// What the learning rate is multiplied by at step `step` (from 0) of `total`.
    ///
    /// # Source
    /// Cosine: Loshchilov and Hutter, ICLR 2017, equation 5, one period, minimum 0, per step and not per epoch.
    pub fn multiplier(self, step: u64, total: u64) -> f64 {
        match self {
            Self::Constant => 1.0,
            Self::Cosine => {
                let progress = step as f64 / total.max(1) as f64;
                0.5 * (1.0 + libm::cos(std::f64::consts::PI * progress))
            }
            Self::Step { every, factor } => {
                let interval = match every {
                    StepInterval::Fraction(fraction) => fraction * total as f64,
                    StepInterval::Steps(steps) => steps as f64,
                };
                libm::pow(factor, (step as f64 / interval.max(1.0)).floor())
            }
        }
    }
}

choice! {
    /// The kinds of schedule.
    enum Kind {
        /// See [`Schedule::Constant`].
        Constant = "constant",
        /// See [`Schedule::Cosine`].
        Cosine = "cosine",
        /// See [`Schedule::Step`].
        Step = "step",
    }
}

const STEP_EXAMPLE: &str = "{ kind = \"step\", every_fraction = 0.33, factor = 0.1 }";

const STEP_KEYS: &[Key] =
    &[required("kind", "\"step\""), optional("every_fraction"), optional("every_steps"), required("factor", "0.1")];

impl Schedule {
    /// The scenario's words for the kinds.
    pub fn words() -> Vec<&'static str> {
        <Kind as Choice>::words()
    }

    /// The scenario's word for this kind.
    pub fn word(self) -> &'static str {
        self.kind().word()
    }

    fn kind(self) -> Kind {
        match self {
            Self::Constant => Kind::Constant,
            Self::Cosine => Kind::Cosine,
            Self::Step { .. } => Kind::Step,
        }
    }

    /// Reads the value of the key `schedule`: a word, or a table for what needs more.
    pub(super) fn read(value: &Spanned<DeValue<'_>>, report: &mut Report) -> Option<Located<Self>> {
        let span = value.span();
        if let Some(table) = value.get_ref().as_table() {
            return step(table, span.clone(), report).map(|value| Located { value, span });
        }
        if value.get_ref().as_str().is_none() {
            wrong_type(value, "schedule", &format!("\"constant\", \"cosine\" or {STEP_EXAMPLE}"), report);
            return None;
        }
        let word = from_value::<String>(value, "schedule", report)?;
        match Kind::from_word(&word.value) {
            Some(Kind::Constant) => Some(word.map(|_| Self::Constant)),
            Some(Kind::Cosine) => Some(word.map(|_| Self::Cosine)),
            Some(Kind::Step) => {
                let message = "schedule \"step\" needs an interval and a factor";
                report.fault(Code::MissingKey, &span, message, format!("write {STEP_EXAMPLE}"), None);
                None
            }
            None => {
                unknown_word("schedule", &word, &Kind::words(), report);
                None
            }
        }
    }

    /// The value of the key `schedule`.
    pub(super) fn to_value(self) -> Value {
        match self {
            Self::Constant | Self::Cosine => self.kind().word().into(),
            Self::Step { every, factor } => {
                let mut table = InlineTable::new();
                table.insert("kind", self.kind().word().into());
                match every {
                    StepInterval::Fraction(fraction) => table.insert("every_fraction", fraction.into()),
                    StepInterval::Steps(steps) => table.insert("every_steps", whole(steps).into()),
                };
                table.insert("factor", factor.into());
                table.into()
            }
        }
    }

    /// Adds what it means to the meaning of a recipe.
    pub(super) fn meaning(self, meaning: Meaning) -> Meaning {
        let meaning = meaning.text("schedule", self.kind().word());
        match self {
            Self::Constant | Self::Cosine => meaning,
            Self::Step { every, factor } => {
                let meaning = meaning.real("factor", factor);
                match every {
                    StepInterval::Fraction(fraction) => meaning.real("every", fraction),
                    StepInterval::Steps(steps) => meaning.count("every", steps),
                }
            }
        }
    }
}

/// Reads a step schedule.
fn step(table: &DeTable<'_>, header: Span, report: &mut Report) -> Option<Schedule> {
    let named = table.get("kind").and_then(|kind| kind.get_ref().as_str());
    if let Some(word) = named.filter(|word| *word != Kind::Step.word() && Kind::words().contains(word)) {
        let message = format!("the schedule {word:?} has no settings, so it is no table");
        report.fault(Code::KeyOfOtherKind, &header, message, format!("write `schedule = {word:?}`"), None);
        return None;
    }
    let reader = TableReader::open(table, header.clone(), "schedule", STEP_KEYS, report);
    let kind = reader.value::<String>("kind", report)?;
    if kind.value != Kind::Step.word() {
        unknown_word("kind", &kind, &Kind::words(), report);
        return None;
    }
    let fraction = reader.real("every_fraction", "above 0, below 1", |f| f > 0.0 && f < 1.0, report);
    let steps = reader.count("every_steps", 1..=MAX_COUNT, report);
    let factor = reader.real("factor", "above 0, at most 1", |f| f > 0.0 && f <= 1.0, report);
    if reader.has("every_fraction") == reader.has("every_steps") {
        let message = "a step schedule needs exactly one interval";
        report.fault(Code::Length, &header, message, "give `every_fraction` or `every_steps`", None);
    }
    let every = match (fraction, steps) {
        (Some(fraction), None) => StepInterval::Fraction(fraction.value),
        (None, Some(steps)) => StepInterval::Steps(steps.value),
        _ => return None,
    };
    Some(Schedule::Step { every, factor: factor?.value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cosine_starts_at_one_and_ends_at_zero() {
        assert_eq!(Schedule::Cosine.multiplier(0, 100), 1.0);
        assert!((Schedule::Cosine.multiplier(50, 100) - 0.5).abs() < 1e-15);
        assert!(Schedule::Cosine.multiplier(100, 100).abs() < 1e-15);
    }

    #[test]
    fn a_step_schedule_falls_at_each_interval() {
        let by_fraction = Schedule::Step { every: StepInterval::Fraction(0.5), factor: 0.1 };
        let by_steps = Schedule::Step { every: StepInterval::Steps(50), factor: 0.1 };
        for schedule in [by_fraction, by_steps] {
            let rates: Vec<f64> = [0, 49, 50, 99].iter().map(|&step| schedule.multiplier(step, 100)).collect();
            assert_eq!(rates, [1.0, 1.0, 0.1, 0.1]);
        }
    }
}
