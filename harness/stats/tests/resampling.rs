//! Resampling: the same seed gives the same bits, whatever the threads; and edges.
#![allow(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

use nt_stats::Differences;
use nt_stats::bootstrap::{bca_mean, two_way_bootstrap};
use nt_stats::effect::{
    class_gaps, flip_rates, log_odds_difference, probability_of_improvement, relative_error_change,
};
use nt_stats::jackknife::Jackknife;
use nt_stats::mcnemar::mcnemar_of_replicate;
use nt_stats::p_value::{PrintedP, round_p};
use nt_stats::sample::{quantile, variance};
use nt_stats::sign_flip::{
    Flips, Looks, ReplicateGaps, Spending, attainable_p, max_t, sequential_max_t, simultaneous_bands,
};
use nt_stats::yosinski::{DepthScores, decompose};
use rayon::ThreadPoolBuilder;

fn on_threads<R: Send>(threads: usize, work: impl Fn() -> R + Sync + Send) -> R {
    ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(work)
}

fn many_replicates() -> ReplicateGaps {
    let value = |cell: usize, replicate: usize| ((cell * 31 + replicate * 17) % 23) as f64 - 8.0;
    ReplicateGaps::new((0..12).map(|cell| (0..20).map(|replicate| value(cell, replicate)).collect()).collect()).unwrap()
}

fn hits() -> Differences {
    let values = (0..6 * 90).map(|at| ((at * 7 + at / 90) % 3) as i8 - 1).collect();
    Differences::from_correctness(6, 90, values).unwrap()
}

#[test]
fn monte_carlo_flips_repeat_their_bits_on_any_number_of_threads() {
    let flips = Flips { num_flips: 3_000, seed: 11 };
    let test = || max_t(&many_replicates(), &flips);
    let one = on_threads(1, test);
    assert!(!one.exact);
    assert_eq!(one, on_threads(3, test));
    assert_ne!(one, max_t(&many_replicates(), &Flips { seed: 12, ..flips }));
    let bands = || simultaneous_bands(&many_replicates(), 0.9, &flips);
    assert_eq!(on_threads(1, bands), on_threads(3, bands));
}

#[test]
fn two_way_bootstrap_repeats_its_bits_and_agrees_with_the_crossed_error() {
    let cell = hits();
    let draws = || two_way_bootstrap(&[&cell], 2_000, 5);
    assert_eq!(on_threads(1, draws), on_threads(3, draws));
    let bootstrap = draws().remove(0).unwrap();
    let (low, high) = bootstrap.interval(0.95).unwrap();
    let mean = nt_stats::crossed(&cell).estimate.mean;
    assert!(low < mean && mean < high);
    let scores: Vec<f64> = (0..6 * 90).map(|at| cell.value(at / 90, at % 90)).collect();
    let scores = Differences::from_scores(6, 90, scores).unwrap();
    assert_eq!(two_way_bootstrap(&[&scores], 2_000, 5)[0].as_ref().unwrap().sorted, bootstrap.sorted);
}

#[test]
fn cells_of_another_shape_have_no_bootstrap() {
    let small = Differences::from_correctness(2, 3, vec![0, 1, 0, -1, 0, 0]).unwrap();
    let cell = hits();
    let bootstraps = two_way_bootstrap(&[&cell, &small], 10, 0);
    assert!(bootstraps[0].is_some() && bootstraps[1].is_none());
}

#[test]
fn sign_flips_attain_what_the_protocol_says() {
    let flips = Flips { num_flips: 10_000, seed: 0 };
    assert_eq!([5, 6, 8].map(|n| attainable_p(n, &flips)), [1.0 / 16.0, 1.0 / 32.0, 1.0 / 128.0]);
    assert_eq!(attainable_p(20, &flips), 1.0 / 10_001.0);
    let clear = ReplicateGaps::new(vec![vec![1.0, 1.1, 0.9, 1.2, 1.0, 1.3]]).unwrap();
    assert_eq!(max_t(&clear, &flips).p_values, [1.0 / 32.0]);
}

