//! Scenarios, and facts about data that nobody rendered.
// Each test binary uses its share, and a test that cannot go on panics.
#![allow(dead_code, clippy::panic)]

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
        let folders = || ["ant", "bee", "cat", "dog", "eel", "fox"].map(str::to_owned).to_vec();
        let classes = data.declared_classes().unwrap_or_else(folders);
        let (train, test) = match data {
            Data::Synthetic(data) => (data.train_per_class, data.test_per_class),
            Data::ImageFolder(_) => (100, 50),
            Data::Cifar10Binary { .. } => (5000, 1000),
        };
        DataFacts {
            train_per_class: vec![train; classes.len()],
            test_per_class: vec![test; classes.len()],
            digest: *blake3::hash(format!("{name} {data:?}").as_bytes()).as_bytes(),
            classes,
        }
    };
    scenario.data.iter().map(|(name, data)| (name.clone(), Ok(facts(name, data)))).collect()
}

/// The plan of a scenario on data as declared.
pub fn plan(scenario: &Scenario) -> Plan {
    Plan::new(scenario, &facts(scenario), NUMERICS).unwrap_or_else(|error| panic!("{error}"))
}
