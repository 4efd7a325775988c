//! A job's identity follows its meaning: change a line, and only what it touches has another.

mod common;

use std::collections::BTreeMap;

use nt_scenario::{JobId, Plan, Role};
use proptest::prelude::*;

const STUDY: &str = include_str!("fixtures/study.toml");

fn edited(from: &str, to: &str) -> String {
    assert!(STUDY.contains(from), "{from}");
    STUDY.replacen(from, to, 1)
}

fn plan(text: &str) -> Plan {
    common::plan(&common::parse(text))
}

fn ids(plan: &Plan) -> BTreeMap<&str, JobId> {
    plan.jobs.iter().map(|job| (job.name.as_str(), job.id)).collect()
}

/// The names of the study's jobs that have another identity after an edit, or are gone.
fn changed_by(from: &str, to: &str) -> Vec<String> {
    changed(&plan(STUDY), &plan(&edited(from, to)))
}

fn changed(before: &Plan, after: &Plan) -> Vec<String> {
    let after = ids(after);
    let is_changed = |(name, id): &(&str, JobId)| after.get(name) != Some(id);
    ids(before).into_iter().filter(is_changed).map(|(name, _)| name.to_owned()).collect()
}

/// The names of the study's jobs for which `holds`.
fn jobs_where(holds: impl Fn(&str, Role) -> bool) -> Vec<String> {
    let plan = plan(STUDY);
    let mut names: Vec<String> =
        plan.jobs.iter().filter(|job| holds(&job.name, job.role)).map(|job| job.name.clone()).collect();
    names.sort();
    names
}

fn sorted_ids(plan: &Plan) -> Vec<JobId> {
    let mut ids: Vec<_> = plan.jobs.iter().map(|job| job.id).collect();
    ids.sort();
    ids
}

#[test]
fn what_does_not_change_a_result_changes_no_identity() {
    let edits = [
        ("name = \"small-study\"", "name = \"another\""),
        ("question = \"Is the plan right?\"", "question = \"Why?\""),
        ("margin_pp = 5.0", "margin_pp = 1.0\nmetric = \"top1\""),
        ("similarity = \"dissimilar\"", "similarity = \"unlike\""),
        ("version = 2\n", "version = 2\n# a comment\n"),
        ("version = 2\n", "version = 1\n"),
        ("learning_rate = 0.01\n", "learning_rate = 1e-2\nbatch = 32\n"),
        ("width = 0.125", "width = 0.125\ndropout = 0.0"),
    ];
    for (from, to) in edits {
        assert_eq!(changed_by(from, to), [""; 0], "{to}");
    }
}

#[test]
fn an_option_that_is_off_changes_no_identity_and_one_that_is_on_changes_those_it_touches() {
    for off in ["nesterov = false", "decoupled_weight_decay = false", "clip_norm = 0", "warmup = 0", "warmup = 0.0"] {
        assert_eq!(changed_by("[training]\n", &format!("[training]\n{off}\n")), [""; 0], "{off}");
    }
    let on = [
        "nesterov = true",
        "decoupled_weight_decay = true",
        "clip_norm = 1.0",
        "clip_norm = 2",
        "warmup = 5",
        "warmup = 0.1",
    ];
    let plans = on.map(|on| plan(&edited("[training]\n", &format!("[training]\n{on}\n"))));
    for (index, (on, one)) in on.iter().zip(&plans).enumerate() {
        assert_eq!(changed(&plan(STUDY), one).len(), jobs_where(|_, _| true).len(), "{on}");
        assert!(plans[..index].iter().all(|other| sorted_ids(other) != sorted_ids(one)), "{on} is like another");
    }
}

#[test]
fn a_treatments_name_is_no_part_of_its_meaning() {
    assert_eq!(sorted_ids(&plan(STUDY)), sorted_ids(&plan(&edited("name = \"frozen\"", "name = \"icy\""))));
}

