//! The shipped smoke scenario, from text to plan.

mod common;

#[test]
fn smoke_is_planned() {
    let scenario = common::parse(include_str!("../../../scenarios/smoke.toml"));
    let plan = common::plan(&scenario);
    insta::assert_snapshot!(plan.summary(&scenario));
    let notes: Vec<String> = scenario.notes().iter().map(ToString::to_string).collect();
    insta::assert_snapshot!("notes", notes.join("\n"));
}
