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
        let named = by_name(name);
        let is_of_shares = values.iter().all(|(_, value)| (0.0..=1.0).contains(value));
        let (kind, by_name) = match named {
            Named::Known(kind, by_name) => (kind, by_name),
            Named::Unknown => (Kind::Share, Direction::HigherIsBetter),
            Named::Ambiguous => (Kind::Share, Direction::HigherIsBetter),
        };
        // Of a name that says nothing, only shares are taken for what nearly all of them are.
        let is_a_guess = match named {
            Named::Known(..) => false,
            Named::Unknown => !is_of_shares && !values.is_empty(),
            Named::Ambiguous => true,
        };
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
        let direction_asked = direction;
        let direction = direction.unwrap_or(by_name);
        let remark = match (named, direction_asked) {
            (Named::Unknown, None) => {
                Some(format!("higher {name} is taken to be better (--lower-is-better says otherwise)"))
            }
            _ => remark(name, kind, direction, by_name),
        };
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

/// What a metric's name says of its values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Named {
    /// What is known by it.
    Known(Kind, Direction),
    /// Nothing.
    Unknown,
    /// One thing and its opposite, such as `loss_reduction`.
    Ambiguous,
}

/// Names of metrics in nats of which lower is better.
const NATS: [&str; 11] =
    ["nll", "ce", "bce", "xent", "entropy", "crossentropy", "kl", "logloss", "logppl", "logperplexity", "negloglik"];
/// Rates of what went wrong.
const RATES: [&str; 14] = [
    "err",
    "error",
    "errors",
    "wer",
    "cer",
    "eer",
    "ter",
    "fpr",
    "fnr",
    "fdr",
    "ece",
    "miss",
    "misclassification",
    "hter",
];
/// Metrics in a unit of their own of which lower is better.
const OWN: [&str; 31] = [
    "mse", "rmse", "nmse", "nrmse", "msle", "rmsle", "mae", "mdae", "mape", "smape", "mpe", "fid", "kid", "lpips",
    "epe", "deviance", "brier", "hinge", "cost", "distance", "regret", "latency", "runtime", "time", "seconds", "ms",
    "memory", "bpb", "bpc", "bpd", "bits",
];
/// Metrics of which higher is better, and names that say nothing else.
const HIGHER: [&str; 40] = [
    "acc",
    "accuracy",
    "top1",
    "top5",
    "top",
    "precision",
    "recall",
    "f1",
    "auc",
    "auroc",
    "auprc",
    "ap",
    "map",
    "iou",
    "miou",
    "dice",
    "score",
    "r2",
    "bleu",
    "rouge",
    "meteor",
    "chrf",
    "em",
    "match",
    "hits",
    "ndcg",
    "mrr",
    "mcc",
    "kappa",
    "psnr",
    "ssim",
    "success",
    "specificity",
    "sensitivity",
    "correlation",
    "spearman",
    "pearson",
    "mean",
    "value",
    "correct",
];
/// Words that turn a metric around.
const TURNING: [&str; 9] = ["reduction", "free", "improvement", "skill", "explained", "gain", "without", "wo", "saved"];

