//! What the audit of the data does to verdicts.

use super::*;
use nt_records::audit::TestCluster;

/// The default study's mock with this audit beside its records.
fn audited(audit: &Audit) -> Analysis {
    let dir = tempfile::tempdir().unwrap();
    let mock = Mock::four_quadrants(like_the_default_study);
    let records = mock.write(dir.path());
    audit.write(dir.path()).unwrap();
    analyse(dir.path(), &mock.study, &records).unwrap()
}

#[test]
fn a_clean_audit_changes_no_verdict() {
    let mock = Mock::four_quadrants(like_the_default_study);
    let (plain, audited) = (analysed(&mock).unwrap(), audited(&audit(1.0, 0.1)));
    assert_eq!((plain.audit, audited.audit), (None, Some(audit(1.0, 0.1))));
    assert_eq!((plain.cells, plain.quadrants), (audited.cells, audited.quadrants));
}

#[test]
fn a_similarity_that_measures_the_reverse_takes_verdicts_of_both_sources_one_step_down() {
    let analysis = audited(&audit(-1.0, 0.1));
    for (point, expected) in [
        (key("large", Some("far"), 7, 7), Verdict::Negative),
        (key("small", Some("near"), 7, 0), Verdict::Positive),
        (key("large", Some("random"), 7, 7), Verdict::MaterialNegative),
    ] {
        assert_eq!(analysis.cell(&point).unwrap().verdict(), Some(expected), "{}", point.name());
    }
    let decision = analysis.quadrants[0].chosen.as_ref().unwrap().decision.clone();
    assert_eq!((decision.verdict_before_gates, decision.verdict), (Verdict::MaterialPositive, Verdict::Positive));
    let open = audited(&audit(-0.1, 0.1));
    assert_eq!(open.cell(&key("small", Some("near"), 7, 0)).unwrap().verdict(), Some(Verdict::MaterialPositive));
}

#[test]
fn more_exact_copies_than_one_in_a_hundred_take_a_verdict_down_and_fewer_do_not() {
    let point = key("large", Some("far"), 7, 7);
    for (count, expected) in [(6, Verdict::MaterialNegative), (7, Verdict::Negative)] {
        let analysis = audited(&with_matches(audit(1.0, 0.1), Some("far"), MatchKind::Exact, count));
        let cell = analysis.cell(&point).unwrap();
        assert_eq!(cell.verdict(), Some(expected), "{count} of 640");
        let without = cell.without_overlap.as_ref().unwrap();
        assert_eq!(without.num_left_out, count as usize);
        let moved = (without.gap.as_ref().unwrap().mean_pp - cell.gap_pp().unwrap()).abs();
        assert!(moved > 0.0 && moved < 1.0, "{moved}");
        let other = analysis.cell(&key("small", Some("near"), 7, 0)).unwrap();
        assert_eq!((other.verdict(), &other.without_overlap), (Some(Verdict::MaterialPositive), &None));
    }
}

#[test]
fn a_verdict_that_rests_on_the_overlap_is_taken_down() {
    // All of the gap is on the first 64 of 640 test images, where the treatment is always right and scratch never.
    let dir = tempfile::tempdir().unwrap();
    let mock = Mock::four_quadrants(|_| 0.8);
    let mut records = mock.write(dir.path());
    for record in records.iter_mut().filter(|record| record.copied == 7 && record.source.as_deref() == Some("near")) {
        rewrite(dir.path(), record, |example, hit| example < 64 || hit);
    }
    for record in records.iter_mut().filter(|record| record.source.is_none()) {
        rewrite(dir.path(), record, |example, hit| example >= 64 && hit);
    }
    let point = key("large", Some("near"), 7, 0);
    let before = analyse(dir.path(), &mock.study, &records).unwrap();
    assert_eq!(before.cell(&point).unwrap().verdict(), Some(Verdict::Positive));
    with_matches(audit(1.0, 0.1), Some("near"), MatchKind::Perceptual, 64).write(dir.path()).unwrap();
    let after = analyse(dir.path(), &mock.study, &records).unwrap();
    let cell = after.cell(&point).unwrap();
    let without = cell.without_overlap.as_ref().unwrap();
    assert!(!without.verdict.unwrap().is_positive(), "{:?}", without.verdict);
    assert_eq!(cell.verdict(), Some(Verdict::Inconclusive));
    let failed = &cell.decision.as_ref().unwrap().failed_gates;
    assert!(
        failed.iter().any(|failure| failure.detail.contains("is not given without the 64 test images")),
        "{failed:?}"
    );
}

