//! Scratch trained longer.

use super::*;

/// The mock study's records, with scratch of the small target at twice the length doing as the near source does.
fn with_a_ladder(validation_of_rung: f64) -> Analysis {
    let mock = Mock::four_quadrants(like_the_default_study);
    let dir = tempfile::tempdir().unwrap();
    let mut records = mock.write(dir.path());
    let near = key("small", Some("near"), 7, 0);
    let rungs: Vec<RunRecord> = records
        .iter()
        .filter(|record| join::key_of(record).as_ref() == Some(&near))
        .map(|record| {
            let mut rung = record.clone();
            (rung.role, rung.budget) = (Role::Ladder, 2.0);
            (rung.source, rung.similarity, rung.copied) = (None, None, 0);
            for metric in rung
                .metrics
                .iter_mut()
                .filter(|metric| metric.measure == nt_records::Measure::Validation(nt_scenario::Metric::Top1))
            {
                metric.value = validation_of_rung;
            }
            rung
        })
        .collect();
    assert_eq!(rungs.len(), 8);
    records.extend(rungs);
    analyse(dir.path(), &mock.study, &records).unwrap()
}

#[test]
fn a_sign_that_a_better_trained_scratch_takes_away_leaves_no_verdict() {
    let analysis = with_a_ladder(0.9);
    let cell = analysis.cell(&key("small", Some("near"), 7, 0)).unwrap();
    let [rung] = &cell.ladder[..] else { panic!("one rung, not {}", cell.ladder.len()) };
    assert_eq!((rung.budget, rung.gap.mean_pp, rung.survival), (2.0, 0.0, Some(Survival::Lost)));
    assert_eq!(cell.verdict(), Some(Verdict::Inconclusive), "from MATERIAL POSITIVE");
    let failed = &cell.decision.as_ref().unwrap().failed_gates;
    assert!(failed.iter().any(|gate| gate.detail.contains("trained 2× as long")), "{failed:?}");
    // The harm of freezing a far source is there against either baseline.
    let harmed = analysis.cell(&key("small", Some("far"), 7, 7)).unwrap();
    assert_eq!((harmed.ladder[0].survival, harmed.verdict()), (Some(Survival::Whole), Some(Verdict::MaterialNegative)));
    assert!(analysis.cell(&key("large", Some("near"), 7, 0)).unwrap().ladder.is_empty());
    let rungs = &analysis.ladders[&key("small", None, 0, 0)];
    assert_eq!(rungs.iter().map(|rung| (rung.budget, rung.num_done)).collect::<Vec<_>>(), [(1.0, 8), (2.0, 8)]);
}

#[test]
fn a_longer_training_that_validation_does_not_prefer_takes_nothing_back() {
    let analysis = with_a_ladder(0.1);
    let cell = analysis.cell(&key("small", Some("near"), 7, 0)).unwrap();
    assert_eq!((cell.ladder[0].survival, cell.ladder[0].is_better_baseline), (Some(Survival::Lost), false));
    assert_eq!(cell.verdict(), Some(Verdict::MaterialPositive));
}

#[test]
fn equivalence_with_a_scratch_that_trains_on_is_no_equivalence() {
    let analysis = with_a_ladder(0.9);
    let before = |cell: &&CellResult| cell.decision.as_ref().unwrap().verdict_before_gates == Verdict::Equivalent;
    let decided: Vec<&CellResult> = analysis
        .cells
        .iter()
        .filter(|cell| cell.key.size == "small" && cell.decision.is_some())
        .filter(before)
        .collect();
    assert!(!decided.is_empty());
    for cell in decided {
        assert_eq!((cell.verdict(), cell.ladder[0].survival), (Some(Verdict::Inconclusive), Some(Survival::Lost)));
        assert!(!cell.decision.as_ref().unwrap().equivalent);
    }
}
