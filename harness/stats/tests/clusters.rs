//! Test examples in clusters: against the plain formula, and false alarms on simulated studies, with seeds.
#![allow(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

mod common;

use common::{normal, share, stream, tosses};
use std::sync::Arc;

use nt_stats::{Clusters, Differences, crossed};
use rand_chacha::ChaCha8Rng;

/// Sizes of the clusters of about a thousand examples.
fn sizes() -> [(&'static str, Vec<usize>); 6] {
    [
        ("200 of 5", vec![5; 200]),
        ("50 of 20", vec![20; 50]),
        ("10 of 100", vec![100; 10]),
        // Each a half larger than the one before.
        ("10 unequal", vec![9, 13, 20, 30, 45, 67, 101, 151, 226, 338]),
        // As much as three of equal size.
        ("6, of which one dominates", vec![520, 260, 120, 50, 30, 20]),
        ("60 unequal", (0..60).map(|cluster| 2 + cluster / 2).collect()),
    ]
}

/// No gap in truth. Each cluster has its own, the same in all replicates (`cluster`), and another in each replicate
/// (`both`); beside them a shift of the replicate and noise of every example.
struct Truth {
    replicate: f64,
    cluster: f64,
    both: f64,
}

impl Truth {
    fn study(&self, n: usize, sizes: &[usize], random: &mut ChaCha8Rng) -> Differences {
        let labels: Vec<usize> = sizes.iter().enumerate().flat_map(|(at, &size)| vec![at; size]).collect();
        let of_clusters: Vec<f64> = sizes.iter().map(|_| self.cluster * normal(random)).collect();
        let mut values = Vec::with_capacity(n * labels.len());
        for _ in 0..n {
            let shift = self.replicate * normal(random);
            let own: Vec<f64> = sizes.iter().map(|_| self.both * normal(random)).collect();
            values.extend(labels.iter().map(|&at| shift + of_clusters[at] + own[at] + 0.4 * tosses(random)));
        }
        let clusters = Arc::new(Clusters::by_label(&labels));
        Differences::from_scores(n, labels.len(), values).unwrap().in_clusters(&clusters).unwrap()
    }
}

#[test]
fn clusters_in_the_scope_keep_the_level() {
    const STUDIES: u64 = 2_000;
    for n in [3, 5, 8, 12] {
        for (name, sizes) in sizes() {
            for truth in [
                Truth { replicate: 0.0, cluster: 0.3, both: 0.0 },
                Truth { replicate: 0.02, cluster: 0.2, both: 0.1 },
                Truth { replicate: 0.05, cluster: 0.1, both: 0.0 },
            ] {
                let alarms = share(STUDIES, |study| {
                    let estimate = crossed(&truth.study(n, &sizes, &mut stream(29, study))).estimate;
                    estimate.interval(0.95).is_some_and(|(low, high)| low > 0.0 || high < 0.0)
                });
                println!("n {n}, {name}, {} {} {}: {alarms:.3}", truth.replicate, truth.cluster, truth.both);
                // .058 is what ten clusters were found to have; two binomial standard errors of it are .010.
                assert!(alarms <= 0.058 + 0.010, "n {n}, {name}: {alarms}");
            }
        }
    }
}

#[test]
fn clusters_of_one_example_change_nothing_and_equal_ones_are_the_plain_formula_on_their_means() {
    let mut random = stream(3, 0);
    let values: Vec<f64> = (0..4 * 12).map(|_| normal(&mut random)).collect();
    let plain = Differences::from_scores(4, 12, values.clone()).unwrap();
    let single = Arc::new(Clusters::by_label(&(0..12).collect::<Vec<_>>()));
    assert_eq!(plain.clone().in_clusters(&single).unwrap(), plain);
    let labels: Vec<usize> = (0..12).map(|example| example / 3).collect();
    let grouped = crossed(&plain.in_clusters(&Arc::new(Clusters::by_label(&labels))).unwrap()).estimate;
    let means: Vec<f64> = values.chunks_exact(3).map(|three| three.iter().sum::<f64>() / 3.0).collect();
    let of_means = crossed(&Differences::from_scores(4, 4, means).unwrap()).estimate;
    let (grouped, of_means) = (grouped.spread.unwrap(), of_means.spread.unwrap());
    assert!((grouped.standard_error / of_means.standard_error - 1.0).abs() < 1e-12);
    assert!((grouped.degrees_of_freedom / of_means.degrees_of_freedom - 1.0).abs() < 1e-12);
}
