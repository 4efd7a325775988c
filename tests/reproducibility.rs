//! The same bits whatever the number of jobs and threads, the vector width and the memory, and after any kill.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

mod support;

use nt_kernels::philox::Stream;
use nt_kernels::tile::Simd;
use std::os::unix::process::ExitStatusExt;
use std::time::{Duration, Instant};
use support::{Workplace, assert_exit, files, manifest, num_records};

#[test]
fn jobs_threads_vector_width_and_memory_change_no_bit() {
    let workplace = Workplace::tiny();
    assert_exit(&workplace.run("plain", &["--jobs", "1", "--threads", "1"]), 0);
    let digest = workplace.digest("plain");
    for (out, words) in [
        ("jobs", ["--jobs", "2", "--threads", "1"]),
        ("threads", ["--jobs", "1", "--threads", "2"]),
        ("no-memory", ["--jobs", "2", "--cache-bytes", "1"]),
    ] {
        assert_exit(&workplace.run(out, &words), 0);
        assert_eq!(workplace.digest(out), digest, "{out}");
    }
    for simd in Simd::ALL {
        if !simd.is_available() {
            eprintln!("skipped: this machine has no {}", simd.name());
            continue;
        }
        let output = workplace.run_command(simd.name(), &["--jobs", "2"]).env("NT_SIMD", simd.name()).output().unwrap();
        assert_exit(&output, 0);
        assert_eq!(workplace.digest(simd.name()), digest, "{}", simd.name());
    }
}

#[test]
fn twenty_kills_at_random_moments_lose_nothing_and_change_no_bit() {
    let workplace = Workplace::tiny();
    let began = Instant::now();
    assert_exit(&workplace.run("whole", &[]), 0);
    // A sixteenth of a whole run on average: the study bears about two thirds of the kills, its report the others.
    let longest_ms = began.elapsed().as_millis() as u32 / 8;
    let planned = manifest(&workplace.path("whole"))["completeness"]["planned"].as_u64().unwrap() as usize;
    let recorded = || {
        let started = workplace.path("killed/runs.jsonl").exists();
        if started { num_records(&workplace.path("killed")) } else { 0 }
    };
    let mut moments = Stream::named(1, "kills", "", 0).cursor();
    let (mut at_work, mut in_report) = (0, 0);
    for _ in 0..20 {
        let before = recorded();
        let mut child = workplace.spawn("killed", &[]);
        std::thread::sleep(Duration::from_millis(moments.below(longest_ms).into()));
        // A process that has ended already cannot be killed.
        let _ = child.kill();
        let killed = child.wait().unwrap().signal().is_some();
        let after = recorded();
        // The last line may be torn by the kill; the records before it stand.
        assert!(after + 1 >= before, "records were lost");
        at_work += usize::from(killed && after < planned);
        in_report += usize::from(killed && after == planned);
    }
    eprintln!("of 20 kills {at_work} met a study at work, {in_report} its report");
    assert!(at_work >= 5, "the kills came too late to prove anything");
    assert_exit(&workplace.run("killed", &[]), 0);
    assert_eq!(workplace.digest("killed"), workplace.digest("whole"));
    assert_eq!(num_records(&workplace.path("killed")), planned);
    for table in ["verdicts.csv", "verdicts.json", "runs.csv", "report.md", "index.html"] {
        let read = |out: &str| std::fs::read(workplace.path(out).join(table)).unwrap();
        assert!(read("killed") == read("whole"), "{table} differs after kills");
    }
}

#[test]
fn shards_of_a_study_add_up_to_the_study() {
    let workplace = Workplace::tiny();
    assert_exit(&workplace.run("whole", &[]), 0);
    let mut first = workplace.spawn("parts", &["--shard", "0/2", "--jobs", "1"]);
    assert_exit(&workplace.run("parts", &["--shard", "1/2", "--jobs", "1"]), 0);
    assert!(first.wait().unwrap().success());
    let before = workplace.jobs_run("parts");
    assert_exit(&workplace.run("parts", &[]), 0);
    assert_eq!(workplace.jobs_run("parts"), before, "the parts left nothing to run");
    assert_eq!(workplace.digest("parts"), workplace.digest("whole"));
    assert_exit(&workplace.run("parts", &["--shard", "2/2"]), 2);
}

#[test]
fn a_report_comes_out_again_byte_for_byte_without_networks_and_data() {
    let workplace = Workplace::tiny();
    assert_exit(&workplace.run("out", &[]), 0);
    let drawn = ["index.html", "report.md", "runs.csv", "runs.parquet", "verdicts.csv", "verdicts.json"];
    let read = |name: &str| std::fs::read(workplace.path("out").join(name)).unwrap();
    let figures =
        || files(&workplace.path("out/figures")).iter().map(|path| std::fs::read(path).unwrap()).collect::<Vec<_>>();
    let before: Vec<Vec<u8>> = drawn.iter().map(|name| read(name)).collect();
    let figures_before = figures();
    std::fs::remove_dir_all(workplace.path("out/networks")).unwrap();
    assert_exit(&workplace.nt(&["report", "out"]).output().unwrap(), 0);
    for (name, before) in drawn.iter().zip(before) {
        assert!(read(name) == before, "{name} differs");
    }
    assert!(figures() == figures_before, "a figure differs");
}

#[test]
fn verify_finds_nothing_in_an_honest_study_and_names_the_first_difference_in_another() {
    let workplace = Workplace::tiny();
    assert_exit(&workplace.run("out", &[]), 0);
    assert_exit(&workplace.nt(&["verify", "out", "--sample", "3", "--cache-dir", "cache"]).output().unwrap(), 0);
    assert_exit(&workplace.nt(&["verify", "out", "--cache-dir", "cache"]).output().unwrap(), 0);
    let path = workplace.path("out/runs.jsonl");
    let text = std::fs::read_to_string(&path).unwrap();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let (index, name) = lines
        .iter()
        .enumerate()
        .find_map(|(index, line)| {
            let record: serde_json::Value = serde_json::from_str(line).unwrap();
            let record = &record["record"];
            (record["role"] == "final").then(|| (index, record["name"].as_str().unwrap().to_owned()))
        })
        .unwrap();
    lines[index] = with_top1(&lines[index], 0.123_456);
    std::fs::write(&path, lines.join("\n") + "\n").unwrap();
    let output = workplace.nt(&["verify", "out", "--cache-dir", "cache"]).output().unwrap();
    assert_exit(&output, 1);
    let said = support::said(&output);
    assert!(said.contains(&name) && said.contains("top1 was 0.123456 and is now"), "{said}");
}

/// The line of a record with another top-1 accuracy and the checksum that belongs to it: a deliberate forgery.
fn with_top1(line: &str, value: f64) -> String {
    let (_, record) = line.split_once("\"record\":").unwrap();
    let record = &record[..record.len() - 1];
    let start = record.find("\"name\":\"top1\",\"value\":").unwrap() + "\"name\":\"top1\",\"value\":".len();
    let end = start + record[start..].find(',').unwrap();
    let forged = format!("{}{value}{}", &record[..start], &record[end..]);
    format!("{{\"crc32\":\"{:08x}\",\"record\":{forged}}}", crc32fast::hash(forged.as_bytes()))
}
