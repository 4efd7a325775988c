//! The report of mock studies, from their folders to the pages.

use std::fs;

use crate::study_report::report_of;
use crate::words::classes::Classes;
use crate::{ReportSummary, report};
use nt_analysis::mock::{Mock, like_the_default_study};
use nt_analysis::preregistration;
use nt_analysis::study::{StudySize, StudyTarget};
use nt_records::audit::MatchKind;
use nt_records::mock::manifest;
use nt_records::mock::{audit, with_matches};
use nt_records::pictures::{Filters, Thumbnails};
use nt_records::record::RunRecord;
use nt_scenario::Metric;

fn written(mock: &Mock) -> (tempfile::TempDir, ReportSummary) {
    let dir = tempfile::tempdir().unwrap();
    mock.write(dir.path());
    let summary = report_of(dir.path(), &mock.study, &Classes::default()).unwrap();
    (dir, summary)
}

fn read(dir: &tempfile::TempDir, name: &str) -> String {
    fs::read_to_string(dir.path().join(name)).unwrap()
}

#[test]
fn a_report_answers_in_words_that_match_the_verdicts() {
    let (dir, summary) = written(&Mock::four_quadrants(like_the_default_study));
    insta::assert_snapshot!(anstream::adapter::strip_str(&summary.terminal_table()).to_string());
    insta::assert_snapshot!(read(&dir, "report.md"));
}

#[test]
fn a_choice_that_only_a_gate_holds_back_says_so() {
    let mock = Mock::four_quadrants(like_the_default_study).editing(|key, record| {
        record.setting_on_edge = key.source.as_deref() == Some("far");
        true
    });
    let (dir, _) = written(&mock);
    let page = read(&dir, "index.html");
    assert_eq!(page.matches("ahead, but held by gate 1 (equal search)").count(), 1);
    assert!(page.contains("held back by gate 1 (equal search)"));
    assert!(page.contains("on the edge of the grid (widen it), which exaggerates harm"), "which way it pushes");
    assert!(page.contains("gate 1 (equal search) failed, which exaggerates harm"), "in every cell too");
}

#[test]
fn a_study_of_log_loss_speaks_of_hundredths_of_a_nat_everywhere() {
    let mock = Mock::four_quadrants(like_the_default_study).judged_by(Metric::LogLoss);
    let (dir, _) = written(&mock);
    for name in ["index.html", "report.md", "tables/contrasts.tex", "tables/quadrants.tex", "tables/arms.tex"] {
        let text = prose(&read(&dir, name));
        for word in ["accuracy", "Accuracy", "per cent", " points", " point ", "(%)"] {
            let at = text.find(word).map(|at| text[..at].chars().rev().take(80).collect::<String>());
            let before = at.map(|letters| letters.chars().rev().collect::<String>());
            assert_eq!(before, None, "{name} says {word:?} after this");
        }
    }
    for entry in fs::read_dir(dir.path().join("figures")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|kind| kind == "json") {
            let text = prose(&fs::read_to_string(&path).unwrap());
            assert!(!text.contains("accuracy") && !text.contains(" points"), "{}", path.display());
        }
    }
    let (page, table) = (read(&dir, "index.html"), read(&dir, "report.md"));
    assert!(page.contains("Log-loss and gaps are in hundredths of a nat"));
    assert!(page.contains("classes, chance 207.9 hundredths of a nat)"), "chance");
    assert!(table.contains("| log-loss (hundredths of a nat) | gap |"), "the table's column");
    assert!(read(&dir, "tables/contrasts.csv").starts_with("target,size,source,treatment,log-loss,gap"));
}

#[test]
fn a_study_of_log_loss_of_which_nothing_has_run_has_axes_that_end() {
    let nothing = Mock::four_quadrants(like_the_default_study).judged_by(Metric::LogLoss).editing(|_, _| false);
    let (dir, _) = written(&nothing);
    let figure: serde_json::Value = serde_json::from_str(&read(&dir, "figures/accuracy_by_depth.json")).unwrap();
    assert_eq!((figure["y"]["low"].as_f64(), figure["y"]["high"].as_f64()), (Some(0.0), Some(10.0)));
}

