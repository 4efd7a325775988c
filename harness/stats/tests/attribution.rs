//! How often a cause is named that is none, over simulated studies with known causes, with seeds.
#![allow(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

mod common;
#[path = "common/soak.rs"]
mod soak;

use common::{normal, share, stream, tosses};
use nt_stats::verdict::{Attribution, Counterfactuals, Family, Reference, cause};
use nt_stats::{Contrast, Differences, PairedGap, Settings, decide};
use rand_chacha::ChaCha8Rng;
use soak::{error, studies};

/// Studies a setting, usually.
const STUDIES: u64 = 600;
const NUM_EXAMPLES: usize = 60;
const MARGIN_PP: f64 = 2.0;
const FROZEN: usize = 7;

/// True accuracies of four arms, in points.
#[derive(Clone, Copy)]
struct Truth {
    scratch: f64,
    treatment: f64,
    untrained: f64,
    twin: f64,
}

impl Truth {
    /// The gaps S, Q and F.
    fn gaps(self) -> (f64, f64, f64) {
        (self.treatment - self.untrained, self.treatment - self.twin, self.twin - self.scratch)
    }

    /// The causes that it would be wrong to name.
    fn is_wrong(self, cause: Attribution) -> bool {
        let (source, specificity, freezing) = self.gaps();
        match cause {
            Attribution::Source => source >= 0.0,
            Attribution::Mixed => specificity >= 0.0 || freezing >= 0.0,
            Attribution::Specificity => specificity >= 0.0,
            Attribution::Freezing => freezing >= 0.0 || specificity <= -MARGIN_PP,
            Attribution::Undecided => false,
        }
    }

    /// Runs of every arm by replicate, each with its own luck; images of the same difficulty to all.
    fn study(self, n: usize, sd: f64, random: &mut ChaCha8Rng) -> (Contrast, Counterfactuals) {
        let examples: Vec<[f64; 4]> = (0..NUM_EXAMPLES).map(|_| [0.0; 4].map(|_| 20.0 * tosses(random))).collect();
        let mut arms = [(); 4].map(|()| Vec::with_capacity(n * NUM_EXAMPLES));
        let means = [self.scratch, self.treatment, self.untrained, self.twin];
        for _ in 0..n {
            for (at, scores) in arms.iter_mut().enumerate() {
                let luck = means[at] + sd * normal(random);
                scores.extend(examples.iter().map(|own| luck + own[at] + 20.0 * tosses(random)));
            }
        }
        let [scratch, treatment, untrained, twin] = arms;
        let minus = |ours: &[f64], theirs: &[f64]| {
            let values = ours.iter().zip(theirs).map(|(one, other)| (one - other) / 100.0).collect();
            Differences::from_scores(n, NUM_EXAMPLES, values).unwrap()
        };
        let contrast = Contrast {
            name: "cell".to_owned(),
            reference: Reference::Scratch,
            family: Family::Primary,
            frozen: FROZEN,
            gap: minus(&treatment, &scratch).into(),
            counterfactuals: Counterfactuals::default(),
            collapse: None,
            largest_gap_pp: 100.0,
            failed_gates: Vec::new(),
        };
        let counterfactuals = Counterfactuals {
            source_gap: Some(minus(&treatment, &untrained).into()),
            specificity_gap: Some(minus(&treatment, &twin).into()),
            freezing_gap: Some(minus(&twin, &scratch).into()),
        };
        (contrast, counterfactuals)
    }
}

#[test]
fn a_cause_that_is_none_is_named_in_at_most_one_study_of_twenty() {
    let truth = |source: f64, specificity: f64, freezing: f64| {
        let treatment = 80.0 + freezing + specificity;
        Truth { scratch: 80.0, treatment, untrained: treatment - source, twin: 80.0 + freezing }
    };
    let truths = [
        truth(0.0, 0.0, -25.0),
        truth(30.0, 0.0, -25.0),
        truth(0.0, -25.0, 0.0),
        truth(30.0, -12.0, 0.0),
        truth(0.0, -12.0, -12.0),
        truth(0.0, -MARGIN_PP, -25.0),
        truth(4.0, -MARGIN_PP, -12.0),
        truth(0.0, -8.0, -3.0),
    ];
    let settings = Settings { margin_pp: MARGIN_PP, ..Settings::default() };
    for n in [3, 5, 8, 12] {
        for (sd, truth) in [1.0, 4.0].into_iter().flat_map(|sd| truths.map(|truth| (sd, truth))) {
            let wrong = share(studies(STUDIES), |study| {
                let (contrast, counterfactuals) = truth.study(n, sd, &mut stream(41, study));
                let verdict = decide(&[contrast], &settings).unwrap()[0].verdict;
                cause(verdict, FROZEN, &counterfactuals, &settings)
                    .attribution
                    .is_some_and(|attribution| truth.is_wrong(attribution))
            });
            let (source, specificity, freezing) = truth.gaps();
            println!("n {n}, sd {sd}, S {source}, Q {specificity}, F {freezing}: {wrong:.3}");
            assert!(
                wrong <= 0.05 + error(studies(STUDIES)),
                "n {n}, sd {sd}, S {source}, Q {specificity}, F {freezing}: {wrong}"
            );
        }
    }
}

/// Differences whose replicates scatter by a tenth of a point about a mean in points.
fn near(mean_pp: f64) -> Differences {
    let values = (0..8 * 40).map(|at| {
        let (replicate, example) = (at / 40, at % 40);
        (mean_pp + 0.1 * f64::from(replicate - 4) + 0.5 * f64::from(example % 5 - 2)) / 100.0
    });
    Differences::from_scores(8, 40, values.collect()).unwrap()
}

#[test]
fn harm_is_the_sources_or_the_layers_or_freezings_or_both() {
    use nt_stats::Verdict;
    let settings = Settings { margin_pp: MARGIN_PP, ..Settings::default() };
    let named = |gaps: [Option<f64>; 3], frozen: usize| {
        let [source_gap, specificity_gap, freezing_gap] = gaps.map(|gap| gap.map(near));
        let [source_gap, specificity_gap, freezing_gap] =
            [source_gap, specificity_gap, freezing_gap].map(|gap| gap.map(PairedGap::from));
        let counterfactuals = Counterfactuals { source_gap, specificity_gap, freezing_gap };
        cause(Verdict::MaterialNegative, frozen, &counterfactuals, &settings)
    };
    let whole = |source: f64, specificity: f64, freezing: f64| named([source, specificity, freezing].map(Some), FROZEN);
    assert_eq!(whole(-4.0, -20.0, -30.0).attribution, Some(Attribution::Source));
    assert_eq!(whole(3.0, -20.0, -30.0).attribution, Some(Attribution::Mixed));
    let better = whole(22.0, -8.0, 0.0);
    assert_eq!(
        (better.attribution, better.is_opposed),
        (Some(Attribution::Specificity), true),
        "though better than random layers"
    );
    assert_eq!(whole(3.0, 0.0, -50.0).attribution, Some(Attribution::Freezing));
    assert_eq!(whole(-0.6, 0.0, -50.0).attribution, Some(Attribution::Source), "whatever the margin");
    // Without a twin nothing but the source is named.
    let alone = named([Some(3.0), None, None], FROZEN);
    assert_eq!((alone.attribution, alone.is_like_random), (Some(Attribution::Undecided), true));
    assert_eq!(
        named([None; 3], 0).attribution,
        Some(Attribution::Source),
        "from an untrained source it would be scratch"
    );
}
