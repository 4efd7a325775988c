//! What a metric's values mean: which way is better, and what they are counted in.

use nt_scenario::metric::Direction;
use nt_scenario::{Metric, metric};

use crate::fault::{Fault, TableFault};
use crate::notation::Notation;
use crate::unit::{TableUnit, known_metric, unit_of, unit_of_nats};

/// What the values of a metric are counted in, as its name says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Shares of one, as fractions or per cents.
    Share,
    /// Natural units of information.
    Nats,
    /// Their exponential.
    Perplexity,
    /// A unit of its own.
    Own,
}

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
        let (kind, by_name) = by_name(name);
        let kind = match asked {
            Some(TableUnit::Own) => Kind::Own,
            Some(TableUnit::Fraction | TableUnit::Percent) if kind == Kind::Own => Kind::Share,
            _ => kind,
        };
        let unit = match kind {
            // What a per cent sign stands behind is a per cent, however small.
            Kind::Share if notation.percent => TableUnit::Percent,
            Kind::Share => unit_of(values, asked, faults),
            Kind::Nats => unit_of_nats(values, asked, faults),
            Kind::Perplexity => unit_of_perplexity(values, asked, faults),
            Kind::Own => TableUnit::Own,
        };
        let direction = direction.unwrap_or(by_name);
        Self {
            unit,
            direction,
            of_logarithms: kind == Kind::Perplexity,
            remark: remark(name, kind, direction, by_name),
        }
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

/// What a metric's name says of its values. Whatever says nothing is a share of which higher is better.
fn by_name(name: &str) -> (Kind, Direction) {
    if let Some(metric) = known_metric(name) {
        let kind = match metric.unit() {
            metric::Unit::Fraction => Kind::Share,
            metric::Unit::Nats => Kind::Nats,
        };
        return (kind, Metric::direction(metric));
    }
    const NATS: [&str; 7] = ["nll", "ce", "bce", "xent", "crossentropy", "loglikelihood", "kl"];
    const RATES: [&str; 9] = ["err", "error", "errors", "wer", "cer", "eer", "fpr", "fnr", "ece"];
    const OWN: [&str; 9] = ["mse", "rmse", "mae", "mape", "fid", "deviance", "brier", "squared", "absolute"];
    let name = name.to_lowercase();
    let words: Vec<&str> = name.split(|letter: char| !letter.is_alphanumeric()).collect();
    let has = |known: &[&str]| words.iter().any(|word| known.contains(word));
    let is_loss = words.iter().any(|word| word.ends_with("loss") || word.ends_with("losses"));
    let kind = if has(&["perplexity", "ppl"]) || name.contains("perplexity") {
        Kind::Perplexity
    } else if has(&OWN) {
        Kind::Own
    } else if is_loss || has(&NATS) || name.contains("entropy") || name.contains("log_likelihood") {
        Kind::Nats
    } else if has(&RATES) || words.iter().any(|word| word.ends_with("error")) {
        Kind::Share
    } else {
        return (Kind::Share, Direction::HigherIsBetter);
    };
    // Scikit-learn negates losses, so that higher is better: neg_log_loss. A log-likelihood is such a negative by itself.
    let is_negated = words.first() == Some(&"neg") || name.contains("likelihood") && !has(&["nll", "negative"]);
    if is_negated { (Kind::Own, Direction::HigherIsBetter) } else { (kind, Direction::LowerIsBetter) }
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

#[cfg(test)]
mod tests {
    use super::*;
    use Direction::{HigherIsBetter, LowerIsBetter};

    #[test]
    fn names_say_which_way_is_better_and_in_what() {
        for (name, kind, direction) in [
            ("accuracy", Kind::Share, HigherIsBetter),
            ("top1", Kind::Share, HigherIsBetter),
            ("test_loss", Kind::Nats, LowerIsBetter),
            ("valLoss", Kind::Nats, LowerIsBetter),
            ("log-loss", Kind::Nats, LowerIsBetter),
            ("eval/cross_entropy", Kind::Nats, LowerIsBetter),
            ("top1_error", Kind::Share, LowerIsBetter),
            ("WER", Kind::Share, LowerIsBetter),
            ("mean_squared_error", Kind::Own, LowerIsBetter),
            ("val-rmse", Kind::Own, LowerIsBetter),
            ("perplexity", Kind::Perplexity, LowerIsBetter),
            ("neg_log_loss", Kind::Own, HigherIsBetter),
            ("log_likelihood", Kind::Own, HigherIsBetter),
            ("glossary_accuracy", Kind::Share, HigherIsBetter),
        ] {
            assert_eq!(by_name(name), (kind, direction), "{name}");
        }
    }
}
