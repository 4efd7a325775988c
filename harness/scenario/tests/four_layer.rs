//! Nothing but an architecture's own file counts its layers: a network of four is read, checked and planned.
#![cfg(feature = "test-network")]
#![allow(clippy::panic, reason = "a helper of tests fails as a test does")]

mod common;

use nt_scenario::{Architecture, NetworkShape, Scenario, SettingChoice, Work};

const STUDY: &str = include_str!("fixtures/study.toml");

/// The study on the four-layer network, with other depths.
fn study(copied: &str, last: u8) -> String {
    STUDY
        .replacen("architecture = \"alexnet\"", "architecture = \"four-layer\"", 1)
        .replacen("copied = [3, 7]", &format!("copied = {copied}"), 1)
        .replacen("copied = 7\nfrozen = 0", "copied = 3\nfrozen = 0", 1)
        .replacen("copied = 8\nfrozen = 8", &format!("copied = {last}\nfrozen = {last}"), 1)
}

#[test]
fn its_layers_are_two_convolutions_and_two_linear_ones() {
    let shape = NetworkShape::new(Architecture::FourLayer, 1.0, 64, 5);
    let names: Vec<&str> = shape.layers.iter().map(|layer| layer.name).collect();
    assert_eq!(names, ["conv1", "conv2", "fc3", "fc4"]);
    assert_eq!(shape.layers.iter().filter(|layer| layer.dropout_before).count(), 1);
}

#[test]
fn its_last_layer_is_copied_only_as_it_is() {
    let plan = common::plan(&common::parse(&study("\"1..=3\"", 4)));
    let job = |name: &str| plan.jobs.iter().find(|job| job.name == name).unwrap_or_else(|| panic!("no job {name}"));
    let as_it_is = job("shapes-b/small/near/as-it-is(4,4)/r0");
    let Work::TrainTarget(task) = &as_it_is.work else { panic!("it trains a source") };
    assert_eq!((&task.setting, as_it_is.image_steps), (&SettingChoice::NotTrained, 0));
    let frozen = job("shapes-b/small/near/frozen(3,3)/r0");
    assert!(frozen.multiply_accumulates < job("shapes-b/small/near/fine-tuned(3,0)/r0").multiply_accumulates);
}

#[test]
fn a_fault_names_its_own_layers() {
    let told = |text: &str| Scenario::parse(text, "a.toml").unwrap_err().to_string();
    let deep = told(&study("\"1..=5\"", 4));
    assert!(deep.contains("4 learned layers; choose 1..=3, or 4 if source and target have the same classes"), "{deep}");
    assert!(deep.contains("did you mean 3?"), "{deep}");
    let malformed = told(&study("\"all\"", 4));
    assert!(malformed.contains("a list ([1, 3]) or a range (\"1..=3\")"), "{malformed}");
    let differs = study("3", 4).replacen("sources = [\"near\"]", "sources = [\"far\"]", 1);
    assert!(told(&differs).contains("fc4 is new where the classes differ: choose 1 to 3"), "{}", told(&differs));
}

#[test]
fn no_message_offers_it() {
    let text = STUDY.replacen("\"alexnet\"", "\"resnet\"", 1);
    assert!(!Scenario::parse(&text, "a.toml").unwrap_err().to_string().contains("four-layer"));
}
