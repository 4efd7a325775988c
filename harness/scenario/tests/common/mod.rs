//! Scenarios, and facts about data that nobody rendered.
#![allow(dead_code, reason = "each test binary uses its share")]
#![allow(clippy::panic, reason = "a helper of tests fails as a test does")]

use nt_scenario::{Data, DataFacts, Facts, Plan, Scenario};

/// The numerics that test plans are made for.
pub const NUMERICS: &str = "test-1";

/// The scenario of a text without faults.
pub fn parse(text: &str) -> Scenario {
    Scenario::parse(text, "scenario.toml").unwrap_or_else(|faults| panic!("{faults}"))
}

/// Facts that fit what a scenario declares; an image folder without classes has six, of 100 and 50 images.
pub fn facts(scenario: &Scenario) -> Facts {
    let facts = |name: &str, data: &Data| {
        let known = data.known();
        let folders = || ["ant", "bee", "cat", "dog", "eel", "fox"].map(str::to_owned).to_vec();
        let classes = known.classes.unwrap_or_else(folders);
        DataFacts {
            train_per_class: known.train.unwrap_or_else(|| vec![100; classes.len()]),
            test_per_class: known.test.unwrap_or_else(|| vec![50; classes.len()]),
            standardisation: nt_scenario::Standardisation::IMAGENET,
            digest: *blake3::hash(format!("{name} {data:?}").as_bytes()).as_bytes(),
            labels: known.labels.unwrap_or_default(),
            classes,
        }
    };
    Facts::of_data(scenario.data.iter().map(|(name, data)| (name.clone(), Ok(facts(name, data)))))
}

/// The plan of a scenario on data as declared.
pub fn plan(scenario: &Scenario) -> Plan {
    Plan::new(scenario, &facts(scenario), NUMERICS).unwrap_or_else(|error| panic!("{error}"))
}
