//! A study of a network with four learned layers, from its scenario to its report: nothing outside an architecture's file
//! counts layers.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

mod support;

use nt_scenario::mock::TestScenario;
use support::{Workplace, assert_exit};

/// Every depth that a network of four learned layers has: copied, frozen, probed; with a control and a selffer.
fn scenario() -> String {
    TestScenario::new("four-layers")
        .model("architecture", "\"four-layer\"")
        .model("width", "0.1")
        .model("input", "32")
        .model("dropout", "0.2")
        .synthetic("shapes", 20, 10)
        .source(
            "near",
            r#"
data = "shapes"
classes = ["star", "ring"]
similarity = "similar"
train_per_class = 10
steps = 8
"#,
        )
        .source("untrained", "kind = \"untrained\"")
        .source("self", "kind = \"selffer\"\nsteps = 8")
        .target("shapes", "data = \"shapes\"\nclasses = [\"star\", \"ring\"]\nvalidation_fraction = 0.2")
        .size("small", "train_per_class = 5\nsteps = 8")
        .size("large", "train_per_class = 10\nsteps = 8")
        .treatment("frozen", "copied = \"1..=3\"\nfrozen = \"copied\"")
        .treatment("fine-tuned", "copied = 3\nfrozen = [0, 1, 2]\nsources = [\"near\"]")
        .treatment("as-it-is", "copied = 4\nfrozen = 4\nsources = [\"near\"]")
        .treatment("probe", "kind = \"probe\"\nlayers = \"1..=3\"\nsources = [\"near\"]\nl2 = [0.1]")
        .training("batch", "5")
        .text()
}

#[test]
fn a_network_of_four_layers_passes_from_its_scenario_to_its_report() {
    let workplace = Workplace::with(&scenario());
    assert_exit(&workplace.run("one", &["--jobs", "2"]), 0);
    let read = |name: &str| std::fs::read_to_string(workplace.path("one").join(name)).unwrap();
    let verdicts = read("verdicts.csv");
    assert!(verdicts.contains(",as-it-is,4,4,") && verdicts.contains(",fine-tuned,3,0,"), "{verdicts}");
    let figure = read("figures/accuracy_by_depth.json");
    assert!(figure.contains("3\\nfc3") && !figure.contains("fc7") && !figure.contains("conv5"), "{figure}");
    // The source network as it is, (4, 4), learns nothing of the target, so it stands for no treatment.
    let similarity = read("figures/gap_by_similarity.csv");
    let depths = |row: &str| {
        let from_the_end: Vec<&str> = row.rsplit(',').collect();
        (from_the_end[7].to_owned(), from_the_end[6].to_owned())
    };
    let depths: Vec<(String, String)> = similarity.lines().map(depths).collect();
    assert_eq!(depths[0], ("copied".to_owned(), "frozen".to_owned()));
    let has = |depth: &str| depths.contains(&(depth.to_owned(), depth.to_owned()));
    assert!(has("3") && !has("4"), "{similarity}");
    let page = read("index.html");
    assert!(page.contains("the source network as it is") && page.contains("3 copied and frozen"));
    // What a rule of thumb lacks is asked for in depths that this network has.
    let advice = read("rules.json") + &read("report.md");
    assert!(!advice.contains("copied = 7") && !advice.contains("layers = [7]"), "{advice}");
}

#[test]
fn a_depth_that_the_network_lacks_is_refused_with_its_own_layers() {
    let workplace = Workplace::with(&scenario().replace("copied = 3\n", "copied = 7\n"));
    let told = workplace.nt(&["check", "study.toml"]).output().unwrap();
    assert_exit(&told, 2);
    let told = String::from_utf8_lossy(&told.stderr).into_owned() + &String::from_utf8_lossy(&told.stdout);
    assert!(told.contains("4 learned layers"), "{told}");
}

#[test]
fn no_message_names_the_network_of_tests() {
    let workplace = Workplace::with(&scenario().replace("\"four-layer\"", "\"alexnett\""));
    let told = workplace.nt(&["check", "study.toml"]).output().unwrap();
    let told = String::from_utf8_lossy(&told.stderr).into_owned() + &String::from_utf8_lossy(&told.stdout);
    assert!(told.contains("alexnet-2012") && !told.contains("four-layer"), "{told}");
}
