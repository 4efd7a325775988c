//! Coverage and false alarms on simulated studies, with seeds. Binomial error of each count is stated beside its bound.
#![allow(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

mod common;

use common::{normal, share, stream, tosses, uniform};
use nt_stats::crossed::VarianceComponents;
use nt_stats::equivalence::tost;
use nt_stats::multiplicity::holm;
use nt_stats::power::PowerTarget;
use nt_stats::sign_flip::{Flips, Looks, ReplicateGaps, Spending, max_t, sequential_max_t, simultaneous_bands};
use nt_stats::{Differences, crossed};
use rand_chacha::ChaCha8Rng;

/// How the arms of a simulated study differ.
struct Simulation {
    /// Standard deviation, over replicates, of an arm's shift on the latent scale.
    replicate: f64,
    /// Of an example's difference between arms.
    example: f64,
}

impl Simulation {
    /// Two arms with latent normal scores, right where above a common example difficulty; exchangeable arms, so that
    /// the true gap is 0.
    fn study(&self, n: usize, size: usize, random: &mut ChaCha8Rng) -> Differences {
        let examples: Vec<[f64; 3]> =
            (0..size).map(|_| [normal(random), self.example * normal(random), self.example * normal(random)]).collect();
        let mut values = Vec::with_capacity(n * size);
        for _ in 0..n {
            let shifts = [self.replicate * normal(random), self.replicate * normal(random)];
            for [difficulty, ours, theirs] in &examples {
                let treatment = difficulty + ours + shifts[0] + 0.7 * tosses(random) > 0.0;
                let reference = difficulty + theirs + shifts[1] + 0.7 * tosses(random) > 0.0;
                values.push(i8::from(treatment) - i8::from(reference));
            }
        }
        Differences::from_correctness(n, size, values).unwrap()
    }
}

