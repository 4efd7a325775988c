//! Whole studies on a GPU, through the real binary.

use super::support::{Workplace, assert_exit, manifest, num_records, records, said, tiny_at_fixed_rate};
use super::{gpu, is_stand_in};
use negative_transfer::train::Backend;
use nt_kernels::driver::number_of_gpus;
use nt_scenario::Precision;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// `nt-cuda run study.toml --device cuda` in a workplace.
fn run_command(place: &Workplace, out: &str, words: &[&str]) -> Command {
    run_command_on("cuda", place, out, words)
}

fn run_command_on(device: &str, place: &Workplace, out: &str, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nt-cuda"));
    command.args(["run", "study.toml", "--cache-dir", "cache", "--device", device, "--out", out]).args(words);
    command.current_dir(place.path("")).stdin(Stdio::null());
    command
}

fn run(place: &Workplace, out: &str, words: &[&str]) -> Output {
    run_command(place, out, words).output().unwrap()
}

fn top1(dir: &Path) -> Vec<(String, f64)> {
    let mut found: Vec<(String, f64)> = records(dir)
        .iter()
        .flat_map(|record| {
            let metrics = record["metrics"].as_array().unwrap().iter();
            let name = record["name"].as_str().unwrap().to_owned();
            metrics.filter(|m| m["name"] == "top1").map(move |m| (name.clone(), m["value"].as_f64().unwrap()))
        })
        .collect();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found
}

