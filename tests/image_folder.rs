//! A study of pictures on disk: what becomes of damaged caches, broken pictures and pictures that are gone.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

mod support;

use nt_kernels::philox::Stream;
use nt_scenario::mock::TestScenario;
use std::path::{Path, PathBuf};
use support::{Workplace, assert_exit, files, flip_a_bit, said};

fn scenario() -> String {
    TestScenario::new("pictures")
        .study("seed", "5")
        .table("[data.trees]", "kind = \"image-folder\"\npath = \"pictures\"")
        .source(
            "near",
            r#"
data = "trees"
classes = ["birch", "cedar"]
similarity = "similar"
train_per_class = 10
steps = 30
"#,
        )
        .source("untrained", "kind = \"untrained\"")
        .target("trees", "data = \"trees\"\nclasses = [\"maple\", \"oak\"]\nvalidation_fraction = 0.25")
        .size("small", "train_per_class = 8\nsteps = 30")
        .treatment("frozen", "copied = [2, 7]\nfrozen = \"copied\"")
        .training("schedule", "\"constant\"")
        .table("[verdict]", "margin_pp = 5.0")
        .text()
}

const CLASSES: [&str; 4] = ["birch", "cedar", "maple", "oak"];

/// A workplace with the scenario and its pictures: stripes, whose direction and width decide the class.
fn with_pictures(scenario: &str) -> Workplace {
    let workplace = Workplace::with(scenario);
    for (split, num_pictures) in [("train", 12), ("test", 6)] {
        for (class, name) in CLASSES.iter().enumerate() {
            let folder = workplace.path(&format!("pictures/{split}/{name}"));
            std::fs::create_dir_all(&folder).unwrap();
            let mut cursor = Stream::named(0, split, name, 0).cursor();
            for number in 0..num_pictures {
                stripes(class as u32, cursor.below(8), cursor.below(200), &folder.join(format!("{number:02}.png")));
            }
        }
    }
    workplace
}

fn stripes(class: u32, phase: u32, dark: u32, path: &Path) {
    let (width, height) = (48, 44);
    let mut pixels = Vec::new();
    for y in 0..height {
        for x in 0..width {
            let along = if class.is_multiple_of(2) { x } else { y };
            let bright = ((along + phase) / (3 + 2 * (class / 2))).is_multiple_of(2);
            pixels.extend([if bright { 230 } else { dark as u8 }; 3]);
        }
    }
    image::save_buffer(path, &pixels, width, height, image::ExtendedColorType::Rgb8).unwrap();
}

fn cache_files(workplace: &Workplace) -> Vec<PathBuf> {
    let files = files(&workplace.path("cache/images"));
    files.into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "shard")).collect()
}

fn name(path: &Path) -> &str {
    path.file_name().unwrap().to_str().unwrap()
}

#[test]
fn a_cache_file_cut_short_is_named_and_made_again_and_no_job_is_run_again() {
    let workplace = with_pictures(&scenario());
    assert_exit(&workplace.run("out", &[]), 0);
    let (digest, ran) = (workplace.digest("out"), workplace.jobs_run("out"));
    let cut = &cache_files(&workplace)[3];
    let whole = std::fs::read(cut).unwrap();
    std::fs::write(cut, &whole[..whole.len() - 100]).unwrap();
    let output = workplace.run("out", &[]);
    assert_exit(&output, 0);
    assert!(said(&output).contains(name(cut)), "{}", said(&output));
    let log = std::fs::read_to_string(workplace.path("out/log.jsonl")).unwrap();
    assert!(log.contains(name(cut)), "the log keeps what was said before the folder was opened");
    assert!(std::fs::read(cut).unwrap() == whole, "the file was not made again");
    assert_eq!((workplace.digest("out"), workplace.jobs_run("out")), (digest, ran));
}

