//! How far a source's training images lie from the target's.

use nt_stats::StudentEstimate;
use nt_stats::similarity::Measured;
use serde::{Deserialize, Serialize};

/// Level of the interval of a single distance.
pub const LEVEL: f64 = 0.95;

/// How far one source lies from a target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Similarity {
    /// The source.
    pub source: String,
    /// What it was measured on.
    pub measured_on: MeasuredOn,
    /// The distances; `None` if there are no images, or too few.
    pub distances: Option<Distances>,
}

/// Which images represent a source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MeasuredOn {
    /// Its own training images.
    OwnImages,
    /// Those of another source: its own network is drawn with the moments of that source's.
    ImagesOf(String),
    /// The target's own: its distance is zero by construction.
    TheTarget,
    /// It never saw an image.
    Nothing,
    /// Its images are not here: its weights were read from a file.
    Elsewhere,
}

/// Distances of a source's images from the target's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Distances {
    /// Proxy A-distance: 0 if a linear classifier cannot tell the two apart, 2 if it always can.
    pub proxy_a: Distance,
    /// Squared maximum mean discrepancy, Gaussian kernel at the median distance.
    pub mmd_squared: Distance,
    /// Share of random relabellings of the images that differ as much.
    pub mmd_p_value: f64,
    /// Fréchet distance; the unit is the target's own variance, summed over features.
    pub frechet: Distance,
    /// CORAL distance, in squared units of the target's variance.
    pub coral: Distance,
}

/// A distance with its interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Distance {
    /// The estimate, corrected for the bias of its formula if it has one. May be below zero by chance.
    pub value: f64,
    /// The formula's value.
    pub plug_in: f64,
    /// Lower end of the 95 % interval; `None` if the images show no variation.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
}

impl From<&Measured> for Distance {
    fn from(measured: &Measured) -> Self {
        let estimate = measured.estimate();
        let interval = estimate.interval(LEVEL);
        Distance {
            value: rounded(estimate.mean),
            plug_in: rounded(measured.plug_in),
            low: interval.map(|(low, _)| rounded(low)),
            high: interval.map(|(_, high)| rounded(high)),
        }
    }
}

/// The difference between two sources' proxy A-distances from one target, both against the same target images.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Comparison {
    /// A source.
    pub first: String,
    /// A source after it in the study's order.
    pub second: String,
    /// Distance of the second minus that of the first.
    pub difference: f64,
    /// Its standard error; 0 if the images show no variation.
    pub standard_error: f64,
    /// Degrees of freedom of the standard error.
    pub degrees_of_freedom: f64,
}

impl Comparison {
    /// The comparison of two measures against the same target images; `None` if they were split differently.
    pub fn new(first: &str, second: &str, distances: [&Measured; 2]) -> Option<Self> {
        let StudentEstimate { mean, spread } = distances[1].minus(distances[0])?.estimate();
        Some(Comparison {
            first: first.to_owned(),
            second: second.to_owned(),
            difference: rounded(mean),
            standard_error: spread.map_or(0.0, |spread| rounded(spread.standard_error)),
            degrees_of_freedom: spread.map_or(1.0, |spread| spread.degrees_of_freedom),
        })
    }
}

/// Rounds to nine significant digits, because further digits of a quantile may differ between machines.
fn rounded(value: f64) -> f64 {
    format!("{value:.8e}").parse().unwrap_or(value)
}
