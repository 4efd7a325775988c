//! Many contrasts at once: adjusted p-values, and intervals that agree with the tests.

use crate::estimate::StudentEstimate;
use crate::tail::Quantiles;

/// Holm's adjusted p-values, in the order given. They bound the chance of any false alarm.
///
/// # Units
/// Probabilities; a missing p counts as 1, so that it keeps its place in the family.
/// # Source
/// Holm 1979; statsmodels' `multipletests(method="holm")`.
pub fn holm(p_values: &[Option<f64>]) -> Vec<f64> {
    let p = known(p_values);
    let mut adjusted = vec![1.0; p.len()];
    let mut running = 0.0_f64;
    for (rank, index) in ascending(&p).into_iter().enumerate() {
        running = running.max(((p.len() - rank) as f64 * p[index]).min(1.0));
        adjusted[index] = running;
    }
    adjusted
}

/// Benjamini and Hochberg's adjusted p-values, in the order given. They are for screens labelled exploratory, never for
/// a verdict.
///
/// # Units
/// Probabilities; a missing p counts as 1.
/// # Source
/// Benjamini and Hochberg 1995; SciPy's `false_discovery_control`.
pub fn benjamini_hochberg(p_values: &[Option<f64>]) -> Vec<f64> {
    let p = known(p_values);
    let mut adjusted = vec![1.0; p.len()];
    let mut running = 1.0_f64;
    for (rank, index) in ascending(&p).into_iter().enumerate().rev() {
        running = running.min((p.len() as f64 / (rank + 1) as f64 * p[index]).min(1.0));
        adjusted[index] = running;
    }
    adjusted
}

/// Levels at which each contrast's two-sided *t* interval agrees with Holm's procedure, at every margin at once.
///
/// An interval at level `levels[i]` excludes 0 exactly when Holm's test of "no gap" rejects contrast *i* at `alpha`,
/// and lies wholly beyond ±c exactly when Holm's test of "|gap| ≤ c" rejects it. So NEGATIVE and MATERIAL NEGATIVE can
/// be read off one interval, each with family-wise error at most `alpha`. Contrasts that are not rejected all get 1 −
/// α/k, with k the number of them.
///
/// The statement "all intervals cover" is not controlled at `alpha`: rejected contrasts have narrower intervals than
/// Bonferroni's. That is the price of Holm's power, and why verdicts rest on bounds, not on coverage.
///
/// # Units
/// `alpha` and levels are probabilities. Contrasts without a spread keep their place in the family and get 1 − α/k.
/// # Source
/// Inversion of Holm's test at the shifted nulls |gap| ≤ c, c from ∞ down to 0. With k contrasts left, the bound of the
/// next is c = |mean| − t(1 − α/2k)·SE (with the tails of each estimate), and no more than the bound before it; the
/// level is the one whose interval ends at that bound.
pub fn matching_levels(estimates: &[StudentEstimate], alpha: f64) -> Vec<f64> {
    let steps = Steps::new(estimates, alpha);
    steps.rejected.iter().map(|step| step.map_or(1.0 - steps.open_tail, |step| step.level)).collect()
}

/// Holm's procedure at every margin at once.
struct Steps {
    /// Of each contrast that is rejected at a margin of 0.
    rejected: Vec<Option<Step>>,
    /// Two-sided tail of those that are not.
    open_tail: f64,
}

/// The step at which a contrast is rejected.
#[derive(Clone, Copy)]
struct Step {
    /// The least upper bound of the margins at which it is.
    bound: f64,
    /// The level of the interval that ends there.
    level: f64,
}

impl Steps {
    fn new(estimates: &[StudentEstimate], alpha: f64) -> Self {
        let mut open = Open::new(estimates, alpha);
        let mut rejected = vec![None; estimates.len()];
        let mut bound = f64::INFINITY;
        while let Some((index, candidate)) = open.next() {
            let tail = alpha / open.len() as f64;
            open.remove(index);
            let level = if candidate < bound { 1.0 - tail } else { level_ending_at(&estimates[index], bound, tail) };
            bound = bound.min(candidate);
            rejected[index] = Some(Step { bound, level });
        }
        Self { rejected, open_tail: alpha / open.len().max(1) as f64 }
    }