#[test]
fn flipped_bits_in_every_cache_file_are_named_and_change_no_result() {
    let workplace = with_pictures(&scenario());
    assert_exit(&workplace.run("out", &[]), 0);
    let caches = cache_files(&workplace);
    assert_eq!(caches.len(), 2 * CLASSES.len());
    caches.iter().for_each(|path| flip_a_bit(path));
    // A new folder's jobs read every file: the source network too is judged on its classes' test pictures.
    let output = workplace.run("again", &[]);
    assert_exit(&output, 0);
    let told = said(&output);
    assert!(caches.iter().all(|path| told.contains(name(path))), "{told}");
    assert_eq!(workplace.digest("again"), workplace.digest("out"));
    let sound = workplace.run("once-more", &[]);
    assert!(!said(&sound).contains(".shard"), "{}", said(&sound));
}

#[test]
fn a_class_or_a_picture_that_is_not_sound_is_named_and_nothing_is_written() {
    let workplace = with_pictures(&scenario().replace("\"maple\"", "\"mapel\""));
    let output = workplace.run("out", &[]);
    assert_exit(&output, 2);
    let told = said(&output);
    assert!(told.contains("study.toml:35:12") && told.contains("did you mean \"maple\"?"), "{told}");
    assert!(!workplace.path("out").exists());

    let workplace = with_pictures(&scenario());
    let broken = workplace.path("pictures/train/oak/03.png");
    let bytes = std::fs::read(&broken).unwrap();
    std::fs::write(&broken, &bytes[..bytes.len() / 2]).unwrap();
    let output = workplace.run("out", &[]);
    assert_exit(&output, 2);
    assert!(said(&output).contains("pictures/train/oak/03.png"), "{}", said(&output));
    assert!(!workplace.path("out").exists());
    // So are all of them before a run, without a cache.
    std::fs::write(workplace.path("pictures/train/oak/05.png"), b"GIF89a").unwrap();
    let checked = workplace.nt(&["check", "study.toml"]).output().unwrap();
    assert_exit(&checked, 2);
    let told = said(&checked);
    assert!(
        told.contains("2 images cannot be used:")
            && told.contains("is a GIF, neither JPEG nor PNG; save it as JPEG or PNG"),
        "{told}"
    );
    assert!(told.contains("pictures/train/oak/03.png") && told.contains("pictures/train/oak/05.png"), "{told}");
}

#[test]
fn pictures_that_belong_together_count_as_clusters_from_the_plan_to_the_page() {
    let clustered =
        scenario().replace("path = \"pictures\"", "path = \"pictures\"\ncluster = '^([a-z]+/(?:scene-)?[0-9]+)'");
    let workplace = with_pictures(&clustered);
    for name in CLASSES {
        for number in 0..6 {
            let picture = |name: String| workplace.path(&name);
            let renamed = picture(format!("pictures/test/{name}/scene-{}_{number}.png", number / 2));
            std::fs::rename(picture(format!("pictures/test/{name}/{number:02}.png")), renamed).unwrap();
        }
    }
    assert_exit(&workplace.run("out", &[]), 0);
    for file in ["report.md", "index.html"] {
        let text = std::fs::read_to_string(workplace.path(&format!("out/{file}"))).unwrap();
        assert!(text.contains("12 test images in 6 clusters"), "{file}");
    }
    let verdicts = std::fs::read_to_string(workplace.path("out/verdicts.csv")).unwrap();
    assert!(verdicts.contains("the population of clusters of test images"), "{verdicts}");
    // Without the pattern each image is one of its own.
    let single = workplace.path("single.toml");
    std::fs::write(single, scenario()).unwrap();
    let output = workplace.nt(&["run", "single.toml", "--out", "single", "--cache-dir", "cache"]).output().unwrap();
    assert_exit(&output, 0);
    let verdicts = std::fs::read_to_string(workplace.path("single/verdicts.csv")).unwrap();
    assert!(!verdicts.contains("clusters"), "{verdicts}");
}

