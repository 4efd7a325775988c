//! What a plan holds, in which order, and what it costs.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

mod common;

use std::collections::BTreeSet;
use std::fmt::Write;
use std::time::{Duration, Instant};

use nt_scenario::{
    Job, Method, PerClass, Plan, PlanError, Recipe, ReplicateGroup, Role, SettingChoice, SourceTask, TargetTask, Trial,
    Work,
};

const STUDY: &str = include_str!("fixtures/study.toml");

fn study() -> Plan {
    common::plan(&common::parse(STUDY))
}

fn job<'a>(plan: &'a Plan, name: &str) -> &'a Job {
    plan.jobs.iter().find(|job| job.name == name).unwrap_or_else(|| panic!("no job {name}"))
}

fn target_task<'a>(plan: &'a Plan, name: &str) -> &'a TargetTask {
    match &job(plan, name).work {
        Work::TrainTarget(task) => task,
        Work::TrainSource(_) => panic!("{name} trains a source"),
    }
}

fn source_task<'a>(plan: &'a Plan, name: &str) -> &'a SourceTask {
    match &job(plan, name).work {
        Work::TrainSource(task) => task,
        Work::TrainTarget(_) => panic!("{name} trains a target"),
    }
}

#[test]
fn the_plan_of_a_small_study() {
    let plan = study();
    let mut text = String::new();
    for (index, job) in plan.jobs.iter().enumerate() {
        writeln!(text, "{index:>3} {} {:<6} {} line {} needs {:?}", job.id, job.role, job.name, job.line, job.needs)
            .unwrap();
    }
    insta::assert_snapshot!(text);
}

#[test]
fn the_json_of_a_plan_has_these_fields() {
    let plan = study();
    let value: serde_json::Value = serde_json::from_str(&plan.to_json().unwrap()).unwrap();
    let index = plan.jobs.iter().position(|job| job.name == "shapes-b/large/far/frozen(3,3)/r1").unwrap();
    insta::assert_json_snapshot!("job", value["jobs"][index]);
    insta::assert_json_snapshot!("source", value["jobs"][0]);
    insta::assert_json_snapshot!("cell", value["cells"][1]);
}

#[test]
fn every_job_finds_what_it_needs_before_it() {
    let plan = study();
    for (index, job) in plan.jobs.iter().enumerate() {
        assert!(job.needs.iter().all(|&needed| needed < index), "{}", job.name);
    }
}

#[test]
fn no_two_jobs_have_one_identity_or_one_name() {
    let plan = study();
    assert_eq!(plan.jobs.iter().map(|job| job.id).collect::<BTreeSet<_>>().len(), plan.jobs.len());
    assert_eq!(plan.jobs.iter().map(|job| &job.name).collect::<BTreeSet<_>>().len(), plan.jobs.len());
}

#[test]
fn scratch_is_planned_once_a_target_and_size() {
    let plan = study();
    assert_eq!(plan.cells.iter().filter(|cell| cell.treatment.is_scratch()).count(), 2);
    for cell in &plan.cells {
        assert_eq!(cell.final_jobs.len(), 2);
        let scratch = plan.scratch_of(cell).unwrap();
        assert_eq!((scratch.target, scratch.size, scratch.source), (cell.target, cell.size, None));
        for (replicate, &job) in cell.final_jobs.iter().enumerate() {
            assert_eq!(plan.jobs[job].replicate.index as usize, replicate);
            assert_eq!(plan.jobs[job].role, Role::Final);
        }
    }
}

#[test]
fn a_source_network_is_trained_once_a_replicate_and_shared() {
    let plan = study();
    let sources: Vec<&str> = plan.jobs_of(Role::Source).map(|(_, job)| job.name.as_str()).collect();
    let near: Vec<&&str> = sources.iter().filter(|name| name.starts_with("source/near/")).collect();
    assert_eq!(near, [&"source/near/r0", &"source/near/r1", &"source/near/t0"]);
    let of = |name: &str| target_task(&plan, name).source_weights.job().map(|job| plan.jobs[job].name.clone());
    for run in ["shapes-b/small/near/frozen(3,3)/r1", "shapes-b/large/near/fine-tuned(7,0)/r1"] {
        assert_eq!(of(run).as_deref(), Some("source/near/r1"));
    }
    assert_eq!(of("shapes-b/small/near/frozen(3,3)/t0/lr0.01").as_deref(), Some("source/near/t0"));
}