/// Writes a run's predictions again: right where `is_right` says so of the example and of what it was.
fn rewrite(dir: &std::path::Path, record: &mut RunRecord, is_right: impl Fn(u32, bool) -> bool) {
    let old = Predictions::read(dir, &record.files[0]).unwrap();
    let hits = old.hits(1);
    let labels: Vec<u16> = old.labels().one_class().unwrap().iter().map(|&label| label as u16).collect();
    let rows = old.example_ids().iter().zip(&labels).zip(hits);
    let top5 = rows.map(|((&example, &label), hit)| {
        let first = if is_right(example, hit) { label } else { (label + 1) % 8 };
        std::array::from_fn(|rank| (first + rank as u16) % 8)
    });
    let losses = vec![1.0; old.len()];
    let new = Predictions::new(old.example_ids().to_vec(), labels.clone(), top5.collect(), losses).unwrap();
    let bytes = new.to_bytes().unwrap();
    record.files[0] = nt_records::file::FileRef::new(record.files[0].path.clone(), &bytes);
    std::fs::write(dir.join(&record.files[0].path), bytes).unwrap();
}

#[test]
fn where_every_test_image_is_a_training_image_nothing_is_left_to_judge() {
    let analysis = audited(&with_matches(audit(1.0, 0.1), None, MatchKind::Exact, 640));
    let cell = analysis.cell(&key("large", Some("far"), 7, 7)).unwrap();
    let without = cell.without_overlap.as_ref().unwrap();
    assert_eq!((without.num_left_out, without.verdict), (640, None));
    assert_eq!(cell.verdict(), Some(Verdict::Inconclusive));
}

#[test]
fn without_the_overlap_every_class_still_counts_the_same_where_the_metric_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let mut mock = Mock::four_quadrants(like_the_default_study);
    mock.num_images = 101;
    mock.study.metric = nt_scenario::Metric::MeanPerClass;
    let records = mock.write(dir.path());
    with_matches(audit(1.0, 0.1), Some("near"), MatchKind::Perceptual, 30).write(dir.path()).unwrap();
    let analysis = analyse(dir.path(), &mock.study, &records).unwrap();
    let point = key("small", Some("near"), 7, 0);
    let without = analysis.cell(&point).unwrap().without_overlap.as_ref().unwrap();
    // By hand: accuracy class by class on the images that are left, of every run.
    let mean_per_class = |wanted: &CellKey| {
        let runs = records.iter().filter(|record| join::key_of(record).as_ref() == Some(wanted));
        let of_run = |record: &RunRecord| {
            let told = Predictions::read(dir.path(), &record.files[0]).unwrap();
            let mut classes: BTreeMap<u16, Vec<f64>> = BTreeMap::new();
            for ((&example, &label), hit) in
                told.example_ids().iter().zip(told.labels().one_class().unwrap()).zip(told.hits(1))
            {
                if example >= 30 {
                    classes.entry(label as u16).or_default().push(f64::from(u8::from(hit)));
                }
            }
            let sizes: BTreeSet<usize> = classes.values().map(Vec::len).collect();
            assert!(sizes.len() > 1, "classes of one size cannot tell");
            classes.values().map(|hits| hits.iter().sum::<f64>() / hits.len() as f64).sum::<f64>()
                / classes.len() as f64
        };
        let values: Vec<f64> = runs.map(of_run).collect();
        values.iter().sum::<f64>() / values.len() as f64
    };
    let expected = 100.0 * (mean_per_class(&point) - mean_per_class(&point.scratch()));
    let gap = without.gap.as_ref().unwrap().mean_pp;
    assert!((gap - expected).abs() < 1e-9, "{gap} {expected}");
    assert!((gap - analysis.cell(&point).unwrap().gap_pp().unwrap()).abs() > 1e-6);
}

