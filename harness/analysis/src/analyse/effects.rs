//! Effect sizes: how large a gap is, in the units of other fields.

use nt_scenario::Metric;
use nt_scenario::metric::{Grain, Unit};
use nt_stats::Differences;
use nt_stats::effect::{
    FlipRates, StandardizedDifference, class_gaps, flip_rates, interquartile_mean, log_odds_difference,
    probability_of_improvement, relative_error_change, standardized_difference,
};
use nt_stats::verdict::vanishing_rate;

use super::AnalysisError;
use super::contrast::Prepared;
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
    /// Interquartile mean of the replicates' gaps, hundredths of the metric's unit, over all runs: one that collapsed moves it
    /// less than the mean.
    pub interquartile_pp: Option<f64>,
    /// Share of replicates in which the treatment is better than scratch, ties counted half, over all runs.
    pub probability_of_improvement: Option<f64>,
    /// The share of runs that would have to collapse for the gap to vanish: of the treatment for a gap above zero, of scratch for
    /// one below. `None` if the metric is not a fraction, or the better arm is not above chance.
    pub vanishing_rate: Option<f64>,
    /// Shares of test images lost and won against the first run of scratch, by whether the guess is right, whatever the metric;
    /// `None` if no replicate has both.
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
    joined: &Joined<'_>,
    key: &CellKey,
    Prepared { contrast, differences: gap, replicates }: &Prepared,
) -> Result<Effects, AnalysisError> {
    let of_all = contrast.gap_of_all_runs().replicate_means();
    let means = contrast.gap.replicate_means();
    let (treated, scratch) = mean_scores(joined, key, replicates);
    let is_fraction = metric.unit() == Unit::Fraction;
    let hits = hit_differences(joined, key)?;
    // Within a class, mean per-class accuracy is the share of hits: its gap as a whole weights the images.
    let (class_metric, of_images) = match metric.grain() {
        Grain::Image => (metric, Some(gap)),
        Grain::Class => (metric, hits.as_ref()),
        Grain::Run => (Metric::Top1, hits.as_ref()),
    };
    let by_class = of_images.map(|gap| class_gaps(gap, joined.labels(&key.target).members())).transpose();
    let by_class = by_class.map_err(|source| AnalysisError::Differences { cell: key.name(), source })?;
    let classes = by_class.into_iter().flatten().map(|class| ClassEffect {
        class: class.class,
        num_examples: class.gap.num_examples,
        gap_pp: 100.0 * class.gap.estimate.mean,
        interval_pp: class.gap.estimate.interval(EFFECT_LEVEL).map(|(low, high)| (100.0 * low, 100.0 * high)),
    });
    Ok(Effects {
        log_odds: is_fraction.then(|| log_odds_difference(treated, scratch, gap.num_examples())),
        relative_error: relative_error_change(treated, scratch).filter(|_| is_fraction),
        standardized: standardized_difference(means, EFFECT_LEVEL),
        interquartile_pp: interquartile_mean(of_all).map(|mean| 100.0 * mean),
        probability_of_improvement: probability_of_improvement(of_all),
        vanishing_rate: vanishing_rate(treated, scratch, joined.chance(&key.target)).filter(|_| is_fraction),
        flips: hits.as_ref().and_then(flip_rates),
        flipped: flipped(joined, key),
        classes: classes.collect(),
        class_metric,
    })
}

/// Differences of hits between the cell and the first run of scratch; `None` if no replicate has both.
fn hit_differences(joined: &Joined<'_>, key: &CellKey) -> Result<Option<Differences>, AnalysisError> {
    let scratch = key.scratch();
    let replicates = joined.common_replicates(key, &scratch);
    if replicates.is_empty() {
        return Ok(None);
    }
    joined
        .hit_differences(key, &scratch, &replicates)
        .map(Some)
        .map_err(|source| AnalysisError::Differences { cell: key.name(), source })
}

/// Mean of the deciding metric of the cell and of scratch over the replicates paired, in its unit.
fn mean_scores(joined: &Joined<'_>, key: &CellKey, replicates: &[u32]) -> (f64, f64) {
    let values = |key: &CellKey| {
        let arm = joined.arm(key);
        let values = replicates.iter().filter_map(|&replicate| arm.value(replicate));
        values.sum::<f64>() / replicates.len() as f64
    };
    (values(key), values(&key.scratch()))
}
