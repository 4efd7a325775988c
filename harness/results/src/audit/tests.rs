use super::*;
use crate::mock::Mock;

/// An audit of the mock study: nothing overlaps, and the second source less the first lies at this distance.
pub(crate) fn audit(difference: f64, standard_error: f64) -> Audit {
    let distance = |value: f64| Distance { value, plug_in: value, low: Some(value - 0.1), high: Some(value + 0.1) };
    let distances = |value: f64| Distances {
        proxy_a: distance(value),
        mmd_squared: distance(value / 10.0),
        mmd_p_value: 0.001,
        frechet: distance(3.0 * value),
        coral: distance(value / 100.0),
    };
    let similarity = |source: &str, measured_on, value: Option<f64>| Similarity {
        source: source.to_owned(),
        measured_on,
        distances: value.map(distances),
    };
    let overlap = |source: Option<&str>| Overlap {
        source: source.map(str::to_owned),
        num_train_images: 1600,
        matches: Vec::new(),
    };
    Audit {
        schema_version: SCHEMA_VERSION,
        basis: "00".to_owned(),
        measured_by: "an untrained network".to_owned(),
        perceptual_threshold: 12,
        targets: vec![TargetAudit {
            target: "shapes-b".to_owned(),
            num_test_images: 640,
            overlaps: vec![overlap(None), overlap(Some("near")), overlap(Some("far"))],
            num_images: Some(512),
            similarities: vec![
                similarity("near", MeasuredOn::OwnImages, Some(0.5)),
                similarity("far", MeasuredOn::OwnImages, Some(0.5 + difference)),
                similarity("random", MeasuredOn::Nothing, None),
            ],
            comparisons: vec![Comparison {
                first: "near".to_owned(),
                second: "far".to_owned(),
                difference,
                standard_error,
                degrees_of_freedom: 15.0,
            }],
        }],
    }
}

/// Marks the first `count` test images as found among these training images.
pub(crate) fn with_matches(mut audit: Audit, source: Option<&str>, kind: MatchKind, count: u32) -> Audit {
    let found = |test_id| Match {
        kind,
        distance: 0,
        test_id,
        test: format!("test/{test_id}.png"),
        train: format!("train/{test_id}.png"),
    };
    for overlap in &mut audit.targets[0].overlaps {
        if overlap.source.as_deref() == source {
            overlap.matches = (0..count).map(found).collect();
        }
    }
    audit
}

#[test]
fn an_audit_comes_back_from_its_file_and_another_version_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(Audit::read(dir.path()).unwrap(), None);
    let audit = with_matches(audit(1.0, 0.1), Some("far"), MatchKind::Mirrored, 2);
    audit.write(dir.path()).unwrap();
    assert_eq!(Audit::read(dir.path()).unwrap(), Some(audit.clone()));
    Audit { schema_version: 9, ..audit }.write(dir.path()).unwrap();
    let error = Audit::read(dir.path()).unwrap_err();
    assert!(matches!(error, AuditError::SchemaVersion { found: 9, .. }), "{error}");
    std::fs::write(dir.path().join(AUDIT_FILE), "{").unwrap();
    assert!(Audit::read(dir.path()).unwrap_err().to_string().contains("makes it again"));
}

#[test]
fn a_claim_of_order_is_borne_out_left_open_or_refuted() {
    let study = Mock::four_quadrants(|_| 0.8).study;
    let standing = |difference, standard_error| {
        let findings = order_findings(&audit(difference, standard_error).targets[0], &study);
        let [finding] = findings.as_slice() else { panic!("one claim: {findings:?}") };
        assert_eq!((finding.near.as_str(), finding.far.as_str()), ("near", "far"));
        finding.standing
    };
    assert_eq!(standing(1.0, 0.1), Standing::AsDeclared);
    assert_eq!(standing(0.1, 0.1), Standing::NotToldApart);
    assert_eq!(standing(0.0, 0.0), Standing::NotToldApart);
    assert_eq!(standing(-1.0, 0.1), Standing::Reversed);
}

#[test]
fn words_that_claim_no_order_are_measured_and_nothing_more() {
    let mut study = Mock::four_quadrants(|_| 0.8).study;
    study.sources[1].similarity = "other-task".to_owned();
    assert_eq!(order_findings(&audit(-1.0, 0.1).targets[0], &study), []);
    study.sources[0].similarity = "far".to_owned();
    study.sources[1].similarity = "near".to_owned();
    let findings = order_findings(&audit(-1.0, 0.1).targets[0], &study);
    assert_eq!((findings[0].standing, findings[0].near.as_str()), (Standing::AsDeclared, "far"));
}

#[test]
fn reversal_and_more_exact_copies_than_allowed_fail_a_gate_and_candidates_do_not() {
    let study = Mock::four_quadrants(|_| 0.8).study;
    let fails = |audit: Audit| audit.fails_a_gate(&study);
    assert!(!fails(audit(1.0, 0.1)));
    assert!(!fails(audit(0.0, 0.1)), "not told apart");
    assert!(fails(audit(-1.0, 0.1)));
    let found = |source, kind, count| with_matches(audit(1.0, 0.1), source, kind, count);
    for source in [None, Some("far")] {
        // One in a hundred of 640 is 6.4.
        assert!(!fails(found(source, MatchKind::Exact, 6)) && fails(found(source, MatchKind::Exact, 7)), "{source:?}");
        assert!(!fails(found(source, MatchKind::Perceptual, 640)) && !fails(found(source, MatchKind::Mirrored, 640)));
    }
    // The target's own copies and a source's count together, each test image once.
    let mut both = with_matches(found(None, MatchKind::Exact, 4), Some("far"), MatchKind::Exact, 6);
    assert!(!fails(both.clone()), "six test images in all");
    let far = both.targets[0].overlaps.last_mut().unwrap();
    far.matches.iter_mut().for_each(|found| found.test_id += 300);
    assert!(fails(both), "ten in all");
}
