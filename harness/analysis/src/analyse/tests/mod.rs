mod audit;
mod comparisons;
mod ladder;
mod looks;

use nt_scenario::{Metric, Role};
use nt_stats::verdict::{Attribution, GapUnit, Method, Reach, Verdict};

use super::*;
use crate::mock::{Mock, like_the_default_study};
use nt_records::audit::MatchKind;
use nt_records::mock::{audit, with_matches};
use nt_records::predictions::Predictions;
use nt_records::record::Status;

fn key(size: &str, source: Option<&str>, copied: u8, frozen: u8) -> CellKey {
    let source = source.map(str::to_owned);
    CellKey {
        target: "shapes-b".to_owned(),
        size: size.to_owned(),
        source,
        copied,
        frozen,
        method: nt_scenario::Method::Training,
    }
}

fn analysed(mock: &Mock) -> Result<Analysis, AnalysisError> {
    let dir = tempfile::tempdir().unwrap();
    let records = mock.write(dir.path());
    analyse(dir.path(), &mock.study, &records)
}

fn verdict_of(analysis: &Analysis, key: &CellKey) -> (Verdict, Option<Attribution>) {
    let cell = analysis.cell(key).unwrap();
    (cell.verdict().unwrap(), cell.decision.as_ref().and_then(|decision| decision.attribution))
}

#[test]
fn planted_help_is_positive_and_has_no_cause() {
    let analysis = analysed(&Mock::four_quadrants(like_the_default_study)).unwrap();
    let helped = verdict_of(&analysis, &key("small", Some("near"), 7, 0));
    assert_eq!(helped, (Verdict::MaterialPositive, None));
    let quadrant = &analysis.quadrants[0];
    assert_eq!((quadrant.size.as_str(), quadrant.similarity.as_str()), ("small", "similar"));
    assert_eq!((quadrant.tally.helped, quadrant.tally.total()), (14, 14));
}

#[test]
fn planted_harm_of_freezing_is_negative_but_never_called_negative_transfer() {
    let mock = Mock::four_quadrants(|key| match (key.source.as_deref(), key.frozen) {
        (None, _) | (_, 0) => 0.8,
        (_, depth) => 0.8 - 0.06 * f64::from(depth),
    });
    let analysis = analysed(&mock.with_a_twin()).unwrap();
    let cell = analysis.cell(&key("large", Some("far"), 7, 7)).unwrap();
    assert_eq!(verdict_of(&analysis, &cell.key), (Verdict::MaterialNegative, Some(Attribution::Freezing)));
    assert!(cell.words(GapUnit::POINTS).contains("worse than scratch (freezing)"), "{}", cell.words(GapUnit::POINTS));
    let said = analysis.cells.iter().any(|cell| cell.words(GapUnit::POINTS).contains("negative transfer"));
    assert!(!said, "no source did any harm here");
}

#[test]
fn a_source_below_random_layers_is_negative_transfer() {
    let mock = Mock::four_quadrants(|key| match (key.source.as_deref(), key.frozen) {
        (Some("far"), depth) if depth > 0 => 0.3,
        (Some("random"), _) => 0.6,
        _ => 0.8,
    });
    let analysis = analysed(&mock).unwrap();
    let cell = analysis.cell(&key("large", Some("far"), 5, 5)).unwrap();
    assert_eq!(verdict_of(&analysis, &cell.key), (Verdict::MaterialNegative, Some(Attribution::Source)));
    assert!(cell.words(GapUnit::POINTS).starts_with("negative transfer"), "{}", cell.words(GapUnit::POINTS));
}

#[test]
fn scratch_from_other_initial_weights_is_a_placebo_of_its_own_family() {
    let mut mock = Mock::four_quadrants(like_the_default_study);
    let source = mock.study.sources.iter().position(|source| source.is_untrained()).unwrap();
    let (treatment, method) = ("placebo".to_owned(), nt_scenario::Method::Training);
    mock.study.arms.push(crate::study::StudyArm { source, treatment, copied: 7, frozen: 0, method });
    let before = analysed(&Mock::four_quadrants(like_the_default_study)).unwrap();
    let analysis = analysed(&mock).unwrap();
    let cell = analysis.cell(&key("small", Some("random"), 7, 0)).unwrap();
    assert_eq!(cell.kind, CellKind::Placebo);
    // The mock takes it for a source that does harm: what would be a false alarm is told as one, without a cause.
    assert!(cell.verdict().is_some_and(Verdict::is_negative));
    assert!(cell.words(GapUnit::POINTS).starts_with("a false alarm"), "{}", cell.words(GapUnit::POINTS));
    assert_eq!(cell.decision.as_ref().unwrap().attribution, None);
    assert_eq!(analysis.family_sizes, before.family_sizes);
    assert_eq!(analysis.control_family_size, before.control_family_size);
}