    /// The margin up to which all are rejected; below zero where one is not.
    fn all_rejected_up_to(&self) -> f64 {
        let bound = |step: &Option<Step>| step.map_or(f64::NEG_INFINITY, |step| step.bound);
        self.rejected.iter().map(bound).fold(f64::INFINITY, f64::min)
    }
}

/// The contrasts that are not rejected yet, and which of them is next.
///
/// The bound of a contrast, |mean| − t(1 − α/2k)·SE, grows as k falls. So a bound at a k to come is at least the bound now, and
/// those of a hundred thousand contrasts need not be computed at every step: they are sorted by what they are some steps on,
/// and only the first are looked at until none can be the largest.
struct Open<'a> {
    estimates: &'a [StudentEstimate],
    alpha: f64,
    /// Those that are open. The last is put where one is removed; of two equal bounds, that of the later place is the larger.
    members: Vec<usize>,
    places: Vec<usize>,
    /// Those open when they were sorted, from the largest of their bounds at `until` open ones down.
    sorted: Vec<(f64, usize)>,
    until: usize,
}

impl<'a> Open<'a> {
    /// How much larger a bound is taken to be than it was computed, for the rounding of quantiles.
    const ROOM: f64 = 1e-9;
    /// The part of the open ones after which they are sorted again, and the least number.
    const PART: usize = 16;
    const LEAST: usize = 32;
    /// No contrast has this place.
    const REMOVED: usize = usize::MAX;

    fn new(estimates: &'a [StudentEstimate], alpha: f64) -> Self {
        let members: Vec<usize> = (0..estimates.len()).collect();
        let mut open =
            Self { estimates, alpha, places: members.clone(), members, sorted: Vec::new(), until: usize::MAX };
        open.sort();
        open
    }

    fn len(&self) -> usize {
        self.members.len()
    }

    /// The margin of a contrast's interval while that many are open; `None` without a spread.
    fn margin(&self, index: usize, quantiles: &mut Quantiles) -> Option<f64> {
        let spread = self.estimates[index].spread.ok()?;
        Some(spread.tail.critical_value(quantiles) * spread.standard_error)
    }

    fn quantiles(&self, num_open: usize) -> Quantiles {
        Quantiles::new(self.alpha / num_open as f64 / 2.0)
    }

    fn sort(&mut self) {
        let step = (self.len() / Self::PART).max(Self::LEAST);
        self.until = self.len().saturating_sub(step).max(1);
        let mut quantiles = self.quantiles(self.until);
        let largest = |index: usize| {
            let (mean, margin) = (self.estimates[index].mean.abs(), self.margin(index, &mut quantiles)?);
            Some((mean - margin + Self::ROOM * (mean + margin), index))
        };
        let mut sorted: Vec<(f64, usize)> = self.members.iter().copied().filter_map(largest).collect();
        sorted.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
        self.sorted = sorted;
    }

    /// The contrast with the largest bound, and that bound; `None` where none is above zero.
    fn next(&mut self) -> Option<(usize, f64)> {
        if self.members.is_empty() {
            return None;
        }
        if self.len() < self.until {
            self.sort();
        }
        let mut quantiles = self.quantiles(self.len());
        let mut best: Option<(f64, usize)> = None;
        for &(largest, index) in &self.sorted {
            if best.is_some_and(|(bound, _)| largest < bound) {
                break;
            }
            let place = self.places[index];
            if place == Self::REMOVED {
                continue;
            }
            let Some(margin) = self.margin(index, &mut quantiles) else { continue };
            let bound = self.estimates[index].mean.abs() - margin;
            let is_larger = |&(other, at): &(f64, usize)| bound.total_cmp(&other).then(place.cmp(&at)).is_gt();
            if best.as_ref().is_none_or(is_larger) {
                best = Some((bound, place));
            }
        }
        best.filter(|(bound, _)| *bound > 0.0).map(|(bound, place)| (self.members[place], bound))
    }

    fn remove(&mut self, index: usize) {
        let place = self.places[index];
        self.members.swap_remove(place);
        if let Some(&moved) = self.members.get(place) {
            self.places[moved] = place;
        }
        self.places[index] = Self::REMOVED;
    }
}

