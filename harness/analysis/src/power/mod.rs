//! What a study could find, before anything runs: the smallest gap that its adjusted tests would detect, the replicates
//! that its margin needs, and whether EQUIVALENT is within reach.
//!
//! It is computed from variance components alone, never from an observed gap. They come from a finished pilot, or from
//! stated assumptions.

mod assumptions;
mod pilot;
mod terminal;
#[cfg(test)]
mod tests;

use nt_scenario::metric::{Grain, Unit};
use nt_scenario::{Metric, Primary};
use nt_stats::crossed::VarianceComponents;
use nt_stats::power::{Need, PowerTarget, equivalence_power};
use nt_stats::verdict::Reach;
use serde::Serialize;
use thiserror::Error;

pub use assumptions::{Assumptions, AssumptionsError};
pub use pilot::{Pilot, PilotError};

use crate::analyse::{planned_rule_comparisons, share_of_last_look};
use crate::study::{CellKey, Study, StudySource};
use crate::wording::Wording;

/// Where the variance components come from.
#[derive(Debug, Clone, PartialEq)]
pub enum Basis {
    /// Assumed.
    Assumed(Assumptions),
    /// Those of a finished study.
    Pilot(Pilot),
}

/// Why the power of a study cannot be computed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PowerError {
    /// Assumptions are about right and wrong answers.
    #[error(
        "the power of {metric} cannot be assumed, because --accuracy and --replicate-sd-pp describe right and wrong \
         answers; give a finished study with this metric: nt plan SCENARIO --power --pilot DIR"
    )]
    NotAssumable {
        /// The study's metric.
        metric: Metric,
    },
    /// The metric is computed for whole runs.
    #[error(
        "power cannot be computed for {metric}, which has no value for a single image; compute it for another \
         verdict.metric, such as {}",
        Metric::Top1.word()
    )]
    WholeRuns {
        /// The study's metric.
        metric: Metric,
    },
    /// The pilot's gaps are those of another metric.
    #[error(
        "the pilot {pilot} was judged by {}, and this study is judged by {}; give a pilot with the same verdict.metric",
        found.words(), metric.words()
    )]
    OtherMetric {
        /// The pilot's study.
        pilot: String,
        /// Its metric.
        found: Metric,
        /// The study's metric.
        metric: Metric,
    },
}

/// The version of a power plan's JSON.
pub const POWER_VERSION: u32 = 1;

/// What a study could find, family by family and target by target.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PowerPlan {
    /// Version of its JSON.
    pub schema_version: u32,
    /// The study.
    pub study: String,
    /// Replicates planned.
    pub replicates: u32,
    /// The margin δ, percentage points.
    pub margin_pp: f64,
    /// What gaps are counted in: "points".
    #[serde(skip)]
    pub gap_unit: &'static str,
    /// Whether test images of a target form clusters, which is not reckoned with.
    #[serde(skip)]
    pub has_clusters: bool,
    /// Sources that are one network each, which all replicates share.
    #[serde(skip)]
    pub single_networks: Vec<String>,
    /// Family-wise error of the two-sided tests.
    pub alpha: f64,
    /// The part of it that the last look may spend; all of it if there is one look.
    pub alpha_at_last_look: f64,
    /// The power at which effects are stated.
    pub power: f64,
    /// Where the variance components come from, in words.
    pub basis: String,
    /// One row for each family, target and cell shown.
    pub rows: Vec<PowerRow>,
}

/// A family of contrasts on one target.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PowerRow {
    /// Which contrasts.
    pub family: Family,
    /// How many are adjusted together, over all targets.
    pub contrasts: usize,
    /// The target.
    pub target: String,
    /// Its test images.
    pub test_images: usize,
    /// Which of the pilot's cells the row comes from; `assumed` without a pilot.
    pub cell: Noise,
    /// The true gap that the adjusted test finds with the wanted power, percentage points; `None` if the design has no
    /// interval at all, or no gap is so large.
    pub minimum_detectable_effect_pp: Option<f64>,
    /// Replicates that reduce it to the margin, on these test images.
    pub replicates_needed: Option<usize>,
    /// Test images that reduce it to the margin, if no number of replicates does.
    pub test_images_needed: Option<usize>,
    /// Probability that EQUIVALENT is given at a true gap of 0.
    pub equivalent_probability: Option<f64>,
}

