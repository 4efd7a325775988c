//! What the commands say to bad input, a busy folder, damage and an interrupt, and the exit codes they leave with.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

mod support;

use nt_scenario::mock::TestScenario;
use std::path::Path;
use std::time::{Duration, Instant};
use support::{
    Workplace, assert_exit, files, flip_a_bit, manifest, near, num_records, records, said, tiny, tiny_at_fixed_rate,
};

#[test]
fn a_bad_scenario_is_told_whole_and_nothing_is_written() {
    let bad = tiny().replace("copied = [1, 4, 7]", "copied = [1, 4, 9]").replace("\"ring\"", "\"rign\"");
    let workplace = Workplace::with(&bad);
    for words in [&["check", "study.toml"][..], &["plan", "study.toml"], &["run", "study.toml", "--out", "out"]] {
        let output = workplace.nt(words).output().unwrap();
        assert_exit(&output, 2);
        assert!(said(&output).contains("study.toml:"), "{}", said(&output));
        assert!(!workplace.path("out").exists(), "{words:?} wrote");
    }
    let told = said(&workplace.nt(&["check", "study.toml"]).output().unwrap());
    assert!(told.contains("[1, 4, 9]"), "{told}");
    let unknown = Workplace::with(&tiny().replace("\"ring\"", "\"rign\"")).run("out", &[]);
    assert_exit(&unknown, 2);
    assert!(said(&unknown).contains("did you mean \"ring\"?"), "{}", said(&unknown));
}

#[test]
fn what_the_data_lack_is_a_fault_with_a_line() {
    let folder =
        "[data.photos]\nkind = \"image-folder\"\npath = \"nowhere\"\n\n[[source]]\nname = \"near\"\ndata = \"photos\"";
    let scenario = tiny().replace("[[source]]\nname = \"near\"\ndata = \"shapes\"", folder);
    let output = Workplace::with(&scenario).nt(&["check", "study.toml"]).output().unwrap();
    assert_exit(&output, 2);
    assert!(said(&output).contains("nowhere"), "{}", said(&output));
    let few = Workplace::with(
        &tiny()
            .replace("test_per_class = 20", "test_per_class = 20\nseed = 3")
            .replace("validation_fraction = 0.25", "validation_fraction = 0.25\ntest_per_class = 900"),
    );
    let output = few.nt(&["check", "study.toml"]).output().unwrap();
    assert_exit(&output, 2);
    assert!(said(&output).contains("900"), "{}", said(&output));
}

#[test]
fn a_missing_file_an_unknown_device_and_an_unknown_vector_width_are_wrong_input() {
    let workplace = Workplace::tiny();
    assert_exit(&workplace.nt(&["run", "no.toml"]).output().unwrap(), 2);
    // Where there is no GPU, or no nt-cuda, it says so; where there are both, there is no GPU of this number.
    for device in ["cuda:4000", "cuda:0,cuda:4000"] {
        let output = workplace.run("out", &["--device", device]);
        assert_exit(&output, 2);
        let (text, missing) = (said(&output), ["NVIDIA driver", "nt-cuda", "CUDA device 4000"]);
        assert!(missing.iter().any(|word| text.contains(word)), "{text}");
        assert!(!workplace.path("out").exists(), "nothing was changed");
    }
    assert_exit(&workplace.run("out", &["--device", "tpu"]), 2);
    assert_exit(&workplace.run_command("out", &[]).env("NT_SIMD", "sse9").output().unwrap(), 2);
    assert_exit(&workplace.nt(&["report", "nowhere"]).output().unwrap(), 2);
    assert_exit(&workplace.nt(&["explain", "0123456789abcdef0123456789abcdef", "--dir", "."]).output().unwrap(), 2);
    assert!(!workplace.path("out").exists());
}

#[test]
fn a_folder_that_cannot_be_made_is_an_error_of_the_system() {
    let workplace = Workplace::tiny();
    std::fs::write(workplace.path("file"), "in the way").unwrap();
    for out in ["file", "file/out"] {
        let output = workplace.run(out, &[]);
        assert_exit(&output, 3);
        assert!(said(&output).contains(&format!("cannot create the folder {out}")), "{}", said(&output));
    }
    assert_eq!(std::fs::read(workplace.path("file")).unwrap(), b"in the way");
    // No user may make a folder there, not even root, to whom permissions mean nothing.
    let refused = "/proc/self/study";
    if Path::new("/proc/self").exists() {
        let output = workplace.run(refused, &[]);
        assert_exit(&output, 3);
        assert!(said(&output).contains(refused), "{}", said(&output));
    } else {
        eprintln!("skipped: this system has no folder that refuses everybody");
    }
}