/// What a reader sees: neither names of files, nor style, nor scripts, and no tag.
fn prose(text: &str) -> String {
    let mut shown = text.replace("accuracy_by_", "").replace("accuracy-by-", "");
    for (from, to) in [("<style", "</style>"), ("<script", "</script>"), ("<", ">")] {
        while let Some(at) = shown.find(from) {
            let Some(end) = shown[at..].find(to) else { break };
            shown.replace_range(at..at + end + to.len(), " ");
        }
    }
    shown
}

#[test]
fn two_renderings_are_byte_equal() {
    let mock = Mock::four_quadrants(like_the_default_study);
    let (dir, first) = written(&mock);
    let files =
        ["index.html", "report.md", "runs.csv", "verdicts.csv", "verdicts.json", "figures/accuracy_by_depth.png"];
    let before = files.map(|name| fs::read(dir.path().join(name)).unwrap());
    assert_eq!(report_of(dir.path(), &mock.study, &Classes::default()).unwrap(), first);
    assert_eq!(files.map(|name| fs::read(dir.path().join(name)).unwrap()), before);
}

#[test]
fn drawers_show_the_images_lost_and_won_and_name_those_without_a_picture() {
    let mock = Mock::four_quadrants(like_the_default_study);
    let dir = tempfile::tempdir().unwrap();
    mock.write(dir.path());
    report_of(dir.path(), &mock.study, &Classes::default()).unwrap();
    let without = read(&dir, "index.html");
    assert!(without.contains("Right from scratch, wrong here") && without.contains(">no. "));
    assert!(!without.contains("class=\"thumb "));
    let grey = |id: u32| (id, vec![id as u8; 3 * 4 * 4]);
    Thumbnails::new(4, (0..mock.num_images).map(grey)).write(dir.path(), "shapes-b").unwrap();
    report_of(dir.path(), &mock.study, &Classes::default()).unwrap();
    let page = read(&dir, "index.html");
    assert_eq!(page.matches(".thumb-0 {").count(), 1, "one sheet, whatever the number of drawers");
    assert!(!page.contains(">no. "), "every image has its picture");
    assert_eq!(without.matches(">no. ").count(), page.matches("class=\"thumb thumb-0\"").count());
    assert_eq!(page.matches("url(").count(), page.matches("url(data:image/jpeg;base64,").count());
}

#[test]
fn first_layers_are_shown_of_sources_scratch_and_what_is_trained_throughout() {
    let mock = Mock::four_quadrants(like_the_default_study);
    let dir = tempfile::tempdir().unwrap();
    let records = mock.write(dir.path());
    let of = |copied, frozen| {
        let is_it = |record: &&RunRecord| {
            (record.copied, record.frozen, record.replicate) == (copied, frozen, 0)
                && record.size.as_deref() == Some("small")
                && record.source.as_deref().is_none_or(|source| source == "near")
        };
        records.iter().find(is_it).unwrap().job
    };
    let filters = Filters::new(9, 3, vec![0.25; 9 * 27]).unwrap();
    for job in [of(0, 0), of(7, 0), of(7, 3)] {
        filters.write(dir.path(), job).unwrap();
    }
    report_of(dir.path(), &mock.study, &Classes::default()).unwrap();
    let page = read(&dir, "index.html");
    assert!(page.contains("9 filters of 3 × 3 pixels"));
    assert!(page.contains("Filters of conv1, small: from scratch"));
    assert!(page.contains("Filters of conv1, small: 7 copied from near, all trained"));
    assert_eq!(page.matches("alt=\"Filters of conv1").count(), 2, "what is frozen is its source's");
}

#[test]
fn the_page_is_one_file_that_asks_for_nothing() {
    let (dir, _) = written(&Mock::four_quadrants(like_the_default_study));
    let page = read(&dir, "index.html");
    // The name of SVG's namespace is an address, but nothing is fetched from it.
    let page = page.replace("http://www.w3.org/2000/svg", "");
    for sign in ["http://", "https://", "//cdn", " src=\"http", "@import", "url(", " src=\"artifacts"] {
        assert!(!page.contains(sign), "{sign}");
    }
    assert_eq!(page.matches("<script").count(), 1);
    assert!(page.contains("<svg ") && page.contains("small &amp; similar"));
}

