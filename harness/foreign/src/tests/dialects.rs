//! Tables that other programs wrote: one study in every dialect, with one verdict.

use std::path::{Path, PathBuf};

use super::*;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/tests/fixtures").join(name)
}

fn judge_file(name: &str, question: &Question) -> Result<TableAnalysis, TableFaults> {
    let path = fixture(name);
    analyse_table(&std::fs::read(&path).unwrap(), name, Format::of(&path), question)
}

/// What every dialect must agree on: gaps, intervals, p-values and verdicts.
fn told(name: &str, question: &Question) -> Vec<(String, String)> {
    let analysis = judge_file(name, question).unwrap_or_else(|faults| panic!("{faults}"));
    let one = |judged: Judged| {
        let gap = &judged.decision.gap;
        let numbers = [Some(gap.mean_pp), gap.low_pp, gap.high_pp].map(|number| number.map(|it| (it * 1e6).round()));
        let arm = judged.arm.split('/').next().unwrap().to_owned();
        (arm, format!("{numbers:?} {} {} {}", gap.num_replicates, judged.decision.p_adjusted, judged.decision.verdict))
    };
    analysis.contrasts.into_iter().map(one).collect()
}

#[test]
fn one_study_has_one_verdict_whichever_program_wrote_it() {
    let plain = told("plain.csv", &Question::default());
    assert_eq!(plain.len(), 2);
    for name in [
        "pandas/index.csv",
        "pandas/semicolon.csv",
        "pandas/tab.tsv",
        "pandas/percent.csv",
        "pandas/records.json",
        "pandas/lines.jsonl",
        "pandas/pivot.csv",
        "pandas/pivot-seed-names.csv",
        "pandas/pivot-arms.csv",
        "pandas/utf16.csv",
        "pandas/bom-crlf.csv",
        "pandas/snappy.parquet",
        "pandas/gzip.parquet",
        "pandas/zstd.parquet",
        "pandas/brotli.parquet",
        "pandas/lz4.parquet",
        "pandas/index.parquet",
        "pandas/categorical.parquet",
        "polars/polars.csv",
        "polars/polars.parquet",
        "polars/polars.ndjson",
        "mlflow/runs.csv",
        "wandb/summaries.jsonl",
        "wandb/export.csv",
        "torchgeo_bench/results.csv",
    ] {
        assert_eq!(told(name, &Question::default()), plain, "{name}");
    }
    let linear = asking(|columns| columns.keep = vec!["method=linear".to_owned()]);
    assert_eq!(told("torchgeo_bench/mixed.csv", &linear), plain);
}

#[test]
fn examples_have_one_verdict_too() {
    let plain = told("plain-examples.csv", &Question::default());
    assert_eq!(told("pandas/examples.parquet", &Question::default()), plain);
    // lm-evaluation-harness's samples: four seeds, thirty documents, and gold answers that are no cells.
    let part = asking(|columns| {
        columns.keep =
            (0..4).map(|seed| format!("seed={seed}")).chain((0..30).map(|doc| format!("example={doc}"))).collect();
    });
    assert_eq!(told("lm_eval/samples.jsonl", &Question::default()), told("plain-examples.csv", &part));
}

#[test]
fn domainbeds_records_are_chosen_among_as_it_does() {
    let by_hand = asking(|columns| {
        columns.arm = vec!["algorithm".to_owned()];
        columns.cell = vec!["dataset".to_owned(), "test_env".to_owned()];
        columns.reference = Some("ERM".to_owned());
    });
    let chosen = told("domainbed/results.jsonl", &Question::default());
    assert_eq!(chosen, told("domainbed/selected.csv", &by_hand));
    assert_eq!(chosen.len(), 2);
    let shown = judge_file("domainbed/results.jsonl", &Question::default()).unwrap().terminal_table();
    assert!(shown.contains("12 records of several test domains are not used"), "{shown}");
}

#[test]
fn what_no_reader_can_know_is_one_fault_with_a_step_that_helps() {
    for (name, words) in [
        ("pandas/default.json", "orient=\"records\""),
        ("pandas/multiheader.csv", "column \"accuracy\" stands 8 times"),
        ("wandb/runs_df.csv", "pd.json_normalize"),
    ] {
        let faults = judge_file(name, &Question::default()).unwrap_err().to_string();
        assert!(faults.starts_with("1 fault in") && faults.contains(words), "{name}: {faults}");
    }
    let failed = judge_file("mlflow/failed.csv", &Question::default()).unwrap_err().to_string();
    assert!(failed.starts_with("2 faults in"), "{failed}");
    assert!(failed.contains("status is \"FAILED\"") && failed.contains("status is \"RUNNING\""), "{failed}");
    let dropped = asking(|columns| columns.drop = ["params.seed=3", "params.seed=5"].map(str::to_owned).to_vec());
    assert_eq!(judge_file("mlflow/failed.csv", &dropped).unwrap().contrasts[0].decision.gap.num_replicates, 6);
}

#[test]
fn a_fault_of_a_parquet_file_names_its_row() {
    let question = asking(|columns| columns.value = Some("loss".to_owned()));
    let faults = judge_file("pandas/categorical.parquet", &question).unwrap_err().to_string();
    assert!(
        faults.contains("categorical.parquet: row ") && faults.contains("so that this run has no value"),
        "{faults}"
    );
}

#[test]
fn which_column_is_what_is_printed() {
    let shown = judge_file("mlflow/runs.csv", &Question::default()).unwrap().terminal_table();
    let line =
        "columns: arm: params.arm; reference: scratch; replicate: params.seed; value: metrics.accuracy; status: status";
    assert!(shown.contains(line), "{shown}");
}