#[test]
fn the_folders_above_a_study_are_made() {
    let workplace = Workplace::tiny();
    assert_exit(&workplace.run("a/b/c", &["--set", "study.replicates=1"]), 0);
    assert!(workplace.path("a/b/c/index.html").is_file());
}

#[test]
fn a_second_run_on_one_folder_says_who_holds_it() {
    let workplace = Workplace::tiny();
    let mut first = workplace.spawn("out", &["--jobs", "1"]);
    wait_for(|| workplace.path("out/runs.jsonl").exists());
    let second = workplace.run("out", &[]);
    let _ = first.kill();
    first.wait().unwrap();
    assert_exit(&second, 3);
    assert!(said(&second).contains(&first.id().to_string()), "{}", said(&second));
}

#[test]
fn an_interrupt_leaves_with_130_and_the_same_command_goes_on() {
    let workplace = Workplace::tiny();
    assert_exit(&workplace.run("whole", &[]), 0);
    let child = workplace.run_command("out", &["--jobs", "1"]).stderr(std::process::Stdio::piped()).spawn().unwrap();
    wait_for(|| workplace.path("out/runs.jsonl").exists() && num_records(&workplace.path("out")) > 2);
    let killed = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(killed.success());
    let output = child.wait_with_output().unwrap();
    assert_exit(&output, 130);
    assert!(said(&output).contains("run the same command to resume"), "{}", said(&output));
    assert_exit(&workplace.run("out", &[]), 0);
    assert_eq!(workplace.digest("out"), workplace.digest("whole"));
}

#[test]
fn an_arm_that_diverges_is_recorded_with_its_reason_and_the_others_go_on() {
    let fixed = tiny_at_fixed_rate("0.01").replace(
        "copied = [1, 4, 7]\nfrozen = \"copied\"",
        "copied = [1, 4, 7]\nfrozen = \"copied\"\nlearning_rate = 10.0",
    );
    let workplace = Workplace::with(&fixed);
    let output = workplace.run("out", &[]);
    assert_exit(&output, 1);
    let completeness = &manifest(&workplace.path("out"))["completeness"];
    assert!(completeness["diverged"].as_u64().unwrap() > 0 && completeness["done"].as_u64().unwrap() > 0);
    let text = std::fs::read_to_string(workplace.path("out/runs.jsonl")).unwrap();
    assert!(text.contains("the loss was not a finite number at step"), "no reason is recorded");
    let wild = |record: &serde_json::Value| record["treatment"] == "frozen";
    let (wild, tame): (Vec<_>, Vec<_>) = records(&workplace.path("out")).into_iter().partition(wild);
    assert!(wild.iter().any(|record| record["status"] != tame[0]["status"]));
    assert!(tame.iter().all(|record| record["status"] == tame[0]["status"]), "another arm was touched");
    assert!(std::fs::read_to_string(workplace.path("out/report.md")).unwrap().contains("INVALID"));
}

/// Runs the tiny study, damages one of its files, runs it again, and says how many jobs that took.
fn rerun_after(damage: impl FnOnce(&Workplace)) -> (usize, String) {
    let workplace = Workplace::tiny();
    assert_exit(&workplace.run("out", &[]), 0);
    let (digest, before) = (workplace.digest("out"), workplace.jobs_run("out"));
    damage(&workplace);
    let output = workplace.run("out", &[]);
    assert_exit(&output, 0);
    assert_eq!(workplace.digest("out"), digest);
    (workplace.jobs_run("out") - before, said(&output))
}

#[test]
fn an_undamaged_study_runs_nothing_again() {
    assert_eq!(rerun_after(|_| {}).0, 0);
}

#[test]
fn a_flipped_bit_in_the_records_costs_one_job_and_is_named() {
    let (rerun, told) = rerun_after(|workplace| flip_a_bit(&workplace.path("out/runs.jsonl")));
    assert_eq!(rerun, 1);
    assert!(told.contains("runs.jsonl:"), "{told}");
}

