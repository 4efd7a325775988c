//! `[[treatment]]`.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::diagnostic::Code;
use crate::network::NUM_LEARNED_LAYERS;
use crate::origin::{Located, Span};
use crate::reader::{Key, Report, TableReader, from_value, optional, real_in_range, required, wrong_type};
use crate::treatment::Method;

use super::settings;

/// `[[treatment]]`.
#[derive(Debug)]
pub(crate) struct RawTreatment {
    pub(crate) header: Span,
    pub(crate) name: Option<Located<String>>,
    /// None where it is none that exists, which was reported.
    pub(crate) method: Option<Method>,
    /// Depths to copy; of a probe those that it is fitted after.
    pub(crate) copied: Option<Vec<Located<u8>>>,
    pub(crate) frozen: Option<RawDepths>,
    pub(crate) sources: Option<Located<Vec<Located<String>>>>,
    pub(crate) has_sources: bool,
    pub(crate) learning_rate: Option<Located<f64>>,
    /// Strengths of L2 regularisation that a probe tries.
    pub(crate) l2: Option<Located<Vec<Located<f64>>>>,
}

/// Depths as they may be written.
#[derive(Debug)]
pub(crate) enum RawDepths {
    /// A number, a list, or a range between numbers.
    Listed(Vec<Located<u8>>),
    /// `"copied"`.
    Copied,
    /// `"0..=copied"`.
    UpToCopied(Located<u8>),
}

const KEYS: &[Key] = &[
    required("name", "\"frozen\""),
    optional("kind"),
    optional("copied"),
    optional("frozen"),
    optional("layers"),
    optional("sources"),
    optional("learning_rate"),
    optional("l2"),
];

/// Keys that each kind takes.
const TRAINING_KEYS: &[&str] = &["name", "kind", "copied", "frozen", "sources", "learning_rate"];
const PROBE_KEYS: &[&str] = &["name", "kind", "layers", "sources", "l2"];

pub(super) fn read(table: &DeTable<'_>, header: Span, report: &mut Report) -> RawTreatment {
    let reader = TableReader::open(table, header.clone(), "[[treatment]]", KEYS, report);
    let method = match reader.has("kind") {
        true => reader.word("kind", Method::WORDS, report).map(|word| match word.value.as_str() {
            "probe" => Method::Probe,
            _ => Method::Training,
        }),
        false => Some(Method::Training),
    };
    let mut treatment = RawTreatment {
        name: reader.value("name", report),
        method,
        copied: None,
        frozen: None,
        sources: reader.list("sources", report),
        has_sources: reader.has("sources"),
        learning_rate: None,
        l2: None,
        header,
    };
    let needed = |key: &str, example: &str, report: &mut Report| {
        if !reader.has(key) {
            reader.missing(key, example, report);
        }
    };
    match method {
        Some(Method::Training) => {
            reader.only_keys_of_kind(Method::Training.word(), TRAINING_KEYS, KEYS, report);
            needed("copied", "\"1..=7\"", report);
            needed("frozen", "\"copied\"", report);
            treatment.copied = reader.entry("copied").and_then(|(_, value)| COPIED.listed(value, report));
            treatment.frozen = reader.entry("frozen").and_then(|(_, value)| frozen(value, report));
            treatment.learning_rate = settings::learning_rate(&reader, report);
        }
        Some(Method::Probe) => {
            reader.only_keys_of_kind(Method::Probe.word(), PROBE_KEYS, KEYS, report);
            needed("layers", "\"1..=7\"", report);
            treatment.copied = reader.entry("layers").and_then(|(_, value)| LAYERS.listed(value, report));
            treatment.frozen = Some(RawDepths::Copied);
            treatment.l2 = strengths(&reader, report);
        }
        None => {}
    }
    treatment
}

/// The key `l2`: strengths, each above 0, ascending.
fn strengths(reader: &TableReader<'_, '_>, report: &mut Report) -> Option<Located<Vec<Located<f64>>>> {
    let list: Located<Vec<Located<f64>>> = reader.list("l2", report)?;
    let span = list.span.clone();
    let check = |strength| real_in_range("l2", strength, "above 0, at most 1e6", |l2| l2 > 0.0 && l2 <= 1e6, report);
    let checked: Vec<_> = list.value.into_iter().map(check).collect();
    Some(Located { value: checked.into_iter().collect::<Option<_>>()?, span })
}

/// How one of these keys is written.
struct Axis {
    key: &'static str,
    shallowest: u8,
    deepest: u8,
    /// What a wrong depth is told.
    accepted: &'static str,
    /// What a wrong form is told.
    forms: &'static str,
}

const COPIED: Axis = Axis {
    key: "copied",
    shallowest: 1,
    deepest: NUM_LEARNED_LAYERS as u8,
    accepted: "AlexNet has 8 learned layers, and fc8 is new unless the classes are equal: 1..=7, or 8 then",
    forms: "write a depth (3), a list ([1, 3, 7]) or a range (\"1..=7\")",
};

