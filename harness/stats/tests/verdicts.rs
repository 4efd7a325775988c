//! What is said of which numbers.
#![allow(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

use nt_stats::verdict::{
    Attribution, Claim, Collapse, Consequence, Counterfactuals, Family, GapUnit, Gate, GateFailure, Method, Reach,
    Reference, RuleVerdict, Scope, Tails, judge_rule,
};
use nt_stats::{Contrast, Decision, Differences, FamilyError, NoSpread, PairedGap, Settings, Verdict, decide};

/// Eight replicates on 400 examples whose mean differs by `gap_pp` points, give or take half a point between
/// replicates.
fn gap(gap_pp: f64) -> Differences {
    scattered(gap_pp, 0.5)
}

fn scattered(gap_pp: f64, between_pp: f64) -> Differences {
    let wave = |at: usize, period: f64| (at as f64 * period).rem_euclid(2.0) - 1.0;
    let centred: Vec<f64> = {
        let raw: Vec<f64> = (0..8).map(|row| wave(row, 0.618)).collect();
        let mean = raw.iter().sum::<f64>() / 8.0;
        raw.iter().map(|value| value - mean).collect()
    };
    let values = (0..8 * 400).map(|at| {
        let (row, example) = (at / 400, at % 400);
        let noise = if (row + example) % 2 == 0 { 0.001 } else { -0.001 };
        (gap_pp + between_pp * centred[row]) / 100.0 + noise
    });
    Differences::from_scores(8, 400, values.collect()).unwrap()
}

fn contrast(gap: Differences) -> Contrast {
    Contrast {
        name: "near/small/(7,7)".to_owned(),
        reference: Reference::Scratch,
        family: Family::Primary,
        frozen: 7,
        gap: gap.into(),
        counterfactuals: Counterfactuals::default(),
        collapse: None,
        largest_gap_pp: 100.0,
        failed_gates: Vec::new(),
    }
}

fn judged(contrast: Contrast) -> Decision {
    decide(&[contrast], &Settings::default()).unwrap().remove(0)
}

/// With the gaps to an untrained source, to the twin, and of the twin to scratch.
fn beside(gap: Differences, [source, specificity, freezing]: [Option<Differences>; 3]) -> Contrast {
    let [source_gap, specificity_gap, freezing_gap] =
        [source, specificity, freezing].map(|gap| gap.map(PairedGap::from));
    let counterfactuals = Counterfactuals { source_gap, specificity_gap, freezing_gap };
    Contrast { counterfactuals, ..contrast(gap) }
}

fn with_source(gap_pp: f64, source_pp: f64) -> Decision {
    judged(beside(gap(gap_pp), [Some(gap(source_pp)), None, None]))
}

fn failing(gate: Gate, consequence: Consequence) -> GateFailure {
    GateFailure { gate, consequence, bias: None, detail: String::new() }
}

#[test]
fn the_interval_decides_sign_and_materiality() {
    assert_eq!(judged(contrast(gap(-5.0))).verdict, Verdict::MaterialNegative);
    assert_eq!(judged(contrast(gap(-1.2))).verdict, Verdict::Negative);
    assert_eq!(judged(contrast(gap(1.2))).verdict, Verdict::Positive);
    assert_eq!(judged(contrast(gap(5.0))).verdict, Verdict::MaterialPositive);
    assert_eq!(judged(contrast(gap(0.05))).verdict, Verdict::Equivalent);
    assert_eq!(judged(contrast(scattered(0.5, 3.0))).verdict, Verdict::Inconclusive);
}

#[test]
fn a_real_but_trivial_gap_is_negative_and_equivalent_at_once() {
    let decision = judged(contrast(scattered(-0.3, 0.1)));
    assert_eq!(decision.verdict, Verdict::Negative);
    assert!(decision.equivalent);
    assert_eq!(decision.words(GapUnit::POINTS), "worse than scratch (cause undecided), but equivalent within ±1 point");
}

