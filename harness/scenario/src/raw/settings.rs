//! `[training]`, and the same keys where a source overrides them.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::diagnostic::Code;
use crate::origin::{Located, Span};
use crate::reader::{
    Key, MAX_COUNT, Report, TableReader, from_value, optional, real_in_range, required, unknown_word, wrong_type,
};
use crate::recipe::{Augmentation, Schedule, StepInterval};

use super::RawTraining;

/// Optimizer, batch, schedule and augmentation, as far as they are given.
#[derive(Clone, Debug, Default)]
pub(crate) struct RawSettings {
    pub(crate) batch: Option<Located<u64>>,
    pub(crate) momentum: Option<Located<f64>>,
    pub(crate) weight_decay: Option<Located<f64>>,
    pub(crate) schedule: Option<Located<Schedule>>,
    pub(crate) augmentation: Option<Vec<Augmentation>>,
}

const TRAINING_KEYS: &[Key] = &[
    required("batch", "32"),
    required("momentum", "0.9"),
    required("weight_decay", "0.0005"),
    required("schedule", "\"cosine\""),
    optional("augmentation"),
    optional("learning_rate"),
    optional("ladder"),
];

/// Largest batch, images.
const MAX_BATCH: u64 = 65_536;

pub(super) fn training(table: &DeTable<'_>, header: Span, report: &mut Report) -> RawTraining {
    let reader = TableReader::open(table, header.clone(), "[training]", TRAINING_KEYS, report);
    RawTraining {
        header,
        settings: settings(&reader, report),
        learning_rate: learning_rate(&reader, report),
        has_learning_rate: reader.has("learning_rate"),
        ladder: ladder(&reader, report),
    }
}

/// The key `ladder`: lengths of scratch as multiples of the others', ascending.
fn ladder(reader: &TableReader<'_, '_>, report: &mut Report) -> Option<Located<Vec<Located<f64>>>> {
    let list: Located<Vec<Located<f64>>> = reader.list("ladder", report)?;
    let accepted = "at least 1, at most 64: scratch is never trained shorter than what it is held against";
    let check = |rung| real_in_range("ladder", rung, accepted, |rung| (1.0..=64.0).contains(&rung), report);
    let checked: Vec<_> = list.value.into_iter().map(check).collect();
    Some(Located { value: checked.into_iter().collect::<Option<_>>()?, span: list.span })
}

/// The keys of [`RawSettings`] in a table.
pub(super) fn settings(reader: &TableReader<'_, '_>, report: &mut Report) -> RawSettings {
    RawSettings {
        batch: reader.count("batch", 1..=MAX_BATCH, report),
        momentum: reader.real("momentum", "0 or more, below 1", |m| (0.0..1.0).contains(&m), report),
        weight_decay: reader.real("weight_decay", "0 or more, below 1", |d| (0.0..1.0).contains(&d), report),
        schedule: reader.entry("schedule").and_then(|(_, value)| schedule(value, report)),
        augmentation: reader.entry("augmentation").and_then(|(_, value)| augmentations(value, report)),
    }
}

/// The key `learning_rate`.
pub(super) fn learning_rate(reader: &TableReader<'_, '_>, report: &mut Report) -> Option<Located<f64>> {
    let rate = reader.value("learning_rate", report)?;
    check_learning_rate(rate, report)
}

/// A learning rate in range.
pub(super) fn check_learning_rate(rate: Located<f64>, report: &mut Report) -> Option<Located<f64>> {
    real_in_range("learning_rate", rate, "above 0, at most 10", |rate| rate > 0.0 && rate <= 10.0, report)
}

const SCHEDULE_WORDS: &[&str] = &["constant", "cosine", "step"];
const STEP_EXAMPLE: &str = "{ kind = \"step\", every_fraction = 0.33, factor = 0.1 }";

fn schedule(value: &Spanned<DeValue<'_>>, report: &mut Report) -> Option<Located<Schedule>> {
    let span = value.span();
    match value.get_ref() {
        DeValue::Table(table) => step_schedule(table, span.clone(), report).map(|value| Located { value, span }),
        DeValue::String(_) => {
            let word = from_value::<String>(value, "schedule", report)?;
            match word.value.as_str() {
                "constant" => Some(word.map(|_| Schedule::Constant)),
                "cosine" => Some(word.map(|_| Schedule::Cosine)),
                "step" => {
                    let message = "schedule \"step\" needs an interval and a factor";
                    report.fault(Code::MissingKey, &span, message, format!("write {STEP_EXAMPLE}"), None);
                    None
                }
                _ => {
                    unknown_word("schedule", &word, SCHEDULE_WORDS, report);
                    None
                }
            }
        }
        _ => {
            wrong_type(value, "schedule", &format!("\"constant\", \"cosine\" or {STEP_EXAMPLE}"), report);
            None
        }
    }
}

