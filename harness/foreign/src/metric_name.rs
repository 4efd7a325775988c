//! What the name of a metric says: which way is better, and what its values are counted in.

use nt_scenario::metric::Direction;
use nt_scenario::{Metric, metric};

use crate::unit::known_metric;
use crate::words::words_of;

/// What the values of a metric are counted in, as its name says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Shares of one, as fractions or per cents.
    Share,
    /// Natural units of information.
    Nats,
    /// Their exponential.
    Perplexity,
    /// A unit of its own.
    Own,
}

/// What a metric's name says of its values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Named {
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
/// Losses of another kind, which are in no nats.
const OTHER_LOSSES: [&str; 24] = [
    "l1",
    "l2",
    "huber",
    "smooth",
    "dice",
    "iou",
    "giou",
    "triplet",
    "contrastive",
    "focal",
    "hinge",
    "margin",
    "ranking",
    "regression",
    "reconstruction",
    "recon",
    "kd",
    "distillation",
    "perceptual",
    "charbonnier",
    "mse",
    "mae",
    "box",
    "quantile",
];
/// Rates of what went wrong.
const RATES: [&str; 16] = [
    "err",
    "error",
    "errors",
    "wer",
    "cer",
    "eer",
    "ter",
    "fpr",
    "fpr95",
    "fnr",
    "fdr",
    "ece",
    "miss",
    "misclassification",
    "hter",
    "forgetting",
];
/// Units of errors that are no rates.
const UNITS: [&str; 22] = [
    "deg", "degree", "degrees", "rad", "radians", "m", "mm", "cm", "km", "meters", "metres", "px", "pixel", "pixels",
    "ms", "s", "sec", "seconds", "db", "count", "num", "number",
];
/// Metrics in a unit of their own of which lower is better.
const OWN: [&str; 42] = [
    "mse",
    "rmse",
    "nmse",
    "nrmse",
    "msle",
    "rmsle",
    "mae",
    "mdae",
    "mape",
    "smape",
    "mpe",
    "fid",
    "kid",
    "lpips",
    "epe",
    "ade",
    "fde",
    "deviance",
    "brier",
    "cost",
    "distance",
    "regret",
    "latency",
    "runtime",
    "time",
    "memory",
    "bpb",
    "bpc",
    "bpd",
    "bits",
    "rank",
    "chamfer",
    "hausdorff",
    "mpjpe",
    "wasserstein",
    "emd",
    "crps",
    "aurc",
    "flops",
    "params",
    "perplexities",
    "hinge",
];
/// Metrics of which higher is better, and names that say nothing else.
const HIGHER: [&str; 55] = [
    "acc",
    "accuracy",
    "accuracies",
    "top1",
    "top5",
    "precision",
    "recall",
    "f1",
    "fscore",
    "auc",
    "auroc",
    "auprc",
    "ap",
    "ap50",
    "ap75",
    "map",
    "map50",
    "iou",
    "miou",
    "dice",
    "jaccard",
    "score",
    "r2",
    "bleu",
    "rouge",
    "rouge1",
    "rouge2",
    "rougel",
    "meteor",
    "chrf",
    "em",
    "match",
    "hits",
    "ndcg",
    "mrr",
    "mcc",
    "kappa",
    "ssim",
    "success",
    "specificity",
    "sensitivity",
    "correlation",
    "corr",
    "spearman",
    "pearson",
    "value",
    "correct",
    "win",
    "winrate",
    "pass",
    "nmi",
    "ari",
    "purity",
    "mota",
    "hota",
];
/// Metrics in a unit of their own of which higher is better.
const OWN_HIGHER: [&str; 4] = ["reward", "return", "returns", "psnr"];
/// Words that turn a metric around, or make a difference of it.
const TURNING: [&str; 20] = [
    "reduction",
    "free",
    "improvement",
    "skill",
    "explained",
    "gain",
    "without",
    "wo",
    "saved",
    "drop",
    "gap",
    "decline",
    "difference",
    "diff",
    "delta",
    "change",
    "non",
    "errorless",
    "lossless",
    "increase",
];

