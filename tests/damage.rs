//! What becomes of a study's folder that was damaged after it was written: whoever reads it says so, and `nt run` mends it.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

mod support;

use std::path::{Path, PathBuf};
use support::{Workplace, assert_exit, files, flip_a_bit, said};

/// A file of the folder `out`.
type Which = fn(&Path) -> PathBuf;

/// What is done to it.
type Harm = fn(&Path);

fn cut(path: &Path) {
    std::fs::write(path, "").unwrap();
}

fn remove(path: &Path) {
    std::fs::remove_file(path).unwrap();
}

fn first_in(dir: &Path, start: &str) -> PathBuf {
    let (folder, start) = start.split_once('/').unwrap();
    let found = files(&dir.join(folder));
    found.into_iter().find(|file| file.file_name().unwrap().to_string_lossy().starts_with(start)).unwrap()
}

/// A study that was run to its end, with its digest.
fn finished() -> (Workplace, String) {
    let workplace = Workplace::with(&support::tiny_at_fixed_rate("0.01"));
    assert_exit(&workplace.run("out", &[]), 0);
    let digest = workplace.digest("out");
    (workplace, digest)
}

fn nt(workplace: &Workplace, words: &[&str]) -> std::process::Output {
    workplace.nt(words).output().unwrap()
}

#[test]
fn every_reader_names_what_is_damaged_and_a_run_mends_it() {
    const FILES: [(Which, &str); 8] = [
        (|out| out.join("runs.jsonl"), "runs.jsonl"),
        (|out| out.join("manifest.json"), "manifest.json"),
        (|out| out.join("resolved.toml"), "resolved.toml"),
        (|out| first_in(out, "predictions/"), "predictions/"),
        (|out| first_in(out, "curves/"), "curves/"),
        (|out| first_in(out, "networks/"), "networks/"),
        (|out| first_in(out, "artifacts/thumbnails"), "artifacts/thumbnails"),
        (|out| first_in(out, "artifacts/contact"), "artifacts/contact"),
    ];
    const HARMS: [Harm; 3] = [flip_a_bit, cut, remove];
    let (workplace, digest) = finished();
    let out = workplace.path("out");
    assert_exit(&nt(&workplace, &["check", "out"]), 0);
    for (at, (which, name)) in FILES.into_iter().enumerate() {
        let path = which(&out);
        HARMS[at % HARMS.len()](&path);
        let checked = nt(&workplace, &["check", "out"]);
        assert_exit(&checked, 1);
        assert!(said(&checked).contains(name), "{name}: {}", said(&checked));
        let reported = nt(&workplace, &["report", "out"]);
        // A network is not read for a report, and what is wrong with it is found by `nt check` alone.
        if name != "networks/" {
            assert_exit(&reported, 1);
            assert!(said(&reported).contains(name), "{name}: {}", said(&reported));
            for page in ["index.html", "report.md"] {
                let text = std::fs::read_to_string(out.join(page)).unwrap();
                assert!(text.contains("drawn of what is left") && text.contains(name), "{page} of {name}");
            }
            let kept = std::fs::read_to_string(out.join("index.sound.html")).unwrap();
            assert!(!kept.contains("drawn of what is left"), "the sound page is kept");
        }
        assert_exit(&workplace.run("out", &[]), 0);
        assert_eq!(workplace.digest("out"), digest, "{name}");
        assert_exit(&nt(&workplace, &["check", "out"]), 0);
        assert!(!out.join("index.sound.html").exists());
    }
}