#[test]
fn a_verdict_given_at_a_look_keeps_what_the_audit_said_of_it_then() {
    let dir = tempfile::tempdir().unwrap();
    let mut mock = Mock::four_quadrants(like_the_default_study);
    mock.study.looks = Some(vec![6, 8]);
    let records = mock.write(dir.path());
    with_matches(audit(-1.0, 0.1), Some("near"), MatchKind::Perceptual, 64).write(dir.path()).unwrap();
    let last = analyse(dir.path(), &mock.study, &records).unwrap();
    let cell = last.cell(&key("small", Some("near"), 7, 0)).unwrap();
    assert_eq!((cell.called_early_at(), cell.verdict()), (Some(6), Some(Verdict::Positive)));
    assert_eq!(cell.decision.as_ref().unwrap().verdict_before_gates, Verdict::MaterialPositive);
    assert_eq!(cell.without_overlap.as_ref().unwrap().gap.as_ref().unwrap().num_replicates, 6);
}

/// The 640 test images in clusters: the last of 320, the others of 5.
fn in_clusters(mut audit: Audit) -> Audit {
    let small = (0..64).map(|at| (format!("scan-{at}"), 5 * at..5 * (at + 1)));
    let clusters = small.chain([("scan-64".to_owned(), 320..640)]);
    audit.targets[0].clusters = clusters.map(|(name, ids)| TestCluster { name, test_ids: ids.collect() }).collect();
    audit
}

#[test]
fn clusters_of_test_images_are_the_population_where_the_scenario_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let mut mock = Mock::four_quadrants(like_the_default_study);
    let records = mock.write(dir.path());
    in_clusters(audit(1.0, 0.1)).write(dir.path()).unwrap();
    let plain = analyse(dir.path(), &mock.study, &records).unwrap();
    mock.study.targets[0].cluster = Some("(scan-[0-9]+)".to_owned());
    let clustered = analyse(dir.path(), &mock.study, &records).unwrap();
    let point = key("large", Some("far"), 7, 7);
    let [plain_gap, gap] = [&plain, &clustered].map(|one| one.cell(&point).unwrap().decision.clone().unwrap().gap);
    assert_eq!((plain_gap.scope.in_clusters, gap.scope.in_clusters), (false, true));
    assert!(gap.scope.to_string().starts_with("the population of clusters of test images"), "{}", gap.scope);
    assert!((gap.mean_pp - plain_gap.mean_pp).abs() < 1e-9);
    // 640² / (64 · 5² + 320²) clusters of equal size.
    let counts = clustered.test_sets["shapes-b"].clusters.unwrap();
    assert_eq!((counts.num_clusters, plain.test_sets["shapes-b"].clusters), (65, None));
    assert!((counts.effective - 640.0 * 640.0 / (64.0 * 25.0 + 320.0 * 320.0)).abs() < 1e-9);
    assert_eq!(counts.to_string(), "65 clusters (effective 4)");
}

#[test]
fn clusters_that_nothing_names_are_no_plain_images() {
    let dir = tempfile::tempdir().unwrap();
    let mut mock = Mock::four_quadrants(like_the_default_study);
    mock.study.targets[0].cluster = Some("(scan-[0-9]+)".to_owned());
    let records = mock.write(dir.path());
    let error = || analyse(dir.path(), &mock.study, &records).unwrap_err();
    assert!(error().to_string().contains("audit.json does not say which"), "no audit");
    audit(1.0, 0.1).write(dir.path()).unwrap();
    assert!(matches!(error(), AnalysisError::Clusters { .. }), "an audit of before");
}
