//! What a scenario means by what it leaves out. The version of its schema decides.

use crate::choice::Precision;
use crate::metric::Metric;
use crate::raw::Version;

/// Values of keys that are not written.
pub(super) struct Defaults {
    pub(super) dropout: f64,
    pub(super) precision: Precision,
    pub(super) validation_fraction: f64,
    pub(super) tuning_replicates: u32,
    pub(super) tuning_extend: u32,
    pub(super) margin_pp: f64,
    pub(super) alpha: f64,
    pub(super) metric: Metric,
}

impl Defaults {
    /// Those of a version. Where a later version changes one, its arm says so and the older keep theirs.
    pub(super) fn of(version: Version) -> Self {
        match version {
            Version::One | Version::Two => Self {
                dropout: 0.0,
                precision: Precision::Fp32,
                validation_fraction: 0.0,
                tuning_replicates: 2,
                tuning_extend: 0,
                margin_pp: 1.0,
                alpha: 0.05,
                metric: Metric::Top1,
            },
        }
    }
}
