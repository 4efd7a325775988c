//! Looking early.

use super::*;

/// The mock study looked at after 6 and after 8 replicates, with so many of them run.
fn looked_at(num_run: u32) -> Analysis {
    let mut mock = Mock::four_quadrants(like_the_default_study).editing(move |_, record| record.replicate < num_run);
    mock.study.looks = Some(vec![6, 8]);
    analysed(&mock).unwrap()
}

#[test]
fn a_verdict_given_at_a_look_stands_and_the_rest_is_decided_with_what_is_left_of_the_error() {
    let (first, last) = (looked_at(6), looked_at(8));
    let taken = last.look.as_ref().unwrap();
    assert_eq!((taken.number, taken.replicates, taken.is_settled), (Some(2), 8, false));
    let helped = key("small", Some("near"), 7, 0);
    let (early, late) = (first.cell(&helped).unwrap(), last.cell(&helped).unwrap());
    assert_eq!(
        (early.called_early_at(), late.called_early_at()),
        (Some(6), Some(6)),
        "to stop at a look is to call early, too"
    );
    let decision = late.decision.as_ref().unwrap();
    let corrected = decision.gap_corrected_for_an_early_call().unwrap();
    assert!(corrected > 0.0 && corrected <= decision.gap.mean_pp, "{corrected} of {}", decision.gap.mean_pp);
    let chosen = first.quadrants[0].chosen.as_ref().unwrap();
    assert_eq!(chosen.decision.called_early_at, Some(6), "a choice as well");
    assert_eq!(early.decision, late.decision, "what was decided is not decided anew");
    assert_eq!(late.num_done(), 8, "and yet every run is shown");
    let open: Vec<&CellResult> =
        first.cells.iter().filter(|cell| cell.verdict() == Some(Verdict::Inconclusive)).collect();
    assert!(!open.is_empty());
    for cell in open {
        let later = last.cell(&cell.key).unwrap();
        let later = later.decision.as_ref().unwrap();
        assert_eq!((later.gap.num_replicates, later.called_early_at), (8, None));
    }
    // .05 in all: .0226 by the first look at three quarters, as Lan and DeMets have it, the rest at the second.
    let spent = first.study.alpha + last.study.alpha;
    assert!((spent - 0.05).abs() < 1e-12 && first.study.alpha < 0.025, "{} {}", first.study.alpha, last.study.alpha);
}

#[test]
fn before_the_first_look_everything_is_provisional() {
    let analysis = looked_at(4);
    assert_eq!(analysis.look.as_ref().map(|taken| (taken.number, taken.is_settled)), Some((None, false)));
    assert!(analysis.notes.iter().any(|note| note.contains("provisional")), "{:?}", analysis.notes);
    assert!(analysis.cells.iter().all(|cell| cell.called_early_at().is_none()), "what is provisional is not called");
}

#[test]
fn a_cell_of_which_too_few_runs_had_trained_is_judged_anew_at_the_next_look() {
    let looked_at = |num_run: u32| {
        let mut mock = Mock::four_quadrants(like_the_default_study).editing(move |key, record| {
            // At the first look, the runs of two replicates have trained; of the next two all have.
            if key.source.as_deref() == Some("far") && key.frozen == 7 && (2..6).contains(&record.replicate) {
                record.metrics[1].value = 0.125;
            }
            record.replicate < num_run
        });
        mock.study.looks = Some(vec![6, 8]);
        analysed(&mock).unwrap().cell(&key("large", Some("far"), 7, 7)).unwrap().clone()
    };
    let (early, late) = (looked_at(6), looked_at(8));
    assert_eq!(early.verdict(), Some(Verdict::Invalid));
    assert!(late.verdict() != Some(Verdict::Invalid) && late.called_early_at().is_none(), "{:?}", late.verdict());
}

#[test]
fn a_choice_that_was_decided_at_a_look_stands_with_the_verdict_of_its_own_cell() {
    let chosen_at = |num_run: u32| {
        // All fine-tuned is ahead in six replicates; in the other two, one frozen layer is, by more.
        let reaches = |key: &CellKey, replicate: u32| {
            let is_candidate = key.source.as_deref() == Some("near") && key.copied == 7;
            match (is_candidate, key.frozen, replicate < 6) {
                (true, 0, true) => 0.9,
                (true, 1, true) => 0.8,
                (true, 1, false) => 1.0,
                (true, 0, false) => 0.5,
                _ => 0.2,
            }
        };
        let mut mock = Mock::four_quadrants(like_the_default_study)
            .with_trials(reaches)
            .editing(move |_, record| record.replicate < num_run);
        (mock.study.looks, mock.study.choice) = (Some(vec![6, 8]), nt_scenario::ChoiceOf::Once);
        analysed(&mock).unwrap()
    };
    let (first, last) = (chosen_at(6), chosen_at(8));
    for analysis in [&first, &last] {
        let quadrant =
            analysis.quadrants.iter().find(|one| one.size == "small" && one.similarity == "similar").unwrap();
        let chosen = quadrant.chosen.as_ref().unwrap();
        let cell = &analysis.cells[chosen.picks[0].0];
        assert_eq!(cell.key, key("small", Some("near"), 7, 0));
        assert_eq!(Some(&chosen.decision), cell.decision.as_ref());
        let best = quadrant.best.and_then(|at| analysis.cells[at].gap_pp()).unwrap();
        assert_eq!(chosen.optimism_pp, Some(best - cell.gap_pp().unwrap()));
    }
}