#[test]
fn equal_arms_are_equivalent_where_the_margin_is_wide_enough_to_show_it() {
    let analysis = analysed(&Mock::four_quadrants(|_| 0.8)).unwrap();
    let (verdict, attribution) = verdict_of(&analysis, &key("large", Some("near"), 7, 0));
    assert_eq!((verdict, attribution), (Verdict::Equivalent, None));
    assert_eq!(analysis.quadrants.iter().map(|quadrant| quadrant.tally.worse()).sum::<usize>(), 0);
}

#[test]
fn an_incomplete_cell_is_kept_and_says_so() {
    let mock =
        Mock::four_quadrants(like_the_default_study).editing(|key, record| key.copied != 3 || record.replicate < 5);
    let analysis = analysed(&mock).unwrap();
    let cell = analysis.cell(&key("small", Some("near"), 3, 3)).unwrap();
    assert_eq!(cell.completeness_words(), "5 of 8 runs");
    assert_eq!(cell.decision.as_ref().unwrap().gap.num_replicates, 5);
    assert!(analysis.notes.iter().any(|note| note.contains("fewer than the 8 runs planned")), "{:?}", analysis.notes);
}

#[test]
fn a_diverged_run_is_never_evidence_of_harm() {
    let mock = Mock::four_quadrants(like_the_default_study).editing(|key, record| {
        if key.source.as_deref() == Some("far") && key.frozen == 7 && record.replicate == 2 {
            record.status = Status::Diverged { reason: "loss NaN at step 12".to_owned() };
            record.metrics.clear();
            record.files.clear();
        }
        true
    });
    let analysis = analysed(&mock).unwrap();
    let cell = analysis.cell(&key("large", Some("far"), 7, 7)).unwrap();
    // The gap is that of the seven replicates that trained. A network that diverged guesses: the mean over all has the same sign.
    let decision = cell.decision.as_ref().unwrap();
    assert_eq!((decision.gap.num_replicates, decision.verdict), (7, Verdict::MaterialNegative));
    assert!(cell.words(GapUnit::POINTS).ends_with(", among runs that trained"), "{}", cell.words(GapUnit::POINTS));
    assert_eq!((cell.num_done(), cell.num_collapsed()), (7, 1));
    // Where the sign is that of the run that diverged, there is none.
    let near = analysis.cell(&key("small", Some("far"), 7, 7)).unwrap();
    assert!(!near.verdict().unwrap().is_material(), "{:?}", near.verdict());
}

#[test]
fn a_cell_that_only_diverged_is_invalid_for_that_reason() {
    let mock = Mock::four_quadrants(like_the_default_study).editing(|key, record| {
        if key.source.as_deref() == Some("far") && key.frozen == 6 {
            record.status = Status::Diverged { reason: "loss NaN".to_owned() };
            record.files.clear();
        }
        true
    });
    let analysis = analysed(&mock).unwrap();
    let cell = analysis.cell(&key("large", Some("far"), 6, 6)).unwrap();
    assert_eq!((cell.verdict(), cell.num_done()), (Some(Verdict::Invalid), 0));
    let words = cell.words(GapUnit::POINTS);
    assert_eq!(words, "invalid: both arms trained in no replicate, beside 8 runs that collapsed");
}

#[test]
fn a_run_that_fits_nothing_did_not_train_but_one_that_only_generalises_badly_did() {
    let far = |key: &CellKey| key.source.as_deref() == Some("far") && key.size == "large" && key.frozen == 7;
    let accuracy = move |key: &CellKey| if far(key) { 0.125 } else { 0.8 };
    let fits = analysed(&Mock::four_quadrants(accuracy)).unwrap();
    let point = key("large", Some("far"), 7, 7);
    assert_eq!(fits.cell(&point).unwrap().verdict(), Some(Verdict::MaterialNegative));
    let stuck = Mock::four_quadrants(accuracy).editing(move |key, record| {
        if far(key) {
            record.metrics[1].value = 0.125;
        }
        true
    });
    let stuck = analysed(&stuck).unwrap();
    assert_eq!(stuck.cell(&point).unwrap().verdict(), Some(Verdict::Invalid), "no run of it trained");
}

#[test]
fn a_search_that_ended_on_its_edge_takes_a_verdict_one_step_down() {
    let mock = Mock::four_quadrants(like_the_default_study).editing(|key, record| {
        record.setting_on_edge = key.source.as_deref() == Some("far");
        true
    });
    let analysis = analysed(&mock).unwrap();
    let cell = analysis.cell(&key("large", Some("far"), 7, 7)).unwrap();
    assert_eq!(cell.verdict(), Some(Verdict::Negative));
    assert!(
        cell.words(GapUnit::POINTS).contains("downgraded from MATERIAL NEGATIVE"),
        "{}",
        cell.words(GapUnit::POINTS)
    );
    assert_eq!(analysis.cell(&key("small", Some("near"), 7, 0)).unwrap().verdict(), Some(Verdict::MaterialPositive));
}

