//! Scores: averages over predictions.

use super::Prediction;
use nt_scenario::Metric;

/// Means over examples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score {
    /// Fraction whose likeliest class is the true one.
    pub top1: f64,
    /// Fraction whose true class is among the five likeliest.
    pub top5: f64,
    /// Mean over classes of the fraction right within a class.
    pub mean_per_class: f64,
    /// Mean cross-entropy, nats.
    pub log_loss: f64,
    /// Number of examples.
    pub num_examples: usize,
}

impl Score {
    /// The value of a metric; none for one that classes alone do not show, without the score of each.
    pub fn value(&self, metric: Metric) -> Option<f64> {
        match metric {
            Metric::Top1 => Some(self.top1),
            Metric::Top5 => Some(self.top5),
            Metric::MeanPerClass => Some(self.mean_per_class),
            Metric::LogLoss => Some(self.log_loss),
            Metric::MeanAveragePrecision | Metric::MeanAveragePrecision11 => None,
        }
    }

    /// Scores predictions over `num_classes` classes; classes without an example do not count.
    pub fn of(predictions: &[Prediction], num_classes: usize) -> Self {
        let (mut right, mut seen) = (vec![0u64; num_classes], vec![0u64; num_classes]);
        let (mut among_five, mut log_loss) = (0u64, 0.0);
        for prediction in predictions {
            let class = prediction.label as usize;
            seen[class] += 1;
            right[class] += u64::from(prediction.top5[0] == prediction.label);
            among_five += u64::from(prediction.top5.contains(&prediction.label));
            log_loss += f64::from(prediction.log_loss);
        }
        let n = predictions.len() as f64;
        let per_class = right.iter().zip(&seen).filter(|&(_, &seen)| seen > 0);
        let (sum, classes) =
            per_class.fold((0.0, 0.0), |(sum, count), (&right, &seen)| (sum + right as f64 / seen as f64, count + 1.0));
        Self {
            top1: right.iter().sum::<u64>() as f64 / n,
            top5: among_five as f64 / n,
            mean_per_class: sum / classes,
            log_loss: log_loss / n,
            num_examples: predictions.len(),
        }
    }
}
