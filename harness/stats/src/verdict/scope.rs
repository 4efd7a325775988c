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
}

impl Default for Scope {
    fn default() -> Self {
        Self {
            test_images: Reach::Population,
            source_network: Reach::Population,
            source_domain: Reach::This,
            training_pool: Reach::This,
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pick = |reach, this, population| if reach == Reach::This { this } else { population };
        write!(
            f,
            "{} × {} × {} × {}",
            pick(self.test_images, "this test set", "the test population"),
            pick(self.source_network, "this source network", "the source's training procedure"),
            pick(self.source_domain, "this source domain", "source domains of its kind"),
            pick(self.training_pool, "this training pool", "the training population"),
        )
    }
}