#[test]
fn a_record_cut_short_costs_one_job_and_is_named() {
    // The last one, as a crash leaves it, and one in the middle, as a bad disk does.
    for number in [None, Some(9)] {
        let (rerun, told) = rerun_after(|workplace| {
            let path = workplace.path("out/runs.jsonl");
            let text = std::fs::read_to_string(&path).unwrap();
            let cut = match number {
                None => text[..text.len() - 20].to_owned(),
                Some(number) => {
                    let line = text.lines().nth(number).unwrap();
                    text.replace(line, &line[..line.len() / 2])
                }
            };
            std::fs::write(&path, cut).unwrap();
        });
        assert_eq!(rerun, 1);
        assert!(told.contains("runs.jsonl:"), "{told}");
    }
}

#[test]
fn damaged_predictions_and_networks_cost_their_jobs_and_are_named() {
    for folder in ["predictions", "networks", "curves"] {
        let (rerun, told) = rerun_after(|workplace| flip_a_bit(&files(&workplace.path(&format!("out/{folder}")))[0]));
        assert_eq!(rerun, 1, "{folder}");
        assert!(told.contains(&format!("{folder}/")), "{told}");
    }
}

#[test]
fn a_changed_line_runs_only_what_it_touches_again() {
    let workplace = Workplace::tiny();
    assert_exit(&workplace.run("out", &[]), 0);
    let before = workplace.jobs_run("out");
    let changed = tiny().replace(
        "name = \"large\"\ntrain_per_class = 20\nsteps = 60",
        "name = \"large\"\ntrain_per_class = 20\nsteps = 50",
    );
    std::fs::write(workplace.path("study.toml"), changed).unwrap();
    assert_exit(&workplace.run("out", &[]), 0);
    let plan = manifest(&workplace.path("out"))["plan"].as_array().unwrap().clone();
    // A probe is fitted, not trained in steps.
    let is_trained_on_large = |name: &str| name.contains("/large/") && !name.contains("/probe(");
    let touched =
        |job: &&serde_json::Value| job["role"] != "source" && is_trained_on_large(job["name"].as_str().unwrap());
    let touched = plan.iter().filter(touched).count();
    assert!(touched > 0 && touched < plan.len());
    assert_eq!(workplace.jobs_run("out") - before, touched);
}

#[test]
fn a_plan_is_json_and_a_job_is_explained_by_its_line() {
    let workplace = Workplace::tiny();
    let output = workplace.nt(&["plan", "study.toml", "--json", "--cache-dir", "cache"]).output().unwrap();
    assert_exit(&output, 0);
    let plan: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(plan["jobs"].as_array().unwrap().len() > 20);
    assert_exit(&workplace.run("reports/out", &[]), 0);
    let job = &plan["jobs"].as_array().unwrap().iter().find(|job| job["role"] == "final").unwrap().clone();
    let output = workplace.nt(&["explain", job["id"].as_str().unwrap()]).output().unwrap();
    assert_exit(&output, 0);
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(told.contains(&format!("scenario.toml:{}", job["line"])) && told.contains("top1"), "{told}");
}

#[test]
fn a_plan_says_what_it_could_find_before_anything_runs_and_from_a_pilot_after() {
    let workplace = Workplace::tiny();
    let plan = |words: &[&str]| {
        let words = [&["plan", "study.toml", "--cache-dir", "cache"], words].concat();
        workplace.nt(&words).output().unwrap()
    };
    let output = plan(&["--power"]);
    assert_exit(&output, 0);
    let told = String::from_utf8(output.stdout).unwrap();
    for words in [
        "primary contrasts",
        "secondary contrasts",
        "P(EQUIVALENT)",
        "assumed, as no pilot was given",
        "warning: EQUIVALENT",
    ] {
        assert!(told.contains(words), "{words}: {told}");
    }
    let json = |output: &std::process::Output| -> serde_json::Value { serde_json::from_slice(&output.stdout).unwrap() };
    let power = |words: &[&str]| json(&plan(&[&["--power", "--json"], words].concat()));
    let twelve = ["--set", "study.replicates=12"];
    let calm = power(&[&twelve, &["--replicate-sd-pp", "0.5", "--accuracy", "0.95"][..]].concat());
    let noisy = power(&[&twelve, &["--replicate-sd-pp", "9"][..]].concat());
    let effect = |plan: &serde_json::Value| plan["rows"][0]["minimum_detectable_effect_pp"].as_f64().unwrap();
    assert!(effect(&calm) < effect(&noisy));
    let beyond = power(&["--replicate-sd-pp", "30"]);
    assert!(beyond["rows"][0]["minimum_detectable_effect_pp"].is_null(), "no gap is so large");
    assert_eq!(calm["rows"][0]["test_images"], 60, "three classes of twenty");
    assert_exit(&plan(&["--power", "--accuracy", "1.5"]), 2);
    assert_exit(&plan(&["--pilot", "out"]), 2);
    let none = plan(&["--power", "--pilot", "out"]);
    assert_exit(&none, 2);
    assert!(said(&none).contains("verdicts.json"), "{}", said(&none));
    assert_exit(&workplace.run("out", &[]), 0);
    let piloted = json(&plan(&["--power", "--json", "--pilot", "out"]));
    assert!(piloted["basis"].as_str().unwrap().starts_with("variance components of the pilot tiny"), "{piloted}");
    assert_eq!(piloted["rows"][1]["cell"], "noisiest");
}