/// What a metric's name says of its values.
fn by_name(name: &str) -> Named {
    use Direction::{HigherIsBetter, LowerIsBetter};
    if let Some(metric) = known_metric(name) {
        let kind = match metric.unit() {
            metric::Unit::Fraction => Kind::Share,
            metric::Unit::Nats => Kind::Nats,
        };
        return Named::Known(kind, Metric::direction(metric));
    }
    let words = words_of(name);
    let has = |known: &[&str]| words.iter().any(|word| known.contains(&word.as_str()));
    let is_log = has(&["log"]);
    let lower = if words.iter().any(|word| word.starts_with("perplexit") || word == "ppl") {
        Some(if is_log { Kind::Nats } else { Kind::Perplexity })
    } else if has(&OWN) || has(&["squared", "absolute", "percentage"]) && has(&["error", "err"]) {
        Some(Kind::Own)
    } else if has(&NATS) || words.iter().any(|word| word.ends_with("loss") || word.ends_with("losses")) {
        Some(Kind::Nats)
    } else if has(&RATES)
        || has(&["false"]) && has(&["positive", "positives", "negative", "negatives", "alarm", "alarms"])
        || words.iter().any(|word| word.ends_with("error") || word.starts_with("error") || word.ends_with("err"))
        || name.trim_start().starts_with("1-")
        || name.trim_start().starts_with("1 -")
        || has(&["one"]) && has(&["minus"])
    {
        Some(Kind::Share)
    } else {
        None
    };
    let is_higher = has(&HIGHER) || words.iter().any(|word| word.ends_with("acc") || word.ends_with("accuracy"));
    let is_likelihood =
        words.iter().any(|word| word.contains("likelihood") || matches!(word.as_str(), "loglik" | "logprob" | "elbo"));
    let is_negated = words.first().is_some_and(|word| word == "neg" || word == "negative");
    match (lower, is_higher) {
        _ if has(&TURNING) && (lower.is_some() || is_higher) => Named::Ambiguous,
        // The rate of what went wrong among the first guesses: top1_error, 1-acc.
        (Some(Kind::Share), true) => Named::Known(Kind::Share, LowerIsBetter),
        (Some(_), true) if has(&["acc", "accuracy"]) => Named::Ambiguous,
        // Scikit-learn negates losses, so that higher is better: neg_log_loss.
        (Some(_), _) if is_negated => Named::Known(Kind::Own, HigherIsBetter),
        (Some(kind), _) => Named::Known(kind, LowerIsBetter),
        (None, _) if is_likelihood => {
            if is_negated {
                Named::Known(Kind::Nats, LowerIsBetter)
            } else {
                Named::Known(Kind::Own, HigherIsBetter)
            }
        }
        (None, true) => Named::Known(Kind::Share, HigherIsBetter),
        (None, false) => Named::Unknown,
    }
}

/// The words of a name, in small letters: `testRMSE`, `val/top1_err` and `ErrorRate` have two and three.
fn words_of(name: &str) -> Vec<String> {
    let letters: Vec<char> = name.chars().collect();
    let mut words: Vec<String> = vec![String::new()];
    for (at, letter) in letters.iter().enumerate() {
        let before = at.checked_sub(1).map(|before| letters[before]);
        let after = letters.get(at + 1);
        // valLoss, and MSELoss.
        let begins = letter.is_uppercase()
            && (before.is_some_and(char::is_lowercase)
                || before.is_some_and(char::is_uppercase) && after.is_some_and(|after| after.is_lowercase()));
        if begins || !letter.is_alphanumeric() {
            words.push(String::new());
        }
        if let (true, Some(word)) = (letter.is_alphanumeric(), words.last_mut()) {
            word.extend(letter.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
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

#[cfg(test)]
mod tests {
    use super::*;
    use Direction::{HigherIsBetter, LowerIsBetter};

    #[test]
    fn names_say_which_way_is_better_and_in_what() {
        let known = |kind, direction| Named::Known(kind, direction);
        for (names, expected) in [
            (
                &["accuracy", "top1", "test_acc", "f1", "glossary_accuracy", "R2", "valAcc"][..],
                known(Kind::Share, HigherIsBetter),
            ),
            (
                &[
                    "test_loss",
                    "valLoss",
                    "valLossMean",
                    "log-loss",
                    "eval/cross_entropy",
                    "negloglik",
                    "log_perplexity",
                ],
                known(Kind::Nats, LowerIsBetter),
            ),
            (
                &[
                    "top1_error",
                    "WER",
                    "ErrorRate",
                    "errorrate",
                    "top1err",
                    "false_positive_rate",
                    "miss_rate",
                    "1-acc",
                    "error (%)",
                ],
                known(Kind::Share, LowerIsBetter),
            ),
            (
                &[
                    "mean_squared_error",
                    "val-rmse",
                    "testRMSE",
                    "MSELoss",
                    "bits_per_byte",
                    "bpb",
                    "cross-entropy (bits)",
                    "latency_ms",
                ],
                known(Kind::Own, LowerIsBetter),
            ),
            (&["perplexity", "word_perplexity", "ppl"], known(Kind::Perplexity, LowerIsBetter)),
            (&["neg_log_loss", "log_likelihood"], known(Kind::Own, HigherIsBetter)),
            (
                &["loss_reduction", "error_free_rate", "acc_wo_loss", "explained_deviance", "brier_skill_score"],
                Named::Ambiguous,
            ),
            (&["r_squared", "reward", "quality"], Named::Unknown),
        ] {
            for name in names {
                assert_eq!(by_name(name), expected, "{name}");
            }
        }
    }
}
