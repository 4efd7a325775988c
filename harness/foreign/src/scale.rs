//! What a metric's values mean: which way is better, and what they are counted in.

use nt_scenario::metric::Direction;

use crate::fault::{Fault, TableFault};
use crate::metric_name::{Kind, Named, by_name};
use crate::notation::Notation;
use crate::unit::{TableUnit, unit_of, unit_of_nats};
use crate::words::words_of;

/// How values are read.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Scale {
    pub(crate) unit: TableUnit,
    pub(crate) direction: Direction,
    /// Whether logarithms are taken.
    of_logarithms: bool,
    /// What a reader must know of it.
    pub(crate) remark: Option<String>,
}

impl Scale {
    /// The scale of values by the metric's name and by themselves, each value given with its line.
    pub(crate) fn of(
        name: &str,
        values: &[(usize, f64)],
        notation: Notation,
        (asked, direction): (Option<TableUnit>, Option<Direction>),
        faults: &mut Vec<TableFault>,
    ) -> Self {
        let named = by_name(name);
        let (kind, by_name) = match named {
            Named::Known(kind, by_name) => (kind, by_name),
            Named::Unknown | Named::Ambiguous => (Kind::Share, Direction::HigherIsBetter),
        };
        let is_a_guess = !matches!(named, Named::Known(..)) && !values.is_empty();
        if direction.is_none() && is_a_guess {
            faults.push(TableFault::of_file(Fault::UnknownDirection { metric: name.to_owned() }));
        }
        let kind = match asked {
            Some(TableUnit::Own) => Kind::Own,
            Some(TableUnit::Fraction | TableUnit::Percent) if kind == Kind::Own => Kind::Share,
            _ => kind,
        };
        // error (%) and acc_pct say what they are in.
        let is_percent = notation.percent || name.contains('%') || words_of(name).iter().any(|word| is_per_cent(word));
        let unit = match kind {
            // What a per cent sign stands behind is a per cent, however small.
            Kind::Share if is_percent && asked != Some(TableUnit::Fraction) => {
                unit_of_percents(values, faults);
                TableUnit::Percent
            }
            Kind::Share => unit_of(values, asked, faults),
            Kind::Nats => unit_of_nats(values, asked, faults),
            Kind::Perplexity => unit_of_perplexity(values, asked, faults),
            Kind::Own => TableUnit::Own,
        };
        let direction = direction.unwrap_or(by_name);
        let remark = remark(name, kind, direction, by_name);
        Self { unit, direction, of_logarithms: kind == Kind::Perplexity, remark }
    }

    /// The scale of shares of test examples.
    pub(crate) fn of_hits(
        (asked, direction): (Option<TableUnit>, Option<Direction>),
        faults: &mut Vec<TableFault>,
    ) -> Self {
        let mut refused = |option: &'static str| {
            let message = "each row says whether an example was right; leave it out".to_owned();
            faults.push(TableFault::of_file(Fault::Option { option, given: String::new(), message }));
        };
        match (asked, direction) {
            (_, Some(Direction::LowerIsBetter)) => refused("--lower-is-better"),
            (Some(TableUnit::Own), _) => refused("--own-unit"),
            _ => {}
        }
        let direction = Direction::HigherIsBetter;
        Self { unit: TableUnit::Fraction, direction, of_logarithms: false, remark: None }
    }

    /// A value whose hundredths are what gaps are counted in, and of which higher is better.
    pub(crate) fn oriented(&self, value: f64) -> f64 {
        let value = self.unit.fraction(if self.of_logarithms { libm::log(value) } else { value });
        match self.direction {
            Direction::HigherIsBetter => value,
            Direction::LowerIsBetter => -value,
        }
    }
}

/// What is said of how a metric is read; nothing of a share of which higher is better, as nearly all are.
fn remark(name: &str, kind: Kind, direction: Direction, by_name: Direction) -> Option<String> {
    let read_as = match kind {
        Kind::Share | Kind::Own => "",
        Kind::Nats => ", in nats",
        Kind::Perplexity => "; it is judged by its logarithm, in nats, so that a hundredth is 1 % of it",
    };
    match (direction, by_name) {
        (Direction::LowerIsBetter, Direction::LowerIsBetter) => Some(format!(
            "{name} is read as a metric of which lower is better{read_as} (--higher-is-better says otherwise)"
        )),
        (Direction::LowerIsBetter, Direction::HigherIsBetter) => {
            Some(format!("lower {name} is better, as asked{read_as}"))
        }
        (Direction::HigherIsBetter, Direction::LowerIsBetter) => {
            Some(format!("higher {name} is better, as asked{read_as}"))
        }
        (Direction::HigherIsBetter, Direction::HigherIsBetter) => None,
    }
}

fn is_per_cent(word: &str) -> bool {
    matches!(word, "pct" | "percent" | "percentage" | "percents")
}

/// Values that are said to be per cents lie between 0 and 100.
fn unit_of_percents(values: &[(usize, f64)], faults: &mut Vec<TableFault>) {
    for &(line, value) in values.iter().filter(|(_, value)| !(0.0..=100.0).contains(value)) {
        let fault = Fault::OutOfRange { value: value.to_string(), unit: TableUnit::Percent.name(), most: 100 };
        faults.push(TableFault::at(line, fault));
    }
}

/// Perplexities are judged by their logarithms, and none is below 1.
fn unit_of_perplexity(values: &[(usize, f64)], asked: Option<TableUnit>, faults: &mut Vec<TableFault>) -> TableUnit {
    if asked.is_some() {
        faults.push(TableFault::of_file(Fault::UnitOfNats));
    }
    for &(line, value) in values.iter().filter(|(_, value)| *value < 1.0) {
        faults.push(TableFault::at(line, Fault::SmallPerplexity { value: value.to_string() }));
    }
    TableUnit::Nats
}