/// Holm's adjusted p-values over primary and secondary contrasts: each family at half of α; where all of one are rejected, the
/// other is judged again at all of it. They bound the chance of any false alarm in either. Where one family is empty, they are
/// [`holm`]'s of the other.
///
/// # Shape
/// `is_primary`: one a p-value.
/// # Source
/// Holm 1979 in each family; Bonferroni closure over the two (Wiens and Dmitrienko 2005, the fallback procedure with equal
/// weights that passes on in both directions).
pub fn holm_of_two_families(p_values: &[Option<f64>], is_primary: &[bool]) -> Vec<f64> {
    let (primaries, secondaries) = families(is_primary);
    if primaries.is_empty() || secondaries.is_empty() {
        return holm(p_values);
    }
    let of = |members: &[usize]| holm(&members.iter().map(|&at| p_values[at]).collect::<Vec<_>>());
    let (first, second) = (of(&primaries), of(&secondaries));
    let greatest = |adjusted: &[f64]| adjusted.iter().copied().fold(0.0, f64::max);
    let mut adjusted = vec![1.0; p_values.len()];
    for (members, own, other) in [(&primaries, &first, greatest(&second)), (&secondaries, &second, greatest(&first))] {
        for (&at, &p) in members.iter().zip(own) {
            adjusted[at] = (2.0 * p).min(p.max(2.0 * other)).min(1.0);
        }
    }
    adjusted
}

/// [`matching_levels`] for [`holm_of_two_families`].
///
/// # Source
/// The same inversion: at a margin c a primary contrast is rejected if Holm rejects it at α/2, or at α where all secondary ones
/// are rejected at α/2 for that margin; and the other way round.
pub fn matching_levels_of_two_families(estimates: &[StudentEstimate], is_primary: &[bool], alpha: f64) -> Vec<f64> {
    let (primaries, secondaries) = families(is_primary);
    if primaries.is_empty() || secondaries.is_empty() {
        return matching_levels(estimates, alpha);
    }
    let steps =
        |members: &[usize], alpha: f64| Steps::new(&members.iter().map(|&at| estimates[at]).collect::<Vec<_>>(), alpha);
    let halves = [steps(&primaries, alpha / 2.0), steps(&secondaries, alpha / 2.0)];
    let wholes = [steps(&primaries, alpha), steps(&secondaries, alpha)];
    let mut levels = vec![1.0 - alpha; estimates.len()];
    for (family, members) in [&primaries, &secondaries].into_iter().enumerate() {
        let passed_up_to = halves[1 - family].all_rejected_up_to();
        let open_tail = if passed_up_to > 0.0 { wholes[family].open_tail } else { halves[family].open_tail };
        for (place, &at) in members.iter().enumerate() {
            let (half, whole) = (halves[family].rejected[place], wholes[family].rejected[place]);
            levels[at] = match (half, whole) {
                (Some(half), _) if whole.is_none_or(|whole| half.bound >= whole.bound.min(passed_up_to)) => half.level,
                (_, Some(whole)) if passed_up_to >= whole.bound => whole.level,
                (_, Some(_)) if passed_up_to > 0.0 => level_ending_at(&estimates[at], passed_up_to, alpha),
                _ => 1.0 - open_tail,
            };
        }
    }
    levels
}

/// The places of primary contrasts, and those of secondary ones.
fn families(is_primary: &[bool]) -> (Vec<usize>, Vec<usize>) {
    (0..is_primary.len()).partition(|&at| is_primary[at])
}

/// The level of the interval whose end nearer to zero is `bound` away from zero.
fn level_ending_at(estimate: &StudentEstimate, bound: f64, tail: f64) -> f64 {
    match estimate.spread {
        Ok(spread) => {
            let t = (estimate.mean.abs() - bound) / spread.standard_error;
            1.0 - (2.0 * spread.tail.survival(t)).min(tail)
        }
        Err(_) => 1.0 - tail,
    }
}

fn known(p_values: &[Option<f64>]) -> Vec<f64> {
    p_values.iter().map(|p| p.filter(|p| !p.is_nan()).unwrap_or(1.0)).collect()
}

