//! How many layers a treatment copies and freezes: numbers, lists and ranges.

use toml::Spanned;
use toml::de::DeValue;
use toml_edit::{Array, Item, value};

use crate::architecture::Architecture;
use crate::diagnostic::Code;
use crate::place::{Located, Span};
use crate::reader::{Report, TableReader, from_value, wrong_type};

/// Depths to freeze.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FrozenDepths {
    /// All that is copied: (n, n).
    Copied,
    /// From this depth up to all that is copied: the triangle.
    UpToCopied(u8),
    /// These.
    Depths(Vec<u8>),
}

impl FrozenDepths {
    /// The depths to freeze when `copied` layers are copied.
    pub fn for_copied(&self, copied: u8) -> Vec<u8> {
        match self {
            Self::Copied => vec![copied],
            Self::UpToCopied(from) => (*from..=copied).collect(),
            Self::Depths(depths) => depths.clone(),
        }
    }

    /// The points (copied, frozen) that come of these depths to copy, in their order.
    pub(crate) fn points(&self, copied: impl IntoIterator<Item = u8>) -> Vec<(u8, u8)> {
        let frozen = |copied| self.for_copied(copied).into_iter().map(move |frozen| (copied, frozen));
        copied.into_iter().flat_map(frozen).collect()
    }

    /// The value of the key `frozen`.
    pub(super) fn to_item(&self) -> Item {
        match self {
            Self::Copied => value("copied"),
            Self::UpToCopied(from) => value(format!("{from}..=copied")),
            Self::Depths(depths) => listed(depths),
        }
    }
}

/// Depths as a list.
pub(super) fn listed(depths: &[u8]) -> Item {
    value(depths.iter().map(|&depth| i64::from(depth)).collect::<Array>())
}

/// Depths to freeze as they may be written.
#[derive(Debug)]
pub(crate) enum WrittenFrozen {
    /// A number, a list, or a range between numbers.
    Listed(Vec<Located<u8>>),
    /// `"copied"`.
    Copied,
    /// `"0..=copied"`.
    UpToCopied(Located<u8>),
}

impl WrittenFrozen {
    pub(crate) fn resolve(&self) -> FrozenDepths {
        match self {
            Self::Copied => FrozenDepths::Copied,
            Self::UpToCopied(from) => FrozenDepths::UpToCopied(from.value),
            Self::Listed(depths) => FrozenDepths::Depths(depths.iter().map(|depth| depth.value).collect()),
        }
    }

    /// Reads the key `frozen`. The architecture is `None` where it could not be read, which was reported.
    pub(super) fn read(
        reader: &TableReader<'_, '_>,
        architecture: Option<Architecture>,
        report: &mut Report,
    ) -> Option<Self> {
        let (_, value) = reader.entry("frozen")?;
        let axis = Axis { architecture, ..FROZEN };
        let text = value.get_ref().as_str().unwrap_or_default();
        if text == "copied" {
            return Some(Self::Copied);
        }
        let Some(from) = text.strip_suffix("..=copied") else {
            return axis.listed(value, report).map(Self::Listed);
        };
        let Ok(depth) = from.trim().parse::<i64>() else {
            axis.malformed(text, &value.span(), report);
            return None;
        };
        axis.depth(Located { value: depth, span: value.span() }, report).map(Self::UpToCopied)
    }
}

/// Reads the key `copied`.
pub(super) fn copied(
    reader: &TableReader<'_, '_>,
    architecture: Option<Architecture>,
    report: &mut Report,
) -> Option<Vec<Located<u8>>> {
    let (_, value) = reader.entry("copied")?;
    Axis { architecture, ..COPIED }.listed(value, report)
}

/// Reads the key `layers`.
pub(super) fn layers(
    reader: &TableReader<'_, '_>,
    architecture: Option<Architecture>,
    report: &mut Report,
) -> Option<Vec<Located<u8>>> {
    let (_, value) = reader.entry("layers")?;
    Axis { architecture, ..LAYERS }.listed(value, report)
}

/// A key that holds depths.
struct Axis {
    key: &'static str,
    shallowest: u8,
    /// Whether the last learned layer counts, which can be copied between equal classes only.
    reaches_last: bool,
    /// `None` where it could not be read; then no depth is too deep.
    architecture: Option<Architecture>,
}

const COPIED: Axis = Axis { key: "copied", shallowest: 1, reaches_last: true, architecture: None };
const LAYERS: Axis = Axis { key: "layers", shallowest: 1, reaches_last: false, architecture: None };
const FROZEN: Axis = Axis { key: "frozen", shallowest: 0, reaches_last: true, architecture: None };

