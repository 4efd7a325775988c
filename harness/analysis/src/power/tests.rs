use super::*;
use crate::analyse::analyse;
use crate::mock::{Mock, like_the_default_study};

fn assumed(study: &Study, sd: f64) -> PowerPlan {
    PowerPlan::new(study, &[4_000], &Basis::Assumed(Assumptions::new(0.5, sd).unwrap())).unwrap()
}

#[test]
fn families_are_those_that_the_analysis_adjusts_together() {
    let mock = Mock::four_quadrants(like_the_default_study);
    let plan = assumed(&mock.study, 4.0);
    let sizes: Vec<(Family, usize)> = plan.rows.iter().map(|row| (row.family, row.contrasts)).collect();
    assert_eq!(sizes, [(Family::All, 56 + 4), (Family::Controls, 14)]);
    let dir = tempfile::tempdir().unwrap();
    let records = mock.write(dir.path());
    let analysis = analyse(dir.path(), &mock.study, &records).unwrap();
    assert_eq!((analysis.control_family_size, analysis.quadrants.len()), (14, 4));
}

#[test]
fn more_noise_more_contrasts_and_fewer_images_find_less() {
    let study = Mock::four_quadrants(like_the_default_study).study;
    let effect = |plan: &PowerPlan, at: usize| plan.rows[at].minimum_detectable_effect_pp.unwrap();
    let (calm, noisy) = (assumed(&study, 1.0), assumed(&study, 8.0));
    assert!(effect(&calm, 0) < effect(&noisy, 0));
    assert!(effect(&noisy, 1) < effect(&noisy, 0), "14 contrasts against 60");
    assert!(calm.rows[0].equivalent_probability > noisy.rows[0].equivalent_probability);
    assert!(calm.rows[0].replicates_needed < noisy.rows[0].replicates_needed);
    let few = PowerPlan::new(&study, &[100], &Basis::Assumed(Assumptions::new(0.5, 1.0).unwrap())).unwrap();
    assert!(effect(&few, 0) > effect(&calm, 0));
}

#[test]
fn what_a_study_is_about_is_found_more_easily_than_the_rest() {
    let mut study = Mock::four_quadrants(like_the_default_study).study;
    study.primary = nt_scenario::Primary::WORDS.map(|(_, primary)| primary).to_vec();
    let plan = assumed(&study, 4.0);
    let sizes: Vec<(Family, usize)> = plan.rows.iter().map(|row| (row.family, row.contrasts)).collect();
    // A choice, full fine-tuning and the top codes in each of four quadrants.
    assert_eq!(sizes, [(Family::Primary, 12), (Family::Secondary, 48), (Family::Controls, 14)]);
    let effect = |at: usize| plan.rows[at].minimum_detectable_effect_pp.unwrap();
    assert!(effect(0) < effect(1));
}

#[test]
fn looks_leave_the_last_one_less_to_spend() {
    let mut study = Mock::four_quadrants(like_the_default_study).study;
    let once = assumed(&study, 4.0);
    assert_eq!(once.alpha_at_last_look, study.alpha);
    assert!(!once.terminal_table().contains("last look"));
    study.looks = Some(vec![4, 8]);
    let twice = assumed(&study, 4.0);
    assert!(twice.alpha_at_last_look < study.alpha && twice.terminal_table().contains("at the last look"));
    let effect = |plan: &PowerPlan| plan.rows[0].minimum_detectable_effect_pp.unwrap();
    assert!(effect(&twice) > effect(&once));
}

#[test]
fn what_is_said_to_be_needed_is_enough_and_one_replicate_less_is_not() {
    let mut study = Mock::four_quadrants(like_the_default_study).study;
    let needed = assumed(&study, 4.0).rows[0].replicates_needed.unwrap();
    let effect = |study: &Study| assumed(study, 4.0).rows[0].minimum_detectable_effect_pp.unwrap();
    study.replicates = needed as u32;
    assert!(effect(&study) <= study.margin_pp);
    study.replicates -= 1;
    assert!(effect(&study) > study.margin_pp);
}

#[test]
fn equivalence_out_of_reach_is_warned_of_and_one_replicate_finds_nothing() {
    let mut study = Mock::four_quadrants(like_the_default_study).study;
    study.replicates = 3;
    study.margin_pp = 1.0;
    let table = assumed(&study, 4.0).terminal_table();
    assert!(table.contains("warning: EQUIVALENT could hardly be reached"), "{table}");
    study.replicates = 1;
    let alone = assumed(&study, 4.0);
    assert!(alone.terminal_table().contains("no possible gap") && !alone.hardly_equivalent().is_empty());
    study.replicates = 30;
    study.margin_pp = 5.0;
    assert!(!assumed(&study, 1.0).terminal_table().contains("warning"));
}

#[test]
fn a_basis_that_says_nothing_about_the_metric_is_refused() {
    let mock = Mock::four_quadrants(like_the_default_study);
    let assumptions = Basis::Assumed(Assumptions::new(0.5, 4.0).unwrap());
    let refused = |metric, basis: &Basis| {
        let mut study = mock.study.clone();
        study.metric = metric;
        PowerPlan::new(&study, &[4_000], basis).map(|_| ()).unwrap_err()
    };
    let loss = Metric::LogLoss;
    assert_eq!(refused(loss, &assumptions), PowerError::NotAssumable { metric: loss });
    let precision = Metric::MeanAveragePrecision;
    assert_eq!(refused(precision, &assumptions), PowerError::WholeRuns { metric: precision });
    let dir = tempfile::tempdir().unwrap();
    let row = r#"{"source": "a", "target": "t", "metric": "top1", "n": 3,
                  "variance": {"replicate": 1e-3, "example": 1e-3, "residual": 0.1}}"#;
    let file = format!(r#"{{"schema_version": 1, "study": "s", "untrained": [], "verdicts": [{row}]}}"#);
    std::fs::write(dir.path().join("verdicts.json"), file).unwrap();
    let pilot = Basis::Pilot(Pilot::read(dir.path()).unwrap());
    assert!(matches!(refused(loss, &pilot), PowerError::OtherMetric { .. }));
    assert!(PowerPlan::new(&mock.study, &[4_000], &pilot).is_ok());
}

#[test]
fn a_folder_that_is_no_pilot_is_told_what_it_lacks() {
    let dir = tempfile::tempdir().unwrap();
    let told = || Pilot::read(dir.path()).unwrap_err().to_string();
    assert!(told().contains("verdicts.json is not there: draw the report"), "{}", told());
    let path = dir.path().join("verdicts.json");
    std::fs::write(&path, "{").unwrap();
    assert!(told().contains("is not a verdicts.json that this program reads"), "{}", told());
    std::fs::write(&path, r#"{"schema_version": 7, "study": "s", "untrained": [], "verdicts": []}"#).unwrap();
    assert!(told().contains("has schema_version 7"), "{}", told());
    std::fs::write(&path, r#"{"schema_version": 1, "study": "s", "untrained": [], "verdicts": []}"#).unwrap();
    assert!(told().contains("holds no variance components"), "{}", told());
    for (accuracy, sd) in [(0.0, 1.0), (1.0, 1.0), (f64::NAN, 1.0), (0.5, -1.0), (0.5, f64::INFINITY)] {
        assert!(Assumptions::new(accuracy, sd).is_err(), "{accuracy} {sd}");
    }
}
