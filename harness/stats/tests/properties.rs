//! What must hold whatever the numbers.
#![allow(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

use nt_stats::multiplicity::{holm_of_two_families, matching_levels_of_two_families};
use nt_stats::sign_flip::{Flips, ReplicateGaps, max_t};
use nt_stats::verdict::{Attribution, Counterfactuals, Family, GapUnit, Reach, Reference, Scope};
use nt_stats::{Contrast, Decision, Differences, PairedGap, Settings, Spread, StudentEstimate, crossed, decide};
use proptest::prelude::*;

/// A matrix whose rows lean to one side, so that all verdicts come up.
fn correctness() -> impl Strategy<Value = (usize, usize, Vec<i8>)> {
    (2_usize..7, 2_usize..60, 0..9_u8).prop_flat_map(|(n, size, lean)| {
        let value = (0..10_u8).prop_map(move |roll| if roll < lean { -1 } else { i8::from(roll == 9) });
        prop::collection::vec(value, n * size).prop_map(move |values| (n, size, values))
    })
}

fn family_of(matrices: &[Differences], frozen: usize) -> Vec<Contrast> {
    matrices
        .iter()
        .enumerate()
        .map(|(at, gap)| Contrast {
            name: format!("cell {at}"),
            reference: Reference::Scratch,
            family: Family::Primary,
            frozen,
            gap: gap.into(),
            counterfactuals: Counterfactuals {
                source_gap: matrices.get(at + 1).map(PairedGap::from),
                ..Counterfactuals::default()
            },
            collapse: None,
            largest_gap_pp: 100.0,
            failed_gates: Vec::new(),
        })
        .collect()
}

fn matrices() -> impl Strategy<Value = Vec<Differences>> {
    prop::collection::vec(correctness(), 1..6).prop_map(|parts| {
        parts.into_iter().map(|(n, size, values)| Differences::from_correctness(n, size, values).unwrap()).collect()
    })
}

