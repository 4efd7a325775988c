//! Every diagnostic: a fixture that raises it, and its blessed message.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

mod common;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use nt_scenario::{Code, Diagnostic, Facts, Learning, Named, Scenario, Settings, Severity, apply_set};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// What `nt check` says of a fixture: overrides, then faults, then what the data show, then notes.
fn check(name: &str) -> Vec<Diagnostic> {
    let file = format!("{name}.toml");
    let text = std::fs::read_to_string(fixtures().join(&file)).unwrap();
    let sets: Vec<String> = text.lines().filter_map(|line| line.strip_prefix("# --set ")).map(str::to_owned).collect();
    let text = match apply_set(&text, &sets) {
        Ok(text) => text,
        Err(refusals) => return refusals.0,
    };
    match Scenario::parse(&text, &file) {
        Err(faults) => faults.0,
        Ok(scenario) => scenario.check_data(&facts(&scenario)).into_iter().chain(scenario.notes()).collect(),
    }
}

fn facts(scenario: &Scenario) -> Facts {
    let mut facts = common::facts(scenario);
    for (name, data) in &scenario.data {
        if matches!(data, nt_scenario::Data::ImageFolder(folder) if folder.path == "no-such-folder") {
            facts.data.insert(name.clone(), Err("there is no folder \"no-such-folder\"".to_owned()));
        }
    }
    for source in &scenario.sources {
        if let Learning::Elsewhere(weights) = source.learning() {
            let reason = format!("{} cannot be read: there is no such file", weights.path);
            facts.weights.insert(source.name.clone(), Err(reason));
        }
    }
    facts
}

#[test]
fn every_code_has_a_fixture_and_a_blessed_message() {
    let mut strays = Vec::new();
    for &code in Code::ALL {
        let name = format!("bad_{}", code.to_string().to_lowercase());
        assert!(fixtures().join(format!("{name}.toml")).exists(), "{code} needs tests/fixtures/{name}.toml");
        let diagnostics = check(&name);
        let codes: BTreeSet<_> = diagnostics.iter().map(|diagnostic| diagnostic.code).collect();
        if codes != BTreeSet::from([code]) {
            strays.push(format!("{name} raises {codes:?}"));
        }
        let message: Vec<String> = diagnostics.iter().map(ToString::to_string).collect();
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path(fixtures());
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.bind(|| insta::assert_snapshot!(name, message.join("\n")));
    }
    assert!(strays.is_empty(), "a fixture raises its own code and no other: {strays:?}");
}

#[test]
fn every_fixture_belongs_to_a_code() {
    let known: BTreeSet<_> =
        Code::ALL.iter().map(|code| format!("bad_{}.toml", code.to_string().to_lowercase())).collect();
    for entry in std::fs::read_dir(fixtures()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name.starts_with("bad_") && name.ends_with(".toml") {
            assert!(known.contains(&name), "{name} belongs to no code");
        }
    }
}

#[test]
fn codes_are_numbered_from_one_without_a_gap() {
    for (index, code) in Code::ALL.iter().enumerate() {
        assert_eq!(code.to_string(), format!("S{:03}", index + 1));
    }
}

#[test]
fn the_good_fixture_has_no_fault() {
    let diagnostics = check("good");
    assert!(diagnostics.iter().all(|d| d.severity == Severity::Note), "{diagnostics:#?}");
}

#[test]
fn every_place_shows_its_line() {
    for code in Code::ALL {
        for diagnostic in check(&format!("bad_{}", code.to_string().to_lowercase())) {
            let Some(place) = &diagnostic.place else { continue };
            let text = std::fs::read_to_string(fixtures().join(&place.file)).unwrap();
            assert_eq!(text.lines().nth(place.line - 1), Some(place.source_line.as_str()));
            assert!(place.column + place.width <= place.source_line.chars().count() + 2, "{diagnostic}");
        }
    }
}

/// The codes of the faults of the good fixture with these overrides.
fn codes_with(overrides: &[&str]) -> BTreeSet<String> {
    let text = std::fs::read_to_string(fixtures().join("good.toml")).unwrap();
    let overrides: Vec<String> = overrides.iter().map(|&one| one.to_owned()).collect();
    let faults = Scenario::parse(&nt_scenario::apply_set(&text, &overrides).unwrap(), "good.toml").unwrap_err();
    faults.0.iter().map(|fault| fault.code.to_string()).collect()
}

#[test]
fn a_value_that_cannot_be_read_hides_no_other_fault() {
    for (overrides, expected) in [
        (["study.seed=-1", "study.name=a,b"], ["S007", "S010"]),
        (["study.seed=-1", "study.looks=[]"], ["S007", "S029"]),
        (["model.width=9", "treatment.0.copied=[9]"], ["S007", "S014"]),
        (["model.initialiser=foo", "treatment.0.copied=[9]"], ["S006", "S014"]),
        (["tuning.learning_rates=[20.0, 30.0]", "target.0.validation_fraction=0.0"], ["S007", "S024"]),
    ] {
        let found = codes_with(&overrides);
        let expected: BTreeSet<String> = expected.iter().map(|&code| code.to_owned()).collect();
        assert!(expected.is_subset(&found), "{overrides:?}: {found:?}");
        assert!(!found.contains("S023") || !overrides[0].starts_with("tuning"), "{overrides:?}: {found:?}");
    }
}

#[test]
fn settings_of_a_training_that_do_not_go_together_are_told_apart() {
    for (overrides, expected) in [
        (&["training.nesterov=true", "training.momentum=0.0"][..], "S007"),
        (&["training.warmup=1.5"], "S007"),
        (&["training.warmup=-3"], "S007"),
        (&["training.warmup=\"long\""], "S005"),
        (&["training.clip_norm=-1.0"], "S007"),
        (&["training.clip_norm=nan"], "S007"),
        (&["training.nesterov=1"], "S005"),
        (&["training.recipe=\"alexnet\""], "S006"),
        (&["tuning.sources=true"], "S012"),
        (&["tuning.sources=true"], "S024"),
        (&["source.0.validation_fraction=0.999"], "S024"),
    ] {
        let found = codes_with(overrides);
        assert!(found.contains(expected), "{overrides:?}: {found:?}");
    }
}

#[test]
fn a_named_recipe_gives_what_is_not_written() {
    let text = std::fs::read_to_string(fixtures().join("good.toml")).unwrap();
    let parse = |text: &str| Scenario::parse(text, "good.toml").unwrap_or_else(|faults| panic!("{faults}"));
    let (before, after) = text.split_at(text.find("[training]").unwrap());
    let rest = after.find("\n[").map_or("", |at| &after[at..]);
    let named = parse(&format!("{before}[training]\nrecipe = \"alexnet-64px\"\nbatch = 16\n{rest}"));
    let settings = named.training.settings.clone();
    assert_eq!(settings, Settings { batch: 16, ..Named::AlexNet64.settings() });
    assert_eq!(parse(&named.to_toml()).training, named.training);
}
