//! Sources that are read from files of weights.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

mod support;

use nt_scenario::mock::TestScenario;
use std::path::Path;
use support::{Workplace, assert_exit, said};

/// The narrow AlexNet of `harness/model/weights/fixtures`, as PyTorch saved it.
const FIXTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/harness/model/weights/fixtures/state_dict.pth");

/// A study of this file, in a network that it fits.
fn study(source: &str) -> TestScenario {
    TestScenario::new("file")
        .model("architecture", "\"alexnet-torchvision\"")
        .model("width", "0.03")
        .model("input", "64")
        .synthetic("shapes", 30, 20)
        .source("downloaded", &format!("kind = \"weights\"\nsimilarity = \"similar\"\n{source}"))
        .source("untrained", "kind = \"untrained\"")
        .target("shapes", "data = \"shapes\"\nclasses = [\"star\", \"ring\", \"cross\"]\nvalidation_fraction = 0.25")
        .size("small", "train_per_class = 8\nsteps = 10")
        .treatment("frozen", "copied = [2, 7]\nfrozen = \"copied\"")
        .treatment("fine-tuned", "copied = 7\nfrozen = 0")
        .table("[verdict]", "margin_pp = 5.0")
}

fn workplace(scenario: &TestScenario) -> Workplace {
    let workplace = Workplace::with(&scenario.text());
    std::fs::copy(FIXTURE, workplace.path("net.pth")).unwrap();
    workplace
}

fn nt(workplace: &Workplace, words: &[&str]) -> std::process::Output {
    workplace.nt(words).output().unwrap()
}

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn a_network_from_a_file_is_one_source_network_that_all_replicates_share() {
    let workplace = workplace(&study("path = \"net.pth\""));
    assert_exit(&nt(&workplace, &["check", "study.toml"]), 0);
    let planned = nt(&workplace, &["plan", "study.toml", "--power", "--cache-dir", "cache"]);
    let told = String::from_utf8(planned.stdout).unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(told.contains("Of downloaded there is one network"), "{told}");
    assert_exit(&workplace.run("out", &[]), 0);
    let runs = text(&workplace.path("out/runs.csv"));
    assert!(!runs.contains("source/downloaded"), "no job makes it");
    // The control is drawn anew in every replicate, the file is the same in all.
    let verdicts = text(&workplace.path("out/verdicts.csv"));
    for (source, scope) in [("downloaded", "this source network"), ("untrained", "the source's training procedure")] {
        let rows: Vec<&str> = verdicts.lines().filter(|line| line.starts_with(source)).collect();
        assert!(!rows.is_empty() && rows.iter().all(|row| row.contains(scope)), "{verdicts}");
    }
    assert!(text(&workplace.path("out/index.html")).contains("this source network"));
    assert_exit(&nt(&workplace, &["verify", "out", "--base", ".", "--cache-dir", "cache"]), 0);
    assert_exit(&nt(&workplace, &["report", "out"]), 0);
}

#[test]
fn another_network_is_another_study_and_another_format_is_not() {
    let workplace = workplace(&study("path = \"net.pth\""));
    assert_exit(&workplace.run("out", &[]), 0);
    let (digest, ran) = (workplace.digest("out"), workplace.jobs_run("out"));
    std::fs::rename(workplace.path("net.pth"), workplace.path("moved.pth")).unwrap();
    let gone = workplace.run("out", &[]);
    assert_exit(&gone, 2);
    assert!(said(&gone).contains("S035") && said(&gone).contains("net.pth"), "{}", said(&gone));
    // Where it lies is no part of what it means.
    std::fs::write(workplace.path("study.toml"), study("path = \"moved.pth\"").text()).unwrap();
    assert_exit(&workplace.run("out", &[]), 0);
    assert_eq!((workplace.digest("out"), workplace.jobs_run("out")), (digest, ran));
    // What it does to pixels first is.
    let grey = "path = \"moved.pth\"\nmean = [0.5, 0.5, 0.5]\nstd = [0.5, 0.5, 0.5]";
    std::fs::write(workplace.path("study.toml"), study(grey).text()).unwrap();
    assert_exit(&workplace.run("out", &[]), 0);
    // The treatments of the file run again, three in two replicates, each with the run by which validation chooses. Scratch and the
    // controls do not.
    assert_eq!(workplace.jobs_run("out"), ran + 12);
}