#[test]
fn the_report_folder_holds_what_is_promised() {
    let workplace = Workplace::tiny();
    assert_exit(&workplace.run("out", &[]), 0);
    for name in [
        "scenario.toml",
        "resolved.toml",
        "manifest.json",
        "runs.jsonl",
        "runs.csv",
        "runs.parquet",
        "verdicts.csv",
        "verdicts.json",
        "rules.csv",
        "rules.json",
        "index.html",
        "report.md",
        "log.jsonl",
        "figures/accuracy_by_depth.svg",
        "figures/accuracy_by_depth.png",
        "figures/accuracy_by_depth.json",
        "figures/accuracy_by_depth.csv",
        "artifacts/contact-source-near.png",
        "artifacts/contact-target-shapes.png",
    ] {
        assert!(workplace.path("out").join(name).is_file(), "{name} is missing");
    }
    assert_eq!(std::fs::read_to_string(workplace.path("out/scenario.toml")).unwrap(), tiny());
    let page = std::fs::read_to_string(workplace.path("out/index.html")).unwrap();
    assert!(page.starts_with("<!DOCTYPE html>") && !page.contains("src=\"http"));
}

#[test]
fn a_study_ends_at_the_look_that_leaves_no_verdict_open() {
    // Within ±90 points of scratch is soon shown, where every run trains.
    let scenario = TestScenario::new("early")
        .study("replicates", "8")
        .study("looks", "[4, 8]")
        .synthetic("shapes", 100, 60)
        .source("near", &near(40, 100))
        .target("shapes", "data = \"shapes\"\nclasses = [\"star\", \"ring\", \"cross\"]")
        .size("large", "train_per_class = 80\nsteps = 400")
        .treatment("fine-tuned", "copied = 7\nfrozen = 0")
        .training("learning_rate", "0.01")
        .table("[verdict]", "margin_pp = 90.0")
        .text();
    let workplace = Workplace::with(&scenario);
    assert_exit(&workplace.run("out", &[]), 0);
    let judged: Vec<u64> = records(&workplace.path("out"))
        .iter()
        .filter(|record| record["role"] == "final")
        .map(|record| record["replicate"].as_u64().unwrap())
        .collect();
    assert_eq!(judged.iter().max(), Some(&3), "the second look was not called for");
    let page = std::fs::read_to_string(workplace.path("out/report.md")).unwrap();
    assert!(page.contains("Look 1 of 2, after 4 of at most 8 replicates"), "{page}");
    // What was not called for is not missing, neither for the same command nor for a verification.
    let num_run = workplace.jobs_run("out");
    assert_exit(&workplace.run("out", &[]), 0);
    assert_eq!(workplace.jobs_run("out"), num_run);
    let verify = ["verify", "out", "--sample", "5", "--cache-dir", "cache"];
    assert_exit(&workplace.nt(&verify).output().unwrap(), 0);
}