const LAYERS: Axis = Axis {
    key: "layers",
    shallowest: 1,
    deepest: NUM_LEARNED_LAYERS as u8 - 1,
    accepted: "a probe is fitted after one of the layers before fc8: 1..=7",
    forms: "write a depth (7), a list ([1, 3, 7]) or a range (\"1..=7\")",
};

const FROZEN: Axis = Axis {
    key: "frozen",
    shallowest: 0,
    deepest: NUM_LEARNED_LAYERS as u8,
    accepted: "AlexNet has 8 learned layers, and fc8 is new unless the classes are equal: 0..=7, or 8 then",
    forms: "write a depth (0), a list ([0, 3]), a range (\"0..=6\"), \"copied\" or \"0..=copied\"",
};

fn frozen(value: &Spanned<DeValue<'_>>, report: &mut Report) -> Option<RawDepths> {
    match value.get_ref().as_str() {
        Some("copied") => Some(RawDepths::Copied),
        Some(text) => match text.strip_suffix("..=copied") {
            Some(from) => {
                let Ok(depth) = from.trim().parse::<i64>() else {
                    FROZEN.malformed(text, &value.span(), report);
                    return None;
                };
                let from = FROZEN.depth(Located { value: depth, span: value.span() }, report)?;
                Some(RawDepths::UpToCopied(from))
            }
            None => FROZEN.listed(value, report).map(RawDepths::Listed),
        },
        None => FROZEN.listed(value, report).map(RawDepths::Listed),
    }
}

impl Axis {
    /// A number, a list or a range.
    fn listed(&self, value: &Spanned<DeValue<'_>>, report: &mut Report) -> Option<Vec<Located<u8>>> {
        let span = value.span();
        let depths: Vec<Located<i64>> = match value.get_ref() {
            DeValue::Integer(_) => vec![from_value(value, self.key, report)?],
            DeValue::Array(items) => {
                let read: Vec<_> = items.iter().map(|item| from_value(item, self.key, report)).collect();
                read.into_iter().collect::<Option<_>>()?
            }
            DeValue::String(text) => {
                let Some((first, last)) = range(text) else {
                    self.malformed(text, &span, report);
                    return None;
                };
                let ends = [first, last].map(|value| self.depth(Located { value, span: span.clone() }, report));
                let [Some(first), Some(last)] = ends else { return None };
                (first.value..=last.value)
                    .map(|depth| Located { value: i64::from(depth), span: span.clone() })
                    .collect()
            }
            _ => {
                wrong_type(value, self.key, "a depth, a list of depths or a range", report);
                return None;
            }
        };
        if depths.is_empty() {
            let message = format!("{} names no depth", self.key);
            report.fault(Code::Depths, &span, message, self.forms, None);
            return None;
        }
        let read: Vec<_> = depths.into_iter().map(|depth| self.depth(depth, report)).collect();
        self.distinct(read.into_iter().collect::<Option<_>>()?, report)
    }

    /// Reports a depth that is listed twice.
    fn distinct(&self, depths: Vec<Located<u8>>, report: &mut Report) -> Option<Vec<Located<u8>>> {
        let repeated =
            depths.iter().enumerate().find(|(at, depth)| depths[..*at].iter().any(|d| d.value == depth.value));
        if let Some((_, depth)) = repeated {
            let message = format!("{} depth {} is listed twice", self.key, depth.value);
            report.fault(Code::Depths, &depth.span, message, "list each depth once", None);
            return None;
        }
        Some(depths)
    }

    /// A depth that exists.
    fn depth(&self, depth: Located<i64>, report: &mut Report) -> Option<Located<u8>> {
        match u8::try_from(depth.value) {
            Ok(value) if (self.shallowest..=self.deepest).contains(&value) => Some(Located { value, span: depth.span }),
            _ => {
                let message = format!("{} depth {} does not exist", self.key, depth.value);
                let help = match (depth.value, self.shallowest) {
                    (0, 1) if self.key == "copied" => "scratch (0, 0) is always planned: leave it out".to_owned(),
                    (value, shallowest) if value < i64::from(shallowest) => format!("did you mean {shallowest}?"),
                    _ => "did you mean 7?".to_owned(),
                };
                report.fault(Code::NoSuchDepth, &depth.span, message, self.accepted, Some(help));
                None
            }
        }
    }

    /// Reports a text that is no range.
    fn malformed(&self, text: &str, span: &Span, report: &mut Report) {
        let half_open = text.split_once("..").and_then(|(first, last)| {
            let (first, last) = (first.trim().parse::<i64>().ok()?, last.trim().parse::<i64>().ok()?);
            Some(format!("did you mean \"{first}..={}\"?", last.saturating_sub(1)))
        });
        let message = format!("{} {text:?} names no depths", self.key);
        report.fault(Code::Depths, span, message, self.forms, half_open);
    }
}

/// `a..=b` with a ≤ b.
fn range(text: &str) -> Option<(i64, i64)> {
    let (first, last) = text.split_once("..=")?;
    let (first, last) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
    (first <= last).then_some((first, last))
}
