//! The first steps of a training, at a rising learning rate.

use serde::{Deserialize, Serialize};
use toml::Spanned;
use toml::de::DeValue;
use toml_edit::Value;

use crate::count::thousands;
use crate::identity::Meaning;
use crate::place::Located;
use crate::reader::{Report, from_value, real_in_range, wrong_type};
use crate::recipe::Recipe;
use crate::writer::whole;

/// How long the learning rate rises in a line to its full value, before the schedule begins.
///
/// # Source
/// Goyal et al. 2017, section 2.2, "gradual warmup"; step t of W, from 0, has (t + 1) / W of the rate, so that no step is
/// without effect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Warmup {
    /// It does not rise.
    #[default]
    Off,
    /// This many steps.
    Steps(u64),
    /// This fraction of the training, rounded to whole steps.
    Fraction(f64),
}

impl Warmup {
    /// Steps that it takes of a training of `total`.
    pub fn steps(self, total: u64) -> u64 {
        match self {
            Self::Off => 0,
            Self::Steps(steps) => steps.min(total),
            Self::Fraction(fraction) => ((fraction * total as f64).round() as u64).min(total),
        }
    }

    /// Whether there is none.
    pub(crate) fn is_off(&self) -> bool {
        *self == Self::Off
    }

    /// Reads the value of the key `warmup`: a whole number of steps, or a fraction of the training.
    pub(super) fn read(value: &Spanned<DeValue<'_>>, report: &mut Report) -> Option<Located<Self>> {
        if value.get_ref().as_integer().is_some() {
            let steps = from_value::<i64>(value, "warmup", report)?;
            let Some(count) = u64::try_from(steps.value).ok().filter(|&count| count <= Recipe::MOST_STEPS) else {
                let most = thousands(Recipe::MOST_STEPS);
                let accepted = format!("0 (none), 1 to {most} steps, or a fraction of the training below 1");
                real_in_range("warmup", steps.map(|steps| steps as f64), &accepted, |_| false, report);
                return None;
            };
            return Some(Located { value: if count == 0 { Self::Off } else { Self::Steps(count) }, span: steps.span });
        }
        if value.get_ref().as_float().is_none() {
            wrong_type(
                value,
                "warmup",
                "a number of steps, such as 300, or a fraction of the training, such as 0.05",
                report,
            );
            return None;
        }
        let fraction = from_value::<f64>(value, "warmup", report)?;
        let accepted = "0.0 or more, below 1.0 of the training, or a whole number of steps";
        let fraction = real_in_range("warmup", fraction, accepted, |f| (0.0..1.0).contains(&f), report)?;
        Some(fraction.map(|fraction| if fraction == 0.0 { Self::Off } else { Self::Fraction(fraction) }))
    }

    /// The value of the key `warmup`.
    pub(super) fn to_value(self) -> Value {
        match self {
            Self::Off => 0.into(),
            Self::Steps(steps) => whole(steps).into(),
            Self::Fraction(fraction) => fraction.into(),
        }
    }

    /// Adds what it means to the meaning of a recipe; nothing where there is none.
    pub(super) fn meaning(self, meaning: Meaning) -> Meaning {
        match self {
            Self::Off => meaning,
            Self::Steps(steps) => meaning.count("warmup", steps),
            Self::Fraction(fraction) => meaning.real("warmup", fraction),
        }
    }
}