#[test]
fn crossed_interval_covers_for_three_to_ten_replicates() {
    const STUDIES: u64 = 2_000;
    for n in [3, 5, 10] {
        for size in [200, 1000] {
            for simulation in [
                Simulation { replicate: 0.15, example: 0.4 },
                Simulation { replicate: 0.02, example: 0.4 },
                Simulation { replicate: 0.15, example: 0.0 },
                Simulation { replicate: 0.0, example: 0.0 },
            ] {
                let covered = share(STUDIES, |study| {
                    let mut random = stream(17, study);
                    let interval = crossed(&simulation.study(n, size, &mut random)).estimate.interval(0.95);
                    interval.is_none_or(|(low, high)| low <= 0.0 && 0.0 <= high)
                });
                println!(
                    "n {n} N {size} replicate {} example {}: {covered:.3}",
                    simulation.replicate, simulation.example
                );
                // Two binomial standard errors of .93 in 2,000 are .011.
                assert!(covered >= 0.93 - 0.011, "n {n}, N {size}: {covered}");
            }
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Shape {
    Gaussian,
    HeavyTailed,
    Skewed,
    OneInTenDiverges,
}

/// Paired differences of two exchangeable arms, correlated over cells.
fn null_cells(shape: Shape, n: usize, cells: usize, correlation: f64, random: &mut ChaCha8Rng) -> ReplicateGaps {
    let noise = |random: &mut ChaCha8Rng| match shape {
        Shape::Gaussian => normal(random),
        Shape::HeavyTailed => normal(random) / (uniform(random) * uniform(random)).sqrt(),
        Shape::Skewed => -libm::log(uniform(random)),
        Shape::OneInTenDiverges => normal(random) - if uniform(random) < 0.1 { 20.0 } else { 0.0 },
    };
    let (own, common) = ((1.0 - correlation).sqrt(), correlation.sqrt());
    let mut gaps = vec![Vec::with_capacity(n); cells];
    for _ in 0..n {
        let shared = noise(random) - noise(random);
        for cell in &mut gaps {
            cell.push(common * shared + own * (noise(random) - noise(random)));
        }
    }
    ReplicateGaps::new(gaps).unwrap()
}

#[test]
fn max_t_keeps_family_wise_error() {
    const STUDIES: u64 = 2_000;
    for n in [6, 8, 10] {
        for cells in [8, 56] {
            for correlation in [0.0, 0.8] {
                for shape in [Shape::Gaussian, Shape::HeavyTailed, Shape::Skewed, Shape::OneInTenDiverges] {
                    let alarms = share(STUDIES, |study| {
                        let gaps = null_cells(shape, n, cells, correlation, &mut stream(29, study));
                        let test = max_t(&gaps, &Flips { num_flips: 512, seed: study });
                        test.p_adjusted.iter().any(|p| *p <= 0.05)
                    });
                    println!("n {n} cells {cells} correlation {correlation} {shape:?}: {alarms:.3}");
                    // Three binomial standard errors of .05 in 2,000 are .015: 48 settings are looked at.
                    assert!(alarms <= 0.05 + 0.015, "n {n}, {cells} cells, {correlation}, {shape:?}: {alarms}");
                }
            }
        }
    }
}

#[test]
fn bands_cover_a_whole_depth_curve() {
    const STUDIES: u64 = 2_000;
    for n in [6, 8, 12] {
        for correlation in [0.0, 0.8] {
            let covered = share(STUDIES, |study| {
                let gaps = null_cells(Shape::Gaussian, n, 7, correlation, &mut stream(31, study));
                let bands = simultaneous_bands(&gaps, 0.95, &Flips { num_flips: 2_048, seed: study });
                bands.limits.unwrap().iter().all(|(low, high)| *low <= 0.0 && 0.0 <= *high)
            });
            println!("bands n {n} correlation {correlation}: {covered:.3}");
            assert!(covered >= if n >= 8 { 0.93 } else { 0.90 }, "n {n}, correlation {correlation}: {covered}");
        }
    }
}

/// Differences with normal replicate and example effects whose mean has variance 1, `share` of it from the replicates.
fn null_gap(n: usize, size: usize, share: f64, random: &mut ChaCha8Rng) -> Differences {
    let example_scale = ((1.0 - share) * size as f64).sqrt();
    let replicate_scale = (share * n as f64).sqrt();
    let examples: Vec<f64> = (0..size).map(|_| example_scale * normal(random)).collect();
    let mut values = Vec::with_capacity(n * size);
    for _ in 0..n {
        let replicate = replicate_scale * normal(random);
        values.extend(examples.iter().map(|one| one + replicate + tosses(random)));
    }
    Differences::from_scores(n, size, values).unwrap()
}

#[test]
fn population_scope_keeps_family_wise_error() {
    const STUDIES: u64 = 2_000;
    for n in [3, 6, 8, 10] {
        for cells in [8, 56] {
            for share_of_replicates in [0.5, 0.9] {
                let alarms = share(STUDIES, |study| {
                    let mut random = stream(37, study);
                    // Holm rejects something exactly when its first step rejects, at α/m.
                    let level = 1.0 - 0.05 / cells as f64;
                    (0..cells).any(|_| {
                        let gap = null_gap(n, 60, share_of_replicates, &mut random);
                        crossed(&gap).estimate.interval(level).is_some_and(|(low, high)| low > 0.0 || high < 0.0)
                    })
                });
                println!("population n {n} cells {cells} share {share_of_replicates}: {alarms:.3}");
                // Three binomial standard errors of .05 in 2,000 are .015.
                assert!(alarms <= 0.05 + 0.015, "n {n}, {cells} cells, {share_of_replicates}: {alarms}");
            }
        }
    }
}

#[test]
fn equivalence_at_the_margin_is_a_false_alarm_that_is_kept() {
    const STUDIES: u64 = 2_000;
    for n in [3, 6, 10] {
        let false_equivalence = share(STUDIES, |study| {
            let mut random = stream(41, study);
            let p_values: Vec<Option<f64>> = (0..6)
                .map(|_| {
                    // A true gap of exactly one point, the margin, on 40 examples with replicate and example effects.
                    let examples: Vec<f64> = (0..40).map(|_| 0.004 * normal(&mut random)).collect();
                    let mut values = Vec::new();
                    for _ in 0..n {
                        let replicate = 0.002 * normal(&mut random);
                        values.extend(examples.iter().map(|one| 0.01 + one + replicate + 0.002 * normal(&mut random)));
                    }
                    tost(&crossed(&Differences::from_scores(n, 40, values).unwrap()).estimate, 0.01)
                })
                .collect();
            holm(&p_values).iter().any(|p| *p <= 0.05)
        });
        println!("false equivalence n {n}: {false_equivalence:.3}");
        // Three binomial standard errors of .05 in 2,000 are .015.
        assert!(false_equivalence <= 0.05 + 0.015, "n {n}: {false_equivalence}");
    }
}

#[test]
fn power_at_the_minimum_detectable_effect_is_eighty_percent() {
    const STUDIES: u64 = 6_000;
    const EXAMPLES: usize = 60;
    // From nothing but replicate variance to as much of SE² from the examples, in squared points.
    for (n, replicate, example) in [(5, 1.0, 0.0), (8, 1.0, 0.0), (8, 1.0, 7.5), (10, 0.5, 30.0)] {
        let components = VarianceComponents { replicate, example, residual: 0.01 };
        let spread = components.spread_of_design(n, EXAMPLES).unwrap();
        let effect = PowerTarget::first_holm_step(0.05, 8, 0.8).minimum_detectable_effect(spread);
        let found = share(STUDIES, |study| {
            let mut random = stream(43, study);
            let examples: Vec<f64> = (0..EXAMPLES).map(|_| example.sqrt() * normal(&mut random)).collect();
            let mut values = Vec::new();
            for _ in 0..n {
                let shift = effect + replicate.sqrt() * normal(&mut random);
                values.extend(examples.iter().map(|one| (shift + one + 0.1 * normal(&mut random)) / 100.0));
            }
            let gap = Differences::from_scores(n, EXAMPLES, values).unwrap();
            let interval = crossed(&gap).estimate.interval(1.0 - 0.05 / 8.0);
            interval.is_some_and(|(low, _)| low > 0.0)
        });
        println!("power at the MDE, n {n}, components {replicate} and {example}: {found:.3}");
        assert!((found - 0.8).abs() <= 0.02, "n {n}, components {replicate} and {example}: {found}");
    }
}

#[test]
fn looks_keep_family_wise_error_over_all_looks() {
    const STUDIES: u64 = 2_000;
    for spending in [Spending::ObrienFleming, Spending::Pocock] {
        let looks = Looks::new(vec![8, 12, 16], 0.05, spending).unwrap();
        let alarms = share(STUDIES, |study| {
            let gaps = null_cells(Shape::Skewed, 16, 8, 0.5, &mut stream(47, study));
            let results = sequential_max_t(&gaps, &looks, &Flips { num_flips: 1_999, seed: study });
            results.iter().any(|look| look.rejected.contains(&true))
        });
        println!("looks {spending:?}: {alarms:.3}");
        // Three binomial standard errors of .05 in 2,000 are .015.
        assert!(alarms <= 0.05 + 0.015, "{spending:?}: {alarms}");
    }
}