#[test]
fn each_kind_of_source_is_found_where_it_is_made() {
    let plan = study();
    let of = |name: &str| target_task(&plan, name).source_weights.job().map(|job| plan.jobs[job].name.clone());
    assert_eq!(of("shapes-b/small/untrained/frozen(3,3)/r0"), None);
    assert_eq!(of("shapes-b/small/scratch/r0"), None);
    assert_eq!(of("shapes-b/small/moments/frozen(3,3)/r0").as_deref(), Some("source/moments/r0"));
    let moments = job(&plan, "source/moments/r0");
    assert_eq!(moments.needs.iter().map(|&job| plan.jobs[job].name.as_str()).collect::<Vec<_>>(), ["source/far/r0"]);
    assert_eq!((moments.image_steps, source_task(&plan, &moments.name).recipe.steps), (0, 0));
    assert_eq!(of("shapes-b/small/self/frozen(3,3)/r0").as_deref(), Some("source/self/shapes-b/small/r0"));
    assert_eq!(of("shapes-b/large/self/frozen(3,3)/t0/lr0.003").as_deref(), Some("source/self/shapes-b/large/t0"));
}

#[test]
fn a_selffer_trains_on_the_targets_training_images_and_no_validation_image() {
    let plan = study();
    let task = source_task(&plan, "source/self/shapes-b/small/r0");
    assert_eq!((&task.train_per_class, &task.validation_per_class), (&PerClass::Equal(10), &PerClass::Equal(2)));
    assert_eq!(task.for_target, Some((0, 0)));
    assert_eq!((&*task.data, task.recipe.steps, &task.setting), ("shapes-b", 20, &SettingChoice::Fixed(0.03)));
}

#[test]
fn tuning_needs_no_final_job_and_a_final_job_needs_its_trials() {
    let plan = study();
    for (_, trial) in plan.jobs_of(Role::Tuning) {
        assert_eq!(trial.replicate.group, ReplicateGroup::Tuning);
        assert!(trial.needs.iter().all(|&job| plan.jobs[job].role == Role::Source), "{}", trial.name);
    }
    let finished = job(&plan, "shapes-b/small/near/frozen(7,7)/r0");
    let SettingChoice::Tuned { grid, trials } = &target_task(&plan, &finished.name).setting else {
        panic!("{} is not tuned", finished.name);
    };
    assert_eq!(&grid[..], [0.003, 0.01]);
    for trial in trials.iter() {
        let [job] = trial.jobs[..] else { panic!("one tuning replicate") };
        assert!(finished.needs.contains(&job));
        assert_eq!(plan.jobs[job].name, format!("shapes-b/small/near/frozen(7,7)/t0/lr{}", trial.value));
        assert_eq!(target_task(&plan, &plan.jobs[job].name).setting, SettingChoice::Fixed(trial.value));
    }
}

/// The study with an edit.
fn edited(from: &str, to: &str) -> Plan {
    assert!(STUDY.contains(from), "{from}");
    common::plan(&common::parse(&STUDY.replacen(from, to, 1)))
}

