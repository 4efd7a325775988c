//! What is compared with what: the mean of several runs of scratch, a twin, and one verdict a contrast.

use nt_scenario::Primary;
use nt_stats::verdict::Family;

use super::*;

fn all_primaries() -> Vec<Primary> {
    Primary::WORDS.map(|(_, primary)| primary).to_vec()
}

#[test]
fn the_reference_is_the_mean_of_all_runs_of_scratch_in_the_replicate() {
    let mock = Mock::four_quadrants(like_the_default_study).with_reference_runs(4);
    let analysis = analysed(&mock).unwrap();
    let (cell, scratch) = (key("large", Some("far"), 7, 7), key("large", None, 0, 0));
    let (cell, scratch) = (analysis.cell(&cell).unwrap(), analysis.cell(&scratch).unwrap());
    assert_eq!((scratch.runs.len(), scratch.further_runs.len(), cell.further_runs.len()), (8, 24, 0));
    let gaps = analysis.gaps_pp(cell);
    for (replicate, gap) in &gaps {
        let of_scratch: Vec<f64> =
            scratch.all_runs().filter(|run| run.replicate == *replicate).filter_map(|run| run.value).collect();
        let treated = cell.runs[*replicate as usize].value.unwrap();
        let reference = of_scratch.iter().sum::<f64>() / of_scratch.len() as f64;
        assert_eq!(of_scratch.len(), 4);
        assert!((gap - 100.0 * (treated - reference)).abs() < 1e-9);
    }
    let mean = gaps.iter().map(|(_, gap)| gap).sum::<f64>() / gaps.len() as f64;
    assert!((cell.gap_pp().unwrap() - mean).abs() < 1e-9);
    // Pairs of networks are those of the first run.
    let networks = cell.checks.as_ref().unwrap().mcnemar.unwrap();
    let first = 100.0 * (cell.runs[0].value.unwrap() - scratch.runs[0].value.unwrap());
    assert!((100.0 * (networks.won as f64 - networks.lost as f64) / 640.0 - first).abs() < 1e-9);
}

#[test]
fn more_runs_of_scratch_make_the_gap_more_certain() {
    let error = |runs: u32| {
        let analysis = analysed(&Mock::four_quadrants(|_| 0.7).with_reference_runs(runs)).unwrap();
        let errors = analysis.cells.iter().filter_map(|cell| cell.decision.as_ref()?.gap.standard_error_pp);
        errors.sum::<f64>()
    };
    assert!(error(4) < 0.9 * error(1), "{} {}", error(4), error(1));
}

#[test]
fn a_run_of_scratch_that_collapsed_is_not_in_the_mean_of_those_that_trained() {
    let is_stuck = |key: &CellKey, record: &RunRecord| key.source.is_none() && record.replicate == 2 && record.run == 1;
    let mock = Mock::four_quadrants(like_the_default_study).with_reference_runs(4).editing(move |key, record| {
        if is_stuck(key, record) {
            // Its training accuracy is that of guessing, whatever it does on test images.
            record.metrics[1].value = 0.125;
        }
        true
    });
    let analysis = analysed(&mock).unwrap();
    let scratch = analysis.cell(&key("small", None, 0, 0)).unwrap();
    assert_eq!(scratch.num_collapsed(), 1);
    let kept: Vec<f64> =
        scratch.all_runs().filter(|run| run.replicate == 2 && !run.has_collapsed).filter_map(|run| run.value).collect();
    assert_eq!(kept.len(), 3);
    assert!((scratch.values[&2] - kept.iter().sum::<f64>() / 3.0).abs() < 1e-12);
    let decision = analysis.cell(&key("small", Some("near"), 7, 0)).unwrap().decision.clone().unwrap();
    let collapsed = decision.collapsed.unwrap();
    assert_eq!((collapsed.treatment, collapsed.reference, collapsed.num_trained), ([0, 8], [1, 32], 8));
    assert_eq!(decision.verdict, Verdict::MaterialPositive, "the mean over all runs has the same sign");
}

#[test]
fn where_both_arms_trained_in_too_few_replicates_there_is_no_verdict() {
    let mock = Mock::four_quadrants(like_the_default_study).editing(|key, record| {
        if key.source.as_deref() == Some("far") && key.frozen == 7 && record.replicate > 1 {
            record.metrics[1].value = 0.125;
        }
        true
    });
    let cell = analysed(&mock).unwrap().cell(&key("large", Some("far"), 7, 7)).unwrap().clone();
    assert_eq!(cell.verdict(), Some(Verdict::Invalid));
    let words = cell.words(GapUnit::POINTS);
    assert_eq!(words, "invalid: both arms trained in only 2 replicates, beside 6 runs that collapsed");
}