#[test]
fn every_cell_has_a_row_and_a_drawer_with_its_replicates_and_classes() {
    let mock = Mock::four_quadrants(like_the_default_study);
    let (dir, _) = written(&mock);
    let page = read(&dir, "index.html");
    let num_cells = mock.study.cells().len();
    assert_eq!(page.matches("<template id=\"cell-").count(), num_cells);
    assert_eq!(page.matches("class=\"open-drawer\"").count(), num_cells);
    let last = page.rsplit("<template id=").next().unwrap();
    for part in [
        "Other methods",
        "two-way bootstrap",
        "joint sign flips",
        "McNemar",
        "exploratory",
        "Replicates",
        "Class by class",
        "Effect sizes",
        "Hedges",
        "class 7",
        "Gates",
        "nt explain ",
    ] {
        assert!(last.contains(part), "{part}");
    }
}

#[test]
fn the_first_screen_says_where_it_harms_by_how_much_how_sure_and_what_to_use() {
    let (dir, _) = written(&Mock::four_quadrants(like_the_default_study));
    let page = read(&dir, "index.html");
    let first = page.split("id=\"figures\"").next().unwrap();
    for part in
        ["large &amp; dissimilar (13 of 14 treatments, at worst", "cause open", "7 copied, none frozen (8 of 8)"]
    {
        assert!(first.contains(part), "{part}");
    }
    assert!(first.contains("optimism") && first.contains("n = 8 replicates"));
}

#[test]
fn rules_of_thumb_stand_in_page_report_and_tables_with_what_is_missing() {
    let (dir, _) = written(&Mock::four_quadrants(like_the_default_study));
    let (page, text) = (read(&dir, "index.html"), read(&dir, "report.md"));
    for words in ["NOT TESTED", "UNDECIDED", "on this data, with this network"] {
        assert!(page.contains(words) && text.contains(words), "{words}");
    }
    assert!(page.contains("add a [[treatment]] with kind = &quot;probe&quot;, layers = [7] for near"));
    let csv = read(&dir, "rules.csv");
    assert_eq!(csv.lines().count(), 1 + 6, "{csv}");
    let json: serde_json::Value = serde_json::from_str(&read(&dir, "rules.json")).unwrap();
    assert_eq!((json["schema_version"].as_u64(), json["family_size"].as_u64()), (Some(1), Some(60)));
    let comparison = &json["comparisons"][4];
    assert_eq!(comparison["alternative"], "a linear classifier on the top codes");
    assert!(comparison["gap_pp"].is_null() && comparison["reason"].as_str().unwrap().contains("probe"));
}

#[test]
fn a_selffer_gives_a_figure_and_a_table_of_what_the_change_is_made_of() {
    let (dir, _) = written(&Mock::two_halves());
    let (page, text) = (read(&dir, "index.html"), read(&dir, "report.md"));
    for words in ["co-adaptation, BnB − base (n = 8)", "recovery, AnB+ − AnB (n = 8)"] {
        assert!(page.contains(words) && text.contains(words), "{words}");
    }
    assert!(page.contains("href=\"#parts\"") && dir.path().join("figures/decomposition.csv").is_file());
    let (dir, _) = written(&Mock::four_quadrants(like_the_default_study));
    assert!(!read(&dir, "index.html").contains("#parts") && !dir.path().join("figures/decomposition.csv").exists());
}