#[test]
fn negative_transfer_is_said_only_when_the_source_does_it() {
    let decision = with_source(-5.0, -4.0);
    assert_eq!(decision.attribution, Some(Attribution::Source));
    assert_eq!(decision.words(GapUnit::POINTS), "negative transfer, by more than 1 point");
}

#[test]
fn a_source_that_does_little_of_a_material_harm_is_named_with_how_much_it_does() {
    let like_the_twin = |gap_pp: f64, source_pp: f64| {
        judged(beside(gap(gap_pp), [Some(gap(source_pp)), Some(gap(0.0)), Some(gap(gap_pp))]))
    };
    let little = like_the_twin(-50.0, -0.6);
    assert_eq!(little.attribution, Some(Attribution::Source), "whatever the margin");
    assert_eq!(
        little.words(GapUnit::POINTS),
        "worse than scratch, by more than 1 point, with negative transfer: −0.6 points against random layers"
    );
    assert_eq!(like_the_twin(-50.0, -5.0).words(GapUnit::POINTS), "negative transfer, by more than 1 point");
}

#[test]
fn what_is_open_or_was_not_run_leaves_the_cause_undecided() {
    let open = beside(gap(-5.0), [Some(scattered(-0.5, 4.0)), None, None]);
    assert_eq!(judged(open).attribution, Some(Attribution::Undecided));
    let alone = judged(contrast(gap(-5.0)));
    assert_eq!(alone.attribution, Some(Attribution::Undecided));
    assert_eq!(alone.words(GapUnit::POINTS), "worse than scratch (cause undecided), by more than 1 point");
    // Random layers alone show no cause, whether they do better, as badly, or worse.
    let as_random = with_source(-5.0, 0.0);
    assert_eq!(as_random.attribution, Some(Attribution::Undecided));
    let words = as_random.words(GapUnit::POINTS);
    assert_eq!(words, "worse than scratch (cause undecided; no worse than random layers), by more than 1 point");
    let words = with_source(-8.0, 22.0).words(GapUnit::POINTS);
    assert_eq!(words, "worse than scratch (cause undecided; better than random layers), by more than 1 point");
}

#[test]
fn the_twin_tells_what_layers_hold_from_freezing() {
    let named = |specificity: f64, freezing: f64| {
        judged(beside(gap(-8.0), [Some(gap(22.0)), Some(gap(specificity)), Some(gap(freezing))])).words(GapUnit::POINTS)
    };
    assert!(
        named(-8.0, 0.0).contains("(what the layers hold, though better than random ones)"),
        "{}",
        named(-8.0, 0.0)
    );
    assert!(named(0.0, -8.0).contains("(freezing)"), "{}", named(0.0, -8.0));
    assert!(named(-4.0, -4.0).contains("(freezing, and what the layers hold)"), "{}", named(-4.0, -4.0));
}

#[test]
fn full_fine_tuning_is_never_freezing() {
    let full = Contrast { frozen: 0, ..contrast(gap(-5.0)) };
    assert_eq!(judged(full.clone()).attribution, Some(Attribution::Source));
    let odd = Contrast { frozen: 0, ..beside(gap(-5.0), [Some(gap(0.02)), None, None]) };
    assert_eq!(judged(odd).attribution, Some(Attribution::Undecided));
}

#[test]
fn help_has_no_cause() {
    for counterfactuals in [[Some(gap(4.0)), None, None], [Some(gap(-4.0)), Some(gap(0.0)), Some(gap(5.0))]] {
        let helped = judged(beside(gap(5.0), counterfactuals));
        assert_eq!(helped.attribution, None);
        assert_eq!(helped.words(GapUnit::POINTS), "better than scratch, by more than 1 point");
    }
}

