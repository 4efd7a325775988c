//! A scenario written out with every default means the same.

mod common;

use nt_scenario::Scenario;

const GOOD: &str = include_str!("fixtures/good.toml");

#[test]
fn the_resolved_form_means_the_same() {
    for text in [GOOD, include_str!("../../../scenarios/smoke.toml")] {
        let scenario = common::parse(text);
        let resolved =
            Scenario::parse(&scenario.to_toml(), "resolved.toml").unwrap_or_else(|faults| panic!("{faults}"));
        assert_eq!(scenario, resolved);
        assert_eq!(scenario.to_toml(), resolved.to_toml());
        let ids = |scenario: &Scenario| common::plan(scenario).jobs.iter().map(|job| job.id).collect::<Vec<_>>();
        assert_eq!(ids(&scenario), ids(&resolved));
    }
}

#[test]
fn the_resolved_form_has_every_default() {
    insta::assert_snapshot!(common::parse(GOOD).to_toml());
}
