use super::*;
use crate::mock::{Mock, like_the_default_study, manifest};

fn written(mock: &Mock) -> (tempfile::TempDir, ReportSummary) {
    let dir = tempfile::tempdir().unwrap();
    mock.write(dir.path());
    let summary = report_of(dir.path(), &mock.study).unwrap();
    (dir, summary)
}

fn read(dir: &tempfile::TempDir, name: &str) -> String {
    fs::read_to_string(dir.path().join(name)).unwrap()
}

#[test]
fn a_report_answers_in_words_that_match_the_verdicts() {
    let (dir, summary) = written(&Mock::four_quadrants(like_the_default_study));
    insta::assert_snapshot!(summary.terminal_table());
    insta::assert_snapshot!(read(&dir, "report.md"));
}

#[test]
fn two_renderings_are_byte_equal() {
    let mock = Mock::four_quadrants(like_the_default_study);
    let (dir, first) = written(&mock);
    let files =
        ["index.html", "report.md", "runs.csv", "verdicts.csv", "verdicts.json", "figures/accuracy_by_depth.png"];
    let before = files.map(|name| fs::read(dir.path().join(name)).unwrap());
    assert_eq!(report_of(dir.path(), &mock.study).unwrap(), first);
    assert_eq!(files.map(|name| fs::read(dir.path().join(name)).unwrap()), before);
}

#[test]
fn the_page_is_one_file_that_asks_for_nothing() {
    let (dir, _) = written(&Mock::four_quadrants(like_the_default_study));
    let page = read(&dir, "index.html");
    // The name of SVG's namespace is an address, but nothing is fetched from it.
    let page = page.replace("http://www.w3.org/2000/svg", "");
    for sign in ["http://", "https://", "//cdn", "<script", "@import", "url(", " src=\"artifacts"] {
        assert!(!page.contains(sign), "{sign}");
    }
    assert!(page.contains("<svg ") && page.contains("small &amp; similar"));
}

#[test]
fn what_a_scenario_says_is_shown_as_text_never_as_markup() {
    let mut mock = Mock::four_quadrants(|_| 0.8);
    mock.study.question = "<script>alert(1)</script> & *more*".to_owned();
    let (dir, _) = written(&mock);
    assert!(read(&dir, "index.html").contains("&lt;script&gt;alert(1)&lt;/script&gt; &amp; *more*"));
    assert!(read(&dir, "report.md").contains("\\<script>alert(1)\\</script> & \\*more\\*"));
}

#[test]
fn a_study_without_a_run_has_a_report_that_says_so() {
    let mock = Mock::four_quadrants(|_| 0.8).editing(|_, _| false);
    let (dir, summary) = written(&mock);
    assert!(read(&dir, "report.md").contains("Nothing is decided yet"));
    assert_eq!(summary.analysis.completeness().0, 0);
    assert!(read(&dir, "figures/accuracy_by_depth.svg").contains("no run yet"));
}

#[test]
fn negative_transfer_is_said_of_cells_only_where_the_source_did_it() {
    let (dir, _) = written(&Mock::four_quadrants(|key| match (key.source.as_deref(), key.frozen) {
        (None, _) | (_, 0) => 0.8,
        (_, depth) => 0.8 - 0.06 * f64::from(depth),
    }));
    let text = read(&dir, "report.md");
    assert!(text.contains("Negative transfer, harm by the source itself, was not shown"));
    assert!(!text.contains("| negative transfer"), "no verdict says it");
    assert!(text.contains("worse than scratch (freezing)"));
}

#[test]
fn a_report_comes_from_the_scenario_in_the_folder() {
    let dir = tempfile::tempdir().unwrap();
    let text = include_str!("../../../../scenarios/smoke.toml");
    fs::write(dir.path().join("scenario.toml"), text).unwrap();
    let summary = report(dir.path()).unwrap();
    assert_eq!(summary.page, dir.path().join("index.html"));
    assert!(!summary.analysis.cells.is_empty());
    fs::write(dir.path().join("scenario.toml"), "version = 1\nnonsense = true\n").unwrap();
    assert!(report(dir.path()).unwrap_err().to_string().contains("scenario.toml:2"));
}

#[test]
fn a_folder_without_a_study_is_told_what_to_give() {
    let dir = tempfile::tempdir().unwrap();
    let error = report(dir.path()).unwrap_err().to_string();
    assert!(error.contains("neither resolved.toml nor scenario.toml"), "{error}");
}

#[test]
fn what_changed_after_the_data_is_marked_and_records_outside_the_plan_are_left_out() {
    let mock = Mock::four_quadrants(|_| 0.8);
    let dir = tempfile::tempdir().unwrap();
    let records = mock.write(dir.path());
    let mut manifest = manifest();
    manifest.plan.retain(|_| false);
    manifest.plan.extend(records[1..].iter().map(|record| crate::manifest::PlannedJob {
        job: record.job,
        name: record.name.clone(),
        role: record.role,
        line: 1,
    }));
    manifest.preregistration = preregistration(&mock.study);
    manifest.write(dir.path()).unwrap();
    let summary = report_of(dir.path(), &mock.study).unwrap();
    assert!(!read(&dir, "report.md").contains("EXPLORATORY"));
    assert!(summary.notes.iter().any(|note| note.starts_with("1 record is of jobs")), "{:?}", summary.notes);
    assert_eq!(summary.completeness.planned + 1, records.len() as u64);

    let mut changed = mock.study.clone();
    changed.margin_pp = 1.0;
    report_of(dir.path(), &changed).unwrap();
    assert!(read(&dir, "index.html").contains("EXPLORATORY (CHANGED AFTER DATA)"));
}