fn ascending(p: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|a, b| p[*a].total_cmp(&p[*b]));
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    /// [`Steps`] as they are defined: every bound at every step.
    fn plain_steps(estimates: &[StudentEstimate], alpha: f64) -> Vec<Option<(f64, f64)>> {
        let mut open: Vec<usize> = (0..estimates.len()).collect();
        let mut rejected = vec![None; estimates.len()];
        let mut least = f64::INFINITY;
        while !open.is_empty() {
            let tail = alpha / open.len() as f64;
            let mut quantiles = Quantiles::new(tail / 2.0);
            let bound = |(at, index): (usize, &usize)| {
                let spread = estimates[*index].spread.ok()?;
                let margin = spread.tail.critical_value(&mut quantiles) * spread.standard_error;
                Some((at, estimates[*index].mean.abs() - margin))
            };
            let next = open.iter().enumerate().filter_map(bound).max_by(|a, b| a.1.total_cmp(&b.1));
            let Some((at, bound)) = next.filter(|(_, bound)| *bound > 0.0) else { break };
            let index = open.swap_remove(at);
            let level = if bound < least { 1.0 - tail } else { level_ending_at(&estimates[index], least, tail) };
            least = least.min(bound);
            rejected[index] = Some((least, level));
        }
        rejected
    }

    #[test]
    fn bounds_that_are_looked_at_only_where_they_can_be_the_largest_give_the_same_steps() {
        use crate::estimate::{NoSpread, Spread};
        use crate::tail::Tail;
        let mut state = 1_u64;
        let mut uniform = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f64 / (1_u64 << 24) as f64
        };
        for (count, pull) in [(1, 1.0), (7, 0.2), (400, 0.05), (400, 0.5), (700, 2.0)] {
            let estimates: Vec<StudentEstimate> = (0..count)
                .map(|at| {
                    // Some are equal, some have no spread, and some are alike in all but the tails.
                    let mean = if at % 5 == 0 { pull * 0.1 } else { pull * (uniform() - 0.5) };
                    let standard_error = if at % 5 == 0 { 0.004 } else { 0.002 + 0.02 * uniform() };
                    let replicate_share = if at % 10 == 0 { 0.5 } else { uniform() };
                    let tail = Tail::Mixed { replicate_share, replicate_df: 7.0, example_df: 39.0 + (at % 3) as f64 };
                    let spread = Spread { standard_error, degrees_of_freedom: 7.0, tail };
                    let spread = if at % 41 == 40 { Err(NoSpread::NoVariance) } else { Ok(spread) };
                    StudentEstimate { mean, spread }
                })
                .collect();
            let steps = Steps::new(&estimates, 0.05).rejected;
            let steps: Vec<_> = steps.into_iter().map(|step| step.map(|step| (step.bound, step.level))).collect();
            assert_eq!(steps, plain_steps(&estimates, 0.05), "{count} contrasts");
        }
    }

    fn two(p: &[f64], is_primary: &[bool]) -> Vec<f64> {
        holm_of_two_families(&p.iter().copied().map(Some).collect::<Vec<_>>(), is_primary)
    }

    #[test]
    fn a_family_that_is_rejected_whole_passes_its_half_on() {
        // Primaries .01 and .02 are both at most .025 after Holm (.02, .02), so that the secondary is judged at all of .05.
        let adjusted = two(&[0.01, 0.02, 0.045], &[true, true, false]);
        assert!(
            adjusted.iter().zip([0.04, 0.04, 0.045]).all(|(p, expected)| (p - expected).abs() < 1e-15),
            "{adjusted:?}"
        );
        // One primary of .03 is not, and the secondary stays at its half.
        let adjusted = two(&[0.01, 0.03, 0.045], &[true, true, false]);
        assert!(
            adjusted.iter().zip([0.04, 0.06, 0.06]).all(|(p, expected)| (p - expected).abs() < 1e-15),
            "{adjusted:?}"
        );
        assert_eq!(two(&[0.01, 0.03], &[true, true]), holm(&[Some(0.01), Some(0.03)]), "one family is plain Holm");
    }
}