#[test]
fn an_undecided_cell_says_what_it_would_have_missed_wherever_it_stands() {
    // Six points below scratch with a margin of five, in six noisy replicates of few images: open.
    let mut mock = Mock::four_quadrants(|key| if key.source.is_none() { 0.70 } else { 0.68 });
    mock.num_images = 80;
    mock.study.margin_pp = 1.0;
    let (dir, summary) = written(&mock);
    assert!(summary.analysis.quadrants.iter().any(|quadrant| quadrant.tally.undecided > 0));
    for name in ["index.html", "report.md"] {
        let text = read(&dir, name);
        assert!(text.contains("undecided is not absent: a true gap of"), "{name}");
        assert!(
            text.contains("would be found in 4 of 5 such studies") && !text.contains("no negative transfer was found"),
            "{name}"
        );
    }
    let json: serde_json::Value = serde_json::from_str(&read(&dir, "verdicts.json")).unwrap();
    let open = json["verdicts"].as_array().unwrap().iter().find(|row| row["verdict"] == "INCONCLUSIVE").unwrap();
    let is_told = ["mde_pp", "replicates_needed", "test_images_needed"].iter().any(|key| !open[key].is_null());
    assert!(is_told, "what would decide it: {open}");
}

#[test]
fn the_method_section_prints_the_calibration_of_the_statistics() {
    let (dir, _) = written(&Mock::four_quadrants(|_| 0.8));
    let page = read(&dir, "index.html");
    for one in nt_stats::trust::CALIBRATION {
        assert!(page.contains(one.claim), "{}", one.claim);
    }
    assert!(page.contains("n &lt; 6"));
}

#[test]
fn tables_for_papers_have_a_line_a_row_and_the_verdicts_their_effect_sizes() {
    let mock = Mock::four_quadrants(like_the_default_study);
    let (dir, _) = written(&mock);
    let (tex, csv) = (read(&dir, "tables/contrasts.tex"), read(&dir, "tables/contrasts.csv"));
    assert_eq!(csv.lines().count(), 1 + 70);
    assert!(tex.contains("\\toprule") && tex.contains("$-$") && !tex.contains('−'));
    let json: serde_json::Value = serde_json::from_str(&read(&dir, "verdicts.json")).unwrap();
    let effects = &json["verdicts"][0]["effects"];
    assert!(effects["hedges_g"].as_f64().unwrap() > 1.0 && effects["classes"].as_array().unwrap().len() == 8);
    assert_eq!(json["choices"].as_array().unwrap().len(), 4);
    assert!(json["verdicts"][0]["variance"]["residual"].as_f64().unwrap() > 0.0);
    assert_eq!(json["verdicts"][0]["checks"]["disagree_on_sign"], false);
}

#[test]
fn gaps_without_the_overlap_stand_beside_their_verdicts() {
    let dir = tempfile::tempdir().unwrap();
    let mock = Mock::four_quadrants(like_the_default_study);
    mock.write(dir.path());
    let found = with_matches(audit(1.0, 0.1), Some("near"), MatchKind::Perceptual, 5);
    found.write(dir.path()).unwrap();
    report_of(dir.path(), &mock.study, &Classes::default()).unwrap();
    let json: serde_json::Value = serde_json::from_str(&read(&dir, "verdicts.json")).unwrap();
    let mut of_near = 0;
    for row in json["verdicts"].as_array().unwrap() {
        let without = &row["without_overlap"];
        if row["source"] == "near" {
            of_near += 1;
            assert_eq!(without["n_left_out"], 5);
            assert!(
                without["gap_pp"].as_f64() != row["gap_pp"].as_f64() && without["verdict_before_gates"].is_string()
            );
            assert!(without["ci_low_pp"].as_f64().unwrap() < without["gap_pp"].as_f64().unwrap());
            // Of its own: the step of the family at which the cell was judged may be another.
            assert!((0.95..1.0).contains(&without["ci_level"].as_f64().unwrap()));
        } else {
            assert!(without.is_null());
        }
    }
    assert_eq!(of_near, 28);
    assert!(read(&dir, "index.html").contains("Without 5 test images that are, or look like, training images"));
    assert!(!read(&dir, "verdicts.csv").lines().next().unwrap().contains("overlap"));
}