#[test]
fn verify_and_explain_tell_of_damage_and_an_edited_digest_is_found() {
    let (workplace, digest) = finished();
    let out = workplace.path("out");
    let manifest = std::fs::read_to_string(out.join("manifest.json")).unwrap();
    let edited = manifest.replace(&digest, &digest.replace(|digit: char| digit.is_ascii_digit(), "0"));
    std::fs::write(out.join("manifest.json"), &edited).unwrap();
    let verify = || nt(&workplace, &["verify", "out", "--base", ".", "--cache-dir", "cache", "--sample", "2"]);
    for command in [&["check", "out"][..], &["report", "out"]] {
        let told = nt(&workplace, command);
        assert_exit(&told, 1);
        assert!(said(&told).contains("manifest.json is not as it was written"), "{}", said(&told));
    }
    assert_exit(&verify(), 1);
    // One that somebody gave the checksum of what he wrote, or took it from.
    let (body, _) = edited.rsplit_once(",\n  \"checksum\"").unwrap();
    let unsealed = format!("{body}\n}}\n").replace("\"schema_version\": 4", "\"schema_version\": 2");
    std::fs::write(out.join("manifest.json"), unsealed).unwrap();
    let verified = verify();
    assert_exit(&verified, 1);
    assert!(said(&verified).contains("the records give"), "{}", said(&verified));
    std::fs::write(out.join("manifest.json"), &manifest).unwrap();

    let lines = std::fs::read_to_string(out.join("runs.jsonl")).unwrap();
    let (first, rest) = lines.split_once('\n').unwrap();
    let job = serde_json::from_str::<serde_json::Value>(first).unwrap()["record"]["name"].as_str().unwrap().to_owned();
    std::fs::write(out.join("runs.jsonl"), rest).unwrap();
    let explained = nt(&workplace, &["explain", &job, "--dir", "out"]);
    assert_exit(&explained, 1);
    assert!(said(&explained).contains("are lost"), "{}", said(&explained));
    assert!(String::from_utf8_lossy(&explained.stdout).contains("not run yet, or lost"));
}

#[test]
fn what_is_stripped_is_no_damage_and_comes_back() {
    let (workplace, digest) = finished();
    assert_exit(&nt(&workplace, &["strip", "out", "--keep", "curves"]), 0);
    let checked = nt(&workplace, &["check", "out"]);
    assert_exit(&checked, 0);
    assert!(String::from_utf8_lossy(&checked.stdout).contains("left out on purpose"));
    let reported = nt(&workplace, &["report", "out"]);
    assert_exit(&reported, 1);
    assert!(said(&reported).contains("were left out on purpose (nt strip)"), "{}", said(&reported));
    assert_exit(&workplace.run("out", &[]), 0);
    assert_eq!(workplace.digest("out"), digest);
    let manifest = support::manifest(&workplace.path("out"));
    assert!(manifest.get("stripped").is_none(), "nothing is left out any more");
    assert_exit(&nt(&workplace, &["check", "out"]), 0);
}

#[test]
fn a_folder_with_somebodys_files_is_refused_and_nothing_in_it_changes() {
    let workplace = Workplace::tiny();
    let mine = workplace.path("mine");
    std::fs::create_dir(&mine).unwrap();
    std::fs::write(mine.join("report.md"), "mine").unwrap();
    let refused = workplace.run("mine", &[]);
    assert_exit(&refused, 2);
    assert!(said(&refused).contains("`report.md`") && said(&refused).contains("--out"), "{}", said(&refused));
    assert_eq!(files(&mine), [mine.join("report.md")]);
    assert_eq!(std::fs::read_to_string(mine.join("report.md")).unwrap(), "mine");
}

/// Changes the first record of a judged run, as somebody would who sets the checksum right.
fn forge(out: &Path, change: impl Fn(String) -> String, beside: bool) {
    let path = out.join("runs.jsonl");
    let text = std::fs::read_to_string(&path).unwrap();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let at = lines.iter().position(|line| line.contains("\"role\":\"final\"")).unwrap();
    let record = lines[at].split_once("\"record\":").unwrap().1.strip_suffix('}').unwrap().to_owned();
    let changed = change(record.clone());
    assert_ne!(changed, record, "nothing was changed");
    let line = format!("{{\"crc32\":\"{:08x}\",\"record\":{changed}}}", crc32fast::hash(changed.as_bytes()));
    if beside {
        lines.push(line)
    } else {
        lines[at] = line
    }
    std::fs::write(path, lines.join("\n") + "\n").unwrap();
}

/// The text between the first of these and the end, replaced.
fn between(text: &str, start: &str, end: &str, new: &str) -> String {
    let (before, rest) = text.split_once(start).unwrap();
    let (_, after) = rest.split_once(end).unwrap();
    format!("{before}{start}{new}{end}{after}")
}

