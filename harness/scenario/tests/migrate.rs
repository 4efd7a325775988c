//! A scenario of an older version is read as it was meant, and rewritten with nothing else changed.

mod common;

use nt_scenario::{Migration, Scenario, Version};

const STUDY: &str = include_str!("fixtures/study.toml");

/// A text of version 1 with layout that a rewrite must keep.
fn old() -> String {
    STUDY.replacen("version = 2", "version  =   1   # the first, 1", 1).replace('\n', "\r\n")
}

#[test]
fn an_old_scenario_is_rewritten_and_keeps_its_layout() {
    let old = old();
    let Migration::Rewritten { from, text, changes } = Migration::of(&old, "a.toml").unwrap() else {
        panic!("it is current");
    };
    assert_eq!((from, changes), (Version::One, vec!["line 2: version 1 → 2".to_owned()]));
    assert_eq!(text, old.replacen("=   1   #", "=   2   #", 1));
    assert_eq!(Scenario::parse(&text, "a.toml"), Scenario::parse(&old, "a.toml"));
    assert_eq!(Migration::of(&text, "a.toml"), Ok(Migration::Current));
}

#[test]
fn an_old_scenario_plans_the_same_jobs() {
    let ids = |text: &str| common::plan(&common::parse(text)).jobs.iter().map(|job| job.id).collect::<Vec<_>>();
    assert_eq!(ids(&old()), ids(STUDY));
}

#[test]
fn what_cannot_be_read_is_not_rewritten() {
    let faulty = old().replacen("seed = 7", "sede = 7", 1);
    assert_eq!(Migration::of(&faulty, "a.toml"), Scenario::parse(&faulty, "a.toml").map(|_| Migration::Current));
    assert!(Migration::of(&faulty, "a.toml").is_err());
    assert!(Migration::of("version = 9", "a.toml").unwrap_err().to_string().contains("S002"));
}

#[test]
fn only_an_old_version_is_noted() {
    let codes =
        |text: &str| -> Vec<String> { common::parse(text).notes().iter().map(|note| note.code.to_string()).collect() };
    assert!(codes(&old()).contains(&"S030".to_owned()));
    assert!(!codes(STUDY).contains(&"S030".to_owned()));
}
