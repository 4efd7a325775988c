//! The cells of one size and similarity, counted.

use nt_stats::verdict::{Attribution, Decision, Estimate, Verdict};

use super::groups::Groups;
use super::{CellKind, CellResult};
use crate::study::{Study, StudySize};

/// A target's size × a similarity of sources.
#[derive(Debug, Clone, PartialEq)]
pub struct Quadrant {
    /// The target.
    pub target: String,
    /// Name of its size.
    pub size: String,
    /// Its training images.
    pub images: StudySize,
    /// The declared similarity of its sources.
    pub similarity: String,
    /// Its verdicts, counted.
    pub tally: Tally,
    /// Its transfer cells, by their positions in [`super::Analysis::cells`], in the study's order.
    pub cells: Vec<usize>,
    /// Of them, the one with the largest gap.
    pub best: Option<usize>,
    /// Of them, the one with the smallest gap.
    pub worst: Option<usize>,
    /// The choice among its cells on validation images; `None` if there are no validation images.
    pub chosen: Option<Chosen>,
}

/// The choice on validation images, and its gap on test images.
#[derive(Debug, Clone, PartialEq)]
pub struct Chosen {
    /// The cells chosen, by their positions in [`super::Analysis::cells`], and for how many replicates; most often
    /// first. One cell for all replicates, unless the study asks for a choice in each.
    pub picks: Vec<(usize, usize)>,
    /// In how many replicates each candidate would win alone; most often first.
    pub wins: Vec<(usize, usize)>,
    /// The chosen runs against scratch. Where one cell is chosen, its decision.
    pub decision: Decision,
    /// The best of treatments against the best of as many runs of scratch; `None` if scratch has one run a replicate.
    pub best_of: Option<BestOf>,
    /// Gap of the cell that does best on the test images minus that of the choice, percentage points. Choosing by test
    /// labels would have overstated the gap by this much.
    pub optimism_pp: Option<f64>,
}

/// The best of some treatments' runs against the best of as many of scratch's, in every replicate. It has no verdict.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BestOf {
    /// Runs that each side may choose from: as many as the side with fewer has.
    pub num_compared: usize,
    /// Treatments to choose from.
    pub num_treatments: usize,
    /// Runs of scratch to choose from.
    pub num_runs: usize,
    /// The gap between the two, with an unadjusted 95 % interval.
    pub gap: Estimate,
    /// What choosing gains scratch: the best of its runs minus their mean.
    pub gain: Estimate,
}

impl Chosen {
    /// Replicates in which a choice was made.
    pub fn num_replicates(&self) -> usize {
        self.picks.iter().map(|(_, count)| count).sum()
    }
}

/// Verdicts of several cells, counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// NEGATIVE with attribution SOURCE: negative transfer.
    pub harmed_by_source: usize,
    /// NEGATIVE with attribution FREEZING.
    pub harmed_by_freezing: usize,
    /// NEGATIVE with attribution SPECIFICITY.
    pub harmed_by_specificity: usize,
    /// NEGATIVE with attribution MIXED.
    pub harmed_by_both: usize,
    /// NEGATIVE with attribution UNDECIDED.
    pub harmed: usize,
    /// NEGATIVE of a selffer, which carries no attribution.
    pub harmed_by_own: usize,
    /// POSITIVE, whatever the attribution.
    pub helped: usize,
    /// EQUIVALENT, and none of the above.
    pub equivalent: usize,
    /// INCONCLUSIVE, for whatever reason.
    pub undecided: usize,
    /// INVALID.
    pub invalid: usize,
}

impl Tally {
    /// All NEGATIVE ones.
    pub fn worse(&self) -> usize {
        let attributed =
            self.harmed_by_source + self.harmed_by_freezing + self.harmed_by_specificity + self.harmed_by_both;
        attributed + self.harmed + self.harmed_by_own
    }

    /// All.
    pub fn total(&self) -> usize {
        self.worse() + self.helped + self.equivalent + self.undecided + self.invalid
    }

    /// Counts a cell's verdict.
    pub fn add(&mut self, cell: &CellResult) {
        let attribution = cell.decision.as_ref().and_then(|decision| decision.attribution);
        let counter = match (cell.verdict(), attribution) {
            (None, _) => return,
            (Some(verdict), Some(Attribution::Source)) if verdict.is_negative() => &mut self.harmed_by_source,
            (Some(verdict), Some(Attribution::Freezing)) if verdict.is_negative() => &mut self.harmed_by_freezing,
            (Some(verdict), Some(Attribution::Specificity)) if verdict.is_negative() => &mut self.harmed_by_specificity,
            (Some(verdict), Some(Attribution::Mixed)) if verdict.is_negative() => &mut self.harmed_by_both,
            (Some(verdict), Some(Attribution::Undecided)) if verdict.is_negative() => &mut self.harmed,
            (Some(verdict), None) if verdict.is_negative() => &mut self.harmed_by_own,
            (Some(verdict), _) if verdict.is_positive() => &mut self.helped,
            (Some(Verdict::Equivalent), _) => &mut self.equivalent,
            (Some(Verdict::Invalid), _) => &mut self.invalid,
            (Some(_), _) => &mut self.undecided,
        };
        *counter += 1;
    }
}

impl Quadrant {
    /// Counts the verdicts of its cells, once they are final, and finds the extreme ones.
    pub(super) fn count(&mut self, cells: &[CellResult]) {
        self.cells.iter().for_each(|&at| self.tally.add(&cells[at]));
        let gaps = || self.cells.iter().filter_map(|&at| cells[at].gap_pp().map(|gap| (at, gap)));
        let best = gaps().max_by(|first, second| first.1.total_cmp(&second.1)).map(|(at, _)| at);
        let worst = gaps().min_by(|first, second| first.1.total_cmp(&second.1)).map(|(at, _)| at);
        (self.best, self.worst) = (best, worst);
        let best = best.and_then(|at| cells[at].gap_pp());
        if let Some(chosen) = &mut self.chosen {
            chosen.optimism_pp = best.map(|best| best - chosen.decision.gap.mean_pp);
        }
    }
}

/// The quadrants of a study, without their verdicts.
pub(super) fn quadrants(study: &Study, cells: &[CellResult], groups: &Groups) -> Vec<Quadrant> {
    let mut quadrants = Vec::new();
    for target in &study.targets {
        for size in &target.sizes {
            for similarity in study.similarities() {
                let is_in = |cell: &CellResult| {
                    cell.kind == CellKind::Transfer
                        && cell.key.target == target.name
                        && cell.key.size == size.name
                        && cell.similarity.as_deref() == Some(similarity)
                };
                let here = groups.places(&target.name, &size.name);
                let chosen: Vec<usize> = here.filter(|&at| is_in(&cells[at])).collect();
                quadrants.push(Quadrant {
                    target: target.name.clone(),
                    size: size.name.clone(),
                    images: size.clone(),
                    similarity: similarity.to_owned(),
                    tally: Tally::default(),
                    best: None,
                    worst: None,
                    cells: chosen,
                    chosen: None,
                });
            }
        }
    }
    quadrants
}