#[test]
fn every_tensor_that_does_not_fit_is_told_before_anything_runs_with_the_model_that_would() {
    let workplace = workplace(&study("path = \"net.pth\"").model("width", "0.05"));
    for words in [["check", "study.toml"], ["plan", "study.toml"], ["run", "study.toml"]] {
        let refused = nt(&workplace, &words);
        assert_exit(&refused, 2);
        let told = said(&refused);
        assert!(told.contains("study.toml:") && told.contains("S035"), "{told}");
        assert!(
            told.contains("features.0.weight has shape [1, 3, 11, 11]") && told.contains("classifier.4.bias"),
            "{told}"
        );
        assert!(told.contains("architecture = \"alexnet-torchvision\", width = 0.03, input = 64"), "{told}");
    }
    let unknown = "path = \"net.pth\"\nclasses = [\"star\", \"ring\"]";
    std::fs::write(workplace.path("study.toml"), study(unknown).text()).unwrap();
    let refused = nt(&workplace, &["check", "study.toml"]);
    assert_exit(&refused, 2);
    assert!(said(&refused).contains("`classes` names 2, and the last layer in"), "{}", said(&refused));
}

#[test]
fn the_last_layer_is_copied_only_where_the_classes_are_named_and_the_same() {
    let with_classes = "path = \"net.pth\"\nclasses = [\"star\", \"ring\", \"cross\"]";
    let as_it_is =
        |source: &str| study(source).treatment("as-it-is", "copied = 8\nfrozen = 8\nsources = [\"downloaded\"]");
    let workplace = workplace(&as_it_is(with_classes));
    assert_exit(&workplace.run("out", &[]), 0);
    assert!(text(&workplace.path("out/runs.csv")).contains("as-it-is"));
    for other in ["path = \"net.pth\"", "path = \"net.pth\"\nclasses = [\"ring\", \"star\", \"cross\"]"] {
        std::fs::write(workplace.path("study.toml"), as_it_is(other).text()).unwrap();
        assert_exit(&nt(&workplace, &["check", "study.toml"]), 2);
    }
}

#[test]
fn an_untrained_network_has_the_last_layer_of_each_of_its_targets() {
    let targets = |classes: &str| format!("data = \"shapes\"\nclasses = {classes}\nvalidation_fraction = 0.25");
    let scenario = TestScenario::new("two-targets")
        .synthetic("shapes", 20, 10)
        .source("untrained", "kind = \"untrained\"")
        .target("three", &targets("[\"star\", \"ring\", \"cross\"]"))
        .size("small", "train_per_class = 8\nsteps = 5")
        .target("five", &targets("[\"star\", \"ring\", \"cross\", \"arrow\", \"heart\"]"))
        .size("small", "train_per_class = 8\nsteps = 5")
        .treatment("whole", "copied = 8\nfrozen = [0, 8]")
        .table("[verdict]", "margin_pp = 5.0");
    let workplace = Workplace::with(&scenario.text());
    assert_exit(&workplace.run("out", &["--keep-going"]), 0);
}

/// A study whose source is trained here.
fn trained() -> TestScenario {
    study("path = \"net.pth\"").source("near", &support::near(12, 10))
}

#[test]
fn an_exported_network_is_read_back_bit_for_bit_in_either_format_with_its_card() {
    let workplace = workplace(&trained());
    assert_exit(&workplace.run("out", &["--keep", "networks"]), 0);
    let words = |job: &'static str, out: &'static str| ["export", job, "--dir", "out", "--out", out];
    for out in ["near.pth", "again.safetensors"] {
        assert_exit(&nt(&workplace, &words("source/near/r0", out)), 0);
        assert_exit(&nt(&workplace, &words("source/near/r0", out)), 2);
    }
    // The card beside a file is for people: that within it counts.
    std::fs::remove_file(workplace.path("again.json")).unwrap();
    let card: serde_json::Value = serde_json::from_str(&text(&workplace.path("near.json"))).unwrap();
    assert_eq!(card["classes"], serde_json::json!(["arrow", "heart", "drop"]));
    assert_eq!(
        (card["name"].as_str(), card["terms"].as_str()),
        (Some("source/near/r0"), Some("none: nt renders them"))
    );
    let mut digests = Vec::new();
    for (at, file) in ["near.pth", "again.safetensors"].into_iter().enumerate() {
        // Neither mean nor deviation nor classes are given: the card has them.
        let again = study(&format!("path = \"{file}\"")).source("other", "kind = \"untrained\"");
        std::fs::write(workplace.path("study.toml"), again.text()).unwrap();
        let out = format!("again-{at}");
        assert_exit(&workplace.run(&out, &[]), 0);
        digests.push(workplace.digest(&out));
    }
    assert_eq!(digests[0], digests[1], "one network in two formats is one network");
    // The values are those of the study's own file.
    let study = std::fs::read_dir(workplace.path("out/networks")).unwrap();
    let own: Vec<Vec<u8>> = study.map(|entry| std::fs::read(entry.unwrap().path()).unwrap()).collect();
    let exported = std::fs::read(workplace.path("again.safetensors")).unwrap();
    let values = |bytes: &[u8], name: &str| {
        safetensors::SafeTensors::deserialize(bytes).unwrap().tensor(name).map(|tensor| tensor.data().to_vec()).ok()
    };
    let conv3 = values(&exported, "features.6.weight").unwrap();
    assert!(own.iter().any(|bytes| values(bytes, "conv3.weight") == Some(conv3.clone())));
}

