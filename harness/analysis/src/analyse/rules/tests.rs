use nt_stats::verdict::{GapUnit, Gate};

use super::*;
use crate::analyse::{CellKind, analyse};
use crate::mock::{Mock, like_the_default_study};

/// The mock with linear classifiers on codes in place of networks whose copied layers are all frozen.
fn with_probes(accuracy: impl Fn(&CellKey) -> f64 + 'static) -> Mock {
    let mut mock = Mock::four_quadrants(accuracy);
    for arm in mock.study.arms.iter_mut().filter(|arm| arm.copied == arm.frozen && arm.source < 2) {
        arm.method = Method::Probe;
    }
    mock
}

fn tried(mock: &Mock) -> Vec<Trial> {
    let dir = tempfile::tempdir().unwrap();
    let records = mock.write(dir.path());
    analyse(dir.path(), &mock.study, &records).unwrap().trials
}

fn verdicts(trials: &[Trial]) -> Vec<Option<RuleVerdict>> {
    trials.iter().map(|trial| trial.verdict).collect()
}

#[test]
fn without_probes_only_the_rule_that_needs_none_is_tested_and_the_others_say_what_to_add() {
    let trials = tried(&Mock::four_quadrants(like_the_default_study));
    let untested = Some(RuleVerdict::NotTested);
    // Quadrants: small similar, small dissimilar, large similar, large dissimilar.
    assert_eq!(verdicts(&trials), [untested, untested, untested, Some(RuleVerdict::Undecided)]);
    let missing = trials[0].contrasts[0].decision.as_ref().unwrap_err();
    assert!(missing.contains("kind = \"probe\", layers = [7] for near"), "{missing}");
    assert!(trials[2].contrasts[0].decision.is_ok(), "fine-tuning against scratch can be told already");
}

#[test]
fn rules_are_supported_or_refuted_by_treatment_against_treatment() {
    let accuracy = |key: &CellKey| match (key.source.as_deref(), key.size.as_str(), probe_depth(key)) {
        (None, "small", _) => 0.4,
        (None, _, _) => 0.6,
        (Some("near"), "small", Some(7)) => 0.85, // the top probe beats fine-tuning: supported
        (Some("near"), "small", _) => 0.6,
        (Some("near"), _, Some(7)) => 0.8, // as good as fine-tuning, and the rule claims no more: supported
        (Some("near"), _, _) => 0.8,
        (Some("far"), "small", Some(3)) => 0.7, // validation chooses depth 3, which loses to fine-tuning: refuted
        (Some("far"), "small", Some(_)) => 0.5,
        (Some("far"), "small", None) => 0.85,
        (Some("far"), _, _) => 0.6, // no better than scratch: undecided, since a gain was claimed
        _ => 0.5,
    };
    let trials = tried(&with_probes(accuracy));
    let words: Vec<String> = trials.iter().map(|trial| trial.verdict.unwrap().to_string()).collect();
    assert_eq!(words, ["SUPPORTED", "REFUTED", "SUPPORTED", "UNDECIDED"]);
    let chosen = &trials[1].contrasts[0];
    assert_eq!((chosen.layers.as_slice(), chosen.advised), ([(3, 8)].as_slice(), RuleArm::EarlierProbe));
    let decision = trials[0].contrasts[0].decision.as_ref().unwrap();
    assert!(
        decision.words(GapUnit::POINTS).starts_with("better than full fine-tuning"),
        "{}",
        decision.words(GapUnit::POINTS)
    );
    assert_eq!(decision.attribution, None);
}

#[test]
fn the_family_is_every_cell_and_every_comparison_of_two_treatments() {
    let dir = tempfile::tempdir().unwrap();
    let mock = with_probes(like_the_default_study);
    let records = mock.write(dir.path());
    let analysis = analyse(dir.path(), &mock.study, &records).unwrap();
    let of_rules = analysis.trials.iter().flat_map(|trial| &trial.contrasts);
    let of_two = of_rules.filter(|one| one.alternative != RuleArm::Scratch).map(|one| one.decision.as_ref().unwrap());
    let of_choices = analysis.quadrants.iter().map(|quadrant| &quadrant.chosen.as_ref().unwrap().decision);
    let of_cells = analysis.cells.iter().filter(|cell| cell.kind == CellKind::Transfer);
    let decisions: Vec<&Decision> =
        of_cells.map(|cell| cell.decision.as_ref().unwrap()).chain(of_two).chain(of_choices).collect();
    assert_eq!(decisions.len(), 56 + 4 + 4);
    let raw: Vec<Option<f64>> = decisions.iter().map(|decision| decision.p_value).collect();
    let adjusted: Vec<f64> = decisions.iter().map(|decision| decision.p_adjusted).collect();
    assert_eq!(nt_stats::multiplicity::holm(&raw), adjusted);
}