/// The bound of a large study's report, measured: `cargo test --release -p nt-report -- --ignored --nocapture`.
#[test]
#[ignore = "writes 10,000 runs"]
fn a_thousand_cells_of_ten_replicates_stay_below_fifteen_megabytes() {
    let mut mock = Mock::four_quadrants(like_the_default_study).with_curves();
    mock.study.replicates = 10;
    mock.study.targets = ["shapes-b", "shapes-c"]
        .map(|name| StudyTarget {
            cluster: None,
            name: name.to_owned(),
            sizes: (0..14).map(|size| StudySize::per_class(format!("size-{size}"), 10 << size.min(8))).collect(),
        })
        .to_vec();
    let dir = tempfile::tempdir().unwrap();
    mock.write(dir.path());
    // As large as thumbnails are, of noise, which no PNG makes smaller.
    let noise = |id: u32| (id, (0..3 * 32 * 32).map(|at: u32| (id * 7919 + at * at * 31) as u8).collect());
    for target in &mock.study.targets {
        Thumbnails::new(32, (0..mock.num_images).map(noise)).write(dir.path(), &target.name).unwrap();
    }
    let began = std::time::Instant::now();
    report_of(dir.path(), &mock.study, &Classes::default()).unwrap();
    let bytes = fs::metadata(dir.path().join("index.html")).unwrap().len();
    println!(
        "{} cells: {:.2} s, {:.1} MB",
        mock.study.cells().len(),
        began.elapsed().as_secs_f64(),
        bytes as f64 / 1e6
    );
    if let Some(kept) = std::env::var_os("NT_KEEP_PAGE") {
        fs::copy(dir.path().join("index.html"), kept).unwrap();
    }
    assert!(bytes < 15_000_000, "{bytes}");
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
    let (dir, _) = written(
        &Mock::four_quadrants(|key| match (key.source.as_deref(), key.frozen) {
            (None, _) | (_, 0) => 0.8,
            (_, depth) => 0.8 - 0.06 * f64::from(depth),
        })
        .with_a_twin(),
    );
    let text = read(&dir, "report.md");
    assert!(text.contains("No negative transfer in the strict sense was shown"));
    assert!(!text.contains("| negative transfer"), "no verdict says it");
    assert!(text.contains("worse than scratch (freezing)"));
}

#[test]
fn a_report_comes_from_the_scenario_in_the_folder() {
    let dir = tempfile::tempdir().unwrap();
    let text = include_str!("../../../scenarios/smoke.toml");
    fs::write(dir.path().join("scenario.toml"), text).unwrap();
    let summary = report(dir.path()).unwrap();
    assert_eq!(summary.page, dir.path().join("index.html"));
    assert!(!summary.analysis.cells.is_empty());
    fs::write(dir.path().join("scenario.toml"), "version = 2\nnonsense = true\n").unwrap();
    assert!(report(dir.path()).unwrap_err().to_string().contains("scenario.toml:2"));
}

#[test]
fn a_folder_without_a_study_is_told_what_to_give() {
    let dir = tempfile::tempdir().unwrap();
    let error = report(dir.path()).unwrap_err().to_string();
    assert!(error.contains("lacks resolved.toml and scenario.toml"), "{error}");
}

#[test]
fn what_changed_after_the_data_is_marked_and_records_outside_the_plan_are_left_out() {
    let mock = Mock::four_quadrants(|_| 0.8);
    let dir = tempfile::tempdir().unwrap();
    let records = mock.write(dir.path());
    let mut manifest = manifest();
    manifest.plan.retain(|_| false);
    manifest.plan.extend(records[1..].iter().map(|record| nt_records::manifest::PlannedJob {
        job: record.job,
        name: record.name.clone(),
        role: record.role,
        line: 1,
        multiply_accumulates: 0,
        record: String::new(),
    }));
    manifest.preregistration = preregistration(&mock.study);
    manifest.write(dir.path()).unwrap();
    let summary = report_of(dir.path(), &mock.study, &Classes::default()).unwrap();
    assert!(!read(&dir, "report.md").contains("EXPLORATORY"));
    assert!(summary.notes.iter().any(|note| note.starts_with("1 record is of jobs")), "{:?}", summary.notes);
    assert_eq!(summary.completeness.planned + 1, records.len() as u64);

    let mut changed = mock.study.clone();
    changed.margin_pp = 1.0;
    report_of(dir.path(), &changed, &Classes::default()).unwrap();
    assert!(read(&dir, "index.html").contains("EXPLORATORY (CHANGED AFTER DATA)"));
}