#[test]
fn flips_meet_one_replicate_equal_gaps_and_zeros() {
    let flips = Flips { num_flips: 100, seed: 0 };
    let single = ReplicateGaps::new(vec![vec![0.3]]).unwrap();
    assert_eq!(max_t(&single, &flips).p_adjusted, [1.0]);
    assert_eq!(simultaneous_bands(&single, 0.95, &flips).limits, None);
    let equal = ReplicateGaps::new(vec![vec![0.3; 4], vec![0.0; 4]]).unwrap();
    assert_eq!(max_t(&equal, &flips).p_adjusted, [0.125, 1.0]);
    let bands = simultaneous_bands(&equal, 0.95, &flips);
    assert_eq!(bands.limits, Some(vec![(0.3, 0.3), (0.0, 0.0)]));
    let none = Flips { num_flips: 0, seed: 0 };
    assert_eq!(max_t(&equal, &none).p_adjusted, [1.0, 1.0]);
    assert_eq!(simultaneous_bands(&equal, 0.95, &none).critical_value, Some(f64::INFINITY));
    assert!(ReplicateGaps::new(vec![]).is_err());
    assert!(ReplicateGaps::new(vec![vec![f64::NAN]]).is_err());
}

#[test]
fn bca_repeats_its_bits_and_refuses_what_it_cannot_do() {
    let values = [0.1, 0.4, -0.2, 0.9, 0.3, 0.2];
    assert_eq!(bca_mean(&values, 0.95, 500, 9), bca_mean(&values, 0.95, 500, 9));
    assert_eq!(bca_mean(&[0.5; 6], 0.95, 500, 9), None);
    assert_eq!(bca_mean(&[0.5], 0.95, 500, 9), None);
}

#[test]
fn effect_sizes_have_their_textbook_values() {
    assert!((log_odds_difference(0.5, 0.5, 100)).abs() < 1e-15);
    assert!((log_odds_difference(1.0, 0.5, 10) - libm::log(21.0)).abs() < 1e-12);
    assert!((relative_error_change(0.7, 0.8).unwrap() - 0.5).abs() < 1e-12);
    assert_eq!(relative_error_change(0.7, 1.0), None);
    assert_eq!(probability_of_improvement(&[-1.0, 0.0, 2.0, -0.5]), Some(0.375));
    let matrix = Differences::from_correctness(2, 4, vec![-1, 0, 1, 0, -1, -1, 0, 0]).unwrap();
    let rates = flip_rates(&matrix).unwrap();
    assert_eq!((rates.negative, rates.positive), (0.375, 0.125));
    assert!((mcnemar_of_replicate(&matrix, 1).unwrap() - 0.5).abs() < 1e-12);
    assert_eq!(mcnemar_of_replicate(&matrix, 2), None);
}

#[test]
fn class_gaps_average_to_the_class_balanced_gap() {
    let cell = hits();
    let classes: Vec<usize> =
        (0..90).map(|example| usize::from(example % 5 == 0) + usize::from(example % 7 == 0)).collect();
    let members = |class: usize| (0..classes.len()).filter(|&at| classes[at] == class).collect::<Vec<_>>();
    let num_classes = classes.iter().max().unwrap() + 1;
    let gaps = class_gaps(&cell, (0..num_classes).map(|class| (class, members(class)))).unwrap();
    let mean = gaps.iter().map(|one| one.gap.estimate.mean).sum::<f64>() / gaps.len() as f64;
    let balanced = nt_stats::crossed(&cell.class_balanced(&classes).unwrap()).estimate;
    assert!((mean - balanced.mean).abs() < 1e-12);
    assert!(class_gaps(&cell, [(0, vec![classes.len()])]).is_err() && cell.class_balanced(&[0]).is_err());
}

#[test]
fn the_jackknife_of_a_mean_is_its_sample() {
    let values = [0.1, 0.4, -0.2, 0.9];
    let jackknife = Jackknife::new(4, |left_out| {
        let kept = values.iter().enumerate().filter(|(at, _)| Some(*at) != left_out);
        let (sum, count) = kept.fold((0.0, 0.0), |(sum, count), (_, value)| (sum + value, count + 1.0));
        sum / count
    });
    for (pseudo, value) in jackknife.pseudo_values().iter().zip(values) {
        assert!((pseudo - value).abs() < 1e-12);
    }
    let expected = (variance(&values).unwrap() / 4.0).sqrt();
    assert!((jackknife.standard_error().unwrap() - expected).abs() < 1e-12);
}

