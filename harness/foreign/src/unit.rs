//! The unit of a table's values, which is the same in the whole table: fractions, per cents, nats or one of their own.

use nt_scenario::Metric;
use nt_stats::verdict::GapUnit;

use crate::fault::{Fault, TableFault};

/// The unit in which values are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableUnit {
    /// 0 to 1.
    Fraction,
    /// 0 to 100.
    Percent,
    /// 0 or more: a loss.
    Nats,
    /// Any numbers, in a unit of the metric's own.
    Own,
}

impl TableUnit {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fraction => "fraction",
            Self::Percent => "per cent",
            Self::Nats => "nat",
            Self::Own => "number",
        }
    }

    /// What gaps are counted in: "points".
    pub fn of_gaps(self) -> &'static str {
        self.gap().several
    }

    /// The same for words that count gaps.
    pub(crate) fn gap(self) -> GapUnit {
        match self {
            Self::Fraction | Self::Percent => GapUnit::POINTS,
            Self::Nats => GapUnit::HUNDREDTHS_OF_A_NAT,
            Self::Own => GapUnit::OWN,
        }
    }

    /// The largest value; `None` where there is none.
    fn most(self) -> Option<u32> {
        match self {
            Self::Fraction => Some(1),
            Self::Percent => Some(100),
            Self::Nats | Self::Own => None,
        }
    }

    /// A value whose hundredths are what gaps are counted in: a fraction, nats, or a hundredth of the value itself.
    pub(crate) fn fraction(self, value: f64) -> f64 {
        match self {
            Self::Fraction | Self::Nats => value,
            Self::Percent | Self::Own => value / 100.0,
        }
    }
}

/// The metric of nt that a name means: `log_loss`, `log-loss` and `Log loss` are one.
pub(crate) fn known_metric(name: &str) -> Option<Metric> {
    let plain = |name: &str| name.chars().filter(|letter| letter.is_alphanumeric()).collect::<String>().to_lowercase();
    Metric::ALL
        .iter()
        .copied()
        .find(|metric| [metric.name(), metric.word()].iter().any(|own| plain(own) == plain(name)))
}

/// The unit of values of a metric in nats, which no option changes.
pub(crate) fn unit_of_nats(
    values: &[(usize, f64)],
    asked: Option<TableUnit>,
    faults: &mut Vec<TableFault>,
) -> TableUnit {
    if asked.is_some() {
        faults.push(TableFault::of_file(Fault::UnitOfNats));
    }
    for &(line, value) in values.iter().filter(|(_, value)| *value < 0.0) {
        faults.push(TableFault::at(line, Fault::NegativeLoss { value: value.to_string() }));
    }
    TableUnit::Nats
}

/// The unit of all values, each given with its line: the unit asked for, or the one that all values fit.
///
/// Values above 1 can only be per cents. Values in (0, 1] are taken for fractions. Both in one table are mixed units.
/// If most values are per cents, a rare .5 may be a per cent as well, but only `--percent` can say so. If all values
/// are fractions, `--percent` is a fault, because it would make every gap a hundredth of itself.
pub(crate) fn unit_of(values: &[(usize, f64)], asked: Option<TableUnit>, faults: &mut Vec<TableFault>) -> TableUnit {
    let above_one = values.iter().filter(|(_, value)| *value > 1.0).count();
    let fractional = values.iter().filter(|(_, value)| *value > 0.0 && *value <= 1.0).count();
    let unit = asked.unwrap_or(if above_one > fractional { TableUnit::Percent } else { TableUnit::Fraction });
    if asked == Some(TableUnit::Percent) && above_one == 0 && fractional > 0 {
        faults.push(TableFault::of_file(Fault::TinyPercents));
    }
    let is_mixed = asked.is_none() && above_one > 0 && fractional > 0;
    for &(line, value) in values {
        let looks_like = if value > 1.0 { TableUnit::Percent } else { TableUnit::Fraction };
        let most = unit.most().unwrap_or(u32::MAX);
        let fits = (0.0..=f64::from(most)).contains(&value);
        if is_mixed && (0.0..=100.0).contains(&value) && value > 0.0 && looks_like != unit {
            let others = if unit == TableUnit::Percent { "per cents" } else { "fractions" };
            let fault = Fault::MixedUnits { value: value.to_string(), unit: looks_like.name(), others };
            faults.push(TableFault::at(line, fault));
        } else if !fits {
            let fault = Fault::OutOfRange { value: value.to_string(), unit: unit.name(), most };
            faults.push(TableFault::at(line, fault));
        }
    }
    unit
}