#[test]
fn networks_of_judged_runs_are_kept_on_request_and_change_no_result() {
    let workplace = workplace(&trained());
    assert_exit(&workplace.run("out", &[]), 0);
    let (digest, ran) = (workplace.digest("out"), workplace.jobs_run("out"));
    let job = "shapes/small/near/fine-tuned(7,0)/r1";
    let refused = nt(&workplace, &["export", job, "--dir", "out", "--out", "run.pth"]);
    assert_exit(&refused, 2);
    assert!(said(&refused).contains("--keep networks"), "{}", said(&refused));
    assert_exit(&workplace.run("out", &["--keep", "networks"]), 0);
    assert_eq!(workplace.digest("out"), digest);
    assert!(workplace.jobs_run("out") > ran, "what lacks its network runs again");
    assert_exit(&nt(&workplace, &["check", "out"]), 0);
    assert_exit(&nt(&workplace, &["export", job, "--dir", "out", "--out", "run.pth"]), 0);
    // No file is written over.
    std::fs::remove_file(workplace.path("run.json")).unwrap();
    assert_exit(&nt(&workplace, &["export", job, "--dir", "out", "--out", "run.pth"]), 2);
    assert_exit(&nt(&workplace, &["export", "nothing", "--dir", "out", "--out", "other.pth"]), 2);
    assert_exit(&nt(&workplace, &["export", job, "--dir", "out", "--out", "run.onnx"]), 2);
}

#[test]
fn a_card_of_another_network_is_refused() {
    let workplace = workplace(&trained());
    assert_exit(&workplace.run("out", &[]), 0);
    assert_exit(&nt(&workplace, &["export", "source/near/r0", "--dir", "out", "--out", "near.safetensors"]), 0);
    let bytes = std::fs::read(workplace.path("near.safetensors")).unwrap();
    let header = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let mut changed = bytes.clone();
    changed[8 + header] ^= 1;
    std::fs::write(workplace.path("changed.safetensors"), changed).unwrap();
    std::fs::write(workplace.path("study.toml"), study("path = \"changed.safetensors\"").text()).unwrap();
    let refused = nt(&workplace, &["check", "study.toml"]);
    assert_exit(&refused, 2);
    assert!(said(&refused).contains("has the card of another network"), "{}", said(&refused));
}

#[test]
fn a_kept_network_that_is_changed_or_lost_is_told_and_made_again() {
    let workplace = workplace(&trained());
    assert_exit(&workplace.run("out", &["--keep", "networks"]), 0);
    let digest = workplace.digest("out");
    let networks = || support::files(&workplace.path("out/networks"));
    let count = networks().len();
    for harm in [support::flip_a_bit as fn(&Path), |path| std::fs::remove_file(path).unwrap()] {
        harm(&networks()[0]);
        let told = nt(&workplace, &["check", "out"]);
        assert_exit(&told, 1);
        assert!(said(&told).contains("networks/"), "{}", said(&told));
        assert_exit(&workplace.run("out", &[]), 0);
        assert_exit(&nt(&workplace, &["check", "out"]), 0);
        assert_exit(&workplace.run("out", &["--keep", "networks"]), 0);
        assert_exit(&nt(&workplace, &["check", "out"]), 0);
        assert_eq!((networks().len(), workplace.digest("out")), (count, digest.clone()));
    }
}
