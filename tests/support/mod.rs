//! A tiny study and the real binary that runs it, for tests that read as specifications.

#![allow(dead_code, reason = "each test binary uses its share")]

use nt_scenario::mock::TestScenario;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

/// A study of some three seconds that passes through sources, tuning beyond the grid, the untrained control, a selffer,
/// a redrawn network, probes, the A/A placebo and a ladder.
pub fn tiny() -> String {
    TestScenario::new("tiny")
        .model("dropout", "0.2")
        .synthetic("shapes", 30, 20)
        .source("near", &near(20, 60))
        .source("untrained", "kind = \"untrained\"")
        .source("self", "kind = \"selffer\"\nsteps = 30\nlearning_rate = 0.01")
        .source("redrawn", "kind = \"mean-and-variance\"\nof = \"near\"\nsimilarity = \"scale-only\"")
        .target("shapes", "data = \"shapes\"\nclasses = [\"star\", \"ring\", \"cross\"]\nvalidation_fraction = 0.25")
        .size("small", "train_per_class = 8\nsteps = 40")
        .size("large", "train_per_class = 20\nsteps = 60")
        .treatment("frozen", "copied = [1, 4, 7]\nfrozen = \"copied\"")
        .treatment("fine-tuned", "copied = 7\nfrozen = [0, 3]\nsources = [\"near\", \"untrained\"]")
        .treatment(
            "probe",
            r#"
kind = "probe"
layers = [4, 7]
sources = ["near", "untrained"]
l2 = [0.01, 0.1]
"#,
        )
        .training("ladder", "[1, 1.5]")
        .study("reference_runs", "2")
        .tuned("learning_rates = [0.003, 0.01]\nextend = 1")
        .table("[verdict]", "margin_pp = 5.0")
        .text()
}

/// A source of three shapes, trained on so many images of each for so many steps.
pub fn near(train_per_class: u32, steps: u32) -> String {
    format!(
        r#"
data = "shapes"
classes = ["arrow", "heart", "drop"]
similarity = "similar"
train_per_class = {train_per_class}
steps = {steps}
learning_rate = 0.01
"#
    )
}

/// The tiny study with this learning rate for every arm instead of a search.
pub fn tiny_at_fixed_rate(rate: &str) -> String {
    tiny()
        .replace("[tuning]\nlearning_rates = [0.003, 0.01]\nextend = 1\n", "")
        .replace("l2 = [0.01, 0.1]", "l2 = [0.1]")
        .replace("schedule = \"cosine\"", &format!("schedule = \"cosine\"\nlearning_rate = {rate}"))
}

/// A folder with a scenario, where a study runs.
pub struct Workplace {
    folder: tempfile::TempDir,
}

impl Workplace {
    /// A workplace with the tiny study.
    pub fn tiny() -> Self {
        Self::with(&tiny())
    }

    /// A workplace with this scenario.
    pub fn with(scenario: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("study.toml"), scenario).unwrap();
        Self { folder }
    }

    /// A path in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// `nt` with these words, in this folder.
    pub fn nt(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_nt"));
        command.args(words).current_dir(self.folder.path()).env_remove("NT_SIMD").stdin(Stdio::null());
        command
    }

    /// `nt run study.toml --out OUT` with more words.
    pub fn run_command(&self, out: &str, words: &[&str]) -> Command {
        let mut command = self.nt(&["run", "study.toml", "--cache-dir", "cache", "--out", out]);
        command.args(words);
        command
    }

    /// The same, to its end.
    pub fn run(&self, out: &str, words: &[&str]) -> Output {
        self.run_command(out, words).output().unwrap()
    }

    /// The same, in the background.
    pub fn spawn(&self, out: &str, words: &[&str]) -> Child {
        self.run_command(out, words).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    /// The result digest of a folder's manifest.
    pub fn digest(&self, out: &str) -> String {
        manifest(&self.path(out))["result_digest"].as_str().unwrap().to_owned()
    }

    /// Jobs that the log of a folder says were run, over all its runs.
    pub fn jobs_run(&self, out: &str) -> usize {
        let log = std::fs::read_to_string(self.path(out).join("log.jsonl")).unwrap();
        log.lines().filter(|line| line.contains("\"job ended\"")).count()
    }
}

/// The manifest of a study's folder.
pub fn manifest(dir: &Path) -> serde_json::Value {
    serde_json::from_slice(&std::fs::read(dir.join("manifest.json")).unwrap()).unwrap()
}

/// Number of records of a study's folder.
pub fn num_records(dir: &Path) -> usize {
    std::fs::read_to_string(dir.join("runs.jsonl")).unwrap().lines().count()
}

/// What a command said on standard error.
pub fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Asserts an exit code, showing what was said.
#[track_caller]
pub fn assert_exit(output: &Output, code: i32) {
    assert_eq!(output.status.code(), Some(code), "{}", said(output));
}

/// The files of a folder below a study's, by name.
pub fn files(dir: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// The records of a study's folder, in the order they were written.
pub fn records(dir: &Path) -> Vec<serde_json::Value> {
    let text = std::fs::read_to_string(dir.join("runs.jsonl")).unwrap();
    text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["record"].take()).collect()
}

/// Changes one bit in the middle of a file.
pub fn flip_a_bit(path: &Path) {
    let mut bytes = std::fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 4;
    std::fs::write(path, bytes).unwrap();
}