#[test]
fn sources_are_searched_alike_where_that_is_asked_for() {
    let tuned = STUDY.replace("[tuning]\n", "[tuning]\nsources = true\n");
    let tuned: Vec<&str> = tuned.lines().collect();
    // Sources have no rate of their own then, and hold out validation images.
    let (sources, rest) = tuned.split_at(tuned.iter().position(|line| *line == "[[target]]").unwrap());
    let sources = sources.iter().filter(|line| !line.starts_with("learning_rate ="));
    let with_validation = sources.map(|line| match line.starts_with("data = ") {
        true => format!("{line}\nvalidation_fraction = 0.2"),
        false => (*line).to_owned(),
    });
    let text: Vec<String> = with_validation.chain(rest.iter().map(|line| (*line).to_owned())).collect();
    let plan = common::plan(&common::parse(&text.join("\n")));
    let near = job(&plan, "source/near/r0");
    let SettingChoice::Tuned { grid, trials } = &source_task(&plan, &near.name).setting else {
        panic!("{} is not tuned", near.name);
    };
    assert_eq!(&grid[..], [0.003, 0.01]);
    let names = |trials: &[Trial]| -> Vec<String> {
        trials.iter().flat_map(|trial| &trial.jobs).map(|&job| plan.jobs[job].name.clone()).collect()
    };
    assert_eq!(names(trials), ["source/near/t0/lr0.003", "source/near/t0/lr0.01"]);
    let trial = job(&plan, "source/near/t0/lr0.01");
    assert_eq!((trial.role, &source_task(&plan, &trial.name).setting), (Role::Tuning, &SettingChoice::Fixed(0.01)));
    assert!(trials.iter().flat_map(|trial| &trial.jobs).all(|job| near.needs.contains(job)));
    // The network of a tuning replicate is made with the same rate.
    assert_eq!(source_task(&plan, "source/near/t0").setting, source_task(&plan, &near.name).setting);
    let selffer = source_task(&plan, "source/self/shapes-b/small/r0");
    assert!(matches!(selffer.setting, SettingChoice::Tuned { .. }), "a selffer is searched like the others");
    let (images, held_out) =
        (&source_task(&plan, &near.name).train_per_class, &source_task(&plan, &near.name).validation_per_class);
    assert_eq!((images, held_out), (&PerClass::Equal(100), &PerClass::Equal(20)));
}

#[test]
fn a_probe_is_searched_by_strength_as_the_others_are_by_rate() {
    let probe = "[[treatment]]\nname = \"probe\"\nkind = \"probe\"\nlayers = [3, 7]\nl2 = [0.01, 0.1]\n\n[training]";
    let plan = edited("[training]", probe);
    let finished = job(&plan, "shapes-b/small/near/probe(7)/r0");
    let task = target_task(&plan, &finished.name);
    assert_eq!((task.method, task.treatment.copied(), task.treatment.frozen()), (Method::Probe, 7, 7));
    let SettingChoice::Tuned { grid, trials } = &task.setting else { panic!("{} is not tuned", finished.name) };
    assert_eq!(&grid[..], [0.01, 0.1]);
    assert_eq!(plan.jobs[trials[0].jobs[0]].name, "shapes-b/small/near/probe(7)/t0/l2=0.01");
    assert!(finished.image_steps == 0 && finished.multiply_accumulates > 0.0);
    // It is another cell than (7, 7), and leaves every other job what it was.
    assert_ne!(finished.id, job(&plan, "shapes-b/small/near/frozen(7,7)/r0").id);
    let before: BTreeSet<_> = study().jobs.iter().map(|job| job.id).collect();
    let after: BTreeSet<_> = plan.jobs.iter().map(|job| job.id).collect();
    assert!(after.is_superset(&before));
    assert_eq!(after.len(), plan.jobs.len(), "no two jobs have one identity");
}

#[test]
fn a_ladder_trains_scratch_longer_and_tunes_each_rung() {
    let plan = edited("schedule = \"cosine\"\n", "schedule = \"cosine\"\nladder = [1, 2.5]\n");
    let ladder: Vec<&str> = plan.jobs_of(Role::Ladder).map(|(_, job)| job.name.as_str()).collect();
    let places = ["shapes-b/small/scratch×2.5/r0", "shapes-b/small/scratch×2.5/r1"];
    assert_eq!(ladder[..2], places);
    let task = target_task(&plan, places[0]);
    assert_eq!((task.budget, task.recipe.steps), (2.5, 50));
    assert!(matches!(&task.setting, SettingChoice::Tuned { trials, .. } if trials.len() == 2));
    assert_eq!(plan.cells.len(), study().cells.len(), "a rung is no cell");
    let before: BTreeSet<_> = study().jobs.iter().map(|job| job.id).collect();
    assert!(plan.jobs.iter().map(|job| job.id).collect::<BTreeSet<_>>().is_superset(&before));
}