/// What a metric's name says of its values.
pub(crate) fn by_name(name: &str) -> Named {
    use Direction::{HigherIsBetter, LowerIsBetter};
    if let Some(metric) = known_metric(name) {
        let kind = match metric.unit() {
            metric::Unit::Fraction => Kind::Share,
            metric::Unit::Nats => Kind::Nats,
        };
        return Named::Known(kind, Metric::direction(metric));
    }
    let trimmed = name.trim();
    let complement =
        ["1-", "1 -", "1 - ", "one_minus_", "one-minus-"].iter().find_map(|start| trimmed.strip_prefix(start));
    if let Some(rest) = complement {
        return match by_name(rest) {
            Named::Known(Kind::Share, HigherIsBetter) => Named::Known(Kind::Share, LowerIsBetter),
            Named::Known(Kind::Share, LowerIsBetter) => Named::Known(Kind::Share, HigherIsBetter),
            Named::Known(..) | Named::Unknown | Named::Ambiguous => Named::Ambiguous,
        };
    }
    let words = words_of(name);
    let has = |known: &[&str]| words.iter().any(|word| known.contains(&word.as_str()));
    let is_loss = words.iter().any(|word| word.ends_with("loss") || word.ends_with("losses"));
    let is_error = has(&["error", "errors", "err"]);
    let lower = if words.iter().any(|word| word.starts_with("perplexit") || word == "ppl") {
        Some(if has(&["log"]) { Kind::Nats } else { Kind::Perplexity })
    } else if has(&OWN)
        || is_error && (has(&["squared", "absolute", "percentage"]) || has(&UNITS))
        || is_loss && has(&OTHER_LOSSES)
    {
        Some(Kind::Own)
    } else if has(&NATS) || is_loss {
        Some(Kind::Nats)
    } else if has(&RATES)
        || has(&["false"]) && has(&["positive", "positives", "negative", "negatives", "alarm", "alarms"])
        || words.iter().any(|word| word.ends_with("error") || word.starts_with("errorrate") || word.ends_with("err"))
    {
        Some(Kind::Share)
    } else {
        None
    };
    let is_higher = has(&HIGHER) || words.iter().any(|word| word.ends_with("acc") || word.ends_with("accuracy"));
    let is_likelihood =
        words.iter().any(|word| word.contains("likelihood") || matches!(word.as_str(), "loglik" | "logprob" | "elbo"));
    // Scikit-learn negates losses, so that higher is better: neg_log_loss, test_neg_mean_squared_error.
    let is_negated = has(&["neg"]) || words.first().is_some_and(|word| word == "negative");
    match (lower, is_higher) {
        _ if has(&TURNING) => Named::Ambiguous,
        (_, _) if is_likelihood => {
            if is_negated {
                Named::Known(Kind::Nats, LowerIsBetter)
            } else {
                Named::Known(Kind::Own, HigherIsBetter)
            }
        }
        (Some(_), _) if is_negated => Named::Known(Kind::Own, HigherIsBetter),
        // The rate of what went wrong among the first guesses: top1_error.
        (Some(Kind::Share), true) => Named::Known(Kind::Share, LowerIsBetter),
        (Some(_), true) if has(&["acc", "accuracy"]) => Named::Ambiguous,
        (Some(kind), _) => Named::Known(kind, LowerIsBetter),
        (None, _) if has(&OWN_HIGHER) => Named::Known(Kind::Own, HigherIsBetter),
        (None, true) => Named::Known(Kind::Share, HigherIsBetter),
        (None, false) => Named::Unknown,
    }
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
                &["accuracy", "top1", "test_acc", "f1", "glossary_accuracy", "R2", "valAcc", "1-wer", "1-error"][..],
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
                    "1 - accuracy",
                    "test_fpr95",
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
                    "test_l1_loss",
                    "rotation_error_deg",
                    "num_errors",
                    "mean_rank",
                    "bpb",
                    "cross-entropy (bits)",
                    "latency_ms",
                ],
                known(Kind::Own, LowerIsBetter),
            ),
            (&["perplexity", "word_perplexity", "ppl"], known(Kind::Perplexity, LowerIsBetter)),
            (
                &["neg_log_loss", "log_likelihood", "test_neg_root_mean_squared_error", "split0_test_neg_log_loss"],
                known(Kind::Own, HigherIsBetter),
            ),
            (
                &[
                    "accuracy_drop",
                    "acc_gap",
                    "non_error_rate",
                    "loss_reduction",
                    "error_free_rate",
                    "acc_wo_loss",
                    "explained_deviance",
                    "brier_skill_score",
                ],
                Named::Ambiguous,
            ),
            (&["r_squared", "quality"], Named::Unknown),
        ] {
            for name in names {
                assert_eq!(by_name(name), expected, "{name}");
            }
        }
    }
}
