//! Yosinski's decomposition of the drop at a depth into three parts, if a study has a selffer.

use std::collections::{BTreeMap, BTreeSet};

use nt_stats::sign_flip::{Flips, ReplicateGapsError};
use nt_stats::yosinski::component;

use super::groups::Groups;
use super::rules::probe_depth;
use super::{CellKind, CellResult};
use crate::study::Study;

/// Probability with which a band covers its whole curve.
pub const BAND_LEVEL: f64 = 0.95;
/// With fewer replicates, there are too few flips for that probability.
pub const BAND_REPLICATES: usize = 6;

/// A part of the drop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Component {
    /// BnB − base: the cost of splitting co-adapted layers.
    CoAdaptation,
    /// AnB − BnB: the cost of features that belong to another task.
    Specificity,
    /// AnB+ − AnB: what fine-tuning recovers.
    Recovery,
}

impl Component {
    /// All parts, in the order in which they are reported.
    pub const ALL: [Self; 3] = [Self::CoAdaptation, Self::Specificity, Self::Recovery];

    /// The part in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::CoAdaptation => "co-adaptation",
            Self::Specificity => "specificity",
            Self::Recovery => "recovery",
        }
    }

    /// Its definition as a difference, in the paper's terms.
    pub fn difference(self) -> &'static str {
        match self {
            Self::CoAdaptation => "BnB − base",
            Self::Specificity => "AnB − BnB",
            Self::Recovery => "AnB+ − AnB",
        }
    }
}

/// The parts of one target's drop, for one source beside one selffer.
#[derive(Debug, Clone, PartialEq)]
pub struct Decomposition {
    /// The target.
    pub target: String,
    /// Name of its size.
    pub size: String,
    /// The source A.
    pub source: String,
    /// The selffer B.
    pub selffer: String,
    /// The parts that the study's treatments allow, in the order of [`Component::ALL`].
    pub parts: Vec<Part>,
}

/// One part over depths.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// Which.
    pub component: Component,
    /// The replicates that all its networks share.
    pub replicates: Vec<u32>,
    /// Its curve, by depth.
    pub depths: Vec<DepthPart>,
}

/// A part at a depth.
///
/// # Units
/// Percentage points; below zero is a drop.
#[derive(Debug, Clone, PartialEq)]
pub struct DepthPart {
    /// Layers copied.
    pub depth: u8,
    /// The mean.
    pub mean_pp: f64,
    /// Ends of the band that covers all depths at once; `None` with one replicate.
    pub band_pp: Option<(f64, f64)>,
    /// Every replicate's difference, in the order of [`Part::replicates`].
    pub replicates_pp: Vec<f64>,
}

impl DepthPart {
    /// Whether the band lies on one side of zero.
    pub fn differs(&self) -> bool {
        self.band_pp.is_some_and(|(low, high)| low > 0.0 || high < 0.0)
    }
}

/// Splits the drop of every target and size, for every trained source beside every selffer. What cannot be split goes
/// into `notes`.
pub(super) fn decompositions(
    study: &Study,
    (cells, groups): (&[CellResult], &Groups),
    notes: &mut Vec<String>,
) -> Result<Vec<Decomposition>, ReplicateGapsError> {
    let (selffers, others): (Vec<_>, Vec<_>) =
        study.sources.iter().filter(|source| !source.is_untrained()).partition(|source| source.is_selffer());
    let mut found = Vec::new();
    for target in &study.targets {
        for size in target.sizes.iter().map(|size| &size.name) {
            let cells = cells.get(groups.places(&target.name, size)).unwrap_or_default();
            for (selffer, source) in selffers.iter().flat_map(|b| others.iter().map(move |a| (b, a))) {
                let here = Here { top_depth: study.top_depth(), cells, target: &target.name, size };
                let flips = Flips { num_flips: study.settings().num_flips, seed: study.settings().seed };
                let mut parts = Vec::new();
                for component in Component::ALL {
                    match here.part(component, &source.name, &selffer.name, &flips)? {
                        Found::Part(part) => parts.push(part),
                        Found::NotAsked => {}
                        Found::NothingTrained => {
                            let note = format!(
                                "{} of {} ({size}) is not shown: no replicate trained every network that it needs.",
                                component.words(),
                                target.name,
                            );
                            if !notes.contains(&note) {
                                notes.push(note);
                            }
                        }
                    }
                }
                // Recovery alone needs no selffer, and is no decomposition.
                if parts.iter().any(|part| part.component != Component::Recovery) {
                    let (target, size) = (target.name.clone(), size.clone());
                    let (source, selffer) = (source.name.clone(), selffer.name.clone());
                    found.push(Decomposition { target, size, source, selffer, parts });
                }
            }
        }
    }
    Ok(found)
}