#[test]
fn other_words_and_lone_sizes_have_no_rule_and_say_so() {
    let mut mock = with_probes(like_the_default_study);
    mock.study.sources[1].similarity = "other-look".to_owned();
    mock.study.targets[0].sizes.insert(1, StudySize::per_class("middle", 50));
    let trials = tried(&mock);
    let reason = |at: usize| trials[at].rule.as_ref().unwrap_err().clone();
    assert!(reason(1).contains("not \"other-look\"") && reason(2).contains("those between"));
    assert_eq!(trials[1].verdict, None);
    mock.study.targets[0].sizes.truncate(1);
    let trials = tried(&mock);
    assert!(trials[0].rule.as_ref().unwrap_err().contains("[[target.size]]"));
}

#[test]
fn what_the_audit_says_against_a_source_it_says_against_its_comparisons() {
    let dir = tempfile::tempdir().unwrap();
    let mock = with_probes(like_the_default_study);
    let records = mock.write(dir.path());
    let plain = analyse(dir.path(), &mock.study, &records).unwrap().trials;
    nt_records::mock::audit(-1.0, 0.1).write(dir.path()).unwrap();
    let held = analyse(dir.path(), &mock.study, &records).unwrap().trials;
    let decisions = |trials: &[Trial]| -> Vec<Decision> {
        trials.iter().flat_map(|trial| &trial.contrasts).map(|one| one.decision.clone().unwrap()).collect()
    };
    for (plain, held) in decisions(&plain).iter().zip(decisions(&held)) {
        assert_eq!(plain.failed_gates, []);
        let gates: Vec<Gate> = held.failed_gates.iter().map(|failure| failure.gate).collect();
        assert_eq!(gates, [Gate::Similarity], "{}: once, though both arms are of the source", held.name);
        assert_eq!(held.verdict, plain.verdict.downgraded(), "{}", held.name);
    }
}

#[test]
fn a_probe_that_did_not_fit_leaves_its_rule_undecided() {
    let mock = with_probes(|key| if key.source.as_deref() == Some("near") && key.frozen == 7 { 0.1 } else { 0.7 })
        .editing(|key, record| {
            if key.frozen == 7 {
                record.metrics[1].value = 0.1;
            }
            true
        });
    let trials = tried(&mock);
    assert_eq!(trials[0].verdict, Some(RuleVerdict::Undecided), "a run that did not train is no evidence");
}

#[test]
fn a_look_that_leaves_a_comparison_of_a_rule_open_does_not_end_the_study() {
    let looked_at = |margin_pp: f64| {
        // Whatever is copied helps alike, so that every cell and choice is decided and no treatment beats another.
        let mut mock =
            with_probes(|key| if key.source.is_some() { 0.8 } else { 0.4 }).editing(|_, record| record.replicate < 6);
        (mock.study.looks, mock.study.margin_pp) = (Some(vec![6, 8]), margin_pp);
        let dir = tempfile::tempdir().unwrap();
        let records = mock.write(dir.path());
        analyse(dir.path(), &mock.study, &records).unwrap()
    };
    let open = looked_at(0.1);
    let is_decided = |at: &usize| !open.cells[*at].decision.as_ref().unwrap().may_change();
    assert!(open.quadrants.iter().flat_map(|quadrant| &quadrant.cells).all(is_decided));
    assert!(!open.look.unwrap().is_settled);
    let settled = looked_at(20.0);
    assert!(settled.look.unwrap().is_settled, "where treatments are equivalent, nothing is open");
    let mut compared = settled.trials.iter().flat_map(|trial| &trial.contrasts);
    assert!(compared.all(|contrast| contrast.decision.as_ref().unwrap().called_early_at == Some(6)));
}
