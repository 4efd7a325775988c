//! Every replicate searches for itself, and what is judged is a fresh run.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a helper of tests fails as a test does")]

mod common;

use std::collections::BTreeSet;

use nt_scenario::mock::TestScenario;
use nt_scenario::{Job, Plan, ReplicateGroup, Role, SettingChoice, TargetTask, Work};

fn study() -> TestScenario {
    TestScenario::new("search")
        .study("replicates", "3")
        .study("reference_runs", "4")
        .synthetic("shapes", 100, 20)
        .source(
            "near",
            "data = \"shapes\"\nsimilarity = \"similar\"\ntrain_per_class = 20\nsteps = 6\nlearning_rate = 0.01",
        )
        .target("shapes", "data = \"shapes\"\nvalidation_fraction = 0.25")
        .size("small", "train_per_class = 8\nsteps = 4")
        .size("large", "train_per_class = 20\nsteps = 4")
        .treatment("frozen", "copied = [3, 7]\nfrozen = \"copied\"")
}

const GRID: &str = "learning_rates = [0.003, 0.01, 0.03]";

fn plan_of(study: &TestScenario) -> Plan {
    common::plan(&common::parse(&study.text()))
}

fn job<'a>(plan: &'a Plan, name: &str) -> &'a Job {
    plan.jobs.iter().find(|job| job.name == name).unwrap_or_else(|| panic!("no job {name}"))
}

fn task<'a>(plan: &'a Plan, name: &str) -> &'a TargetTask {
    match &job(plan, name).work {
        Work::TrainTarget(task) => task,
        Work::TrainSource(_) => panic!("{name} trains a source"),
    }
}

#[test]
fn a_judged_run_rests_on_the_trials_of_its_own_replicate() {
    let plan = plan_of(&study().tuned(GRID));
    assert_eq!(plan.tuning_replicates, 0);
    for name in ["shapes/small/near/frozen(7,7)/r1", "shapes/small/scratch/r1", "shapes/small/scratch/r1.3"] {
        let SettingChoice::Tuned { grid, trials } = &task(&plan, name).setting else { panic!("{name} is not tuned") };
        assert_eq!(&grid[..], [0.003, 0.01, 0.03]);
        for trial in trials.iter() {
            let &[trial] = trial.jobs.as_slice() else { panic!("{name}: one trial a rate") };
            let trial = &plan.jobs[trial];
            assert_eq!((trial.role, trial.replicate.group), (Role::Tuning, ReplicateGroup::Search));
            assert_eq!((trial.replicate.index, trial.replicate.draw()), (1, 1), "{}", trial.name);
        }
    }
    // Two rates beyond each edge may be tried, if the best is on it.
    assert!(job(&plan, "shapes/small/scratch/s1/lr0.27").needs.len() >= 4);
    // A trial copies from the network that its replicate is judged with.
    let of = |name: &str| task(&plan, name).source_weights.job().map(|job| plan.jobs[job].name.clone());
    assert_eq!(of("shapes/small/near/frozen(7,7)/s2/lr0.01").as_deref(), Some("source/near/r2"));
    assert_eq!(of("shapes/small/near/frozen(7,7)/r2").as_deref(), Some("source/near/r2"));
}

#[test]
fn a_trial_is_never_the_judged_run() {
    let plan = plan_of(&study().tuned(GRID));
    let streams = |role: Role| -> BTreeSet<u32> { plan.jobs_of(role).map(|(_, job)| job.replicate.stream()).collect() };
    assert!(streams(Role::Tuning).is_disjoint(&(&streams(Role::Final) | &streams(Role::Reference))));
    for (_, trial) in plan.jobs_of(Role::Tuning) {
        assert!(!trial.role.sees_test_images());
    }
    let ids: BTreeSet<_> = plan.jobs.iter().map(|job| job.id).collect();
    assert_eq!(ids.len(), plan.jobs.len(), "no two jobs have one identity");
}

#[test]
fn scratch_and_its_ladder_run_several_times_a_replicate_and_no_treatment_does() {
    let plan = plan_of(&study().training("ladder", "[1, 2]").tuned(GRID));
    let of_cell = |cell: &nt_scenario::Cell| (cell.final_jobs.len(), cell.reference_jobs.len());
    for cell in &plan.cells {
        let further = if cell.treatment.is_scratch() { 9 } else { 0 };
        assert_eq!(of_cell(cell), (3, further));
        assert!(cell.reference_jobs.iter().all(|&job| plan.jobs[job].role == Role::Reference));
    }
    assert_eq!(plan.jobs_of(Role::Ladder).count(), 2 * 3 * 4);
    let runs = |replicate: &str| job(&plan, &format!("shapes/small/scratch/{replicate}")).replicate;
    assert_eq!(runs("r2.4").draw(), runs("r2").draw(), "the same images");
    assert_ne!(runs("r2.4").stream(), runs("r2").stream(), "other weights and order");
}

