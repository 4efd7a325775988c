//! Two arms of a comparison, paired replicate by replicate.

use nt_stats::verdict::{Collapse, FEWEST_TRAINED};
use nt_stats::{Differences, PairedGap};

use super::AnalysisError;
use super::arm::Arm;
use super::join::Joined;
use super::scores::Runs;

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
    pub fn trained(self) -> Option<PairedGap> {
        let is_evidence = self.collapse.is_none_or(|collapse| collapse.num_trained >= FEWEST_TRAINED);
        is_evidence.then(|| self.gap.into())
    }
}

/// Pairs two arms on a target's test images, or on some of them, given by their places. `None` without a replicate that has
/// both.
///
/// # Errors
/// [`AnalysisError::Differences`], in which the comparison is called by its `name`.
pub(super) fn pair(
    joined: &Joined<'_>,
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
    // Where no run of a target ended, nothing is known of its test images.
    if all.is_empty() || joined.labels(target).is_empty() {
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
    let collapse = Collapse { gap_of_all: Some((&gap_of_all).into()), num_trained, treatment, reference };
    let (gap, replicates) = if num_trained == 0 { (gap_of_all, all) } else { differences(trained)? };
    Ok(Some(Pair { gap, replicates, collapse: Some(collapse) }))
}