impl Axis {
    /// The deepest layer before the last.
    fn before_last(&self) -> u8 {
        self.architecture.map_or(u8::MAX, |architecture| architecture.num_layers() as u8 - 1)
    }

    fn deepest(&self) -> u8 {
        if self.reaches_last { self.before_last().saturating_add(1) } else { self.before_last() }
    }

    /// Which depths are accepted.
    fn accepted(&self) -> String {
        let (shallowest, before_last) = (self.shallowest, self.before_last());
        let Some(architecture) = self.architecture else { return format!("accepted: {shallowest} or more") };
        let last = architecture.last_layer();
        if self.reaches_last {
            let (name, num_layers) = (architecture.name(), architecture.num_layers());
            format!(
                "{name} has {num_layers} learned layers; choose {shallowest}..={before_last}, or {num_layers} if source \
                 and target have the same classes"
            )
        } else {
            format!("a probe is fitted after one of the layers before {last}: {shallowest}..={before_last}")
        }
    }

    /// Which forms are accepted, with examples that exist in the network.
    fn forms(&self) -> String {
        let deepest = if self.architecture.is_some() { self.before_last() } else { 3 };
        if self.shallowest == 0 {
            let range = deepest - 1;
            return format!(
                "write a depth (0), a list ([0, 3]), a range (\"0..={range}\"), \"copied\" or \"0..=copied\""
            );
        }
        let example = if self.reaches_last { 3 } else { deepest };
        let mut list = vec![1, 3, deepest];
        list.dedup();
        format!("write a depth ({example}), a list ({list:?}) or a range (\"1..={deepest}\")")
    }

    /// A number, a list or a range.
    fn listed(&self, value: &Spanned<DeValue<'_>>, report: &mut Report) -> Option<Vec<Located<u8>>> {
        let span = value.span();
        let depths: Vec<Located<i64>> = if value.get_ref().as_integer().is_some() {
            vec![from_value(value, self.key, report)?]
        } else if let Some(items) = value.get_ref().as_array() {
            let read: Vec<_> = items.iter().map(|item| from_value(item, self.key, report)).collect();
            read.into_iter().collect::<Option<_>>()?
        } else if let Some(text) = value.get_ref().as_str() {
            let Some((first, last)) = range(text) else {
                self.malformed(text, &span, report);
                return None;
            };
            let ends = [first, last].map(|value| self.depth(Located { value, span: span.clone() }, report));
            let [Some(first), Some(last)] = ends else { return None };
            (first.value..=last.value).map(|depth| Located { value: depth.into(), span: span.clone() }).collect()
        } else {
            wrong_type(value, self.key, "a depth, a list of depths or a range", report);
            return None;
        };
        if depths.is_empty() {
            report.fault(Code::Depths, &span, format!("{} names no depth", self.key), self.forms(), None);
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
            Ok(value) if (self.shallowest..=self.deepest()).contains(&value) => {
                Some(Located { value, span: depth.span })
            }
            _ => {
                let is_last = !self.reaches_last && depth.value == i64::from(self.before_last()) + 1;
                let message = match is_last {
                    true => format!("{} depth {} is the last layer, which a probe replaces", self.key, depth.value),
                    false => format!("{} depth {} does not exist", self.key, depth.value),
                };
                let is_scratch = depth.value == 0 && self.reaches_last;
                let help = match depth.value < i64::from(self.shallowest) {
                    true if is_scratch => "scratch (0, 0) is always planned: leave it out".to_owned(),
                    true => format!("did you mean {}?", self.shallowest),
                    false => format!("did you mean {}?", self.before_last()),
                };
                report.fault(Code::NoSuchDepth, &depth.span, message, self.accepted(), Some(help));
                None
            }
        }
    }

    /// Reports a text that is not a range.
    fn malformed(&self, text: &str, span: &Span, report: &mut Report) {
        let half_open = text.split_once("..").and_then(|(first, last)| {
            let (first, last) = (first.trim().parse::<i64>().ok()?, last.trim().parse::<i64>().ok()?);
            Some(match last > first {
                true => format!("did you mean \"{first}..={last}\", or \"{first}..={}\" without {last}?", last - 1),
                false => format!("did you mean \"{first}..={last}\"?"),
            })
        });
        let message = format!("{} {text:?} names no depths", self.key);
        report.fault(Code::Depths, span, message, self.forms(), half_open);
    }
}

/// `a..=b` with a ≤ b.
fn range(text: &str) -> Option<(i64, i64)> {
    let (first, last) = text.split_once("..=")?;
    let (first, last) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
    (first <= last).then_some((first, last))
}