#[test]
fn one_search_for_all_is_still_there_for_who_asks() {
    let plan = plan_of(&study().tuned(&format!("{GRID}\nsearch = \"once\"\nreplicates = 2")));
    assert_eq!(plan.tuning_replicates, 2);
    let SettingChoice::Tuned { trials, .. } = &task(&plan, "shapes/small/scratch/r1").setting else { panic!("tuned") };
    assert_eq!(trials[0].jobs.len(), 2);
    assert_eq!(task(&plan, "shapes/small/scratch/r1").setting, task(&plan, "shapes/small/scratch/r2.2").setting);
}

#[test]
fn a_choice_at_fixed_rates_has_runs_of_its_own() {
    let trials = |study: TestScenario| -> Vec<String> {
        plan_of(&study).jobs_of(Role::Tuning).map(|(_, job)| job.name.clone()).collect()
    };
    let names = trials(study());
    assert_eq!(names.len(), 2 * 2 * 3, "sizes × points × replicates, and none of scratch");
    assert_eq!(names[0], "shapes/small/near/frozen(3,3)/s0/lr0.01");
    assert!(trials(study().table("[verdict]", "choice = \"each-replicate\"")).is_empty());
    let one_point = TestScenario::new("one")
        .synthetic("shapes", 100, 20)
        .source("near", "data = \"shapes\"\nsimilarity = \"similar\"\ntrain_per_class = 20\nsteps = 6")
        .target("shapes", "data = \"shapes\"\nvalidation_fraction = 0.25")
        .size("small", "train_per_class = 8\nsteps = 4")
        .treatment("frozen", "copied = 3\nfrozen = \"copied\"");
    assert!(trials(one_point).is_empty(), "there is nothing to choose between");
}

#[test]
fn a_twin_is_trained_after_the_targets_images_once_for_all_sizes() {
    let with = |keys: &str| plan_of(&study().source("twin", &format!("kind = \"twin\"\nlearning_rate = 0.01\n{keys}")));
    let plan = with("train_per_class = 30\nsteps = 9");
    let twins: Vec<&str> =
        plan.jobs_of(Role::Source).map(|(_, job)| job.name.as_str()).filter(|name| name.contains("twin")).collect();
    assert_eq!(twins, ["source/twin/shapes/r0", "source/twin/shapes/r1", "source/twin/shapes/r2"]);
    let Work::TrainSource(twin) = &job(&plan, twins[0]).work else { panic!("a source") };
    let twin_of = twin.twin_of.as_ref().unwrap();
    assert_eq!((twin_of.after.of(0), twin.train_per_class.of(0), twin.recipe.steps), (20, 30, 9));
    let of = |name: &str| task(&plan, name).source_weights.job().map(|job| plan.jobs[job].name.clone());
    for size in ["small", "large"] {
        assert_eq!(of(&format!("shapes/{size}/twin/frozen(3,3)/r1")).as_deref(), Some("source/twin/shapes/r1"));
    }
    // As many images as the size has, if nothing else is said: then each size has its own.
    let plan = with("");
    let Work::TrainSource(twin) = &job(&plan, "source/twin/shapes/large/r0").work else { panic!("a source") };
    assert_eq!((twin.train_per_class.of(0), twin.validation_per_class.of(0), twin.recipe.steps), (20, 5, 4));
}

#[test]
fn a_source_that_has_only_validation_images_is_refused_before_it_is_trained() {
    let sources = [
        "kind = \"twin\"\ntrain_per_class = 1\nsteps = 4\nlearning_rate = 0.01",
        "kind = \"shuffled-labels\"\ndata = \"shapes\"\nsimilarity = \"far\"\ntrain_per_class = 1\nsteps = 3\nlearning_rate = \
         0.01\nvalidation_fraction = 0.1",
    ];
    for source in sources {
        let scenario = common::parse(&study().source("odd", source).text());
        let refused = nt_scenario::Plan::new(&scenario, &common::facts(&scenario), "cpu-f32-1").unwrap_err();
        assert!(matches!(refused, nt_scenario::PlanError::NothingToTrainOn { .. }), "{refused}");
    }
}

#[test]
fn a_twin_that_asks_for_more_than_the_target_leaves_is_refused() {
    let text = study().source("twin", "kind = \"twin\"\ntrain_per_class = 81\nsteps = 4\nlearning_rate = 0.01").text();
    let told = nt_scenario::Scenario::parse(&text, "a.toml").unwrap_err().to_string();
    assert!(told.contains("S021") && told.contains("80 of 100 images of a class are left"), "{told}");
}

#[test]
fn a_primary_contrast_that_nothing_declares_is_refused_with_what_is_known() {
    let text = study().table("[verdict]", "primary = [\"choice\", \"frosen\", \"choice\"]").text();
    let told = nt_scenario::Scenario::parse(&text, "a.toml").unwrap_err().to_string();
    assert!(
        told.contains("there is no primary contrast \"frosen\"") && told.contains("did you mean \"frozen\""),
        "{told}"
    );
    assert!(told.contains("\"choice\" is named twice"), "{told}");
}
