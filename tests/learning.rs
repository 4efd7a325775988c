//! Sources that are tuned, trainings that learn nothing, and recipes by name, through the real binary.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

mod support;

use support::{Workplace, assert_exit, num_records, records, said, tiny};

/// The tiny study with sources that are searched, and every option of a recipe.
fn with_tuned_sources() -> String {
    tiny()
        .replace("learning_rate = 0.01\n", "")
        .replace("similarity = \"similar\"\n", "similarity = \"similar\"\nvalidation_fraction = 0.2\n")
        .replace("[tuning]\n", "[tuning]\nsources = true\n")
        .replace(
            "[training]\n",
            "[training]\nclip_norm = 1.0\nwarmup = 0.1\nnesterov = true\ndecoupled_weight_decay = true\n",
        )
}

#[test]
fn tuned_sources_have_the_rate_of_their_best_trial_and_the_same_bits_however_they_are_run() {
    let workplace = Workplace::with(&with_tuned_sources());
    assert_exit(&workplace.run("one", &["--jobs", "1", "--threads", "2"]), 0);
    assert_exit(&workplace.run("two", &["--jobs", "2", "--threads", "1"]), 0);
    assert_eq!(workplace.digest("one"), workplace.digest("two"));
    let all = records(&workplace.path("one"));
    let named = |part: &str, role: &str| -> Vec<&serde_json::Value> {
        let is_named =
            |record: &&serde_json::Value| record["role"] == role && record["name"].as_str().unwrap().contains(part);
        all.iter().filter(is_named).collect()
    };
    let value = |record: &serde_json::Value, name: &str| {
        let metrics = record["metrics"].as_array().unwrap();
        metrics.iter().find(|metric| metric["name"] == name).map(|metric| metric["value"].as_f64().unwrap())
    };
    let trials = named("source/near/s0/lr", "tuning");
    let done: Vec<_> = trials.iter().filter(|trial| trial["status"]["state"] == "done").collect();
    assert!(done.len() >= 2, "{} trials", done.len());
    let score = |trial: &serde_json::Value| value(trial, "validation_top1").unwrap();
    let best = done.iter().map(|trial| score(trial)).fold(0.0, f64::max);
    let sources = named("source/near/r0", "source");
    assert!(!sources.is_empty());
    for source in sources {
        let chosen = done.iter().find(|trial| trial["learning_rate"] == source["learning_rate"]).unwrap();
        assert_eq!(score(chosen), best);
        assert!(value(source, "validation_top1").is_some(), "what was held out is scored");
    }
    // A selffer is searched on its target's validation images.
    assert!(!named("source/self/shapes/small/s0/lr", "tuning").is_empty());
    let page = std::fs::read_to_string(workplace.path("one/index.html")).unwrap();
    assert!(page.contains("<strong>search of the sources</strong>") && page.contains("<td>self/shapes/small</td>"));
}

#[test]
fn a_source_that_learns_nothing_is_told_at_once_and_holds_back_what_copies_from_it() {
    let hopeless = tiny().replace("steps = 60\nlearning_rate = 0.01", "steps = 200\nlearning_rate = 1e-9");
    let workplace = Workplace::with(&hopeless);
    let output = workplace.run("out", &["--jobs", "2"]);
    assert_exit(&output, 1);
    let told = said(&output);
    assert!(told.contains("still at chance after 100 steps"), "{told}");
    assert!(told.contains("It is stopped until another replicate has learned"), "{told}");
    assert!(told.contains("source/near/r0") && told.contains("and so is its other replicate"), "{told}");
    assert!(told.contains("depend on it are not run") && told.contains("recipe = \"alexnet-64px\""), "{told}");
    assert!(told.contains("--keep-going"), "{told}");
    let page = std::fs::read_to_string(workplace.path("out/index.html")).unwrap();
    assert!(page.contains("still at chance after 100 steps") && page.contains("--keep-going"));
    let digest = workplace.digest("out");
    assert_exit(&workplace.run("out", &["--jobs", "3"]), 1);
    assert_exit(&workplace.run("alone", &["--jobs", "1"]), 1);
    assert_eq!([workplace.digest("out"), workplace.digest("alone")], [digest.clone(), digest]);
    let recorded = records(&workplace.path("out"));
    assert!(recorded.iter().all(|record| record["source"] != "near" && record["source"] != "redrawn"));
    assert!(recorded.iter().any(|record| record["source"] == "untrained"), "what does not depend on it is run");
    let rest = workplace.run("out", &["--keep-going"]);
    assert!(rest.status.success(), "{}", said(&rest));
    assert!(num_records(&workplace.path("out")) > recorded.len());
    let page = std::fs::read_to_string(workplace.path("out/index.html")).unwrap();
    assert!(!page.contains("still at chance"), "nothing is withheld any more");
}

#[test]
fn a_search_in_which_no_rate_learns_is_told_after_a_tenth_of_its_trials() {
    let hopeless = tiny()
        .replace("steps = 40", "steps = 150")
        .replace("learning_rates = [0.003, 0.01]", "learning_rates = [1e-9, 1e-8]");
    let workplace = Workplace::with(&hopeless);
    let output = workplace.run("out", &["--jobs", "2"]);
    assert_exit(&output, 1);
    let told = said(&output);
    assert!(told.contains("shapes/small/scratch/s0: no learning rate of the grid learns"), "{told}");
    let recorded = records(&workplace.path("out"));
    assert!(recorded.iter().all(|record| record["size"] != "small"), "not even a trial is trained to its end");
    assert!(recorded.iter().all(|record| !record["name"].as_str().unwrap().contains("self/shapes/small")));
}

#[test]
fn scratch_that_learns_nothing_holds_back_what_it_is_compared_with() {
    let hopeless = support::tiny_at_fixed_rate("1e-9").replace("steps = 40", "steps = 150");
    let workplace = Workplace::with(&hopeless);
    let output = workplace.run("out", &["--jobs", "1"]);
    assert_exit(&output, 1);
    assert!(said(&output).contains("shapes/small/scratch/r0 is still at chance"), "{}", said(&output));
    let recorded = records(&workplace.path("out"));
    assert!(recorded.iter().all(|record| record["size"] != "small"));
    assert!(
        recorded.iter().any(|record| record["size"] == "large"),
        "its scratch is too short to be judged before its end"
    );
}