const STEP_KEYS: &[Key] =
    &[required("kind", "\"step\""), optional("every_fraction"), optional("every_steps"), required("factor", "0.1")];

fn step_schedule(table: &DeTable<'_>, header: Span, report: &mut Report) -> Option<Schedule> {
    let reader = TableReader::open(table, header.clone(), "schedule", STEP_KEYS, report);
    let kind = reader.word("kind", &["step"], report);
    let fraction = reader.real("every_fraction", "above 0, below 1", |f| f > 0.0 && f < 1.0, report);
    let steps = reader.count("every_steps", 1..=MAX_COUNT, report);
    let factor = reader.real("factor", "above 0, at most 1", |f| f > 0.0 && f <= 1.0, report);
    if reader.has("every_fraction") == reader.has("every_steps") {
        let message = "a step schedule has not exactly one interval";
        report.fault(Code::Length, &header, message, "give `every_fraction` or `every_steps`", None);
    }
    let every = match (fraction, steps) {
        (Some(fraction), None) => StepInterval::Fraction(fraction.value),
        (None, Some(steps)) => StepInterval::Steps(steps.value),
        _ => return None,
    };
    kind?;
    Some(Schedule::Step { every, factor: factor?.value })
}

fn augmentations(value: &Spanned<DeValue<'_>>, report: &mut Report) -> Option<Vec<Augmentation>> {
    let Some(items) = value.get_ref().as_array() else {
        wrong_type(value, "augmentation", "a list, such as [\"random-crop\", \"horizontal-flip\"]", report);
        return None;
    };
    let read: Vec<_> = items.iter().map(|item| augmentation(item, report)).collect();
    read.into_iter().collect()
}

const AUGMENTATION_KEYS: &[Key] = &[
    required("kind", "\"random-crop\""),
    optional("padding_px"),
    optional("probability"),
    optional("brightness"),
    optional("contrast"),
    optional("saturation"),
];

fn augmentation(value: &Spanned<DeValue<'_>>, report: &mut Report) -> Option<Augmentation> {
    let DeValue::Table(table) = value.get_ref() else {
        let word = from_value::<String>(value, "augmentation", report)?;
        let read = Augmentation::from_kind(&word.value);
        if read.is_none() {
            unknown_word("augmentation", &word, Augmentation::KINDS, report);
        }
        return read;
    };
    let reader = TableReader::open(table, value.span(), "augmentation", AUGMENTATION_KEYS, report);
    let kind = reader.word("kind", Augmentation::KINDS, report)?;
    let fraction = |key: &str, report: &mut Report| {
        reader.real(key, "0 or more, at most 1", |f| (0.0..=1.0).contains(&f), report).map(|f| f.value)
    };
    let (mut read, parameters): (_, &[&str]) = match Augmentation::from_kind(&kind.value)? {
        Augmentation::RandomCrop { padding_px } => {
            let given = reader.count("padding_px", 0..=64, report).map(|padding| padding.value as u32);
            (Augmentation::RandomCrop { padding_px: given.unwrap_or(padding_px) }, &["padding_px"])
        }
        Augmentation::HorizontalFlip { probability } => {
            let given = fraction("probability", report).unwrap_or(probability);
            (Augmentation::HorizontalFlip { probability: given }, &["probability"])
        }
        jitter @ Augmentation::ColourJitter { .. } => (jitter, &["brightness", "contrast", "saturation"]),
    };
    if let Augmentation::ColourJitter { brightness, contrast, saturation } = &mut read {
        for (key, parameter) in [("brightness", brightness), ("contrast", contrast), ("saturation", saturation)] {
            *parameter = fraction(key, report).unwrap_or(*parameter);
        }
    }
    reader.only_keys_of_kind(&kind.value, &[&["kind"], parameters].concat(), AUGMENTATION_KEYS, report);
    Some(read)
}