#[test]
fn a_twin_tells_what_layers_hold_from_freezing() {
    let mock = |of_twin: f64| {
        let accuracy = move |key: &CellKey| match (key.source.as_deref(), key.frozen) {
            (None, _) => 0.8,
            (Some("twin"), _) => of_twin,
            (Some("random"), _) => 0.4,
            (Some(_), 0) => 0.8,
            (Some(_), _) => 0.6,
        };
        Mock::four_quadrants(accuracy).with_a_twin()
    };
    let far = key("large", Some("far"), 7, 7);
    let wrong = analysed(&mock(0.8)).unwrap();
    assert_eq!(verdict_of(&wrong, &far), (Verdict::MaterialNegative, Some(Attribution::Specificity)));
    let words = wrong.cell(&far).unwrap().words(GapUnit::POINTS);
    assert!(words.contains("what the layers hold, though better than random ones"), "{words}");
    let right = analysed(&mock(0.6)).unwrap();
    assert_eq!(verdict_of(&right, &far), (Verdict::MaterialNegative, Some(Attribution::Freezing)));
    assert_eq!(verdict_of(&analysed(&mock(0.7)).unwrap(), &far).1, Some(Attribution::Mixed));
    // The twin is no treatment on trial: it is judged among the controls, and has no quadrant.
    let twin = right.cell(&key("large", Some("twin"), 7, 7)).unwrap();
    assert_eq!(twin.kind, CellKind::Twin);
    assert_eq!(right.quadrants.len(), 4);
    assert_eq!(right.control_family_size, 28);
    assert!(twin.words(GapUnit::POINTS).contains("although the layers have learned this task"));
}

#[test]
fn a_choice_for_all_replicates_is_made_by_runs_that_are_not_judged() {
    // The judged runs' own validation images like full fine-tuning best; the others, frozen features at depth 2.
    let mock =
        Mock::four_quadrants(like_the_default_study).with_reference_runs(4).with_trials(|key, replicate| {
            match (key.copied, key.frozen) {
                (2, 2) => 0.9,
                (3, 3) if replicate == 5 => 0.95,
                _ => 0.5,
            }
        });
    let analysis = analysed(&mock).unwrap();
    let quadrant = &analysis.quadrants[0];
    let chosen = quadrant.chosen.as_ref().unwrap();
    let &[(at, 8)] = chosen.picks.as_slice() else { panic!("one cell for all replicates: {:?}", chosen.picks) };
    assert_eq!((analysis.cells[at].key.copied, analysis.cells[at].key.frozen), (2, 2));
    assert_eq!(Some(&chosen.decision), analysis.cells[at].decision.as_ref(), "one contrast, one verdict");
    let wins: Vec<(u8, usize)> =
        chosen.wins.iter().map(|&(at, count)| (analysis.cells[at].key.copied, count)).collect();
    assert_eq!(wins, [(2, 7), (3, 1)]);
    let best_of = chosen.best_of.unwrap();
    assert_eq!((best_of.num_compared, best_of.num_treatments, best_of.num_runs), (4, 14, 4));
}

#[test]
fn a_choice_that_is_the_same_in_every_replicate_is_that_cell_and_has_its_verdict() {
    let mock = |odd: u32| {
        let mock = Mock::four_quadrants(like_the_default_study).with_reference_runs(2);
        let mut mock = mock.editing(move |key, record| {
            let is_liked = match record.replicate == odd {
                true => (key.copied, key.frozen) == (3, 3),
                false => (key.copied, key.frozen) == (2, 2),
            };
            let is_validation = |measure| measure == nt_records::Measure::Validation(nt_scenario::Metric::Top1);
            let validation = record.metrics.iter_mut().find(|metric| is_validation(metric.measure));
            validation.unwrap().value = if is_liked { 0.9 } else { 0.5 };
            true
        });
        mock.study.choice = nt_scenario::ChoiceOf::EachReplicate;
        mock.study.primary = vec![Primary::Choice];
        mock
    };
    let one = analysed(&mock(99)).unwrap();
    let two = analysed(&mock(5)).unwrap();
    for (same, mixed) in one.quadrants.iter().zip(&two.quadrants) {
        let chosen = same.chosen.as_ref().unwrap();
        let &[(at, 8)] = chosen.picks.as_slice() else { panic!("{:?}", chosen.picks) };
        assert_eq!(Some(&chosen.decision), one.cells[at].decision.as_ref());
        assert_eq!(chosen.decision.family, Family::Primary);
        assert_eq!(mixed.chosen.as_ref().unwrap().picks.iter().map(|&(_, count)| count).collect::<Vec<_>>(), [7, 1]);
    }
    let [primary, secondary] = one.family_sizes;
    assert_eq!((primary, primary + secondary + 4), (4, two.family_sizes.iter().sum()), "no contrast is counted twice");
}

