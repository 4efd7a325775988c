//! The unit of a table's values, fractions or per cents, which is the same in the whole table.

use crate::fault::{Fault, TableFault};

/// The unit in which values are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// 0 to 1.
    Fraction,
    /// 0 to 100.
    Percent,
}

impl Unit {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fraction => "fraction",
            Self::Percent => "per cent",
        }
    }

    fn most(self) -> u32 {
        match self {
            Self::Fraction => 1,
            Self::Percent => 100,
        }
    }

    /// A value as a fraction.
    pub(crate) fn fraction(self, value: f64) -> f64 {
        value / f64::from(self.most())
    }
}

/// The unit of all values, each given with its line: the unit asked for, or the one that all values fit.
///
/// Values above 1 can only be per cents. Values in (0, 1] are taken for fractions. Both in one table are mixed units.
/// If most values are per cents, a rare .5 may be a per cent as well, but only `--percent` can say so. If all values
/// are fractions, `--percent` is a fault, because it would make every gap a hundredth of itself.
pub(crate) fn unit_of(values: &[(usize, f64)], asked: Option<Unit>, faults: &mut Vec<TableFault>) -> Unit {
    let above_one = values.iter().filter(|(_, value)| *value > 1.0).count();
    let fractional = values.iter().filter(|(_, value)| *value > 0.0 && *value <= 1.0).count();
    let unit = asked.unwrap_or(if above_one > fractional { Unit::Percent } else { Unit::Fraction });
    if asked == Some(Unit::Percent) && above_one == 0 && fractional > 0 {
        faults.push(TableFault::of_file(Fault::TinyPercents));
    }
    let is_mixed = asked.is_none() && above_one > 0 && fractional > 0;
    for &(line, value) in values {
        let looks_like = if value > 1.0 { Unit::Percent } else { Unit::Fraction };
        let fits = (0.0..=f64::from(unit.most())).contains(&value);
        if is_mixed && (0.0..=100.0).contains(&value) && value > 0.0 && looks_like != unit {
            let others = if unit == Unit::Percent { "per cents" } else { "fractions" };
            let fault = Fault::MixedUnits { value: value.to_string(), unit: looks_like.name(), others };
            faults.push(TableFault::at(line, fault));
        } else if !fits {
            let fault = Fault::OutOfRange { value: value.to_string(), unit: unit.name(), most: unit.most() };
            faults.push(TableFault::at(line, fault));
        }
    }
    unit
}
