//! Average precision of a ranking, as the PASCAL VOC development kits compute it.

use std::cmp::Reverse;

/// How a precision–recall curve becomes one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interpolation {
    /// The mean of the highest precision at or beyond each of the recalls 0, .1 … 1.
    ///
    /// The thresholds are counted up in steps of .1 in floating point, as the kit's loop `for t=0:0.1:1` does: the third is
    /// .30000000000000004, which a recall of exactly 3 in 10 does not reach. Exact thresholds give other values for some
    /// lists.
    ElevenPoints,
    /// The area under the curve once precision is made to fall with recall.
    AllPoints,
}

/// Average precision of the images of one class, ranked by their scores.
///
/// Equal scores keep their order; a score that is not a number ranks last. `None` where no image has the class.
///
/// # Shape
/// `scores` and `has`: one value an image.
/// # Units
/// A fraction.
/// # Source
/// VOCdevkit 2007 `VOCevalcls.m` (eleven points) and VOCdevkit 2012 `VOCevalcls.m` with `VOCap.m` (all points); Everingham,
/// Van Gool, Williams, Winn and Zisserman, IJCV 2010, section 4.2.
pub fn average_precision(scores: &[f64], has: &[bool], interpolation: Interpolation) -> Option<f64> {
    let num_positive = has.iter().filter(|&&has| has).count();
    if num_positive == 0 {
        return None;
    }
    let mut order: Vec<usize> = (0..scores.len().min(has.len())).collect();
    let rank =
        |&image: &usize| Reverse(TotalOrder(if scores[image].is_nan() { f64::NEG_INFINITY } else { scores[image] }));
    order.sort_by_key(rank);
    let mut found = 0;
    // recall[k], precision[k] after the first k + 1 images
    let curve: Vec<(f64, f64)> = order
        .iter()
        .enumerate()
        .map(|(at, &image)| {
            found += usize::from(has[image]);
            (found as f64 / num_positive as f64, found as f64 / (at + 1) as f64)
        })
        .collect();
    Some(match interpolation {
        Interpolation::ElevenPoints => eleven_points(&curve),
        Interpolation::AllPoints => all_points(&curve),
    })
}

/// A float in `total_cmp`'s order.
#[derive(PartialEq)]
struct TotalOrder(f64);

impl Eq for TotalOrder {}

impl PartialOrd for TotalOrder {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for TotalOrder {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

fn eleven_points(curve: &[(f64, f64)]) -> f64 {
    let highest_from = |threshold: f64| {
        let reached = curve.iter().filter(|(recall, _)| *recall >= threshold);
        reached.map(|(_, precision)| *precision).fold(0.0, f64::max)
    };
    (0..=10).map(|step| highest_from(f64::from(step) * 0.1) / 11.0).sum()
}

fn all_points(curve: &[(f64, f64)]) -> f64 {
    let (mut area, mut highest) = (0.0, 0.0_f64);
    let mut recall_after = curve.last().map_or(0.0, |last| last.0);
    // From the end, so that `highest` is the best precision at this recall or beyond.
    for at in (0..curve.len()).rev() {
        highest = highest.max(curve[at].1);
        let recall_before = at.checked_sub(1).map_or(0.0, |before| curve[before].0);
        area += (recall_after - recall_before) * highest;
        recall_after = recall_before;
    }
    area
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCORES: [f64; 6] = [0.9, 0.8, 0.7, 0.6, 0.5, 0.4];

    /// Right, wrong, right, wrong, wrong, right: precisions 1, 2/3 and 1/2 at recalls 1/3, 2/3 and 1.
    const HAS: [bool; 6] = [true, false, true, false, false, true];

    #[test]
    fn the_area_under_a_curve_of_three_steps_is_computed_by_hand() {
        let expected = (1.0 + 2.0 / 3.0 + 0.5) / 3.0;
        let found = average_precision(&SCORES, &HAS, Interpolation::AllPoints).unwrap();
        assert!((found - expected).abs() < 1e-12, "{found}");
    }

    #[test]
    fn eleven_points_of_the_same_curve_are_four_three_and_four() {
        // Recalls 0 to .3 reach precision 1, .4 to .6 precision 2/3, .7 to 1 precision 1/2.
        let expected = (4.0 + 3.0 * 2.0 / 3.0 + 4.0 * 0.5) / 11.0;
        let found = average_precision(&SCORES, &HAS, Interpolation::ElevenPoints).unwrap();
        assert!((found - expected).abs() < 1e-12, "{found}");
    }

    #[test]
    fn precision_that_rises_again_counts_from_where_it_is_best() {
        let has = [false, true, true, true, false, false];
        let expected = 0.75;
        for interpolation in [Interpolation::AllPoints, Interpolation::ElevenPoints] {
            let found = average_precision(&SCORES, &has, interpolation).unwrap();
            assert!((found - expected).abs() < 1e-12, "{interpolation:?}: {found}");
        }
    }

    #[test]
    fn a_recall_of_three_in_ten_misses_the_kits_third_threshold() {
        // Three of ten found first, then seven wrong ones before the rest: .1 × 3 in floating point lies above 3/10.
        let has: Vec<bool> = [vec![true; 3], vec![false; 7], vec![true; 7]].concat();
        let scores: Vec<f64> = (0..has.len()).map(|at| -(at as f64)).collect();
        let found = average_precision(&scores, &has, Interpolation::ElevenPoints).unwrap();
        let later = 10.0 / 17.0;
        assert!((found - (3.0 + 8.0 * later) / 11.0).abs() < 1e-12, "{found}");
    }

    #[test]
    fn a_perfect_ranking_scores_one_and_a_class_without_an_image_nothing() {
        for interpolation in [Interpolation::AllPoints, Interpolation::ElevenPoints] {
            let perfect = average_precision(&[3.0, 2.0, 1.0], &[true, true, false], interpolation).unwrap();
            // The kit adds eleven elevenths, which floating point brings to just under 1.
            assert!((perfect - 1.0).abs() < 1e-12, "{perfect}");
            assert_eq!(average_precision(&[3.0, 2.0], &[false, false], interpolation), None);
            let last = average_precision(&[f64::NAN, 1.0], &[true, false], interpolation).unwrap();
            assert!((last - 0.5).abs() < 1e-12, "not a number ranks last");
        }
    }
}