fn what_was_decided(decision: &Decision) -> (nt_stats::Verdict, bool, Option<Attribution>) {
    (decision.verdict, decision.equivalent, decision.attribution)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn order_of_replicates_and_examples_changes_no_bit((n, size, values) in correctness(), turn in 0_usize..1000) {
        let original = crossed(&Differences::from_correctness(n, size, values.clone()).unwrap());
        let turned = (0..n * size)
            .map(|at| values[(at / size + turn) % n * size + (at % size + turn) % size])
            .collect();
        prop_assert_eq!(original, crossed(&Differences::from_correctness(n, size, turned).unwrap()));
    }

    #[test]
    fn order_of_contrasts_changes_no_verdict(matrices in matrices()) {
        let family: Vec<Contrast> = family_of(&matrices, 3);
        let reversed: Vec<Contrast> = family.iter().rev().cloned().collect();
        let forward = decide(&family, &Settings::default()).unwrap();
        let backward = decide(&reversed, &Settings::default()).unwrap();
        for (one, other) in forward.iter().zip(backward.iter().rev()) {
            prop_assert_eq!(what_was_decided(one), what_was_decided(other));
        }
    }

    #[test]
    fn swapping_the_arms_mirrors_every_verdict(matrices in matrices(), frozen in 0_usize..3) {
        let swapped: Vec<Differences> = matrices.iter().map(Differences::negated).collect();
        let ours = decide(&family_of(&matrices, frozen), &Settings::default()).unwrap();
        let theirs = decide(&family_of(&swapped, frozen), &Settings::default()).unwrap();
        for (one, other) in ours.iter().zip(&theirs) {
            prop_assert_eq!(one.verdict, other.verdict.mirrored());
            prop_assert_eq!(one.equivalent, other.equivalent);
            prop_assert_eq!(one.attribution.is_some(), one.verdict.is_negative());
            prop_assert_eq!(one.gap.low_pp, other.gap.high_pp.map(|high| -high));
        }
    }

    #[test]
    fn order_of_replicates_and_examples_changes_no_verdict(matrices in matrices(), turn in 0_usize..1000) {
        let turned: Vec<Differences> = matrices
            .iter()
            .map(|one| {
                let (n, size) = (one.num_replicates(), one.num_examples());
                let at = |at: usize| one.value((at / size + turn) % n, (at % size + turn) % size) as i8;
                Differences::from_correctness(n, size, (0..n * size).map(at).collect()).unwrap()
            })
            .collect();
        let settings = Settings::default();
        let (ours, theirs) = (decide(&family_of(&matrices, 2), &settings), decide(&family_of(&turned, 2), &settings));
        prop_assert_eq!(ours.unwrap(), theirs.unwrap(), "not a bit of any decision");
    }

    #[test]
    fn a_constant_added_to_both_arms_changes_no_verdict(
        matrices in matrices(),
        constant in -0.5..0.5_f64,
    ) {
        let shifted = |shift: f64| -> Vec<Differences> {
            let of_matrix = |one: &Differences| {
                let (n, size) = (one.num_replicates(), one.num_examples());
                let difference = |at: usize| {
                    // The arms' scores: a difference of −1 is a 0 beside a 1.
                    let value = one.value(at / size, at % size);
                    (value.max(0.0) + shift) - ((-value).max(0.0) + shift)
                };
                Differences::from_scores(n, size, (0..n * size).map(difference).collect()).unwrap()
            };
            matrices.iter().map(of_matrix).collect()
        };
        let decided = |shift| decide(&family_of(&shifted(shift), 2), &Settings::default()).unwrap();
        for (one, other) in decided(0.0).iter().zip(&decided(constant)) {
            prop_assert_eq!(what_was_decided(one), what_was_decided(other));
        }
    }

    #[test]
    fn repeating_the_replicates_never_widens_the_interval_of_a_decision(
        (n, size, seed) in (2_usize..6, 50_usize..90, any::<u64>()),
    ) {
        let mut state = seed;
        let mut draw = || { state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1); (state >> 33) % 3 };
        let values: Vec<i8> = (0..n * size).map(|_| draw() as i8 - 1).collect();
        let twice = [values.clone(), values.clone()].concat();
        let width = |n, values| {
            let alone = family_of(&[Differences::from_correctness(n, size, values).unwrap()], 0);
            let gap = decide(&alone, &Settings::default()).unwrap()[0].gap;
            gap.high_pp.zip(gap.low_pp).map(|(high, low)| high - low)
        };
        if let (Some(once), Some(twice)) = (width(n, values), width(2 * n, twice)) {
            prop_assert!(twice <= once * (1.0 + 1e-9), "{once} became {twice}");
        }
    }

    #[test]
    fn bytes_and_numbers_say_the_same((n, size, values) in correctness()) {
        let bytes = crossed(&Differences::from_correctness(n, size, values.clone()).unwrap()).estimate;
        let numbers = values.iter().map(|value| f64::from(*value)).collect();
        let numbers = crossed(&Differences::from_scores(n, size, numbers).unwrap()).estimate;
        prop_assert!((bytes.mean - numbers.mean).abs() < 1e-12);
        match (bytes.spread, numbers.spread) {
            (Ok(ours), Ok(theirs)) => {
                prop_assert!((ours.standard_error / theirs.standard_error - 1.0).abs() < 1e-9);
                prop_assert!((ours.degrees_of_freedom / theirs.degrees_of_freedom - 1.0).abs() < 1e-9);
            }
            (ours, theirs) => prop_assert_eq!(ours, theirs),
        }
    }

    #[test]
    fn a_constant_added_to_both_arms_changes_nothing((n, size, values) in correctness(), constant in -0.5..0.5_f64) {
        let arms = |shift: f64| {
            let difference = |value: &i8| (f64::from(*value) + shift) - shift;
            crossed(&Differences::from_scores(n, size, values.iter().map(difference).collect()).unwrap()).estimate
        };
        prop_assert!((arms(0.0).mean - arms(constant).mean).abs() < 1e-12);
    }

    #[test]
    fn scaling_scores_scales_the_estimate(
        (n, size, values) in correctness(),
        scale in 0.01..100.0_f64,
    ) {
        let at = |scale: f64| {
            let scaled = values.iter().map(|value| f64::from(*value) * scale).collect();
            crossed(&Differences::from_scores(n, size, scaled).unwrap()).estimate
        };
        let (plain, scaled) = (at(1.0), at(scale));
        prop_assert_eq!(plain.spread.is_ok(), scaled.spread.is_ok());
        if let (Ok(plain), Ok(scaled)) = (plain.spread, scaled.spread) {
            prop_assert!((scaled.standard_error / plain.standard_error / scale - 1.0).abs() < 1e-9);
            prop_assert!((scaled.degrees_of_freedom / plain.degrees_of_freedom - 1.0).abs() < 1e-9);
        }
    }

    #[test]
    fn repeating_the_replicates_never_widens_the_interval(
        (n, size, seed) in (2_usize..6, 50_usize..90, any::<u64>()),
    ) {
        // A linear congruence is random enough here.
        let mut state = seed;
        let mut draw = || { state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1); (state >> 33) % 3 };
        let values: Vec<i8> = (0..n * size).map(|_| draw() as i8 - 1).collect();
        let twice = [values.clone(), values.clone()].concat();
        let width = |n, values| {
            let interval = crossed(&Differences::from_correctness(n, size, values).unwrap()).estimate.interval(0.95);
            interval.map(|(low, high)| high - low)
        };
        let (once, twice) = (width(n, values), width(2 * n, twice));
        if let (Some(once), Some(twice)) = (once, twice) {
            prop_assert!(twice <= once * (1.0 + 1e-9), "{once} became {twice}");
        }
    }

    #[test]
    fn intervals_say_what_holm_says_at_every_margin_in_one_family_and_in_two(
        parts in prop::collection::vec((-3.0..3.0_f64, 0.05..1.0_f64, 1.0..60.0_f64, any::<bool>()), 1..9),
        has_two in any::<bool>(),
        margin in 0.0..1.0_f64,
    ) {
        let estimates: Vec<StudentEstimate> = parts
            .iter()
            .map(|(mean, standard_error, degrees_of_freedom, _)| StudentEstimate {
                mean: *mean,
                spread: Ok(Spread::student(*standard_error, *degrees_of_freedom)),
            })
            .collect();
        let is_primary: Vec<bool> = parts.iter().map(|part| part.3 || !has_two).collect();
        for margin in [0.0, margin] {
            let beyond = |one: &StudentEstimate| {
                let p = if one.mean < 0.0 { one.p_below(-margin) } else { one.p_above(margin) };
                p.map(|p| (2.0 * p).min(1.0))
            };
            let adjusted = holm_of_two_families(&estimates.iter().map(beyond).collect::<Vec<_>>(), &is_primary);
            let levels = matching_levels_of_two_families(&estimates, &is_primary, 0.05);
            for ((estimate, level), p) in estimates.iter().zip(levels).zip(adjusted) {
                let (low, high) = estimate.interval(level).unwrap();
                let nearest = if estimate.mean < 0.0 { -high } else { low };
                // An interval that ends at the margin itself is a tie of rounding.
                if (nearest - margin).abs() > 1e-9 {
                    prop_assert_eq!(nearest > margin, p <= 0.05, "level {}, p {}, nearest {}", level, p, nearest);
                }
            }
        }
    }

    #[test]
    fn flips_do_not_see_units_or_signs(
        cells in prop::collection::vec(prop::collection::vec(-1.0..1.0_f64, 7), 1..6),
        scale in 0.01..100.0_f64,
    ) {
        let flips = Flips { num_flips: 5_000, seed: 3 };
        let scaled = cells.iter().map(|cell| cell.iter().map(|gap| -gap * scale).collect()).collect();
        let original = max_t(&ReplicateGaps::new(cells).unwrap(), &flips);
        prop_assert_eq!(&original.p_adjusted, &max_t(&ReplicateGaps::new(scaled).unwrap(), &flips).p_adjusted);
        prop_assert!(original.p_values.iter().zip(&original.p_adjusted).all(|(alone, joint)| alone <= joint));
        prop_assert!(original.p_adjusted.iter().all(|p| *p >= original.attainable_p));
    }

    #[test]
    fn verdicts_never_contradict_their_p_values(matrices in matrices(), fixed in any::<bool>()) {
        let matrices: Vec<Differences> = if fixed {
            // Sign flips need common replicates.
            matrices.iter().map(|one| Differences::from_runs(&[one.replicate_means(), one.replicate_means(),
                one.replicate_means(), one.replicate_means()].concat()[..8]).unwrap()).collect()
        } else {
            matrices
        };
        let test_images = if fixed { Reach::This } else { Reach::Population };
        let scope = Scope { test_images, ..Scope::default() };
        let settings = Settings { scope, ..Settings::default() };
        for decision in decide(&family_of(&matrices, 2), &settings).unwrap() {
            // Of Holm only: the maximum of dependent flips may be laxer than any rule on p-values alone.
            prop_assert!(fixed || decision.screen_q <= decision.p_adjusted + 1e-12);
            let signed = decision.verdict.is_negative() || decision.verdict.is_positive();
            if signed { prop_assert!(decision.p_adjusted <= 0.05); }
            if !fixed && decision.p_adjusted < 0.05 - 1e-9 { prop_assert!(signed); }
            if let (true, Some(p)) = (decision.verdict.is_material(), decision.material_p_adjusted) {
                prop_assert!(p <= 0.05 + 1e-9);
            }
            if decision.words(GapUnit::POINTS).contains("negative transfer") {
                prop_assert!(decision.verdict.is_negative() && decision.attribution == Some(Attribution::Source));
            }
        }
    }
}
