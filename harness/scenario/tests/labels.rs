//! Labels of several classes an image: which metrics and methods can use them.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

mod common;

use nt_scenario::{Code, Diagnostic, LabelKind, Metric, Scenario};

const STUDY: &str = include_str!("fixtures/study.toml");

/// What is said of a study by this metric whose target's images have such labels.
fn diagnostics_of(metric: Metric, labels: LabelKind) -> Vec<Diagnostic> {
    let metric = format!("margin_pp = 5.0\nmetric = \"{}\"", metric.word());
    let text = STUDY.replace("margin_pp = 5.0", &metric).replace("[data.shapes-b]\nkind = \"synthetic\"\nlook_distance = 0.0\nlabel = \"shape\"\ntrain_per_class = 100\ntest_per_class = 50", "[data.shapes-b]\nkind = \"image-folder\"\npath = \"pictures\"");
    let text = text.replace("[[treatment]]\nname = \"as-it-is\"\ncopied = 8\nfrozen = 8\nsources = [\"near\"]", "");
    let parsed = Scenario::parse(&text, "study.toml");
    let scenario = match parsed {
        Ok(scenario) => scenario,
        Err(faults) => return faults.0,
    };
    let mut facts = common::facts(&scenario);
    facts.data.get_mut("shapes-b").unwrap().as_mut().unwrap().labels = labels;
    scenario.check_data(&facts)
}

#[test]
fn a_metric_is_refused_on_labels_that_it_cannot_be_measured_on() {
    for &metric in Metric::ALL {
        let faults = diagnostics_of(metric, LabelKind::OneClass);
        let is_told = faults.iter().any(|fault| fault.code == Code::Labels && fault.message.contains(metric.word()));
        assert_eq!(is_told, !metric.fits(LabelKind::OneClass), "{metric}: {faults:?}");
    }
}

#[test]
fn images_of_several_classes_are_refused_by_methods_that_need_one() {
    let faults = diagnostics_of(Metric::Top1, LabelKind::SeveralClasses);
    let messages: Vec<&str> = faults.iter().map(|fault| fault.message.as_str()).collect();
    assert!(faults.iter().all(|fault| fault.code == Code::Labels), "{messages:?}");
    assert!(messages.iter().any(|message| message.contains("\"top1\" cannot be measured")), "{messages:?}");
    assert!(messages.iter().any(|message| message.contains("\"training\" cannot learn")), "{messages:?}");
}