#[test]
fn scratch_at_chance_makes_its_cells_invalid() {
    let mock = Mock::four_quadrants(|key| if key.source.is_none() && key.size == "small" { 0.125 } else { 0.7 });
    let analysis = analysed(&mock).unwrap();
    assert_eq!(analysis.cell(&key("small", Some("near"), 7, 0)).unwrap().verdict(), Some(Verdict::Invalid));
    assert_ne!(analysis.cell(&key("large", Some("near"), 7, 0)).unwrap().verdict(), Some(Verdict::Invalid));
}

#[test]
fn the_choice_is_made_on_validation_images_and_judged_on_test_images() {
    // Validation images like the features frozen at depth 2 best, test images full fine-tuning.
    let mock = Mock::four_quadrants(like_the_default_study).editing(|key, record| {
        let is_liked = (key.copied, key.frozen) == (2, 2);
        let validation = record
            .metrics
            .iter_mut()
            .find(|metric| metric.measure == nt_records::Measure::Validation(nt_scenario::Metric::Top1));
        validation.unwrap().value = if is_liked { 0.9 } else { 0.5 };
        true
    });
    let analysis = analysed(&mock).unwrap();
    let quadrant = &analysis.quadrants[0];
    let chosen = quadrant.chosen.as_ref().unwrap();
    let &[(at, count)] = chosen.picks.as_slice() else { panic!("one pick: {:?}", chosen.picks) };
    assert_eq!((analysis.cells[at].key.copied, analysis.cells[at].key.frozen, count), (2, 2, 8));
    assert_eq!(chosen.decision.gap.mean_pp, analysis.cells[at].gap_pp().unwrap());
    let best = analysis.cells[quadrant.best.unwrap()].gap_pp().unwrap();
    assert_eq!(chosen.optimism_pp, Some(best - chosen.decision.gap.mean_pp));
    assert!(best > chosen.decision.gap.mean_pp);
}

#[test]
fn without_validation_images_nothing_is_chosen() {
    let mock = Mock::four_quadrants(like_the_default_study).editing(|_, record| {
        record.metrics.retain(|metric| !matches!(metric.measure, nt_records::Measure::Validation(_)));
        true
    });
    assert!(analysed(&mock).unwrap().quadrants.iter().all(|quadrant| quadrant.chosen.is_none()));
}

#[test]
fn effect_sizes_agree_with_the_gap_they_belong_to() {
    let analysis = analysed(&Mock::four_quadrants(like_the_default_study)).unwrap();
    let cell = analysis.cell(&key("large", Some("far"), 7, 7)).unwrap();
    let effects = cell.effects.as_ref().unwrap();
    let gap = cell.gap_pp().unwrap() / 100.0;
    let flips = effects.flips.unwrap();
    assert!((flips.positive - flips.negative - gap).abs() < 1e-12);
    assert_eq!(effects.probability_of_improvement, Some(0.0));
    assert!((effects.interquartile_pp.unwrap() / 100.0 - gap).abs() < 0.01);
    let scratch = analysis.cell(&cell.key.scratch()).unwrap().mean.unwrap();
    let chance = analysis.test_sets[&cell.key.target].chance;
    assert!((effects.vanishing_rate.unwrap() + gap / (scratch - chance)).abs() < 1e-9);
    assert!(effects.log_odds.unwrap() < 0.0 && effects.standardized.unwrap().hedges_g < -5.0);
    let by_class = effects.classes.iter().map(|class| class.gap_pp * class.num_examples as f64).sum::<f64>();
    assert!((by_class / 640.0 - 100.0 * gap).abs() < 1e-9);
    let gaps = analysis.gaps_pp(cell);
    assert!((gaps.iter().map(|(_, gap)| gap).sum::<f64>() / 800.0 - gap).abs() < 1e-12);
}

#[test]
fn the_order_of_records_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mock = Mock::four_quadrants(like_the_default_study);
    let mut records = mock.write(dir.path());
    let forwards = analyse(dir.path(), &mock.study, &records).unwrap();
    records.reverse();
    assert_eq!(analyse(dir.path(), &mock.study, &records).unwrap(), forwards);
}

