//! False signs where runs collapse, over simulated studies, with seeds.
#![allow(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

mod common;
#[path = "common/soak.rs"]
mod soak;

use common::{normal, share, stream, tosses, uniform};
use nt_stats::verdict::{Collapse, Counterfactuals, Family, Reference};
use nt_stats::{Contrast, Decision, Differences, Settings, Verdict, decide};
use rand_chacha::ChaCha8Rng;
use soak::{error, studies};

/// Studies a setting, usually.
const STUDIES: u64 = 600;
const NUM_EXAMPLES: usize = 60;

/// How often runs of each arm collapse, by 30 points. Those that train are equally good in both.
#[derive(Clone, Copy)]
struct Truth {
    treatment: f64,
    reference: f64,
}

/// A run: its score, and whether it collapsed.
fn run(rate: f64, random: &mut ChaCha8Rng) -> (f64, bool) {
    let has_collapsed = uniform(random) < rate;
    let score = 3.0 * normal(random) - if has_collapsed { 30.0 } else { 0.0 };
    (score, has_collapsed)
}

impl Truth {
    fn study(self, n: usize, references: usize, random: &mut ChaCha8Rng) -> Option<Contrast> {
        let (mut of_all, mut of_trained) = (Vec::new(), Vec::new());
        let (mut treatment, mut reference) = ([0, n as u64], [0, (n * references) as u64]);
        for _ in 0..n {
            let (ours, has_collapsed) = run(self.treatment, random);
            let theirs: Vec<(f64, bool)> = (0..references).map(|_| run(self.reference, random)).collect();
            let mean = |runs: &[f64]| runs.iter().sum::<f64>() / runs.len() as f64;
            let trained: Vec<f64> = theirs.iter().filter(|run| !run.1).map(|run| run.0).collect();
            treatment[0] += u64::from(has_collapsed);
            reference[0] += (references - trained.len()) as u64;
            of_all.push(ours - mean(&theirs.iter().map(|run| run.0).collect::<Vec<_>>()));
            if !has_collapsed && !trained.is_empty() {
                of_trained.push(ours - mean(&trained));
            }
        }
        let examples: Vec<f64> = (0..NUM_EXAMPLES).map(|_| 5.0 * tosses(random)).collect();
        let mut differences = |gaps: &[f64]| {
            let of =
                |gap: &f64| examples.iter().map(|own| (gap + own + 15.0 * tosses(random)) / 100.0).collect::<Vec<_>>();
            let values: Vec<f64> = gaps.iter().flat_map(of).collect();
            Differences::from_scores(gaps.len(), NUM_EXAMPLES, values).unwrap()
        };
        if of_trained.is_empty() {
            return None;
        }
        let collapsed = treatment[0] + reference[0] > 0;
        Some(Contrast {
            name: "cell".to_owned(),
            reference: Reference::Scratch,
            family: Family::Primary,
            frozen: 0,
            gap: differences(&of_trained).into(),
            counterfactuals: Counterfactuals::default(),
            collapse: collapsed.then(|| Collapse {
                gap_of_all: Some(differences(&of_all).into()),
                num_trained: of_trained.len(),
                treatment,
                reference,
            }),
            largest_gap_pp: 100.0,
            failed_gates: Vec::new(),
        })
    }
}

#[test]
fn no_sign_is_claimed_where_runs_that_trained_are_equally_good() {
    let truths = [0.05, 0.10, 0.20].into_iter().flat_map(|rate| {
        [(rate, rate), (0.0, rate), (rate, 0.0)].map(|(treatment, reference)| Truth { treatment, reference })
    });
    for truth in truths {
        for (n, references) in [3, 5, 8, 12].into_iter().flat_map(|n| [1, 4, 8].map(|references| (n, references))) {
            let outcome = |holds: fn(&Decision) -> bool| {
                share(studies(STUDIES), |study| {
                    let Some(contrast) = truth.study(n, references, &mut stream(57, study)) else { return false };
                    holds(&decide(&[contrast], &Settings::default()).unwrap()[0])
                })
            };
            let signed = outcome(|decision| decision.verdict.is_negative() || decision.verdict.is_positive());
            // Of runs that trained: their gap is zero.
            let missed = outcome(|decision| decision.gap.lies_below(0.0) || decision.gap.lies_above(0.0));
            let Truth { treatment, reference } = truth;
            println!(
                "{treatment} of the treatment, {reference} of the reference, n {n}, R {references}: {signed:.3}, missed {missed:.3}"
            );
            assert!(missed <= 0.07, "covered {}, {treatment} {reference}, n {n}, R {references}", 1.0 - missed);
            assert!(
                signed <= 0.05 + error(studies(STUDIES)),
                "{treatment} {reference}, n {n}, R {references}: {signed}"
            );
        }
    }
}

#[test]
fn too_few_runs_that_trained_are_no_verdict_and_a_sign_of_collapse_alone_is_optimisation() {
    let level = |gaps: &[f64]| {
        let values = gaps.iter().flat_map(|gap| (0..20).map(move |example| (gap + f64::from(example % 3 - 1)) / 100.0));
        Differences::from_scores(gaps.len(), 20, values.collect()).unwrap()
    };
    let verdict = |trained: &[f64], all: &[f64]| {
        let collapse = Collapse {
            gap_of_all: Some(level(all).into()),
            num_trained: trained.len(),
            treatment: [0, 8],
            reference: [4, 8],
        };
        let contrast = Contrast {
            name: "cell".to_owned(),
            reference: Reference::Scratch,
            family: Family::Primary,
            frozen: 0,
            gap: level(trained).into(),
            counterfactuals: Counterfactuals::default(),
            collapse: Some(collapse),
            largest_gap_pp: 100.0,
            failed_gates: Vec::new(),
        };
        decide(&[contrast], &Settings::default()).unwrap()[0].verdict
    };
    let trained = [5.0, 5.2, 4.8, 5.1];
    assert_eq!(verdict(&trained, &[5.0, 5.2, 4.8, 5.1, 30.0, 31.0, 29.0, 30.0]), Verdict::MaterialPositive);
    assert_eq!(verdict(&trained, &[5.0, 5.2, 4.8, 5.1, -30.0, -31.0, -29.0, -30.0]), Verdict::InconclusiveOptimisation);
    let even = [0.3, -0.2, 0.1, -0.3];
    assert_eq!(verdict(&even, &[29.0, 30.0, 31.0, 30.0, 29.0, 30.0, 31.0, 30.0]), Verdict::InconclusiveOptimisation);
    assert_eq!(verdict(&trained[..2], &[5.0, 5.2, 30.0, 30.0, 30.0]), Verdict::Invalid);
}