#[test]
fn another_reference_is_called_by_its_name() {
    let reference = Reference::Arm("full fine-tuning".to_owned());
    let probe = Contrast { reference, ..beside(gap(-1.2), [Some(gap(-1.2)), None, None]) };
    assert_eq!(judged(probe).words(GapUnit::POINTS), "worse than full fine-tuning");
}

fn collapse(gap_of_all: Option<Differences>) -> Collapse {
    Collapse { gap_of_all: gap_of_all.map(PairedGap::from), num_trained: 8, treatment: [1, 9], reference: [0, 9] }
}

#[test]
fn a_sign_among_runs_that_trained_needs_that_of_all_runs() {
    let beside_all =
        |all: Option<Differences>| judged(Contrast { collapse: Some(collapse(all)), ..contrast(gap(-5.0)) });
    assert_eq!(beside_all(Some(gap(-8.0))).verdict, Verdict::MaterialNegative);
    // The mean over all runs has the sign, and its interval does not.
    for unlike in [Some(gap(4.0)), None, Some(scattered(-5.0, 12.0))] {
        let decision = beside_all(unlike);
        assert_eq!(decision.verdict, Verdict::InconclusiveOptimisation);
        assert_eq!((decision.attribution, decision.equivalent), (None, false));
        let words = decision.words(GapUnit::POINTS);
        assert_eq!(words, "inconclusive (optimisation): the sign depends on 1 run that collapsed");
    }
    let level = |all: Differences| judged(Contrast { collapse: Some(collapse(Some(all))), ..contrast(gap(0.01)) });
    assert!(level(scattered(0.1, 12.0)).equivalent, "as good among runs that trained, and no sign over all");
    assert!(!level(gap(4.0)).equivalent && !level(gap(-4.0)).equivalent);
    let collapsed = beside_all(Some(gap(-8.0))).collapsed.unwrap();
    assert_eq!((collapsed.num_runs(), collapsed.p_value), (1, 1.0));
}

#[test]
fn a_contrast_that_cannot_be_judged_makes_nothing_easier_for_the_others() {
    let strong = contrast(gap(-5.0));
    let mut broken = contrast(gap(-50.0));
    broken.failed_gates = vec![failing(Gate::TestLock, Consequence::Invalid)];
    let decisions = decide(&[broken, strong.clone(), contrast(scattered(-1.0, 2.0))], &Settings::default()).unwrap();
    assert_eq!(decisions[0].verdict, Verdict::Invalid);
    assert_eq!(decisions[0].p_adjusted, 1.0);
    assert_eq!(decisions[0].words(GapUnit::POINTS), "invalid: gate 5 (test lock) failed");
    let alone = decide(&[strong, contrast(scattered(-1.0, 2.0))], &Settings::default()).unwrap();
    assert!(decisions[1].p_adjusted > alone[0].p_adjusted);
}

#[test]
fn gates_that_downgrade_take_one_step_together() {
    let mut weak = contrast(gap(-5.0));
    weak.failed_gates =
        vec![failing(Gate::EqualSearch, Consequence::Downgrade), failing(Gate::Overlap, Consequence::Downgrade)];
    let decision = judged(weak);
    assert_eq!(decision.verdict, Verdict::Negative);
    assert_eq!(decision.verdict_before_gates, Verdict::MaterialNegative);
    assert!(
        decision
            .words(GapUnit::POINTS)
            .ends_with("(downgraded from MATERIAL NEGATIVE: gate 1 (equal search) failed; gate 6 (overlap) failed)")
    );
}

