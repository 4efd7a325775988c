//! The scope of a result.

use std::fmt;

/// Whether a result is about the factor that was used, or about the population it stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reach {
    /// Only the one that was used.
    This,
    /// The population that it was drawn from.
    Population,
}

/// What a result is about, factor by factor. Every row of a report names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Scope {
    /// This test set, or the population it was drawn from. This decides the method: sign flips or crossed random
    /// effects.
    pub test_images: Reach,
    /// This source network, or the source's training procedure (a fresh source network in every replicate).
    pub source_network: Reach,
    /// This source domain, or domains of its kind (three or more).
    pub source_domain: Reach,
    /// This training pool, or the population it was drawn from.
    pub training_pool: Reach,
    /// Where the settings come from.
    pub settings: SettingsFound,
    /// Whether the population of test images is one of clusters.
    pub in_clusters: bool,
}

/// Where the settings of the runs come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SettingsFound {
    /// Every replicate found its own: the luck of a search is part of what differs between replicates.
    InEveryReplicate,
    /// All replicates have the same, fixed or found by one search.
    Given,
    /// Nothing is known of it.
    Unknown,
}

impl Default for Scope {
    fn default() -> Self {
        Self {
            test_images: Reach::Population,
            source_network: Reach::Population,
            source_domain: Reach::This,
            training_pool: Reach::This,
            settings: SettingsFound::Unknown,
            in_clusters: false,
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pick = |reach, this, population| if reach == Reach::This { this } else { population };
        write!(
            f,
            "{} × {} × {} × {}",
            match (self.test_images, self.in_clusters) {
                (Reach::This, _) => "this test set",
                (Reach::Population, false) => "the test population",
                (Reach::Population, true) => "the population of clusters of test images",
            },
            pick(self.source_network, "this source network", "the source's training procedure"),
            pick(self.source_domain, "this source domain", "source domains of its kind"),
            pick(self.training_pool, "this training pool", "the training population"),
        )?;
        match self.settings {
            SettingsFound::InEveryReplicate => f.write_str(" × settings found in every replicate"),
            SettingsFound::Given => f.write_str(" × these settings"),
            SettingsFound::Unknown => Ok(()),
        }
    }
}
