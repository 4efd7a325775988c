//! What a report of very many cells takes, and what it says of those that it does not show.
//!
//! A test writes a study as runs would have left it, and starts this program again to report it, so that the memory measured is
//! that of the report alone.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test fails by it")]

use std::path::Path;
use std::process::Command;
use std::time::Instant;
use std::{env, fs};

use nt_analysis::mock::ManyCells;
use nt_report::report;

/// The folder that the program which is started is to report.
const FOLDER: &str = "NT_REPORT_FOLDER";
const WORKER: &str = "a_study_is_reported_for_another_test";
const MEGABYTE: u64 = 1_000_000;

/// What a report took.
struct Taken {
    peak_bytes: u64,
    /// On all cores together.
    processor_seconds: f64,
    seconds: f64,
}

/// Reports a folder in a process of its own.
fn reported(dir: &Path) -> Taken {
    let this = env::current_exe().unwrap();
    let output = Command::new(this).args(["--exact", WORKER, "--nocapture"]).env(FOLDER, dir).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    let told = text.lines().find_map(|line| line.split_once("report took ")).unwrap().1;
    let numbers: Vec<f64> = told.split(' ').map(|number| number.parse().unwrap()).collect();
    Taken { peak_bytes: numbers[0] as u64, processor_seconds: numbers[1], seconds: numbers[2] }
}

#[test]
fn a_study_is_reported_for_another_test() {
    let Some(dir) = env::var_os(FOLDER) else { return };
    let start = Instant::now();
    report(Path::new(&dir)).unwrap();
    println!("\nreport took {} {} {}", peak_bytes(), processor_seconds(), start.elapsed().as_secs_f64());
}

/// The most memory that this process has held.
fn peak_bytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    1024 * peak.trim().trim_end_matches(" kB").parse::<u64>().unwrap()
}

/// The time that this process has run on any core, counted by the system in hundredths of a second.
fn processor_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    let after_name = stat.rsplit_once(") ").unwrap().1;
    // Of the fields after the name the twelfth and thirteenth are its own time and the system's for it.
    after_name.split(' ').skip(11).take(2).map(|ticks| ticks.parse::<f64>().unwrap() / 100.0).sum()
}

/// Writes a study, reports it, and tells what that took.
fn measured(shape: ManyCells, check: impl Fn(&Path, &Taken)) {
    let dir = tempfile::tempdir().unwrap();
    shape.write(dir.path());
    let taken = reported(dir.path());
    let Taken { peak_bytes, processor_seconds, seconds } = taken;
    let (cells, images) = (shape.num_cells(), shape.test_images);
    let megabytes = peak_bytes / MEGABYTE;
    println!(
        "{cells} cells of {images} test images: {megabytes} MB, {processor_seconds:.1} s of processors, {seconds:.1} s"
    );
    check(dir.path(), &taken);
}

fn read(dir: &Path, name: &str) -> String {
    fs::read_to_string(dir.join(name)).unwrap()
}

#[test]
fn a_study_of_more_than_500_cells_is_listed_whole_and_drawn_in_part_and_says_so() {
    let shape = ManyCells { targets: 1, sizes: 2, sources: 20, test_images: 48 };
    measured(shape, |dir, taken| {
        assert!(taken.peak_bytes < 400 * MEGABYTE, "{} bytes", taken.peak_bytes);
        let told = "Its figures show at most 6 sources in a panel, 40 contrasts of a quadrant.";
        let page = read(dir, "index.html");
        for text in [&page, &read(dir, "report.md")] {
            assert!(
                text.contains(told) && text.contains("What is shown is chosen by one rule: scratch and the primary")
            );
            assert!(!text.contains("cells are listed"));
        }
        assert_eq!(page.matches("<template id=\"cell-").count(), shape.num_cells());
        assert!(page.contains("(6 of 10 sources)"), "a panel says what it leaves out");
        assert_eq!(
            read(dir, "verdicts.csv").lines().count(),
            1 + shape.num_cells() - 2,
            "without scratch of either size"
        );
    });
}

#[test]
#[ignore = "writes 650 MB and takes seconds; `just soak` runs it"]
fn a_report_of_2500_cells_takes_less_than_500_mb_and_10_s_on_two_cores() {
    let shape = ManyCells { targets: 4, sizes: 2, sources: 21, test_images: 1_500 };
    measured(shape, |dir, taken| {
        assert!(taken.peak_bytes < 500 * MEGABYTE, "{} bytes", taken.peak_bytes);
        let page = read(dir, "index.html");
        assert!(page.contains("2,000 of 2,472 cells are listed"));
        assert!(read(dir, "report.md").contains("2,000 of 2,472 cells are listed"));
        assert_eq!(page.matches("<template id=\"cell-").count(), 2_000);
        assert_eq!(read(dir, "verdicts.csv").lines().count(), 1 + shape.num_cells() - 8);
        // What two cores do in ten seconds, whatever else the machine does. Nearly all of it is done side by side.
        assert!(taken.processor_seconds < 20.0, "{} s", taken.processor_seconds);
    });
}

#[test]
#[ignore = "writes 8 GB and takes minutes; `just soak` runs it"]
fn a_report_of_100_000_cells_takes_less_than_4_gb() {
    let shape = ManyCells { targets: 25, sizes: 4, sources: 70, test_images: 304 };
    measured(shape, |dir, taken| {
        assert!(taken.peak_bytes < 4_000 * MEGABYTE, "{} bytes", taken.peak_bytes);
        assert!(read(dir, "index.html").contains("2,000 of 99,500 cells are listed"));
    });
}
