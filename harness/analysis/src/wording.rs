//! How the values and the gaps of a metric are said: titles, units, sentences.

use nt_scenario::Metric;
use nt_scenario::metric::{Direction, Unit};
use nt_stats::verdict::GapUnit;

/// The words for a metric's values and gaps. Both are printed a hundredfold, so a fraction becomes a per cent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wording {
    /// What heads a column of values: "accuracy".
    pub title: &'static str,
    /// What stands after a value: "%".
    pub unit: &'static str,
    /// What stands after a gap: "points".
    pub gap_unit: &'static str,
    /// The same for words that count gaps.
    pub gap: GapUnit,
    /// What gaps are counted in: "points of top-1 accuracy".
    pub gaps_of: String,
    /// What a table's numbers are given in: "Accuracy is in per cent, gaps are in points".
    pub sentence: String,
    /// The same for a caption: "Accuracy in per cent, gaps in points of top-1 accuracy".
    pub caption: String,
    /// What a gap is: "its top-1 accuracy minus that of training from scratch".
    pub difference: String,
}

impl Wording {
    /// The words for a metric.
    pub fn of(metric: Metric) -> Self {
        let title = title(metric);
        let (values, gap) = match metric.unit() {
            Unit::Fraction => ("per cent", GapUnit::POINTS),
            Unit::Nats => ("hundredths of a nat", GapUnit::HUNDREDTHS_OF_A_NAT),
        };
        let gap_unit = gap.several;
        let name = capitalised(title);
        let gaps_of = format!("{gap_unit} of {}", metric.words());
        let (better, difference) = match metric.direction() {
            Direction::HigherIsBetter => ("", format!("its {} minus that of training from scratch", metric.words())),
            Direction::LowerIsBetter => (
                "; lower is better, and a gap above zero is a lower value than scratch's",
                format!("the {} of training from scratch minus its own, as lower is better", metric.words()),
            ),
        };
        Self {
            title,
            unit: metric.unit().of_hundred(),
            gap_unit,
            gap,
            sentence: match values == gap_unit {
                true => format!("{name} and gaps are in {values}{better}"),
                false => format!("{name} is in {values}, gaps are in {gap_unit}{better}"),
            },
            caption: format!("{name} in {values}, gaps in {gaps_of}{better}"),
            gaps_of,
            difference,
        }
    }
}

/// The short name of a metric's values.
fn title(metric: Metric) -> &'static str {
    match metric {
        Metric::Top1 | Metric::Top5 | Metric::MeanPerClass => "accuracy",
        Metric::LogLoss | Metric::MeanAveragePrecision | Metric::MeanAveragePrecision11 => metric.words(),
    }
}

fn capitalised(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_accuracy_is_in_per_cent_and_a_loss_in_hundredths_of_a_nat() {
        let accuracy = Wording::of(Metric::Top1);
        assert_eq!(accuracy.sentence, "Accuracy is in per cent, gaps are in points");
        assert_eq!(accuracy.caption, "Accuracy in per cent, gaps in points of top-1 accuracy");
        assert_eq!((accuracy.gap.one, accuracy.gap.several), ("point", "points"));
        let loss = Wording::of(Metric::LogLoss);
        assert!(loss.sentence.starts_with("Log-loss and gaps are in hundredths of a nat; lower"));
        assert_eq!((loss.gap.one, loss.gap.several), ("hundredth of a nat", "hundredths of a nat"));
    }
}