#[test]
fn a_grid_is_extended_by_trials_that_wait_for_the_edge() {
    let plan = edited("extend = 0\n", "extend = 2\n");
    let SettingChoice::Tuned { grid, trials } = &target_task(&plan, "shapes-b/small/scratch/r0").setting else {
        panic!("scratch is not tuned");
    };
    let values: Vec<f64> = trials.iter().map(|trial| trial.value).collect();
    assert_eq!((&grid[..], values), (&[0.003, 0.01][..], vec![0.00027, 0.0009, 0.003, 0.01, 0.0333, 0.111]));
    let far = target_task(&plan, "shapes-b/small/scratch/t0/lr0.00027");
    let only_if = far.only_if.as_ref().unwrap();
    let before: Vec<f64> = only_if.trials.iter().map(|trial| trial.value).collect();
    assert_eq!((only_if.best, before), (0.0009, vec![0.003, 0.01, 0.0009]));
    let job = job(&plan, "shapes-b/small/scratch/t0/lr0.00027");
    assert!(only_if.trials.iter().flat_map(|trial| &trial.jobs).all(|trial| job.needs.contains(trial)));
    // A rate that the grid names is tried whatever comes out: another job than one that waits.
    let named = edited("[0.003, 0.01]", "[0.0009, 0.003, 0.01]");
    let name = "shapes-b/small/scratch/t0/lr0.0009";
    assert_ne!(self::job(&named, name).id, self::job(&plan, name).id);
}

#[test]
fn domain_shift_is_scored_without_training_or_tuning() {
    let plan = study();
    let shifted = job(&plan, "shapes-b/small/near/as-it-is(8,8)/r0");
    let task = target_task(&plan, &shifted.name);
    assert_eq!(task.setting, SettingChoice::NotTrained);
    assert_eq!((task.recipe.steps, shifted.image_steps), (0, 0));
    assert!(shifted.multiply_accumulates > 0.0);
    assert!(!plan.jobs_of(Role::Tuning).any(|(_, job)| job.name.contains("as-it-is")));
}

#[test]
fn frozen_layers_cost_less_than_trained_ones() {
    let plan = study();
    let cost = |name: &str| job(&plan, name).multiply_accumulates;
    let frozen = cost("shapes-b/small/near/frozen(7,7)/r0");
    let tuned = cost("shapes-b/small/near/fine-tuned(7,0)/r0");
    assert!(frozen < tuned);
    assert_eq!(tuned, cost("shapes-b/small/scratch/r0"));
}

#[test]
fn lengths_leave_out_validation_images() {
    let plan = study();
    let task = target_task(&plan, "shapes-b/large/scratch/r0");
    assert_eq!((&task.train_per_class, &task.validation_per_class), (&PerClass::Equal(100), &PerClass::Equal(20)));
    // 80 images × 16 classes in batches of 32, 4 epochs.
    assert_eq!((task.recipe.steps, job(&plan, "shapes-b/large/scratch/r0").image_steps), (160, 5120));
}

#[test]
fn a_source_overrides_the_training_it_names() {
    let plan = study();
    assert_eq!(source_task(&plan, "source/far/r0").recipe.settings.batch, 64);
    assert_eq!(source_task(&plan, "source/near/r0").recipe.settings.batch, 32);
}

#[test]
fn a_job_knows_its_line() {
    let plan = study();
    let line = |name: &str| STUDY.lines().nth(job(&plan, name).line - 1).unwrap();
    assert_eq!(line("source/near/r0"), "[[source]]");
    assert_eq!(line("shapes-b/small/scratch/r0"), "[[target.size]]");
    assert_eq!(line("shapes-b/small/near/frozen(3,3)/r0"), "[[treatment]]");
}

#[test]
fn unreadable_data_is_no_plan() {
    let scenario = common::parse(STUDY);
    let mut facts = common::facts(&scenario);
    facts.data.insert("shapes-a".to_owned(), Err("it is gone".to_owned()));
    let Err(PlanError::Data { faults }) = Plan::new(&scenario, &facts, common::NUMERICS) else { panic!("planned") };
    assert!(faults.to_string().contains("it is gone"), "{faults}");
}