#[test]
fn what_changes_every_result_changes_every_identity() {
    for (from, to) in [
        ("seed = 7", "seed = 8"),
        ("width = 0.125", "width = 0.25"),
        ("input = 64", "input = 48"),
        ("initialiser = \"he-normal\"", "initialiser = \"pytorch\""),
        ("architecture = \"alexnet\"", "architecture = \"alexnet-2012\""),
    ] {
        assert_eq!(changed_by(from, to).len(), plan(STUDY).jobs.len(), "{to}");
    }
    let scenario = common::parse(STUDY);
    let other = Plan::new(&scenario, &common::facts(&scenario), "test-2").unwrap();
    assert_eq!(changed(&plan(STUDY), &other).len(), other.jobs.len());
}

#[test]
fn a_metric_touches_the_arms_that_are_tuned_by_it() {
    let tuned = jobs_where(|name, role| role != Role::Source && !name.contains("as-it-is"));
    assert_eq!(changed_by("margin_pp = 5.0", "margin_pp = 5.0\nmetric = \"mean-per-class\""), tuned);
}

#[test]
fn a_sources_line_touches_what_copies_from_it() {
    let near = |name: &str, _| name.starts_with("source/near/") || name.contains("/near/");
    assert_eq!(changed_by("steps = 50", "steps = 51"), jobs_where(near));
    let far = |name: &str, _| name.contains("/far/") || name.contains("/moments/");
    assert_eq!(changed_by("batch = 64", "batch = 16"), jobs_where(far));
}

#[test]
fn a_sizes_line_touches_that_size() {
    assert_eq!(changed_by("steps = 20", "steps = 21"), {
        // Domain shift trains nothing, so that a longer training is the same job.
        jobs_where(|name, _| name.contains("/small/") && !name.contains("as-it-is"))
    });
}

#[test]
fn a_grids_line_touches_final_jobs_and_leaves_old_trials() {
    let tuned_finals = jobs_where(|name, role| role == Role::Final && !name.contains("as-it-is"));
    assert_eq!(changed_by("learning_rates = [0.003, 0.01]", "learning_rates = [0.003, 0.01, 0.03]"), tuned_finals);
}

#[test]
fn test_images_touch_final_jobs_only() {
    assert_eq!(changed_by("test_per_class = 40", "test_per_class = 30"), jobs_where(|_, role| role == Role::Final));
}

#[test]
fn more_of_anything_leaves_what_is_there() {
    for (from, to) in [
        ("replicates = 2", "replicates = 5"),
        ("copied = [3, 7]", "copied = [1, 3, 5, 7]"),
        (
            "[[target.size]]\nname = \"small\"",
            "[[target.size]]\nname = \"tiny\"\ntrain_per_class = 5\nsteps = 9\n\n[[target.size]]\nname = \"small\"",
        ),
        (
            "[[source]]\nname = \"untrained\"",
            "[[source]]\nname = \"random\"\nkind = \"untrained\"\n\n[[source]]\nname = \"untrained\"",
        ),
    ] {
        assert_eq!(changed_by(from, to), [""; 0], "{to}");
    }
}

#[test]
fn other_pixels_touch_the_runs_that_see_them() {
    let scenario = common::parse(STUDY);
    let mut facts = common::facts(&scenario);
    if let Some(Ok(facts)) = facts.data.get_mut("textures") {
        facts.digest[0] ^= 1;
    }
    let after = Plan::new(&scenario, &facts, common::NUMERICS).unwrap();
    assert_eq!(
        changed(&plan(STUDY), &after),
        jobs_where(|name, _| name.contains("/far/") || name.contains("/moments/"))
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn identities_are_a_function_of_the_text(seed in 0u32.., replicates in 1u32..4, width in 0.05f64..2.0) {
        let text = edited("seed = 7", &format!("seed = {seed}"))
            .replacen("replicates = 2", &format!("replicates = {replicates}"), 1)
            .replacen("width = 0.125", &format!("width = {width}"), 1);
        let (once, again) = (plan(&text), plan(&text));
        prop_assert_eq!(&once, &again);
        let distinct: std::collections::BTreeSet<_> = once.jobs.iter().map(|job| job.id).collect();
        prop_assert_eq!(distinct.len(), once.jobs.len());
    }
}
