//! Every kind of source, augmentation and architecture, end to end.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

mod support;

use nt_scenario::mock::TestScenario;
use support::{Workplace, assert_exit};

fn scenario() -> String {
    TestScenario::new("recipes")
        .study("seed", "11")
        .model("architecture", "\"alexnet-2012\"")
        .model("dropout", "0.5")
        .synthetic("photographs", 20, 10)
        .domain("micrographs", "1.0", 20, 10)
        .source(
            "same-classes",
            r#"
data = "micrographs"
classes = ["star", "ring"]
similarity = "other-look"
train_per_class = 10
examples = 160
"#,
        )
        .source(
            "by-heart",
            r#"
kind = "shuffled-labels"
data = "photographs"
classes = ["arrow", "heart"]
similarity = "none"
train_per_class = 10
epochs = 4
"#,
        )
        .target("shapes", "data = \"photographs\"\nclasses = [\"star\", \"ring\"]\nvalidation_fraction = 0.2")
        .size("only", "train_per_class = 10\nsteps = 12")
        .treatment("as-it-is", "copied = 8\nfrozen = 8\nsources = [\"same-classes\"]")
        .treatment("triangle", "copied = [1, 3]\nfrozen = \"0..=copied\"")
        .training("batch", "6")
        .training("schedule", "{ kind = \"step\", every_fraction = 0.5, factor = 0.1 }")
        .training("augmentation", "[\"random-crop\", \"horizontal-flip\", \"colour-jitter\"]")
        .text()
}

#[test]
fn every_kind_of_source_augmentation_and_treatment_runs_and_comes_out_again() {
    let workplace = Workplace::with(&scenario());
    assert_exit(&workplace.run("one", &["--jobs", "1"]), 0);
    assert_exit(&workplace.run("two", &["--jobs", "1", "--threads", "2"]), 0);
    assert_eq!(workplace.digest("one"), workplace.digest("two"));
    let runs = std::fs::read_to_string(workplace.path("one/runs.csv")).unwrap();
    let domain_shift = runs.lines().find(|line| line.contains(",8,8,") && line.contains(",top1,")).unwrap();
    assert!(domain_shift.contains("same-classes"), "{domain_shift}");
}