#[test]
fn the_three_parts_of_a_drop_add_up() {
    let base = [0.80, 0.82, 0.78, 0.81, 0.79, 0.80];
    let shifted = |by: f64| vec![base.iter().map(|score| score + by).collect::<Vec<f64>>(); 2];
    let (selffer, transfer, fine_tuned) = (shifted(-0.05), shifted(-0.20), shifted(0.01));
    let scores = DepthScores { base: &base, selffer: &selffer, transfer: &transfer, fine_tuned: &fine_tuned };
    let parts = decompose(&scores, 0.95, &Flips { num_flips: 100, seed: 0 }).unwrap();
    let at = |bands: &nt_stats::sign_flip::Bands| bands.means[1];
    assert!((at(&parts.co_adaptation) + 0.05).abs() < 1e-12);
    assert!((at(&parts.specificity) + 0.15).abs() < 1e-12);
    assert!((at(&parts.recovery) - 0.21).abs() < 1e-12);
    let short = DepthScores { fine_tuned: &fine_tuned[..1], ..scores };
    assert!(decompose(&short, 0.95, &Flips { num_flips: 100, seed: 0 }).is_err());
}

#[test]
fn quantiles_are_linear_between_order_statistics() {
    assert_eq!(quantile(&[1.0, 2.0, 4.0], 0.75), Some(3.0));
    assert_eq!(quantile(&[], 0.5), None);
}

#[test]
fn printed_p_values_are_rounded_and_never_zero() {
    let printed: Vec<String> = [0.0004, 0.03125, 0.9999, 1.0, 0.001].map(|p| PrintedP(p).to_string()).into();
    assert_eq!(printed, ["<.001", ".031", "1.000", "1.000", ".001"]);
    assert_eq!(round_p(0.031_25), 0.031);
    assert!((round_p(0.000_012_3) - 0.000_02).abs() < 1e-18);
    assert_eq!(round_p(0.0), 0.0);
}

#[test]
fn looks_spend_alpha_and_no_more() {
    let looks = Looks::new(vec![8, 12, 16], 0.05, Spending::ObrienFleming).unwrap();
    let spent: f64 = (0..3).map(|look| looks.alpha_at(look)).sum();
    assert!((spent - 0.05).abs() < 1e-12);
    // 2 − 2Φ(1.96 / √.5)
    assert!((looks.cumulative_alpha(0) - 0.005_574_596_680_784).abs() < 1e-9);
    assert!(Looks::new(vec![8, 8], 0.05, Spending::Pocock).is_err());
    assert!(Looks::new(vec![], 0.05, Spending::Pocock).is_err());
    assert!(Looks::new(vec![8], 1.5, Spending::Pocock).is_err());
}

#[test]
fn an_early_look_cannot_reject_on_what_it_has_not_been_given() {
    let clear: Vec<f64> = (0..12).map(|replicate| 1.0 + 0.01 * f64::from(replicate)).collect();
    let none: Vec<f64> = (0..12).map(|replicate| if replicate % 2 == 0 { 1.0 } else { -1.0 }).collect();
    let gaps = ReplicateGaps::new(vec![clear, none]).unwrap();
    let flips = Flips { num_flips: 10_000, seed: 0 };
    // 2^−5 = .031 is more than O'Brien and Fleming give the first look.
    let strict = Looks::new(vec![6, 12, 18], 0.05, Spending::ObrienFleming).unwrap();
    let results = sequential_max_t(&gaps, &strict, &flips);
    assert_eq!(results.len(), 2);
    assert!(!results[0].rejected[0]);
    assert_eq!((results[1].can_reject, results[1].rejected.clone()), (true, vec![true, false]));
    let even = Looks::new(vec![8, 12], 0.05, Spending::Pocock).unwrap();
    assert_eq!(sequential_max_t(&gaps, &even, &flips)[0].rejected, [true, false]);
}
