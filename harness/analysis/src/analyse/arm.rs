//! Two arms of a comparison, paired replicate by replicate.

use std::collections::BTreeMap;

use nt_stats::Differences;
use nt_stats::verdict::{Collapse, FEWEST_TRAINED};

use super::AnalysisError;
use super::join::{Joined, JoinedRun};
use super::scores::{Runs, Scored};

/// The runs of an arm by replicate: one of a treatment, several of scratch.
#[derive(Default)]
pub(super) struct Arm<'a>(BTreeMap<u32, Vec<&'a JoinedRun>>);

impl<'a> FromIterator<(u32, &'a JoinedRun)> for Arm<'a> {
    fn from_iter<I: IntoIterator<Item = (u32, &'a JoinedRun)>>(runs: I) -> Self {
        let mut arm = Self::default();
        for (replicate, run) in runs {
            arm.push(replicate, run);
        }
        arm
    }
}

impl<'a> Arm<'a> {
    /// Adds a run to a replicate.
    pub fn push(&mut self, replicate: u32, run: &'a JoinedRun) {
        self.0.entry(replicate).or_default().push(run);
    }

    /// Whether it has no run.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All runs.
    pub fn runs(&self) -> impl Iterator<Item = &'a JoinedRun> {
        self.0.values().flatten().copied()
    }

    /// The runs of a replicate.
    pub fn of(&self, replicate: u32) -> &[&'a JoinedRun] {
        self.0.get(&replicate).map_or(&[], Vec::as_slice)
    }

    /// Its replicates, ascending.
    pub fn replicates(&self) -> impl Iterator<Item = u32> {
        self.0.keys().copied()
    }

    /// The scores of a replicate's runs; of those only that trained, if asked.
    fn scored(&self, replicate: u32, chance: f64, trained_only: bool) -> Runs<'a> {
        let counted = self.of(replicate).iter().filter(|run| !(trained_only && run.has_collapsed));
        let scored = |run: &&'a JoinedRun| match &run.scores {
            Some(scores) => Some(Scored::Run(scores)),
            None => run.has_collapsed.then_some(Scored::Guess(chance)),
        };
        counted.filter_map(scored).collect()
    }

    /// The mean of the deciding metric in a replicate, in its unit: of the runs that trained, if any did.
    pub fn value(&self, replicate: u32) -> Option<f64> {
        let of = |trained_only: bool| -> Vec<f64> {
            let counted = self.of(replicate).iter().filter(|run| !(trained_only && run.has_collapsed));
            counted.filter_map(|run| run.value).collect()
        };
        let (trained, all) = (of(true), of(false));
        let values = if trained.is_empty() { all } else { trained };
        (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
    }
}

/// What two arms differ by.
pub(super) struct Pair {
    /// Ours minus theirs, in the replicates in which both trained; in all, if there are none.
    pub gap: Differences,
    /// The replicates of its rows.
    pub replicates: Vec<u32>,
    /// Runs that collapsed; `None` if none did.
    pub collapse: Option<Collapse>,
}

impl Pair {
    /// The gap where it is evidence: of runs that trained, in enough replicates if any collapsed.
    pub fn trained(self) -> Option<Differences> {
        let is_evidence = self.collapse.is_none_or(|collapse| collapse.num_trained >= FEWEST_TRAINED);
        is_evidence.then_some(self.gap)
    }
}

/// Pairs two arms on a target's test images, or on some of them, given by their places. `None` without a replicate that has
/// both.
///
/// # Errors
/// [`AnalysisError::Differences`], in which the comparison is called by its `name`.
pub(super) fn pair(
    joined: &Joined,
    (target, name): (&str, &str),
    kept: Option<&[usize]>,
    ours: &Arm<'_>,
    theirs: &Arm<'_>,
) -> Result<Option<Pair>, AnalysisError> {
    let chance = joined.chance(target);
    let rows = |trained_only: bool| {
        let row = |replicate: u32| {
            let [our, their] = [ours, theirs].map(|arm| arm.scored(replicate, chance, trained_only));
            (!our.is_empty() && !their.is_empty()).then_some((replicate, our, their))
        };
        ours.replicates().filter_map(row).collect::<Vec<_>>()
    };
    let differences = |rows: Vec<(u32, Runs<'_>, Runs<'_>)>| {
        let mut replicates = Vec::new();
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for (replicate, our, their) in rows {
            replicates.push(replicate);
            ours.push(our);
            theirs.push(their);
        }
        let gap = joined.differences(target, kept, &ours, &theirs);
        let gap = gap.map_err(|source| AnalysisError::Differences { cell: name.to_owned(), source })?;
        Ok::<_, AnalysisError>((gap, replicates))
    };
    let all = rows(false);
    if all.is_empty() {
        return Ok(None);
    }
    let counts = |arm: &Arm<'_>| {
        let runs = all.iter().flat_map(|(replicate, _, _)| arm.of(*replicate));
        let counted: Vec<_> = runs.filter(|run| run.scores.is_some() || run.has_collapsed).collect();
        [counted.iter().filter(|run| run.has_collapsed).count() as u64, counted.len() as u64]
    };
    let (treatment, reference) = (counts(ours), counts(theirs));
    if treatment[0] + reference[0] == 0 {
        let (gap, replicates) = differences(all)?;
        return Ok(Some(Pair { gap, replicates, collapse: None }));
    }
    let trained = rows(true);
    let num_trained = trained.len();
    let (gap_of_all, all) = differences(all)?;
    let (gap, replicates) = if num_trained == 0 { (gap_of_all.clone(), all) } else { differences(trained)? };
    let collapse = Collapse { gap_of_all: Some(gap_of_all), num_trained, treatment, reference };
    Ok(Some(Pair { gap, replicates, collapse: Some(collapse) }))
}
