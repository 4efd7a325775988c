//! Effect sizes: how large a gap is, in the units of other fields.

use nt_scenario::Metric;
use nt_scenario::metric::{Grain, Unit};
use nt_stats::Differences;
use nt_stats::effect::{
    FlipRates, StandardizedDifference, class_gaps, flip_rates, log_odds_difference, probability_reference_wins,
    relative_error_change, standardized_difference,
};

use super::AnalysisError;
use super::flipped::{FlippedImages, flipped};
use super::join::Joined;
use crate::study::CellKey;

/// Level of the interval of Hedges' *g*.
pub const EFFECT_LEVEL: f64 = 0.95;

/// Effect sizes of a cell against scratch, over the replicates that have both.
#[derive(Debug, Clone, PartialEq)]
pub struct Effects {
    /// Difference in log-odds of being right, nats; below zero is harm. `None` if the metric is not a fraction.
    pub log_odds: Option<f64>,
    /// Change of the error relative to scratch's, a fraction; above zero is harm. `None` if the metric is not a
    /// fraction.
    pub relative_error: Option<f64>,
    /// The paired difference in standard deviations over replicates; `None` without spread.
    pub standardized: Option<StandardizedDifference>,
    /// Share of replicates in which scratch wins.
    pub scratch_wins: Option<f64>,
    /// Shares of test images lost and won, by whether the guess is right, whatever the metric.
    pub flips: Option<FlipRates>,
    /// The test images that change most.
    pub flipped: FlippedImages,
    /// The gap class by class, in the order of classes.
    pub classes: Vec<ClassEffect>,
    /// The metric that the gaps of classes are in: the deciding one, or top-1 accuracy if that has no value for a part of
    /// the images.
    pub class_metric: Metric,
}

/// The gap on the test images of one class.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClassEffect {
    /// The class's number.
    pub class: usize,
    /// Its test images.
    pub num_examples: usize,
    /// The gap, hundredths of the metric's unit.
    pub gap_pp: f64,
    /// Ends of its unadjusted 95 % interval, in the same unit.
    pub interval_pp: Option<(f64, f64)>,
}

pub(super) fn effects(
    metric: Metric,
    joined: &Joined,
    key: &CellKey,
    gap: &Differences,
) -> Result<Effects, AnalysisError> {
    let means = gap.replicate_means();
    let (treated, scratch) = mean_scores(joined, key, gap);
    let is_fraction = metric.unit() == Unit::Fraction;
    let hits = hit_differences(joined, key)?;
    // Within a class, mean per-class accuracy is the share of hits: its gap as a whole weights the images.
    let (class_metric, of_images) = match metric.grain() {
        Grain::Image => (metric, gap),
        Grain::Class => (metric, &hits),
        Grain::Run => (Metric::Top1, &hits),
    };
    let by_class = class_gaps(of_images, joined.labels(&key.target).members())
        .map_err(|source| AnalysisError::Differences { cell: key.name(), source })?;
    let classes = by_class.into_iter().map(|class| ClassEffect {
        class: class.class,
        num_examples: class.gap.num_examples,
        gap_pp: 100.0 * class.gap.estimate.mean,
        interval_pp: class.gap.estimate.interval(EFFECT_LEVEL).map(|(low, high)| (100.0 * low, 100.0 * high)),
    });
    Ok(Effects {
        log_odds: is_fraction.then(|| log_odds_difference(treated, scratch, gap.num_examples())),
        relative_error: relative_error_change(treated, scratch).filter(|_| is_fraction),
        standardized: standardized_difference(&means, EFFECT_LEVEL),
        scratch_wins: probability_reference_wins(&means),
        flips: flip_rates(&hits),
        flipped: flipped(joined, key),
        classes: classes.collect(),
        class_metric,
    })
}

/// Differences of hits between the cell and scratch.
fn hit_differences(joined: &Joined, key: &CellKey) -> Result<Differences, AnalysisError> {
    let scratch = key.scratch();
    let replicates = joined.common_replicates(key, &scratch);
    joined
        .hit_differences(key, &scratch, &replicates)
        .map_err(|source| AnalysisError::Differences { cell: key.name(), source })
}

/// Mean of the deciding metric of the cell and of scratch over the replicates paired, in its unit.
fn mean_scores(joined: &Joined, key: &CellKey, gap: &Differences) -> (f64, f64) {
    let replicates = joined.common_replicates(key, &key.scratch());
    let values = |key: &CellKey| {
        let values = replicates.iter().filter_map(|&replicate| joined.run(key, replicate)?.value);
        values.sum::<f64>() / gap.num_replicates() as f64
    };
    (values(key), values(&key.scratch()))
}