/// A family of contrasts that are adjusted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Family {
    /// What the study is about, at half of the error.
    Primary,
    /// All other treatments against scratch, and comparisons of rules of thumb, at the other half.
    Secondary,
    /// All of these, in a study that names none as primary.
    All,
    /// Every treatment of a source that is not judged against scratch.
    Controls,
}

impl Family {
    /// Its name.
    pub fn words(self) -> &'static str {
        match self {
            Self::Primary => "primary contrasts",
            Self::Secondary => "secondary contrasts",
            Self::All => "all contrasts",
            Self::Controls => "controls",
        }
    }
}

/// Which variance components a row is computed from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Noise {
    /// Assumed ones.
    Assumed,
    /// Those of the pilot's median cell.
    Typical,
    /// Those of its noisiest cell.
    Noisiest,
}

impl PowerPlan {
    /// The power of a study whose targets have these numbers of test images, in their order.
    ///
    /// # Errors
    /// [`PowerError`] if the basis says nothing about the study's metric.
    pub fn new(study: &Study, test_images: &[usize], basis: &Basis) -> Result<Self, PowerError> {
        basis.check(study.metric)?;
        let settings = study.settings();
        let last = share_of_last_look(study);
        let design = Design {
            replicates: study.replicates as usize,
            margin: study.margin_pp / 100.0,
            alpha: last * study.alpha,
            equivalence_alpha: last * settings.equivalence_alpha,
            power: settings.power,
        };
        let mut rows = Vec::new();
        let largest_pp = basis.largest_gap_pp(study.metric);
        let families = families(study);
        let are_two = families.iter().filter(|(family, _)| *family != Family::Controls).count() == 2;
        for (family, contrasts) in families {
            let half = if are_two && family != Family::Controls { 0.5 } else { 1.0 };
            let design =
                Design { alpha: half * design.alpha, equivalence_alpha: half * design.equivalence_alpha, ..design };
            for (target, &test_images) in study.targets.iter().zip(test_images) {
                let outlook = |components: &VarianceComponents| design.outlook(components, test_images, contrasts);
                for (cell, outlook) in basis.outlooks(family, &target.name, outlook) {
                    rows.push(PowerRow {
                        family,
                        contrasts,
                        target: target.name.clone(),
                        test_images,
                        cell,
                        minimum_detectable_effect_pp: outlook
                            .effect_pp
                            .filter(|effect| *effect <= largest_pp)
                            .map(round4),
                        replicates_needed: outlook.need.and_then(Need::replicates),
                        test_images_needed: outlook.need.and_then(Need::test_examples),
                        equivalent_probability: outlook.equivalent.map(round4),
                    });
                }
            }
        }
        Ok(PowerPlan {
            schema_version: POWER_VERSION,
            study: study.name.clone(),
            replicates: study.replicates,
            margin_pp: study.margin_pp,
            gap_unit: Wording::of(study.metric).gap_unit,
            single_networks: single_networks(study),
            has_clusters: study.targets.iter().any(|target| target.cluster.is_some()),
            alpha: study.alpha,
            alpha_at_last_look: round4(last * study.alpha),
            power: settings.power,
            basis: basis.words(),
            rows,
        })
    }

    /// Families in which EQUIVALENT can hardly be reached: its probability is under .5 at a true gap of 0, even in a
    /// cell that is not noisier than others.
    pub fn hardly_equivalent(&self) -> Vec<&PowerRow> {
        let is_unlikely = |row: &&PowerRow| row.equivalent_probability.is_none_or(|probability| probability < 0.5);
        self.rows.iter().filter(|row| row.cell != Noise::Noisiest).filter(is_unlikely).collect()
    }
}

