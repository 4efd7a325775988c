//! What a scenario means by what it leaves out. The version of its schema decides.

use crate::choice::{ChoiceOf, Precision, SearchOf};
use crate::metric::Metric;
use crate::raw::{RawTuning, Version};
use crate::scenario::Primary;

/// Values of keys that are not written.
pub(super) struct Defaults {
    pub(super) dropout: f64,
    pub(super) precision: Precision,
    pub(super) reference_runs: u32,
    pub(super) validation_fraction: f64,
    search: SearchOf,
    pub(super) tuning_replicates: u32,
    pub(super) tuning_extend: u32,
    pub(super) margin_pp: f64,
    pub(super) alpha: f64,
    pub(super) metric: Metric,
    pub(super) choice: ChoiceOf,
    pub(super) primary: Vec<Primary>,
}

impl Defaults {
    /// Those of a version.
    pub(super) fn of(version: Version) -> Self {
        match version {
            Version::One => Self {
                reference_runs: 1,
                search: SearchOf::Once,
                tuning_extend: 0,
                choice: ChoiceOf::EachReplicate,
                primary: Vec::new(),
                ..Self::latest()
            },
            Version::Two => Self::latest(),
        }
    }

    fn latest() -> Self {
        Self {
            dropout: 0.0,
            precision: Precision::Fp32,
            reference_runs: 4,
            validation_fraction: 0.0,
            search: SearchOf::EachReplicate,
            tuning_replicates: 2,
            // A search of few rates goes on while the best of them is on the edge.
            tuning_extend: 2,
            margin_pp: 1.0,
            alpha: 0.05,
            metric: Metric::Top1,
            choice: ChoiceOf::Once,
            primary: Primary::WORDS.into_iter().map(|(_, primary)| primary).collect(),
        }
    }

    /// Whom the search of a `[tuning]` serves.
    pub(super) fn search_of(&self, tuning: &RawTuning) -> SearchOf {
        tuning.search.as_ref().map_or(self.search, |search| search.value)
    }
}
