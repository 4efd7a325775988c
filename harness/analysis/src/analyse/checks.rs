//! Second opinions on a gap: other methods on the same differences. They decide nothing.

use std::collections::BTreeMap;

use nt_stats::bootstrap::two_way_bootstrap;
use nt_stats::mcnemar::mcnemar_of_replicate;
use nt_stats::sign_flip::{Flips, ReplicateGaps, attainable_p, max_t};
use nt_stats::verdict::{Contrast, Decision};
use nt_stats::{Differences, FamilyError, Settings};
use rayon::prelude::*;

use super::join::Joined;
use super::{AnalysisError, contrast};
use crate::study::CellKey;

/// Level of both intervals of a cross-check. It is not adjusted, because a thousand draws say nothing about farther
/// tails.
pub const CROSS_CHECK_LEVEL: f64 = 0.95;
/// Draws of the two-way bootstrap.
const NUM_DRAWS: usize = 1_000;
/// Differences resampled in all draws of a family together: fifty cells of ten replicates on ten thousand images, or
/// every cell of a smaller study. Bounds the time it takes.
const MOST_DIFFERENCES: usize = 5_000_000;
/// With fewer replicates, the bootstrap's percentiles are too close together.
const FEW_REPLICATES: usize = 8;

/// What other methods say about a gap.
#[derive(Debug, Clone, PartialEq)]
pub struct Checks {
    /// The two-way bootstrap beside the crossed interval; `None` if it was not drawn.
    pub cross_check: Option<CrossCheck>,
    /// Joint sign flips, for this test set only; `None` unless every planned replicate is there.
    pub fixed_test_set: Option<FixedTestSet>,
    /// Two networks of one replicate, compared image by image.
    pub mcnemar: Option<McNemar>,
}

/// Two intervals of one gap by different methods, both at [`CROSS_CHECK_LEVEL`] and unadjusted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CrossCheck {
    /// By crossed random effects, percentage points.
    pub crossed_pp: (f64, f64),
    /// By the two-way (pigeonhole) bootstrap, percentage points.
    pub bootstrap_pp: (f64, f64),
    /// Whether there are so few replicates that the bootstrap's interval is too narrow.
    pub is_narrow: bool,
}

impl CrossCheck {
    /// Whether the two disagree about the gap's sign: below zero, above zero, or open.
    pub fn disagrees(&self) -> bool {
        let sign = |(low, high): (f64, f64)| i8::from(low > 0.0) - i8::from(high < 0.0);
        sign(self.crossed_pp) != sign(self.bootstrap_pp)
    }
}

/// What joint sign flips of whole replicates say. It holds for these test images, not for others.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FixedTestSet {
    /// p, adjusted over the family by the step-down maximum.
    pub p_adjusted: f64,
    /// The smallest p that these replicates could have given.
    pub attainable_p: f64,
}

/// McNemar's test of two networks of one replicate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct McNemar {
    /// The replicate: the first that has both.
    pub replicate: u32,
    /// Images that only the reference got right.
    pub lost: usize,
    /// Images that only the treatment got right.
    pub won: usize,
    /// Exact two-sided p-value of "losing and winning are equally likely".
    pub p: f64,
}

/// Checks a decided family, with one result for each contrast. `keys` are the cells of its contrasts.
pub(super) fn check(
    joined: &Joined<'_>,
    (keys, family): (&[&CellKey], &[Contrast]),
    decisions: &[Decision],
    num_planned: usize,
    settings: &Settings,
) -> Result<Vec<Checks>, AnalysisError> {
    let mut cross_checks = cross_checks(joined, (keys, family), decisions, settings.seed)?;
    let mut fixed = fixed_test_set(family, num_planned, settings)?;
    let networks: Vec<Option<McNemar>> = keys.par_iter().map(|key| mcnemar(joined, key)).collect();
    let parts = cross_checks.drain(..).zip(fixed.drain(..)).zip(networks);
    Ok(parts.map(|((cross_check, fixed_test_set), mcnemar)| Checks { cross_check, fixed_test_set, mcnemar }).collect())
}

/// Cross-checks as many gaps as the bound allows, starting with those nearest to another verdict.
fn cross_checks(
    joined: &Joined<'_>,
    (keys, family): (&[&CellKey], &[Contrast]),
    decisions: &[Decision],
    seed: u64,
) -> Result<Vec<Option<CrossCheck>>, AnalysisError> {
    let mut order: Vec<usize> = (0..family.len()).collect();
    order.sort_by(|a, b| slack(&decisions[*a]).total_cmp(&slack(&decisions[*b])));
    // Those of one target are on the same test images, in the same clusters.
    let mut groups: BTreeMap<(&str, usize, usize), Vec<usize>> = BTreeMap::new();
    let mut left = MOST_DIFFERENCES;
    for at in order {
        let shape = (family[at].gap.num_replicates(), family[at].gap.num_examples());
        let Some(rest) = left.checked_sub(shape.0 * shape.1) else { break };
        left = rest;
        groups.entry((keys[at].target.as_str(), shape.0, shape.1)).or_default().push(at);
    }
    let mut checks = vec![None; family.len()];
    for ((_, num_replicates, _), members) in groups {
        // Of the few that are drawn, the differences are taken once more: those of all cells would not fit in memory.
        let taken = |&at: &usize| contrast::differences(joined, keys[at]).transpose();
        let gaps: Vec<Differences> = members.par_iter().filter_map(taken).collect::<Result<_, _>>()?;
        let gaps: Vec<&Differences> = gaps.iter().collect();
        for (at, bootstrap) in members.into_iter().zip(two_way_bootstrap(&gaps, NUM_DRAWS, seed)) {
            let interval = bootstrap.and_then(|bootstrap| bootstrap.interval(CROSS_CHECK_LEVEL));
            let crossed = family[at].gap.crossed().estimate.interval(CROSS_CHECK_LEVEL);
            checks[at] = crossed.zip(interval).map(|(crossed, bootstrap)| CrossCheck {
                crossed_pp: (100.0 * crossed.0, 100.0 * crossed.1),
                bootstrap_pp: (100.0 * bootstrap.0, 100.0 * bootstrap.1),
                is_narrow: num_replicates < FEW_REPLICATES,
            });
        }
    }
    Ok(checks)
}