/// Contrasts that are adjusted together. Families without any are left out.
fn families(study: &Study) -> Vec<(Family, usize)> {
    let cells = study.cells();
    let count =
        |is_meant: &dyn Fn(&CellKey, &str) -> bool| cells.iter().filter(|(key, name)| is_meant(key, name)).count();
    let source = |key: &CellKey| key.source.as_deref().and_then(|name| study.source(name));
    let is_judged = |key: &CellKey| source(key).is_some_and(StudySource::is_judged);
    let judged = count(&|key, _| is_judged(key));
    // Nothing frozen from an untrained source is a placebo, which is judged alone.
    let controls =
        count(&|key, _| source(key).is_some_and(|one| !one.is_judged() && (key.frozen > 0 || !one.is_untrained())));
    let rules = planned_rule_comparisons(study);
    let quadrants: usize =
        study.targets.iter().map(|target| target.sizes.len()).sum::<usize>() * study.similarities().len();
    let chooses = study.primary.contains(&Primary::Choice);
    // A choice may fall on a treatment that is primary anyhow; at most it is one more.
    let primary = (count(&|key, name| is_judged(key) && study.is_primary(key, name))
        + if chooses { quadrants } else { 0 })
    .min(judged);
    let families = match primary {
        0 => [(Family::All, judged + rules), (Family::Secondary, 0)],
        _ => [(Family::Primary, primary), (Family::Secondary, judged + rules - primary)],
    };
    families.into_iter().chain([(Family::Controls, controls)]).filter(|(_, contrasts)| *contrasts > 0).collect()
}

#[derive(Clone, Copy)]
struct Design {
    replicates: usize,
    margin: f64,
    alpha: f64,
    equivalence_alpha: f64,
    power: f64,
}

/// What a contrast with these variance components could find.
#[derive(Debug, Clone, Copy)]
struct Outlook {
    effect_pp: Option<f64>,
    need: Option<Need>,
    equivalent: Option<f64>,
}

impl Design {
    /// For the first step of Holm over the family, which is the level that a single effect has to pass.
    fn outlook(&self, components: &VarianceComponents, test_images: usize, contrasts: usize) -> Outlook {
        let target = PowerTarget::first_holm_step(self.alpha, contrasts, self.power);
        let spread = components.spread_of_design(self.replicates, test_images);
        let level = self.equivalence_alpha / contrasts.max(1) as f64;
        Outlook {
            effect_pp: spread.map(|spread| 100.0 * target.minimum_detectable_effect(spread)),
            need: target.needed(components, self.margin, self.replicates, test_images),
            equivalent: spread.map(|spread| equivalence_power(self.margin, spread, level)),
        }
    }
}

impl Basis {
    /// Checks that its variance components are those of gaps in this metric.
    fn check(&self, metric: Metric) -> Result<(), PowerError> {
        match (metric.grain(), metric.unit(), self) {
            (Grain::Run, _, _) => Err(PowerError::WholeRuns { metric }),
            (Grain::Image | Grain::Class, Unit::Nats, Self::Assumed(_)) => Err(PowerError::NotAssumable { metric }),
            (Grain::Image | Grain::Class, Unit::Fraction, Self::Assumed(_)) => Ok(()),
            (Grain::Image | Grain::Class, _, Self::Pilot(pilot)) => pilot.check(metric),
        }
    }

    /// The largest gap that is possible, percentage points; infinite for a loss. A pilot does not say how well scratch does.
    fn largest_gap_pp(&self, metric: Metric) -> f64 {
        match (self, metric.unit()) {
            (_, Unit::Nats) => f64::INFINITY,
            (Self::Assumed(assumptions), Unit::Fraction) => assumptions.largest_gap_pp(),
            (Self::Pilot(_), Unit::Fraction) => 100.0,
        }
    }

    fn outlooks(
        &self,
        family: Family,
        target: &str,
        outlook: impl Fn(&VarianceComponents) -> Outlook,
    ) -> Vec<(Noise, Outlook)> {
        match self {
            Self::Assumed(assumptions) => vec![(Noise::Assumed, outlook(&assumptions.components()))],
            Self::Pilot(pilot) => {
                let mut outlooks: Vec<Outlook> =
                    pilot.components(family == Family::Controls, target).iter().map(outlook).collect();
                let size = |one: &Outlook| one.effect_pp.unwrap_or(f64::INFINITY);
                outlooks.sort_by(|a, b| size(a).total_cmp(&size(b)));
                let typical = outlooks.get(outlooks.len() / 2).map(|one| (Noise::Typical, *one));
                let noisiest = outlooks.last().map(|one| (Noise::Noisiest, *one));
                typical.into_iter().chain(noisiest).collect()
            }
        }
    }

    fn words(&self) -> String {
        match self {
            Self::Assumed(assumptions) => assumptions.words(),
            Self::Pilot(pilot) => pilot.words(),
        }
    }
}

fn round4(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}

/// Names of the sources that are one network each.
fn single_networks(study: &Study) -> Vec<String> {
    let one = study.sources.iter().filter(|source| source.network == Reach::This);
    one.map(|source| source.name.clone()).collect()
}
