//! Distances between samples: against NumPy, SciPy and scikit-learn (`fixtures/similarity.json`, made by
//! `fixtures/make_similarity.py`), their properties, and coverage by simulation.
#![allow(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

use nt_stats::distribution::normal_quantile;
use nt_stats::similarity::{
    Measured, Pair, SampleError, coral_distance, frechet_distance, maximum_mean_discrepancy, proxy_a_distance,
};
use proptest::prelude::*;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use rayon::prelude::*;
use serde_json::Value;

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

#[track_caller]
fn assert_close(got: f64, expected: f64, what: &str) {
    assert!((got - expected).abs() <= 1e-9 * expected.abs().max(1.0), "{what}: got {got:e}, reference {expected:e}");
}

#[test]
fn every_distance_agrees_with_numpy_scipy_and_scikit_learn() {
    let reference: Value = serde_json::from_str(include_str!("fixtures/similarity.json")).unwrap();
    assert_eq!(reference["made_by"]["scipy"], "1.17.1");
    for case in reference["cases"].as_array().unwrap() {
        let whole = |key: &str| case[key].as_u64().unwrap() as usize;
        let (x, y) = (numbers(&case["x"]), numbers(&case["y"]));
        let pair = Pair::new(&x, &y, whole("num_features"), whole("num_blocks")).unwrap();
        let proxy = proxy_a_distance(&pair, case["shrinkage"].as_f64().unwrap());
        for (got, expected) in proxy.errors.iter().zip(numbers(&case["proxy_a_distance"]["errors"])) {
            assert_close(*got, expected, "held-out error");
        }
        let expected = case["proxy_a_distance"]["distance"].as_f64().unwrap();
        assert_close(proxy.distance.plug_in, expected, "proxy A-distance");
        let mmd = maximum_mean_discrepancy(&pair, 9, 1);
        assert_close(mmd.bandwidth, case["mmd"]["bandwidth"].as_f64().unwrap(), "bandwidth");
        assert_close(mmd.squared.plug_in, case["mmd"]["squared"].as_f64().unwrap(), "MMD²");
        for (name, measured) in [("frechet", frechet_distance(&pair)), ("coral", coral_distance(&pair))] {
            assert_close(measured.plug_in, case[name].as_f64().unwrap(), name);
            let without = numbers(&case[format!("{name}_without")]);
            assert_eq!(measured.without_block.len(), without.len());
            for (got, expected) in measured.without_block.iter().zip(without) {
                assert_close(*got, expected, name);
            }
        }
    }
}

fn normal(random: &mut ChaCha8Rng) -> f64 {
    normal_quantile((f64::from(random.next_u32()) + 0.5) / 4_294_967_296.0)
}

fn stream(seed: u64, number: u64) -> ChaCha8Rng {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    random.set_stream(number);
    random
}

/// Rows of independent normals, features of falling scale as codes have, moved by `shift` and stretched.
fn rows(size: usize, num_features: usize, shift: f64, stretch: f64, random: &mut ChaCha8Rng) -> Vec<f64> {
    let scale = |feature: usize| 1.0 / (1.0 + feature as f64 / 4.0);
    (0..size * num_features).map(|at| scale(at % num_features) * (shift + stretch * normal(random))).collect()
}