#[test]
fn one_contrast_has_one_verdict_as_a_cell_as_a_choice_and_as_a_rule() {
    let mut mock = Mock::four_quadrants(like_the_default_study).with_trials(|key, _| like_the_default_study(key));
    mock.study.primary = all_primaries();
    for arm in mock.study.arms.iter_mut().filter(|arm| arm.copied == arm.frozen && arm.frozen > 5 && arm.source < 2) {
        arm.method = nt_scenario::Method::Probe;
    }
    let analysis = analysed(&mock).unwrap();
    let mut compared = 0;
    for contrast in analysis.trials.iter().flat_map(|trial| &trial.contrasts) {
        let Ok(decision) = &contrast.decision else { continue };
        if contrast.alternative == RuleArm::Scratch {
            let cell = analysis.cells.iter().find(|cell| cell.decision.as_ref() == Some(decision));
            assert!(cell.is_some(), "{}", decision.name);
            compared += 1;
        }
    }
    assert!(compared > 0);
    let is_primary = |cell: &&CellResult| cell.decision.as_ref().is_some_and(|one| one.family == Family::Primary);
    let primary: Vec<&CellResult> = analysis.cells.iter().filter(is_primary).collect();
    assert!(primary.iter().all(|cell| cell.kind == CellKind::Transfer));
    let is_declared = |cell: &CellResult| (cell.key.copied, cell.key.frozen) == (7, 0) || cell.key.frozen == 7;
    let chosen: Vec<usize> =
        analysis.quadrants.iter().filter_map(|one| Some(one.chosen.as_ref()?.picks.first()?.0)).collect();
    let is_chosen = |cell: &CellResult| chosen.iter().any(|&at| analysis.cells[at].key == cell.key);
    assert!(primary.iter().all(|cell| is_declared(cell) || is_chosen(cell)));
    assert_eq!(analysis.cells.iter().filter(|cell| cell.kind == CellKind::Transfer && is_declared(cell)).count(), 8);
    assert_eq!(
        analysis.family_sizes.iter().sum::<usize>(),
        56 + 4,
        "every cell, and what rules compare with a treatment"
    );
}

#[test]
fn the_ladder_takes_a_sign_away_wherever_it_is_printed() {
    let mut mock = Mock::four_quadrants(like_the_default_study).with_trials(|key, _| like_the_default_study(key));
    mock.study.primary = all_primaries();
    let dir = tempfile::tempdir().unwrap();
    let mut records = mock.write(dir.path());
    // Scratch of the large target at twice the length does as full fine-tuning of the near source does.
    let rungs = records.iter().filter(|record| join::key_of(record) == Some(key("large", Some("near"), 7, 0)));
    let rungs: Vec<RunRecord> = rungs
        .map(|record| RunRecord {
            role: Role::Ladder,
            budget: 2.0,
            source: None,
            similarity: None,
            copied: 0,
            ..record.clone()
        })
        .collect();
    records.extend(rungs);
    let analysis = analyse(dir.path(), &mock.study, &records).unwrap();
    let cell = analysis.cell(&key("large", Some("near"), 7, 0)).unwrap();
    let decision = cell.decision.as_ref().unwrap();
    assert_ne!(decision.verdict, decision.verdict_before_gates, "{}", decision.verdict);
    let quadrant = analysis.quadrants.iter().find(|one| one.size == "large" && one.similarity == "similar").unwrap();
    assert_eq!(&quadrant.chosen.as_ref().unwrap().decision, decision);
    let of_rule =
        analysis.trials.iter().flat_map(|trial| &trial.contrasts).filter_map(|one| one.decision.as_ref().ok());
    assert!(of_rule.filter(|one| one.name == decision.name).all(|one| one == decision));
}
