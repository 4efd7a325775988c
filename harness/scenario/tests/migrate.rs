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

#[test]
fn what_an_older_version_means_by_leaving_it_out_is_written_down() {
    let left_out = [
        "reference_runs = 1\n",
        "search = \"once\"\n",
        "extend = 0\n",
        "choice = \"each-replicate\"\n",
        "primary = []\n",
    ];
    let old = left_out.iter().fold(STUDY.replacen("version = 2", "version = 1", 1), |text, key| {
        assert!(text.contains(key), "{key}");
        text.replacen(key, "", 1)
    });
    let Migration::Rewritten { text, changes, .. } = Migration::of(&old, "a.toml").unwrap() else {
        panic!("it is current");
    };
    assert_eq!(changes.len(), 1 + left_out.len(), "{changes:?}");
    for key in left_out {
        assert!(text.contains(key), "{key} in {text}");
    }
    let ids = |text: &str| common::plan(&common::parse(text)).jobs.iter().map(|job| job.id).collect::<Vec<_>>();
    assert_eq!(ids(&text), ids(STUDY));
    assert_eq!(ids(&old), ids(STUDY));
    // The same text as version 2 is another study.
    assert_ne!(ids(&old.replacen("version = 1", "version = 2", 1).replacen("replicates = 1\n", "", 1)), ids(STUDY));
}

#[test]
fn a_table_that_an_older_scenario_lacks_is_added_at_its_end() {
    let (before, _) = STUDY.split_once("[verdict]").unwrap();
    let old = before.replacen("version = 2", "version = 1", 1);
    let Migration::Rewritten { text, .. } = Migration::of(&old, "a.toml").unwrap() else { panic!("it is current") };
    assert!(text.ends_with("\n[verdict]\nchoice = \"each-replicate\"\nprimary = []\n"), "{text}");
    assert_eq!(Scenario::parse(&text, "a.toml"), Scenario::parse(&old, "a.toml"));
}

#[test]
fn a_key_is_added_however_its_table_is_written() {
    let (head, rest) = STUDY
        .replacen("version = 2", "version = 1", 1)
        .split_once("[study]")
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .unwrap();
    let rest = &rest[rest.find("[model]").unwrap()..];
    let inline = "study = { name = \"s\", question = \"Why?\", seed = 7, replicates = 2 }   # one line\n";
    let dotted = "study.name = \"s\"\nstudy.question = \"Why?\"\nstudy.seed = 7\nstudy.replicates = 2 # two\n";
    for written in [inline, dotted] {
        let old = format!("{head}{written}{rest}");
        let Migration::Rewritten { text, changes, .. } = Migration::of(&old, "a.toml").unwrap() else {
            panic!("it is current");
        };
        assert_eq!(changes.len(), 2, "{changes:?}");
        assert_eq!(Scenario::parse(&text, "a.toml"), Scenario::parse(&old, "a.toml"), "{text}");
        let kept = text.lines().filter(|line| !line.contains("reference_runs"));
        assert!(kept.eq(
            old.replacen("version = 1", "version = 2", 1).lines().filter(|line| !line.contains("replicates = 2 }"))
        ));
    }
}