#[test]
fn equivalence_beside_a_sign_must_be_given_again_too() {
    let mut decision = judged(contrast(scattered(-0.3, 0.1)));
    assert!(decision.equivalent && decision.verdict == Verdict::Negative);
    let far = judged(contrast(gap(-12.0))).gap;
    assert_eq!(decision.lost_to(Some(&decision.gap), true), None);
    let consequence = decision.lost_to(Some(&far), false).unwrap();
    assert_eq!(consequence, Consequence::NotEquivalent);
    let bias = Some(nt_stats::verdict::Bias::HidesHarm);
    decision.fail(GateFailure { bias, ..failing(Gate::LiveBaseline, consequence) }, false);
    assert!(!decision.equivalent && decision.verdict == Verdict::Negative);
    let words = decision.words(GapUnit::POINTS);
    assert!(words.ends_with("(not equivalent: gate 3 (live baseline) failed, which hides harm)"), "{words}");
    // What takes the sign away leaves EQUIVALENT where it is given again, and nothing where it is not.
    for (is_equivalent, left) in [(true, Verdict::Equivalent), (false, Verdict::Inconclusive)] {
        let mut decision = judged(contrast(scattered(-0.3, 0.1)));
        let open = judged(contrast(scattered(0.0, 0.2))).gap;
        let consequence = decision.lost_to(Some(&open), is_equivalent).unwrap();
        decision.fail(failing(Gate::LiveBaseline, consequence), is_equivalent);
        assert_eq!(decision.verdict, left);
    }
}

#[test]
fn what_a_gate_holds_advises_no_replicates() {
    let mut weak = contrast(gap(-0.9));
    weak.failed_gates = vec![failing(Gate::EqualSearch, Consequence::Downgrade)];
    let words = judged(weak).words(GapUnit::POINTS);
    assert_eq!(words, "inconclusive (downgraded from NEGATIVE: gate 1 (equal search) failed)");
}

#[test]
fn nothing_is_concluded_without_variation() {
    let same = Differences::from_correctness(3, 50, vec![0; 150]).unwrap();
    let decision = judged(contrast(same));
    assert_eq!(decision.verdict, Verdict::Inconclusive);
    assert_eq!(decision.gap.no_spread, Some(NoSpread::NoVariance));
    assert_eq!((decision.gap.low_pp, decision.p_value, decision.p_adjusted), (None, None, 1.0));
    assert!(!decision.equivalent && !decision.can_reject);
    let constant = Differences::from_scores(3, 50, vec![-0.1; 150]).unwrap();
    assert_eq!(judged(contrast(constant)).verdict, Verdict::Inconclusive);
}

#[test]
fn one_replicate_or_one_example_has_no_interval() {
    let one_replicate = Differences::from_correctness(1, 4, vec![-1, -1, 0, -1]).unwrap();
    assert_eq!(judged(contrast(one_replicate)).gap.no_spread, Some(NoSpread::OneReplicate));
    let per_run = Differences::from_runs(&[-0.1, -0.2, -0.15]).unwrap();
    let decision = judged(contrast(per_run));
    assert_eq!(decision.gap.no_spread, Some(NoSpread::OneExample));
    assert!((decision.gap.mean_pp + 15.0).abs() < 1e-12);
}

fn fixed_test_set() -> Settings {
    Settings { scope: Scope { test_images: Reach::This, ..Scope::default() }, ..Settings::default() }
}

#[test]
fn five_replicates_cannot_reject_by_sign_flips_and_say_so() {
    let runs = Differences::from_runs(&[-0.10, -0.12, -0.11, -0.09, -0.10]).unwrap();
    let decision = decide(&[contrast(runs)], &fixed_test_set()).unwrap().remove(0);
    assert_eq!(decision.gap.method, Method::SignFlip);
    assert_eq!(decision.attainable_p, 1.0 / 16.0);
    assert!(!decision.can_reject && decision.minimum_detectable_effect_pp.is_none());
    assert_eq!(decision.verdict, Verdict::Inconclusive);
    assert!(decision.words(GapUnit::POINTS).starts_with("inconclusive: with 5 replicates this test cannot reject"));
}

