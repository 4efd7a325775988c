use std::io::Write;

use super::*;
use nt_analysis::analyse;
use nt_analysis::mock::{Mock, like_the_default_study};
use nt_analysis::power::{Basis, Noise, Pilot, PowerPlan};
use nt_records::mock::record;
use nt_records::verdicts::VERDICT_COLUMNS;
use nt_records::verdicts::verdicts_csv;

#[test]
fn runs_have_the_promised_columns_and_one_row_a_metric() {
    let mut diverged = record(1);
    diverged.metrics.clear();
    diverged.learning_rate = None;
    let mut scratch = record(2);
    (scratch.source, scratch.similarity) = (None, None);
    let text = String::from_utf8(runs_csv(&[&record(0), &diverged, &scratch]).unwrap()).unwrap();
    insta::assert_snapshot!(text);
}

#[test]
fn parquet_holds_the_same_rows_in_the_same_bytes_each_time() {
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::record::RowAccessor;
    let mut diverged = record(1);
    diverged.metrics.clear();
    diverged.source = None;
    let bytes = runs_parquet(&[&record(0), &diverged]).unwrap();
    assert_eq!(runs_parquet(&[&record(0), &diverged]).unwrap(), bytes);
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(&bytes).unwrap();
    let file = SerializedFileReader::new(file).unwrap();
    let names: Vec<String> = file
        .metadata()
        .file_metadata()
        .schema_descr()
        .columns()
        .iter()
        .map(|column| column.name().to_owned())
        .collect();
    assert_eq!(names, RUN_COLUMNS);
    let rows: Vec<_> = file.get_row_iter(None).unwrap().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[0].get_double(14).unwrap(), 0.5);
    assert!(rows[1].get_double(14).is_err() && rows[1].get_string(3).is_err(), "nulls");
    assert_eq!(rows[1].get_string(17).unwrap(), &diverged.job.to_string());
}

#[test]
fn verdicts_of_the_mock_study_are_what_was_planted() {
    let dir = tempfile::tempdir().unwrap();
    let mock = Mock::four_quadrants(like_the_default_study);
    let records = mock.write(dir.path());
    let rows = verdict_rows(&analyse(dir.path(), &mock.study, &records).unwrap());
    assert_eq!(rows.len(), 2 * (14 + 14 + 7), "(7,7) is in both curves, and told once");
    let text = String::from_utf8(verdicts_csv(&rows).unwrap()).unwrap();
    assert_eq!(text.lines().next().unwrap(), VERDICT_COLUMNS.join(","));
    insta::assert_snapshot!(text);
}

#[test]
fn a_pilot_tells_its_own_variance_and_the_finished_study_agrees_with_the_plan() {
    let mock = Mock::four_quadrants(like_the_default_study);
    let (dir, tables) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let records = mock.write(dir.path());
    let analysis = analyse(dir.path(), &mock.study, &records).unwrap();
    // Apart from the study, which has no manifest.
    write(tables.path(), &records.iter().collect::<Vec<_>>(), &analysis, false).unwrap();
    let pilot = Pilot::read(tables.path()).unwrap();
    let plan = PowerPlan::new(&mock.study, &[640], &Basis::Pilot(pilot)).unwrap();
    assert!(plan.basis.contains("pilot mock (70 cells, 8 replicates"), "{}", plan.basis);
    assert_eq!(plan.rows[0].cell, Noise::Typical);
    let mut effects: Vec<f64> = analysis
        .quadrants
        .iter()
        .flat_map(|quadrant| &quadrant.cells)
        .filter_map(|&at| analysis.cells[at].decision.as_ref()?.minimum_detectable_effect_pp)
        .collect();
    effects.sort_by(f64::total_cmp);
    let (planned, found) = (plan.rows[0].minimum_detectable_effect_pp.unwrap(), effects[effects.len() / 2]);
    assert!((planned / found - 1.0).abs() < 0.15, "planned {planned}, found {found}");
    assert!(plan.rows[1].minimum_detectable_effect_pp.unwrap() >= planned, "the noisiest cell finds no less");
}