#[test]
fn a_record_that_was_changed_is_believed_by_nobody_and_made_again_by_a_run() {
    type Change = fn(String) -> String;
    const CHANGES: [(&str, Change, bool); 7] = [
        ("a better score", |record| between(&record, "\"name\":\"top1\",\"value\":", ",", "0.9999"), false),
        ("no files", |record| between(&record, "\"files\":[", "]", ""), false),
        ("more looks at the labels", |record| between(&record, "\"test_openings\":", ",", "50"), false),
        (
            "so many images that none can be counted",
            |record| between(&record, "\"n\":", "}", "18446744073709551615"),
            false,
        ),
        (
            "a file outside of the folder",
            |record| between(&record, "\"path\":\"curves/", "\"", "../../../etc/passwd"),
            false,
        ),
        (
            "a job that failed",
            |record| record.replace("{\"state\":\"done\"}", "{\"state\":\"failed\",\"reason\":\"x\"}"),
            false,
        ),
        (
            "a second record beside the first",
            |record| between(&record, "\"name\":\"top1\",\"value\":", ",", "0.9999"),
            true,
        ),
    ];
    let (workplace, digest) = finished();
    let out = workplace.path("out");
    for (what, change, beside) in CHANGES {
        forge(&out, change, beside);
        assert_exit(&nt(&workplace, &["check", "out"]), 1);
        assert_exit(&nt(&workplace, &["report", "out"]), 1);
        assert_exit(&workplace.run("out", &[]), 0);
        assert_eq!(workplace.digest("out"), digest, "{what}");
        let checked = nt(&workplace, &["check", "out"]);
        assert!(checked.status.success(), "{what}: {}", said(&checked));
    }
    assert!(out.join("runs.jsonl.damaged").exists(), "what was taken out is kept");
}

#[cfg(unix)]
#[test]
fn a_pipe_or_a_folder_in_the_place_of_a_file_bars_nobody() {
    let (workplace, digest) = finished();
    let out = workplace.path("out");
    const ANOTHER: &str = "something else stands in its place";
    let places: [(Which, &str); 8] = [
        (|out| out.join("figures/accuracy_by_depth.csv"), ANOTHER),
        (|out| out.join("audit.json"), ANOTHER),
        (|out| out.join("manifest.json"), "manifest.json is missing"),
        (|out| out.join("preregistration.json"), "preregistration.json"),
        (|out| out.join("scenario.toml"), ANOTHER),
        (|out| out.join("resolved.toml"), ANOTHER),
        (|out| first_in(out, "artifacts/contact"), ANOTHER),
        (|out| first_in(out, "curves/"), ANOTHER),
    ];
    for (at, (which, told)) in places.into_iter().enumerate() {
        for is_pipe in [true, false] {
            let path = which(&out);
            remove(&path);
            match is_pipe {
                true => assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success()),
                false => std::fs::create_dir(&path).unwrap(),
            }
            let checked = nt(&workplace, &["check", "out"]);
            assert_exit(&checked, 1);
            assert!(said(&checked).contains(told), "{at}: {}", said(&checked));
            assert!(nt(&workplace, &["report", "out"]).status.code().is_some_and(|code| code < 3), "{at}");
            assert_exit(&workplace.run("out", &[]), 0);
            assert_eq!(workplace.digest("out"), digest);
            assert_exit(&nt(&workplace, &["check", "out"]), 0);
        }
    }
}

#[test]
fn a_report_waits_for_no_run_and_writes_beside_none() {
    let (workplace, digest) = finished();
    let held = std::fs::File::open(workplace.path("out/.lock")).unwrap();
    held.lock().unwrap();
    let refused = nt(&workplace, &["report", "out"]);
    assert_exit(&refused, 3);
    assert!(said(&refused).contains("is being written: wait until that ends"), "{}", said(&refused));
    drop(held);
    assert_exit(&nt(&workplace, &["report", "out"]), 0);
    assert_eq!(workplace.digest("out"), digest);
}

#[test]
fn a_study_of_which_every_training_diverges_has_a_report() {
    for metric in ["top1", "log-loss"] {
        let with_metric = format!("margin_pp = 5.0\nmetric = \"{metric}\"");
        let scenario = support::tiny_at_fixed_rate("10.0").replace("margin_pp = 5.0", &with_metric);
        assert!(scenario.contains(metric));
        let workplace = Workplace::with(&scenario);
        let output = workplace.run("out", &["--keep-going"]);
        assert_exit(&output, 1);
        assert!(said(&output).contains("diverged or failed"), "{}", said(&output));
        assert_exit(&nt(&workplace, &["report", "out"]), 0);
        assert!(workplace.path("out/index.html").exists(), "{metric}");
    }
}

#[test]
fn a_verification_tells_what_was_not_run_from_what_differs() {
    let workplace = Workplace::with(&support::tiny_at_fixed_rate("0.01"));
    assert_exit(&workplace.run("out", &["--shard", "0/3"]), 0);
    let verified = nt(&workplace, &["verify", "out", "--base", ".", "--cache-dir", "cache"]);
    assert_exit(&verified, 1);
    let told = said(&verified);
    assert!(told.contains("are not run yet") && !told.contains("has changed"), "{told}");
}