#[test]
fn a_report_needs_neither_pictures_nor_cache_and_a_verification_needs_both() {
    let workplace = with_pictures(&scenario());
    assert_exit(&workplace.run("out", &[]), 0);
    let verify = ["verify", "out", "--base", ".", "--cache-dir", "cache"];
    assert_exit(&workplace.nt(&verify).output().unwrap(), 0);
    let page = std::fs::read(workplace.path("out/index.html")).unwrap();
    // Predictions and curves are what the report draws; pictures, networks and the cache are not.
    for folder in ["pictures", "cache", "out/networks"] {
        std::fs::remove_dir_all(workplace.path(folder)).unwrap();
    }
    assert_exit(&workplace.nt(&["report", "out"]).output().unwrap(), 0);
    assert!(std::fs::read(workplace.path("out/index.html")).unwrap() == page, "index.html differs");
    assert_exit(&workplace.nt(&verify).output().unwrap(), 2);
}

#[test]
fn a_cache_that_cannot_be_written_is_an_error_of_the_system_and_not_of_the_scenario() {
    let workplace = with_pictures(&scenario());
    std::fs::write(workplace.path("file"), "in the way").unwrap();
    let output = workplace.nt(&["run", "study.toml", "--out", "out", "--cache-dir", "file"]).output().unwrap();
    assert_exit(&output, 3);
    assert!(said(&output).contains("--cache-dir"), "{}", said(&output));
    assert!(!workplace.path("out").exists());
}

#[test]
fn classes_may_differ_in_size_and_the_report_says_by_how_much() {
    let sizes = "name = \"small\"\ntrain_images = 12\nsteps = 30\n\n[[target.size]]\nname = \"whole\"\n\
                 train_images = \"all\"\nsteps = 30";
    let scenario = scenario().replace("name = \"small\"\ntrain_per_class = 8\nsteps = 30", sizes);
    let workplace = with_pictures(&scenario);
    for number in 6..12 {
        std::fs::remove_file(workplace.path(&format!("pictures/train/oak/{number:02}.png"))).unwrap();
    }
    let plan = workplace.nt(&["plan", "study.toml"]).output().unwrap();
    assert_exit(&plan, 0);
    let told = String::from_utf8(plan.stdout).unwrap();
    assert!(told.contains("trees/small: 2 classes, 12 images, 4 to 8 a class; 9 train, 3 validate"), "{told}");
    assert!(told.contains("trees/whole: 2 classes, 18 images, 6 to 12 a class; 13 train, 5 validate"), "{told}");
    assert_exit(&workplace.run("out", &[]), 0);
    assert!(said_by_report(&workplace).contains("12 images, 4 to 8 a class"));
    // The report comes out again from the folder alone.
    std::fs::remove_dir_all(workplace.path("pictures")).unwrap();
    let before = said_by_report(&workplace);
    assert_exit(&workplace.nt(&["report", "out"]).output().unwrap(), 0);
    assert_eq!(said_by_report(&workplace), before);
}

#[test]
fn what_the_data_leave_out_is_told_by_check_and_run_and_stands_in_manifest_and_report() {
    let workplace = with_pictures(&scenario());
    for name in ["a.webp", "b.webp"] {
        std::fs::write(workplace.path(&format!("pictures/train/oak/{name}")), "no image that is read").unwrap();
    }
    let left_out = "2 files ending in .webp in train/oak are left out, such as a.webp";
    let checked = workplace.nt(&["check", "study.toml"]).output().unwrap();
    assert!(said(&checked).contains(left_out), "{}", said(&checked));
    let output = workplace.run("out", &[]);
    assert_exit(&output, 0);
    assert!(said(&output).contains(left_out), "{}", said(&output));
    for file in ["manifest.json", "index.html", "report.md"] {
        let text = std::fs::read_to_string(workplace.path(&format!("out/{file}"))).unwrap();
        assert!(text.contains(left_out), "{file}: {text}");
    }
}

fn said_by_report(workplace: &Workplace) -> String {
    std::fs::read_to_string(workplace.path("out/index.html")).unwrap()
}
