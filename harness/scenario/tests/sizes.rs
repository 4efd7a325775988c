//! Sizes as real data have them: images of all classes together, and classes that differ in size.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

mod common;

use nt_scenario::{DataFacts, Facts, Job, JobId, LabelKind, PerClass, Plan, Scenario, TargetTask, TrainImages, Work};

const STUDY: &str = include_str!("fixtures/study.toml");

/// The study with its target in a folder of pictures, and the images of its small and large size.
fn study(small: &str, large: &str) -> String {
    let target = "[data.shapes-b]\nkind = \"synthetic\"\nlook_distance = 0.0\nlabel = \"shape\"\ntrain_per_class = 100\n\
                  test_per_class = 50\n";
    assert!(STUDY.contains(target));
    STUDY
        .replacen(target, "[data.shapes-b]\nkind = \"image-folder\"\npath = \"pictures\"\n", 1)
        .replacen("copied = 8\nfrozen = 8\nsources = [\"near\"]", "copied = 8\nfrozen = 8\nsources = [\"self\"]", 1)
        .replacen("train_per_class = 10\nsteps = 20", &format!("{small}\nsteps = 20"), 1)
        .replacen("train_per_class = 100\nepochs = 4", &format!("{large}\nepochs = 4"), 1)
}

/// Facts in which the target's classes have these training images.
fn facts(scenario: &Scenario, train: &[usize]) -> Facts {
    let mut facts = common::facts(scenario);
    let classes: Vec<String> = (0..train.len()).map(|class| format!("class-{class}")).collect();
    let of_target = DataFacts {
        train_per_class: train.to_vec(),
        test_per_class: vec![40; train.len()],
        classes,
        standardisation: nt_scenario::Standardisation::IMAGENET,
        digest: [7; 32],
        labels: LabelKind::OneClass,
    };
    facts.data.insert("shapes-b".to_owned(), Ok(of_target));
    facts
}

fn plan(text: &str, train: &[usize]) -> Plan {
    let scenario = common::parse(text);
    Plan::new(&scenario, &facts(&scenario, train), common::NUMERICS).unwrap_or_else(|error| panic!("{error}"))
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

fn ids(plan: &Plan) -> Vec<JobId> {
    plan.jobs.iter().map(|job| job.id).collect()
}

/// The codes of the faults that the data show.
fn faults(text: &str, train: &[usize]) -> Vec<String> {
    let scenario = common::parse(text);
    scenario.check_data(&facts(&scenario, train)).iter().map(|fault| fault.code.to_string()).collect()
}

#[test]
fn images_in_all_follow_the_datas_proportions() {
    let plan = plan(&study("train_images = 40", "train_images = \"all\""), &[60, 30, 10]);
    let small = task(&plan, "shapes-b/small/scratch/r0");
    assert_eq!(small.train_per_class, PerClass::new(vec![24, 12, 4]));
    assert_eq!(small.validation_per_class, PerClass::new(vec![5, 2, 1]));
    assert_eq!(job(&plan, "shapes-b/small/scratch/r0").work.num_train_images(), 32);
    let large = task(&plan, "shapes-b/large/scratch/r0");
    assert_eq!(large.train_per_class, PerClass::new(vec![60, 30, 10]));
    // 80 images in batches of 32, 4 epochs.
    assert_eq!((large.recipe.steps, job(&plan, "shapes-b/large/scratch/r0").image_steps), (12, 320));
    let Work::TrainSource(selffer) = &job(&plan, "source/self/shapes-b/small/r0").work else { panic!("a target") };
    assert_eq!(selffer.train_per_class, small.train_per_class);
}

#[test]
fn equal_classes_mean_the_same_however_they_are_asked_for() {
    let per_class = plan(&study("train_per_class = 10", "train_per_class = 50"), &[50, 50, 50]);
    let in_all = plan(&study("train_images = 30", "train_images = \"all\""), &[50, 50, 50]);
    assert_eq!(ids(&per_class), ids(&in_all));
}

#[test]
fn other_numbers_are_another_meaning() {
    let text = study("train_images = 40", "train_images = \"all\"");
    let [one, other] = [[60, 30, 10], [60, 31, 10]].map(|train| plan(&text, &train));
    let id = |plan: &Plan, name: &str| job(plan, name).id;
    let large = "shapes-b/large/scratch/r0";
    assert_ne!(id(&one, large), id(&other, large), "another image of the second class");
    let small = "shapes-b/small/scratch/r0";
    assert_eq!(id(&one, small), id(&other, small), "40 images are the same images");
}

#[test]
fn what_the_data_cannot_give_is_a_fault() {
    let small = |small: &str| study(small, "train_per_class = 6");
    assert_eq!(faults(&small("train_images = 40"), &[60, 30, 10]), [""; 0]);
    assert_eq!(faults(&small("train_images = 101"), &[60, 30, 10]), ["S021"]);
    assert_eq!(faults(&small("train_images = 2"), &[60, 30, 10]), ["S031"]);
    // The one image drawn of the smallest class would be a validation image.
    assert_eq!(faults(&small("train_images = 20"), &[60, 30, 10]), [""; 0]);
    assert_eq!(faults(&small("train_images = 8"), &[60, 30, 10]), ["S024"]);
    assert_eq!(faults(&study("train_images = \"all\"", "train_images = 9"), &[60, 30, 0]), ["S021", "S021"]);
}

#[test]
fn the_resolved_form_keeps_how_images_are_asked_for() {
    let source = "train_images = 900\nsteps = 50";
    let text =
        study("train_images = 40", "train_images = \"all\"").replacen("train_per_class = 100\nsteps = 50", source, 1);
    let scenario = common::parse(&text);
    let resolved = common::parse(&scenario.to_toml());
    assert_eq!(scenario, resolved);
    let sizes: Vec<TrainImages> = resolved.targets[0].sizes.iter().map(|size| size.train_images).collect();
    assert_eq!(sizes, [TrainImages::InAll(40), TrainImages::All]);
    assert_eq!(resolved.sources[0].pretraining().unwrap().train_images, TrainImages::InAll(900));
}

#[test]
fn a_class_of_one_image_is_told_what_gives_it_two() {
    let text = study("train_images = 20", "train_images = \"all\"").replace("[study]", "[study]\n");
    let tuned = |train: &[usize]| {
        let scenario = common::parse(&text);
        let faults = scenario.check_data(&facts(&scenario, train));
        faults.iter().map(|fault| fault.label.clone()).collect::<Vec<_>>()
    };
    let labels = tuned(&[40, 9, 3]);
    assert!(labels.iter().any(|label| label.contains("train_images = ")), "{labels:?}");
    let labels = tuned(&[40, 9, 1]);
    assert!(labels.iter().any(|label| label.contains("leave the class out")), "{labels:?}");
}

#[test]
fn more_classes_than_two_bytes_can_name_are_refused_of_targets_and_of_sources() {
    let study = study("train_images = 65536", "train_images = \"all\"");
    assert!(!faults(&study, &vec![2; 65_535]).contains(&"S019".to_owned()));
    let refused: Vec<String> = faults(&study, &vec![2; 65_536]).into_iter().filter(|code| code == "S019").collect();
    assert!(!refused.is_empty(), "{refused:?}");
}
