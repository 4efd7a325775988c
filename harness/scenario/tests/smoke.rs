//! The shipped smoke scenario, from text to plan.

mod common;

#[test]
fn smoke_is_planned() {
    // Without the header, which tells what came out: a line more there must move no line number below.
    let text = include_str!("../../../scenarios/smoke.toml");
    let schema = text.find("\nversion = ").expect("the schema's version follows the header") + 1;
    let scenario = common::parse(&text[schema..]);
    let plan = common::plan(&scenario);
    insta::assert_snapshot!(plan.summary(&scenario));
    let notes: Vec<String> = scenario.notes().iter().map(ToString::to_string).collect();
    insta::assert_snapshot!("notes", notes.join("\n"));
}