#[test]
fn what_is_changed_while_a_run_writes_is_not_certified() {
    let workplace = Workplace::with(&support::tiny_at_fixed_rate("0.01"));
    let mut run = workplace.spawn("out", &[]);
    let out = workplace.path("out");
    while !out.join("audit.json").exists() || files(&out.join("artifacts")).is_empty() {
        assert!(run.try_wait().unwrap().is_none(), "the run ends before its files are there");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let sheet = first_in(&out, "artifacts/contact");
    for path in [out.join("audit.json"), out.join("resolved.toml"), out.join("scenario.toml"), sheet.clone()] {
        let mut text = std::fs::read(&path).unwrap();
        text.push(b'\n');
        std::fs::write(&path, text).unwrap();
    }
    run.wait().unwrap();
    let checked = nt(&workplace, &["check", "out"]);
    assert_exit(&checked, 1);
    let sheet = sheet.file_name().unwrap().to_string_lossy().into_owned();
    for name in ["audit.json", "resolved.toml", "scenario.toml", &sheet] {
        assert!(said(&checked).contains(name), "{name}: {}", said(&checked));
    }
    assert_exit(&workplace.run("out", &[]), 0);
    assert_exit(&nt(&workplace, &["check", "out"]), 0);
}

#[test]
fn pages_of_before_a_change_are_told_where_the_report_could_not_be_drawn_again() {
    let (workplace, _) = finished();
    let out = workplace.path("out");
    let sound = nt(&workplace, &["check", "out"]);
    let study = workplace.path("study.toml");
    let text = std::fs::read_to_string(&study).unwrap();
    assert!(text.contains("margin_pp = 5.0"));
    std::fs::write(&study, text.replace("margin_pp = 5.0", "margin_pp = 50.0")).unwrap();
    // A file larger than the system allows, as the page is: the records and their files are smaller.
    let words = ["-c", "ulimit -f 100; exec \"$0\" run study.toml --out out --cache-dir cache"];
    let refused = std::process::Command::new("bash")
        .args(words)
        .arg(env!("CARGO_BIN_EXE_nt"))
        .current_dir(workplace.path(""))
        .output()
        .unwrap();
    assert_exit(&refused, 3);
    let checked = nt(&workplace, &["check", "out"]);
    assert_exit(&checked, 1);
    assert!(said(&checked).contains("index.html and report.md were drawn of other results"), "{}", said(&checked));
    // And what was listed before still is.
    flip_a_bit(&out.join("index.html"));
    let checked = nt(&workplace, &["check", "out"]);
    assert!(
        said(&checked).contains("index.html has other contents") || said(&checked).contains("damaged: index.html"),
        "{}",
        said(&checked)
    );
    assert_exit(&nt(&workplace, &["report", "out"]), 0);
    assert_exit(&nt(&workplace, &["check", "out"]), 0);
    assert_exit(&sound, 0);
}

#[test]
fn other_results_are_not_written_over_a_studys() {
    let (workplace, _) = finished();
    for words in [["analyze", "out/runs.csv", "--out", "out"], ["audit", "study.toml", "--out", "out"]] {
        let refused = nt(&workplace, &words);
        assert_exit(&refused, 2);
        assert!(said(&refused).contains("out holds a study"), "{}", said(&refused));
    }
    assert_exit(&nt(&workplace, &["check", "out"]), 0);
}

#[test]
fn damaged_verdicts_are_no_pilot() {
    let (workplace, _) = finished();
    flip_a_bit(&workplace.path("out/verdicts.json"));
    let planned = nt(&workplace, &["plan", "study.toml", "--power", "--pilot", "out"]);
    assert_ne!(planned.status.code(), Some(0));
    assert!(said(&planned).contains("verdicts.json"), "{}", said(&planned));
}

#[test]
fn what_was_stripped_stays_so_of_jobs_that_are_planned_no_more() {
    let (workplace, _) = finished();
    assert_exit(&nt(&workplace, &["strip", "out"]), 0);
    let fewer = ["--set", "study.replicates=1"];
    assert_exit(&workplace.run("out", &fewer), 0);
    assert_exit(&nt(&workplace, &["check", "out"]), 0);
    assert_exit(&workplace.run("out", &fewer), 0);
    assert!(!workplace.path("out/runs.jsonl.damaged").exists());
}