/// A part, or why it cannot be shown.
enum Found {
    Part(Part),
    /// The study has fewer than two depths of it.
    NotAsked,
    /// No replicate has every network.
    NothingTrained,
}

/// The metric by replicate.
type Scores = BTreeMap<u32, f64>;

/// Two networks whose difference is a part at a depth.
struct Pair {
    depth: u8,
    upper: Scores,
    lower: Scores,
}

struct Here<'a> {
    top_depth: u8,
    cells: &'a [CellResult],
    target: &'a str,
    size: &'a str,
}

impl Here<'_> {
    /// The metric of every replicate that trained, by replicate; `None` if the study has no such cell.
    fn scores(&self, source: Option<&str>, copied: u8, frozen: u8) -> Option<Scores> {
        let is_it = |cell: &&CellResult| {
            let key = &cell.key;
            key.target == self.target
                && key.size == self.size
                && key.source.as_deref() == source
                && (key.copied, key.frozen) == (copied, frozen)
                && (cell.kind != CellKind::Scratch || source.is_none())
                && probe_depth(key).is_none()
        };
        let cell = self.cells.iter().find(is_it)?;
        // A run that did not train is evidence of nothing.
        let has_trained = |replicate: u32| cell.all_runs().any(|run| run.replicate == replicate && !run.has_collapsed);
        let trained = cell.values.iter().filter(|(replicate, _)| has_trained(**replicate));
        Some(trained.map(|(&replicate, &value)| (replicate, value)).collect())
    }

    /// Upper minus lower at every depth that has both, over the replicates that all of them share. With fewer than two
    /// depths there is no curve.
    fn part(&self, which: Component, source: &str, selffer: &str, flips: &Flips) -> Result<Found, ReplicateGapsError> {
        let pair = |depth: u8| {
            let (upper, lower) = match which {
                Component::CoAdaptation => (self.scores(Some(selffer), depth, depth), self.scores(None, 0, 0)),
                Component::Specificity => {
                    (self.scores(Some(source), depth, depth), self.scores(Some(selffer), depth, depth))
                }
                Component::Recovery => (self.scores(Some(source), depth, 0), self.scores(Some(source), depth, depth)),
            };
            Some(Pair { depth, upper: upper?, lower: lower? })
        };
        let pairs: Vec<Pair> = (1..=self.top_depth).filter_map(pair).collect();
        let sets = pairs.iter().flat_map(|pair| [&pair.upper, &pair.lower]);
        let shared = sets.map(|scores| scores.keys().copied().collect::<BTreeSet<u32>>());
        let replicates: Vec<u32> = shared.reduce(|all, one| &all & &one).unwrap_or_default().into_iter().collect();
        if pairs.len() < 2 {
            return Ok(Found::NotAsked);
        }
        if replicates.is_empty() {
            return Ok(Found::NothingTrained);
        }
        let rows = |pick: fn(&Pair) -> &Scores| -> Vec<Vec<f64>> {
            let row = |pair| replicates.iter().filter_map(|replicate| pick(pair).get(replicate).copied()).collect();
            pairs.iter().map(row).collect()
        };
        let (upper, lower) = (rows(|pair| &pair.upper), rows(|pair| &pair.lower));
        let bands = component(&upper, &lower, BAND_LEVEL, flips)?;
        let depths = pairs.iter().enumerate().map(|(at, pair)| DepthPart {
            depth: pair.depth,
            mean_pp: 100.0 * bands.means[at],
            band_pp: bands.limits.as_ref().map(|limits| (100.0 * limits[at].0, 100.0 * limits[at].1)),
            replicates_pp: upper[at].iter().zip(&lower[at]).map(|(upper, lower)| 100.0 * (upper - lower)).collect(),
        });
        let depths = depths.collect();
        Ok(Found::Part(Part { component: which, replicates, depths }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyse::{Analysis, analyse};
    use crate::mock::Mock;
    use crate::study::{StudyArm, StudySource};

    fn analysed(mock: &Mock) -> Analysis {
        let dir = tempfile::tempdir().unwrap();
        let records = mock.write(dir.path());
        analyse(dir.path(), &mock.study, &records).unwrap()
    }

    #[test]
    fn planted_parts_are_found_at_their_depths() {
        let analysis = analysed(&Mock::two_halves());
        let [decomposition] = analysis.decompositions.as_slice() else { panic!("one source beside one selffer") };
        assert_eq!((decomposition.source.as_str(), decomposition.selffer.as_str()), ("half-a", "half-b"));
        let curve = |at: usize| &decomposition.parts[at].depths;
        let near = |part: &DepthPart, planted: f64| (part.mean_pp - planted).abs() < 3.0;
        // Planted: 10 points of co-adaptation at depth 4, 4 points of specificity a depth past 3, all recovered.
        assert!(near(&curve(0)[3], -10.0) && curve(0)[3].differs() && near(&curve(0)[6], 0.0));
        assert!(near(&curve(1)[6], -16.0) && curve(1)[6].differs() && near(&curve(1)[0], 0.0));
        assert!(near(&curve(2)[6], 16.0) && curve(2)[6].differs());
        let (low, high) = curve(1)[6].band_pp.unwrap();
        assert!(low < curve(1)[6].mean_pp && curve(1)[6].mean_pp < high);
    }

    #[test]
    fn a_loss_of_the_target_s_own_layers_has_no_attribution() {
        // A selffer loses 30 points when frozen; random layers would lose 60.
        let mut mock = Mock::two_halves();
        mock.study.sources.push(StudySource {
            name: "random".to_owned(),
            similarity: "untrained".to_owned(),
            standing: nt_scenario::Standing::NoKnowledge,
            network: nt_stats::verdict::Reach::Population,
        });
        let untrained = mock.study.sources.len() - 1;
        let frozen = mock.study.arms.iter().filter(|arm| arm.source == 0).cloned();
        let frozen: Vec<_> = frozen.map(|arm| StudyArm { source: untrained, ..arm }).collect();
        mock.study.arms.extend(frozen);
        let mock = mock.scoring(|key| match (key.source.as_deref(), key.frozen) {
            (None, _) | (_, 0) => 0.8,
            (Some("random"), _) => 0.2,
            _ => 0.5,
        });
        let analysis = analysed(&mock);
        let lost = |name: &str| {
            let of = |cell: &&CellResult| cell.key.source.as_deref() == Some(name) && cell.key.frozen > 0;
            let cell = analysis.cells.iter().find(of).unwrap();
            assert!(cell.verdict().unwrap().is_negative());
            cell.decision.clone().unwrap()
        };
        let (selffer, other) = (lost("half-b"), lost("half-a"));
        assert_eq!((selffer.attribution, selffer.source_gap), (None, None));
        assert!(other.attribution.is_some() && other.source_gap.is_some());
        let own: usize = analysis.quadrants.iter().map(|quadrant| quadrant.tally.harmed_by_own).sum();
        assert!(own > 0, "they are counted on their own");
    }

    #[test]
    fn replicates_that_a_network_lacks_are_left_out_of_its_curve() {
        let mock = Mock::two_halves().editing(|key, record| {
            !(key.source.as_deref() == Some("half-b") && key.frozen == 2 && record.replicate == 3)
        });
        let parts = &analysed(&mock).decompositions[0].parts;
        assert_eq!(parts[0].replicates, [0, 1, 2, 4, 5, 6, 7]);
        assert_eq!(parts[2].replicates.len(), 8, "recovery needs no selffer");
    }

    #[test]
    fn a_part_whose_networks_never_train_together_is_named_as_missing() {
        let mock = Mock::two_halves().editing(|key, record| {
            let is_stuck = key.source.as_deref() == Some("half-b") && key.frozen == 1 + (record.replicate as u8 % 7);
            !is_stuck
        });
        let analysis = analysed(&mock);
        assert_eq!(analysis.decompositions, [], "recovery alone splits nothing");
        assert!(analysis.notes.iter().any(|note| note.starts_with("specificity of shapes-b (small) is not shown")));
    }

    #[test]
    fn without_a_selffer_nothing_is_split() {
        let mut mock = Mock::two_halves();
        mock.study.sources[1].standing = nt_scenario::Standing::Knowledge;
        assert_eq!(analysed(&mock).decompositions, []);
    }
}