#[test]
fn a_study_never_goes_on_in_the_folder_of_another_versions_meaning() {
    let second = tiny_at_fixed_rate("0.01");
    let first = second.replace("version = 2", "version = 1").replace("reference_runs = 2\n", "");
    let workplace = Workplace::with(&first);
    assert_exit(&workplace.run("out", &[]), 0);
    let recorded = std::fs::read(workplace.path("out/runs.jsonl")).unwrap();
    std::fs::write(workplace.path("study.toml"), &second).unwrap();
    let refused = workplace.run("out", &[]);
    assert_exit(&refused, 2);
    assert!(said(&refused).contains("records of both would mix"), "{}", said(&refused));
    assert!(std::fs::read(workplace.path("out/runs.jsonl")).unwrap() == recorded);
    // It can be drawn again, and the same scenario finds nothing to do.
    assert_exit(&workplace.nt(&["report", "out"]).output().unwrap(), 0);
    std::fs::write(workplace.path("study.toml"), &first).unwrap();
    let num_run = workplace.jobs_run("out");
    assert_exit(&workplace.run("out", &[]), 0);
    assert_eq!(workplace.jobs_run("out"), num_run);
}

#[test]
fn a_reader_that_leaves_early_is_no_failure() {
    let workplace = Workplace::tiny();
    let mut plan = workplace.nt(&["plan", "study.toml", "--json", "--cache-dir", "cache"]);
    let mut child = plan.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_exit(&output, 0);
    assert!(!said(&output).contains("panicked"), "{}", said(&output));
}

fn wait_for(condition: impl Fn() -> bool) {
    let began = Instant::now();
    while !condition() {
        assert!(began.elapsed() < Duration::from_secs(60), "waited a minute in vain");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn an_old_scenario_is_migrated_in_place_or_printed_and_a_faulty_one_is_left_alone() {
    let old = tiny().replace("version = 2", "version = 1   # the first");
    let new = tiny()
        .replace("version = 2", "version = 2   # the first")
        .replace("extend = 1\n", "extend = 1\nsearch = \"once\"\n")
        .replace("margin_pp = 5.0\n", "margin_pp = 5.0\nchoice = \"each-replicate\"\nprimary = []\n");
    let workplace = Workplace::with(&old);
    let read = || std::fs::read_to_string(workplace.path("study.toml")).unwrap();
    let check = workplace.nt(&["check", "study.toml"]).output().unwrap();
    assert_exit(&check, 0);
    assert!(said(&check).contains("note[S030]"), "{}", said(&check));
    assert_exit(&workplace.nt(&["migrate", "study.toml", "--check"]).output().unwrap(), 1);
    let printed = workplace.nt(&["migrate", "study.toml", "--stdout"]).output().unwrap();
    assert_eq!((String::from_utf8(printed.stdout).unwrap(), read()), (new.clone(), old.clone()));
    let migrated = workplace.nt(&["migrate", "study.toml"]).output().unwrap();
    assert_exit(&migrated, 0);
    assert!(String::from_utf8(migrated.stdout).unwrap().contains("line 1: version 1 → 2"));
    assert_eq!(read(), new);
    assert_exit(&workplace.nt(&["migrate", "study.toml", "--check"]).output().unwrap(), 0);
    let faulty = old.replace("seed = 7", "sede = 7");
    std::fs::write(workplace.path("study.toml"), &faulty).unwrap();
    let refused = workplace.nt(&["migrate", "study.toml"]).output().unwrap();
    assert_exit(&refused, 2);
    assert!(said(&refused).contains("left as it is"), "{}", said(&refused));
    assert_eq!(read(), faulty);
}

#[test]
fn a_file_that_is_read_only_or_has_two_names_is_not_migrated() {
    let old = tiny().replace("version = 2", "version = 1");
    let workplace = Workplace::with(&old);
    let (file, other) = (workplace.path("study.toml"), workplace.path("other.toml"));
    let is_refused = |reason: &str| {
        let refused = workplace.nt(&["migrate", "study.toml"]).output().unwrap();
        assert_exit(&refused, 2);
        assert!(said(&refused).contains(reason) && said(&refused).contains("--stdout"), "{}", said(&refused));
        assert_eq!(std::fs::read_to_string(&file).unwrap(), old);
    };
    std::fs::hard_link(&file, &other).unwrap();
    is_refused("2 names of a file");
    std::fs::remove_file(&other).unwrap();
    let mut permissions = std::fs::metadata(&file).unwrap().permissions();
    permissions.set_readonly(true);
    std::fs::set_permissions(&file, permissions).unwrap();
    is_refused("is read-only");
}
