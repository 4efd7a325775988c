//! Assumed variance components of right and wrong answers, for a study without a pilot.

use nt_stats::crossed::VarianceComponents;
use thiserror::Error;

/// How much paired arms disagree, as a share of the disagreement of independent arms, 2p(1 − p). The median of the
/// four-quadrant and causes studies (8 replicates, 132 cells) and of cifar10-animals (3 replicates, 34 cells) is .74 to
/// .85. This is the largest.
const DISCORDANCE_SHARE: f64 = 0.85;
/// Share of the variance within replicates that belongs to the image and is common to all replicates. The same studies
/// have .06 to .08.
const EXAMPLE_SHARE: f64 = 0.07;

/// What is assumed about a gap's variation when the true gap is small.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Assumptions {
    accuracy: f64,
    replicate_sd_pp: f64,
}

/// Why assumptions are refused.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum AssumptionsError {
    /// The accuracy is not a fraction between 0 and 1.
    #[error("an accuracy of {accuracy} leaves nothing to disagree on; give a fraction between 0 and 1, such as 0.7")]
    Accuracy {
        /// What was given.
        accuracy: f64,
    },
    /// The standard deviation is negative or not finite.
    #[error("{replicate_sd_pp} points cannot be a standard deviation; give 0 or more, such as 4")]
    ReplicateSd {
        /// What was given.
        replicate_sd_pp: f64,
    },
}

impl Assumptions {
    /// Accuracy of both arms.
    pub const ACCURACY: f64 = 0.5;
    /// Standard deviation of the paired gap between replicates, percentage points: the median cell of the four-quadrant
    /// study has 4.0, of the causes study 3.8, of cifar10-animals 2.6.
    pub const REPLICATE_SD_PP: f64 = 4.0;

    /// Checked assumptions.
    ///
    /// # Units
    /// `accuracy`: a fraction; `replicate_sd_pp`: percentage points.
    /// # Errors
    /// [`AssumptionsError`] outside (0, 1), and below 0.
    pub fn new(accuracy: f64, replicate_sd_pp: f64) -> Result<Self, AssumptionsError> {
        if !(accuracy > 0.0 && accuracy < 1.0) {
            return Err(AssumptionsError::Accuracy { accuracy });
        }
        if !(replicate_sd_pp >= 0.0 && replicate_sd_pp.is_finite()) {
            return Err(AssumptionsError::ReplicateSd { replicate_sd_pp });
        }
        Ok(Self { accuracy, replicate_sd_pp })
    }

    /// The largest gap that is possible beside this accuracy, percentage points.
    pub(super) fn largest_gap_pp(&self) -> f64 {
        100.0 * self.accuracy.max(1.0 - self.accuracy)
    }

    /// Share of images on which the arms disagree. At a gap of 0 it is the variance of a difference.
    fn discordance(&self) -> f64 {
        DISCORDANCE_SHARE * 2.0 * self.accuracy * (1.0 - self.accuracy)
    }

    /// Variance of d[r, i] = discordance, split into replicate, example and residual.
    pub(super) fn components(&self) -> VarianceComponents {
        let replicate = self.replicate_sd_pp * self.replicate_sd_pp / 1e4;
        let within = (self.discordance() - replicate).max(0.0);
        VarianceComponents { replicate, example: EXAMPLE_SHARE * within, residual: (1.0 - EXAMPLE_SHARE) * within }
    }

    pub(super) fn words(&self) -> String {
        format!(
            "assumed, as no pilot was given (--pilot DIR): both arms get {:.0} % right and disagree on {:.0} % of \
             images; {:.0} % of that variance belongs to the image; the paired gap varies by {} points (sd) between \
             replicates. --accuracy and --replicate-sd-pp change these assumptions",
            100.0 * self.accuracy,
            100.0 * self.discordance(),
            100.0 * EXAMPLE_SHARE,
            self.replicate_sd_pp
        )
    }
}