#[test]
fn fc8_is_copied_only_where_the_files_show_equal_classes() {
    let folders = "[data.a]\nkind = \"image-folder\"\npath = \"a\"\n\n[data.b]\nkind = \"image-folder\"\npath = \"b\"\n\n[[source]]\nname = \"a\"\ndata = \"a\"\nsimilarity = \"similar\"\ntrain_per_class = 10\nsteps = 5\nlearning_rate = 0.01\n\n";
    let text = STUDY.replacen("[[source]]", &format!("{folders}[[source]]"), 1);
    let target = "[[target]]\nname = \"b\"\ndata = \"b\"\nvalidation_fraction = 0.2\n\n[[target.size]]\nname = \"s\"\ntrain_per_class = 10\nsteps = 5\n\n";
    let (before, after) = text.split_at(text.find("[[target]]").unwrap());
    let rest = &after[after.find("[[treatment]]").unwrap()..];
    let text = format!("{before}{target}{}", rest.replace("sources = [\"near\"]", "sources = [\"a\"]"));
    let scenario = common::parse(&text);
    let mut facts = common::facts(&scenario);
    assert!(Plan::new(&scenario, &facts, common::NUMERICS).is_ok());
    if let Some(Ok(facts)) = facts.data.get_mut("b") {
        facts.classes.swap(0, 1);
    }
    let codes: Vec<String> = scenario.check_data(&facts).iter().map(|fault| fault.code.to_string()).collect();
    assert_eq!(codes, ["S016"]);
}

#[test]
fn more_jobs_than_can_be_planned_are_refused() {
    for tuned in [false, true] {
        let many = large_scenario(tuned).replace("replicates = 2\n", "replicates = 10000\n");
        let scenario = common::parse(&many);
        let planned = Plan::new(&scenario, &common::facts(&scenario), common::NUMERICS);
        assert!(matches!(planned, Err(PlanError::TooManyJobs)), "tuned {tuned}");
    }
    let told = PlanError::TooManyJobs.to_string();
    assert!(told.contains("more than 1,000,000 jobs"), "{told}");
}

/// 35 points × 50 sources × 58 sizes, with scratch.
fn large_scenario(tuned: bool) -> String {
    let head = &STUDY[..STUDY.find("[[source]]").unwrap()];
    let mut text = head.to_owned();
    for source in 0..50 {
        write!(text, "[[source]]\nname = \"s{source}\"\ndata = \"textures\"\nsimilarity = \"far\"\ntrain_per_class = 9\nsteps = 9\nlearning_rate = 0.1\n\n").unwrap();
    }
    text.push_str("[[target]]\nname = \"t\"\ndata = \"shapes-b\"\nvalidation_fraction = 0.2\n\n");
    for size in 0..58 {
        write!(text, "[[target.size]]\nname = \"n{size}\"\ntrain_per_class = {}\nsteps = 9\n\n", size + 10).unwrap();
    }
    text.push_str("[[treatment]]\nname = \"all\"\ncopied = \"1..=7\"\nfrozen = \"0..=copied\"\n\n");
    text.push_str("[training]\nbatch = 32\nmomentum = 0.9\nweight_decay = 0.0\nschedule = \"cosine\"\n");
    text.push_str(if tuned {
        "[tuning]\nlearning_rates = [0.01, 0.1]\nsearch = \"once\"\nreplicates = 1\nextend = 0\n"
    } else {
        "learning_rate = 0.01\n"
    });
    text
}

#[test]
fn a_hundred_thousand_cells_are_planned_in_two_seconds() {
    for tuned in [false, true] {
        let scenario = common::parse(&large_scenario(tuned));
        let facts = common::facts(&scenario);
        let timed = || {
            let start = Instant::now();
            let plan = Plan::new(&scenario, &facts, common::NUMERICS).unwrap();
            (start.elapsed(), plan)
        };
        // The best of up to five: the machine may be busy with other things.
        let (mut wall, plan) = timed();
        for _ in 0..4 {
            if wall >= Duration::from_secs(2) {
                wall = wall.min(timed().0);
            }
        }
        println!("tuned {tuned}: {} cells, {} jobs in {wall:?}", plan.cells.len(), plan.jobs.len());
        assert!(plan.cells.len() > 100_000);
        assert!(wall < Duration::from_secs(2), "{} jobs took {wall:?}", plan.jobs.len());
    }
}

#[test]
fn a_training_longer_than_its_random_streams_is_refused_by_name() {
    let scenario = common::parse(&STUDY.replacen("steps = 50", "epochs = 9999999999", 1));
    let refused = Plan::new(&scenario, &common::facts(&scenario), "cpu-f32-1").unwrap_err();
    assert!(matches!(&refused, PlanError::TooLong { steps, .. } if *steps > Recipe::MOST_STEPS), "{refused}");
    assert!(refused.to_string().contains("larger training.batch"), "{refused}");
}