#[test]
fn eight_replicates_find_a_plain_harm_by_sign_flips() {
    let decisions = decide(&[contrast(gap(-5.0)), contrast(scattered(0.2, 3.0))], &fixed_test_set()).unwrap();
    assert_eq!(decisions[0].verdict, Verdict::MaterialNegative);
    assert_eq!(decisions[0].p_adjusted, 2.0 / 256.0);
    assert_eq!(decisions[1].verdict, Verdict::Inconclusive);
}

#[test]
fn contrasts_with_other_replicates_cannot_be_flipped_together() {
    let family = [contrast(gap(-5.0)), contrast(Differences::from_runs(&[0.1, 0.2]).unwrap())];
    assert!(matches!(decide(&family, &fixed_test_set()), Err(FamilyError::Flips(_))));
}

#[test]
fn settings_out_of_range_are_named() {
    let settings = Settings { margin_pp: 0.0, ..Settings::default() };
    let error = decide(&[contrast(gap(0.0))], &settings).unwrap_err().to_string();
    assert_eq!(error, "margin_pp is 0; set it to a number above 0, in percentage points");
}

#[test]
fn an_inconclusive_verdict_says_what_would_decide_it() {
    let decision = judged(contrast(scattered(0.2, 3.0)));
    let words = decision.words(GapUnit::POINTS);
    assert!(words.starts_with("inconclusive: a true gap of "), "{words}");
    assert!(words.contains(" points would be found in 4 of 5 such studies; "), "{words}");
    assert!(words.contains("replicates would find 1 point"), "{words}");
    let narrow = judged(Contrast { largest_gap_pp: 1.0, ..contrast(scattered(0.2, 3.0)) });
    assert_eq!(narrow.minimum_detectable_effect_pp, None, "accuracy cannot differ by so much");
    assert!(narrow.words(GapUnit::POINTS).contains("no gap that is possible"), "{}", narrow.words(GapUnit::POINTS));
    assert!(!words.contains("no negative transfer"));
}

#[test]
fn satterthwaite_tails_are_a_setting() {
    let settings = Settings { tails: Tails::Satterthwaite, ..Settings::default() };
    // Replicate and example effects of like size: the tails differ most there.
    let effects = (0..8 * 20).map(|at| 0.002 * ((at / 20) as f64 - 4.0) + 0.003 * ((at % 20) as f64 - 11.0));
    let crossed = Differences::from_scores(8, 20, effects.collect()).unwrap();
    let [mixed, plain] = [Settings::default(), settings]
        .map(|settings| decide(&[contrast(crossed.clone())], &settings).unwrap().remove(0));
    assert_eq!(mixed.gap.standard_error_pp, plain.gap.standard_error_pp);
    assert!(mixed.p_adjusted > plain.p_adjusted);
}

#[test]
fn a_rule_is_supported_refuted_undecided_or_not_tested() {
    let [better, worse, same, open] =
        [gap(5.0), gap(-5.0), gap(0.05), scattered(0.5, 3.0)].map(|one| judged(contrast(one)));
    let strict = |decision| (Claim::Better, Some(decision));
    let mild = |decision| (Claim::AtLeastAsGood, Some(decision));
    assert_eq!(judge_rule(&[strict(&better), mild(&same)]), RuleVerdict::Supported);
    assert_eq!(judge_rule(&[strict(&same)]), RuleVerdict::Undecided);
    assert_eq!(judge_rule(&[strict(&better), mild(&worse)]), RuleVerdict::Refuted);
    assert_eq!(judge_rule(&[strict(&better), mild(&open)]), RuleVerdict::Undecided);
    assert_eq!(judge_rule(&[strict(&better), (Claim::Better, None)]), RuleVerdict::NotTested);
    assert_eq!(judge_rule(&[]), RuleVerdict::NotTested);
}

#[test]
fn verdict_names_read_back() {
    for verdict in Verdict::ALL {
        assert_eq!(verdict.name().parse(), Ok(verdict));
    }
    assert!("HARMFUL".parse::<Verdict>().unwrap_err().to_string().contains("NEGATIVE"));
}