#[test]
fn a_study_comes_out_again_whatever_the_jobs_and_gpus_and_after_a_kill_and_near_the_cpus() {
    let Some(gpu) = gpu(Precision::Fp32, 1) else { return };
    let place = Workplace::with(&tiny_at_fixed_rate("0.01"));
    assert_exit(&run(&place, "one", &["--jobs", "1"]), 0);
    assert_exit(&run(&place, "two", &["--jobs", "2", "--cache-bytes", "100000"]), 0);
    assert_eq!(place.digest("one"), place.digest("two"), "jobs and cache change nothing");
    if gpu.device().contains("stand-in") || number_of_gpus().is_ok_and(|number| number > 1) {
        let mut command = run_command_on("cuda:0,cuda:1", &place, "both", &["--jobs", "2"]);
        assert_exit(&command.env("NT_STAND_IN_GPUS", "2").output().unwrap(), 0);
        assert_eq!(place.digest("one"), place.digest("both"), "two GPUs change nothing");
    }
    let mut killed =
        run_command(&place, "three", &["--jobs", "2"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while !place.path("three/runs.jsonl").is_file() || num_records(&place.path("three")) < 5 {
        std::thread::sleep(std::time::Duration::from_millis(20));
        assert!(killed.try_wait().unwrap().is_none(), "it ended before it was killed");
    }
    killed.kill().unwrap();
    killed.wait().unwrap();
    assert_exit(&run(&place, "three", &[]), 0);
    assert_eq!(place.digest("one"), place.digest("three"), "a kill changes nothing");
    let numerics = manifest(&place.path("one"))["numerics"].as_str().unwrap().to_owned();
    assert!(numerics.starts_with("cuda-f32-2 "), "{numerics}");
    assert_exit(&place.run("cpu", &[]), 0);
    let (on_gpu, on_cpu) = (top1(&place.path("one")), top1(&place.path("cpu")));
    assert_eq!(on_gpu.len(), on_cpu.len());
    let gaps: Vec<f64> = on_gpu.iter().zip(&on_cpu).map(|(gpu, cpu)| (gpu.1 - cpu.1).abs()).collect();
    let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
    assert!(mean < 0.02, "top-1 accuracies are {mean} apart on average");
    // And `verify` runs it again on the device that it ran on, and on no other.
    let verify = |device: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_nt-cuda"));
        command.args(["verify", "one", "--base", ".", "--cache-dir", "cache", "--sample", "5", "--device", device]);
        command.current_dir(place.path("")).output().unwrap()
    };
    assert_exit(&verify("cuda"), 0);
    let refused = verify("cpu");
    assert_exit(&refused, 2);
    assert!(said(&refused).contains("give --device as it was run"), "{}", said(&refused));
}

#[test]
fn a_training_that_does_not_fit_is_refused_before_anything_is_run() {
    if gpu(Precision::Fp32, 1).is_none() {
        return;
    }
    let place = Workplace::with(&tiny_at_fixed_rate("0.01"));
    let large =
        ["--jobs", "1", "--set", "model.width=4.0", "--set", "model.input=256", "--set", "training.batch=65536"];
    let output = run(&place, "out", &large);
    assert_exit(&output, 2);
    let text = said(&output);
    assert!(text.contains("of the GPU's memory") && text.contains("MB are free"), "{text}");
    assert!(!place.path("out").exists(), "nothing was changed");
}

#[test]
fn as_many_jobs_are_run_side_by_side_as_fit_unless_their_number_is_given() {
    if !is_stand_in("a GPU has the memory that it has") {
        return;
    }
    let place = Workplace::with(&tiny_at_fixed_rate("0.01"));
    // 512 MiB for libraries and a quarter of the rest for images leave room for one job of 128 MiB and a little more.
    let memory = (800u64 << 20).to_string();
    let given = run_command(&place, "given", &["--jobs", "8"]).env("NT_STAND_IN_MEMORY", &memory).output().unwrap();
    assert_exit(&given, 2);
    assert!(said(&given).contains("give fewer --jobs"), "{}", said(&given));
    let left = run_command(&place, "left", &[]).env("NT_STAND_IN_MEMORY", &memory).output().unwrap();
    assert_exit(&left, 0);
    let jobs = manifest(&place.path("left"))["host"]["jobs"].as_u64().unwrap();
    assert_eq!(jobs, 1, "jobs at a time");
}

#[test]
fn what_cudnn_does_not_have_with_channels_last_is_computed_with_channels_first() {
    if !is_stand_in("cuDNN has what it has") {
        return;
    }
    let place = Workplace::with(&tiny_at_fixed_rate("0.01"));
    let words = ["--jobs", "1", "--set", "model.precision=\"tf32\""];
    assert_exit(&run(&place, "last", &words), 0);
    let refused = run_command(&place, "first", &words).env("NT_STAND_IN_CHANNELS_LAST", "refused").output().unwrap();
    assert_exit(&refused, 0);
    assert_ne!(place.digest("last"), place.digest("first"), "sums are taken in another order");
    let (last, first) = (top1(&place.path("last")), top1(&place.path("first")));
    assert_eq!(last.len(), first.len());
    let gaps: Vec<f64> = last.iter().zip(&first).map(|(last, first)| (last.1 - first.1).abs()).collect();
    let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
    assert!(mean < 0.02, "top-1 accuracies are {mean} apart on average");
}

#[test]
fn a_precision_that_only_gpus_have_is_refused_on_the_cpu() {
    let place = Workplace::with(&tiny_at_fixed_rate("0.01"));
    let output = place.run("out", &["--set", "model.precision=\"tf32\""]);
    assert_exit(&output, 2);
    assert!(said(&output).contains("--device cuda"), "{}", said(&output));
}

#[test]
fn a_gpu_that_gives_out_ends_the_run_and_the_same_command_goes_on() {
    if !is_stand_in("a GPU is not broken on purpose") {
        return;
    }
    let place = Workplace::with(&tiny_at_fixed_rate("0.01"));
    let ended = run_command(&place, "out", &["--jobs", "2"]).env("NT_STAND_IN_LAUNCHES", "3000").output().unwrap();
    assert_exit(&ended, 3);
    assert!(said(&ended).contains("run the same command to resume"), "{}", said(&ended));
    let before = records(&place.path("out"));
    assert!(!before.is_empty() && before.iter().all(|record| record["status"]["state"] == "done"), "no job is blamed");
    assert_exit(&run(&place, "out", &[]), 0);
    assert_exit(&run(&place, "whole", &[]), 0);
    assert_eq!(place.digest("out"), place.digest("whole"));
}