#[test]
fn runs_that_cannot_be_paired_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let mock = Mock::four_quadrants(like_the_default_study);
    let mut records = mock.write(dir.path());
    let mut other = Mock::four_quadrants(like_the_default_study);
    other.num_images = 600;
    let there = tempfile::tempdir().unwrap();
    let shorter = other.write(there.path());
    std::fs::copy(there.path().join(&shorter[20].files[0].path), dir.path().join(&records[20].files[0].path)).unwrap();
    records[20].files = shorter[20].files.clone();
    let error = analyse(dir.path(), &mock.study, &records).unwrap_err();
    assert!(matches!(error, AnalysisError::Examples { example_id: 600, .. }), "{error}");
    assert!(error.to_string().contains(&records[20].name), "{error}");

    let mut mixed = mock.write(tempfile::tempdir().unwrap().path());
    mixed[3].numerics = "cuda-f32-1".to_owned();
    mixed[20] = mixed[19].clone();
    mixed[20].replicate = 99;
    let error = analyse(dir.path(), &mock.study, &mixed[..10]).unwrap_err();
    assert!(matches!(error, AnalysisError::Numerics { .. }), "{error}");
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let mut mock = Mock::four_quadrants(like_the_default_study);
    mock.num_images = 160;
    let dir = tempfile::tempdir().unwrap();
    let records = mock.write(dir.path());
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| analyse(dir.path(), &mock.study, &records).unwrap())
    };
    let (one, two) = (with(1), with(2));
    assert!(one.cells.iter().any(|cell| cell.checks.as_ref().is_some_and(|checks| checks.cross_check.is_some())));
    assert_eq!(one, two);
}

#[test]
fn where_every_class_counts_the_same_the_gap_is_the_mean_of_the_classes_gaps() {
    let mut mock = Mock::four_quadrants(like_the_default_study);
    // Eight classes, of which the last lacks images: 13 or 12 each, and one example more or less.
    mock.num_images = 101;
    mock.study.metric = nt_scenario::Metric::MeanPerClass;
    let analysis = analysed(&mock).unwrap();
    let mut differing = 0;
    for cell in analysis.cells.iter().filter(|cell| cell.effects.is_some()) {
        let effects = cell.effects.as_ref().unwrap();
        let mean = effects.classes.iter().map(|class| class.gap_pp).sum::<f64>() / effects.classes.len() as f64;
        assert!((mean - cell.gap_pp().unwrap()).abs() < 1e-9, "{}", cell.key.name());
        let by_run = analysis.gaps_pp(cell);
        let of_runs = by_run.iter().map(|(_, gap)| gap).sum::<f64>() / by_run.len() as f64;
        assert!((of_runs - mean).abs() < 1e-9);
        let flips = effects.flips.unwrap();
        differing += usize::from((100.0 * (flips.positive - flips.negative) - mean).abs() > 1e-9);
    }
    assert!(differing > 35, "hits weigh images, not classes: {differing} of 70 cells");
    mock.study.metric = nt_scenario::Metric::Top1;
    let plain = analysed(&mock).unwrap();
    let verdict = |analysis: &Analysis| analysis.cell(&key("small", Some("near"), 7, 0)).unwrap().verdict();
    assert_eq!(verdict(&plain), verdict(&analysis));
}

#[test]
fn mean_average_precision_is_judged_by_replicates_for_this_test_set() {
    for metric in [Metric::MeanAveragePrecision, Metric::MeanAveragePrecision11] {
        let analysis = analysed(&Mock::four_quadrants(like_the_default_study).judged_by(metric)).unwrap();
        let frozen = analysis.cell(&key("large", Some("far"), 7, 7)).unwrap().decision.clone().unwrap();
        assert_eq!((frozen.verdict, frozen.gap.method), (Verdict::MaterialNegative, Method::PairedT), "{metric}");
        assert_eq!(frozen.gap.scope.test_images, Reach::This);
        assert_eq!(verdict_of(&analysis, &key("small", Some("near"), 7, 0)).0, Verdict::MaterialPositive, "{metric}");
        assert!(analysis.quadrants.iter().all(|quadrant| quadrant.chosen.is_some()), "choices are made by this metric");
    }
}

#[test]
fn a_loss_that_rises_is_harm() {
    let analysis = analysed(&Mock::four_quadrants(like_the_default_study).judged_by(Metric::LogLoss)).unwrap();
    let harmed = analysis.cell(&key("large", Some("far"), 7, 7)).unwrap();
    assert_eq!(harmed.verdict(), Some(Verdict::MaterialNegative));
    // An image lost costs 1.5 nats, and 53 of 100 are lost.
    assert!((harmed.gap_pp().unwrap() + 79.5).abs() < 5.0, "{:?}", harmed.gap_pp());
    let scratch = analysis.cell(&harmed.key.scratch()).unwrap();
    assert!(harmed.mean > scratch.mean, "the loss itself is higher");
    let effects = harmed.effects.as_ref().unwrap();
    assert_eq!(effects.log_odds, None, "a loss has no odds");
    // Classes have the same number of images here.
    let of_classes = effects.classes.iter().map(|class| class.gap_pp).sum::<f64>() / effects.classes.len() as f64;
    assert!((of_classes - harmed.gap_pp().unwrap()).abs() < 1e-9, "classes are in the unit of the gap");
}