/// How many standard errors the adjusted interval's nearer end is from zero.
fn slack(decision: &Decision) -> f64 {
    let gap = &decision.gap;
    match (gap.low_pp, gap.high_pp, gap.standard_error_pp) {
        (Some(low), Some(high), Some(error)) => low.abs().min(high.abs()) / error,
        _ => f64::INFINITY,
    }
}

/// Leaves out cells that lack a replicate, because they cannot be flipped with the others.
fn fixed_test_set(
    family: &[Contrast],
    num_planned: usize,
    settings: &Settings,
) -> Result<Vec<Option<FixedTestSet>>, FamilyError> {
    let mut results = vec![None; family.len()];
    // Of all runs, those that collapsed among them: whole replicates are flipped, and none is left out.
    let gap = |at: usize| family[at].gap_of_all_runs();
    let whole: Vec<usize> = (0..family.len()).filter(|&at| gap(at).num_replicates() == num_planned).collect();
    if whole.is_empty() {
        return Ok(results);
    }
    let gaps = |&at: &usize| gap(at).replicate_means().to_vec();
    let flips = Flips { num_flips: settings.num_flips, seed: settings.seed };
    let test = max_t(&ReplicateGaps::new(whole.iter().map(gaps).collect())?, &flips);
    let attainable_p = attainable_p(num_planned, &flips);
    for (at, p_adjusted) in whole.into_iter().zip(test.p_adjusted) {
        results[at] = Some(FixedTestSet { p_adjusted, attainable_p });
    }
    Ok(results)
}

/// The networks of the first replicate that has both, that of scratch being its first run.
fn mcnemar(joined: &Joined<'_>, key: &CellKey) -> Option<McNemar> {
    let scratch = key.scratch();
    let replicate = *joined.common_replicates(key, &scratch).first()?;
    let gap = joined.hit_differences(key, &scratch, &[replicate]).ok()?;
    let row = gap.correctness_row(0)?;
    let count = |wanted: i8| row.iter().filter(|value| **value == wanted).count();
    Some(McNemar { replicate, lost: count(-1), won: count(1), p: mcnemar_of_replicate(&gap, 0)? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyse::{Analysis, analyse};
    use crate::mock::{Mock, like_the_default_study};

    fn analysed(mock: &Mock) -> Analysis {
        let dir = tempfile::tempdir().unwrap();
        let records = mock.write(dir.path());
        analyse(dir.path(), &mock.study, &records).unwrap()
    }

    #[test]
    fn other_methods_agree_on_what_is_plain() {
        let analysis = analysed(&Mock::four_quadrants(like_the_default_study));
        for cell in analysis.cells.iter().filter(|cell| cell.checks.is_some()) {
            let checks = cell.checks.as_ref().unwrap();
            let (decision, check) = (cell.decision.as_ref().unwrap(), checks.cross_check.unwrap());
            let middle = (check.bootstrap_pp.0 + check.bootstrap_pp.1) / 2.0;
            assert!((middle - decision.gap.mean_pp).abs() < 0.5, "{}", cell.key.name());
            let width = |(low, high): (f64, f64)| high - low;
            let ratio = width(check.bootstrap_pp) / width(check.crossed_pp);
            assert!((0.4..1.5).contains(&ratio), "{}: {ratio}", cell.key.name());
            if decision.verdict.is_material() {
                assert!(!check.disagrees(), "{}", cell.key.name());
                assert!(checks.fixed_test_set.unwrap().p_adjusted <= 0.05);
            }
            let mcnemar = checks.mcnemar.unwrap();
            let first = analysis.gaps_pp(cell)[0];
            assert_eq!(first.0, mcnemar.replicate);
            assert!((100.0 * (mcnemar.won as f64 - mcnemar.lost as f64) / 640.0 - first.1).abs() < 1e-9);
        }
    }

    #[test]
    fn a_disagreement_is_one_of_signs() {
        let check = |crossed_pp, bootstrap_pp| CrossCheck { crossed_pp, bootstrap_pp, is_narrow: false };
        assert!(check((-3.0, 0.1), (-2.9, -0.1)).disagrees());
        assert!(check((-3.0, -0.1), (0.1, 2.0)).disagrees());
        assert!(!check((-3.0, 0.2), (-2.0, 0.1)).disagrees());
        assert!(!check((0.1, 2.0), (0.5, 1.0)).disagrees());
    }

    #[test]
    fn a_cell_that_lacks_a_replicate_is_not_flipped_with_the_others() {
        let mock =
            Mock::four_quadrants(like_the_default_study).editing(|key, record| key.copied != 3 || record.replicate < 5);
        let analysis = analysed(&mock);
        for cell in &analysis.cells {
            let Some(checks) = &cell.checks else { continue };
            assert_eq!(checks.fixed_test_set.is_none(), cell.key.copied == 3, "{}", cell.key.name());
            assert!(checks.cross_check.is_some());
        }
    }
}