/// All four measures by name.
fn measures(pair: &Pair) -> [(&'static str, Measured); 4] {
    [
        ("proxy A", proxy_a_distance(pair, 0.02).distance),
        ("MMD²", maximum_mean_discrepancy(pair, 0, 0).squared),
        ("Fréchet", frechet_distance(pair)),
        ("CORAL", coral_distance(pair)),
    ]
}

#[test]
fn a_set_has_no_distance_from_itself() {
    let x = rows(48, 6, 0.0, 1.0, &mut stream(1, 0));
    let pair = Pair::new(&x, &x, 6, 8).unwrap();
    let [proxy, mmd, frechet, coral] = measures(&pair).map(|(_, measured)| measured.estimate().mean);
    assert_eq!((proxy, coral), (0.0, 0.0));
    assert!(frechet.abs() < 1e-12, "{frechet}");
    // The unbiased estimate leaves each image out of its own neighbours, but not its copy.
    assert!(mmd < 0.0 && mmd > -0.05, "{mmd}");
    assert_eq!(maximum_mean_discrepancy(&pair, 99, 3).p_value, 1.0);
}

#[test]
fn sets_far_apart_are_told_apart_with_a_margin_for_luck() {
    let x = rows(48, 6, 0.0, 1.0, &mut stream(2, 0));
    let y = rows(48, 6, 9.0, 1.0, &mut stream(2, 1));
    let pair = Pair::new(&x, &y, 6, 8).unwrap();
    let proxy = proxy_a_distance(&pair, 0.02);
    assert_eq!((proxy.distance.plug_in, proxy.errors), (2.0, [0.0, 0.0]));
    let (low, high) = proxy.distance.estimate().interval(0.95).unwrap();
    assert!(low < 1.95 && low > 1.7 && high > 2.0, "no error in 96 images is no certainty: {low} to {high}");
    assert_eq!(maximum_mean_discrepancy(&pair, 199, 3).p_value, 1.0 / 200.0);
}

#[test]
fn sets_of_equal_images_are_measured_without_a_number_that_is_none() {
    let pair = Pair::new(&[1.0; 40], &[1.0; 40], 2, 4).unwrap();
    for (name, measured) in measures(&pair) {
        assert_eq!(measured.plug_in, 0.0, "{name}");
        assert!(measured.without_block.iter().all(|value| *value == 0.0), "{name}");
    }
    let apart = Pair::new(&[1.0; 40], &[2.0; 40], 2, 4).unwrap();
    assert_eq!(proxy_a_distance(&apart, 0.02).distance.plug_in, 2.0);
    assert_eq!(frechet_distance(&apart).plug_in, 2.0);
}

#[test]
fn samples_that_cannot_be_compared_are_refused_with_the_next_step() {
    let error = |x: &[f64], y: &[f64], d, blocks| Pair::new(x, y, d, blocks).unwrap_err();
    assert!(matches!(error(&[0.0; 8], &[0.0; 6], 2, 3), SampleError::Shape { first: 8, second: 6, num_features: 2 }));
    assert!(matches!(error(&[], &[], 0, 3), SampleError::Shape { .. }));
    let few = error(&[0.0; 10], &[0.0; 10], 2, 3);
    assert_eq!(few, SampleError::TooFew { found: 5, num_blocks: 3 });
    assert!(few.to_string().contains("at least 6 images"), "{few}");
    let mut broken = [0.0; 12];
    broken[5] = f64::NAN;
    let error = error(&[0.0; 12], &broken, 2, 3);
    assert!(matches!(error, SampleError::NotFinite { row: 8, feature: 1, .. }), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn a_distance_does_not_depend_on_which_set_comes_first(seed in 0u64..1 << 40, shift in 0.0..2.0) {
        let x = rows(24, 4, 0.0, 1.0, &mut stream(seed, 0));
        let y = rows(24, 4, shift, 1.3, &mut stream(seed, 1));
        let there = measures(&Pair::new(&x, &y, 4, 4).unwrap());
        let back = measures(&Pair::new(&y, &x, 4, 4).unwrap());
        for ((name, there), (_, back)) in there.into_iter().zip(back) {
            let (there, back) = (there.estimate(), back.estimate());
            prop_assert!((there.mean - back.mean).abs() < 1e-9, "{}: {} and {}", name, there.mean, back.mean);
            prop_assert!((there.spread.unwrap().standard_error - back.spread.unwrap().standard_error).abs() < 1e-9);
        }
    }

    #[test]
    fn the_order_of_images_within_a_block_changes_nothing(seed in 0u64..1 << 40) {
        let x = rows(24, 4, 0.0, 1.0, &mut stream(seed, 0));
        let y = rows(24, 4, 0.5, 1.0, &mut stream(seed, 1));
        let mut turned = y.clone();
        turned.chunks_exact_mut(24).for_each(|block| block.rotate_left(4));
        let straight = measures(&Pair::new(&x, &y, 4, 4).unwrap());
        for ((name, straight), (_, turned)) in straight.into_iter().zip(measures(&Pair::new(&x, &turned, 4, 4).unwrap())) {
            prop_assert!((straight.plug_in - turned.plug_in).abs() < 1e-9, "{}", name);
        }
    }

    #[test]
    fn a_scale_changes_each_measure_as_its_unit_says(seed in 0u64..1 << 40, scale in 0.1f64..10.0) {
        let x = rows(24, 4, 0.0, 1.0, &mut stream(seed, 0));
        let y = rows(24, 4, 0.7, 1.2, &mut stream(seed, 1));
        let scaled = |values: &[f64]| values.iter().map(|value| scale * value).collect::<Vec<_>>();
        let plain = measures(&Pair::new(&x, &y, 4, 4).unwrap());
        let large = measures(&Pair::new(&scaled(&x), &scaled(&y), 4, 4).unwrap());
        let units = [1.0, 1.0, scale * scale, scale.powi(4)];
        for (((name, plain), (_, large)), unit) in plain.into_iter().zip(large).zip(units) {
            let error = (large.plug_in - unit * plain.plug_in).abs();
            prop_assert!(error <= 1e-9 * (1.0 + unit * plain.plug_in.abs()), "{}: {}", name, error);
        }
    }
}

/// A source and a target as they are simulated.
struct Setting {
    size: usize,
    num_features: usize,
    shift: f64,
    stretch: f64,
}

const BLOCKS: usize = 16;

impl Setting {
    fn first(&self, random: &mut ChaCha8Rng) -> Vec<f64> {
        rows(self.size, self.num_features, self.shift, self.stretch, random)
    }

    fn second(&self, random: &mut ChaCha8Rng) -> Vec<f64> {
        rows(self.size, self.num_features, 0.0, 1.0, random)
    }

    fn pair(&self, seed: u64, study: u64) -> Pair {
        let mut random = stream(seed, study);
        let (x, y) = (self.first(&mut random), self.second(&mut random));
        Pair::new(&x, &y, self.num_features, BLOCKS).unwrap()
    }
}

/// What each measure is on the whole populations: in closed form for the moments, as the mean of many studies for the
/// others, which are unbiased for what they estimate at this number of images.
fn truths(setting: &Setting, estimates: &[Vec<f64>]) -> Vec<f64> {
    let scales = || (0..setting.num_features).map(|feature| 1.0 / (1.0 + feature as f64 / 4.0));
    let stretch = setting.stretch;
    let frechet = scales().map(|s| s * s * (setting.shift * setting.shift + (stretch - 1.0) * (stretch - 1.0))).sum();
    let squares: f64 = scales().map(|s| s.powi(4) * (stretch * stretch - 1.0).powi(2)).sum();
    let coral = squares / (4.0 * (setting.num_features * setting.num_features) as f64);
    let mean = |measure: usize| estimates.iter().map(|row| row[measure]).sum::<f64>() / estimates.len() as f64;
    vec![mean(0), mean(1), frechet, coral]
}

#[test]
fn intervals_cover() {
    const STUDIES: u64 = 400;
    for setting in [
        Setting { size: 128, num_features: 12, shift: 0.0, stretch: 1.0 },
        Setting { size: 128, num_features: 12, shift: 0.3, stretch: 1.0 },
        Setting { size: 128, num_features: 12, shift: 0.2, stretch: 1.5 },
        Setting { size: 64, num_features: 40, shift: 0.2, stretch: 1.3 },
        Setting { size: 256, num_features: 40, shift: 0.1, stretch: 1.1 },
    ] {
        let all: Vec<Vec<Measured>> = (0..STUDIES)
            .into_par_iter()
            .map(|study| measures(&setting.pair(71, study)).into_iter().map(|(_, measured)| measured).collect())
            .collect();
        let estimates: Vec<Vec<f64>> =
            all.iter().map(|row| row.iter().map(|measured| measured.estimate().mean).collect()).collect();
        let truths = truths(&setting, &estimates);
        for (measure, name) in ["proxy A", "MMD²", "Fréchet", "CORAL"].into_iter().enumerate() {
            let covers = |row: &&Vec<Measured>| {
                let interval = row[measure].estimate().interval(0.95);
                interval.is_some_and(|(low, high)| low <= truths[measure] && truths[measure] <= high)
            };
            let covered = all.iter().filter(covers).count() as f64 / STUDIES as f64;
            let Setting { size, num_features, shift, stretch } = setting;
            println!("n {size} d {num_features} shift {shift} stretch {stretch} {name}: {covered:.3}");
            // Two binomial standard errors of .93 in 400 are .026.
            assert!(covered >= 0.93 - 0.026, "{name}, n {size}, d {num_features}, {shift}, {stretch}: {covered}");
        }
    }
}

#[test]
fn the_difference_of_two_sources_to_one_target_is_zero_as_often_as_it_should_be() {
    const STUDIES: u64 = 500;
    for shift in [0.0, 0.25, 0.6] {
        let setting = Setting { size: 128, num_features: 12, shift, stretch: 1.0 };
        let alarms = (0..STUDIES)
            .into_par_iter()
            .filter(|&study| {
                let mut random = stream(73, study);
                let target = setting.second(&mut random);
                let [one, other] = [0, 1].map(|_| {
                    let source = setting.first(&mut random);
                    proxy_a_distance(&Pair::new(&source, &target, 12, BLOCKS).unwrap(), 0.02).distance
                });
                let interval = one.minus(&other).unwrap().estimate().interval(0.95);
                interval.is_some_and(|(low, high)| low > 0.0 || high < 0.0)
            })
            .count() as f64
            / STUDIES as f64;
        println!("difference of two equal sources, shift {shift}: {alarms:.3}");
        // Three binomial standard errors of .05 in 500 are .029.
        assert!(alarms <= 0.05 + 0.029, "shift {shift}: {alarms}");
    }
}

#[test]
fn relabellings_reject_equal_distributions_as_often_as_they_should_and_find_a_shift() {
    const STUDIES: u64 = 500;
    let share = |shift: f64| {
        let setting = Setting { size: 64, num_features: 12, shift, stretch: 1.0 };
        let small = |study: &u64| maximum_mean_discrepancy(&setting.pair(79, *study), 199, *study).p_value <= 0.05;
        (0..STUDIES).into_par_iter().filter(small).count() as f64 / STUDIES as f64
    };
    let (alarms, power) = (share(0.0), share(0.4));
    println!("MMD permutation test: false alarms {alarms:.3}, power at a shift of .4: {power:.3}");
    // Three binomial standard errors of .05 in 500 are .029.
    assert!((0.05 - 0.029..=0.05 + 0.029).contains(&alarms) && power > 0.9, "{alarms}, {power}");
}

#[test]
fn the_same_seed_gives_the_same_bits() {
    let setting = Setting { size: 40, num_features: 5, shift: 0.3, stretch: 1.0 };
    let pair = setting.pair(83, 0);
    assert_eq!(maximum_mean_discrepancy(&pair, 99, 5), maximum_mean_discrepancy(&pair, 99, 5));
    let serial = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    assert_eq!(serial.install(|| measures(&pair)), measures(&pair));
}
