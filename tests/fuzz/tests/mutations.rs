//! Mutated files of every format: none may panic, hang or take much memory.

#![allow(clippy::panic, reason = "a helper of tests fails as a test does")]

use nt_fuzz::{Format, mutated};
use std::time::{Duration, Instant};

/// Longest that one file may take.
const LONGEST: Duration = Duration::from_secs(10);
/// Most memory that the whole test may take, KiB.
const MOST_KIB: u64 = 2 << 20;

/// Reads these mutations of every format; with `NT_FUZZ_MINUTES`, further ones for so long.
fn mutations(numbers: std::ops::Range<u64>) {
    let minutes = std::env::var("NT_FUZZ_MINUTES").ok().and_then(|minutes| minutes.parse().ok());
    let for_long = minutes.map(|minutes: u64| Duration::from_secs(60 * minutes));
    let one = std::env::var("NT_FUZZ_FORMAT").ok();
    for format in Format::ALL.into_iter().filter(|format| one.as_deref().is_none_or(|one| one == format.name())) {
        let seeds = format.seeds();
        let (mut longest, mut num_read) = (Duration::ZERO, 0);
        let start = Instant::now();
        let mut num_done = 0;
        for number in numbers.start.. {
            if for_long.map_or(number >= numbers.end, |for_long| start.elapsed() > for_long) {
                break;
            }
            num_done += 1;
            let bytes = mutated(&seeds, number);
            let began = Instant::now();
            let read = std::panic::catch_unwind(|| format.read(&bytes));
            longest = longest.max(began.elapsed());
            match read {
                Ok(is_read) => num_read += usize::from(is_read),
                Err(_) => {
                    let kept = std::env::temp_dir().join(format!("nt-fuzz-{}-{number}", format.name()));
                    let _ = std::fs::write(&kept, &bytes);
                    panic!("{} panicked on mutation {number}, kept as {}", format.name(), kept.display());
                }
            }
            assert!(longest < LONGEST, "{} took {longest:?} for mutation {number}", format.name());
        }
        let kib = peak_kib();
        println!(
            "{}: {num_done} mutations, {num_read} read without a fault, at most {longest:?}, {kib} KiB so far",
            format.name()
        );
        assert!(kib < MOST_KIB, "{} took {kib} KiB", format.name());
    }
}

/// The most memory that this process has had, KiB.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse().ok()).unwrap_or(0)
}

#[test]
fn the_seeds_are_read_without_a_fault() {
    for format in Format::ALL {
        let seeds = format.seeds();
        assert!(!seeds.is_empty());
        for (number, seed) in seeds.iter().enumerate() {
            assert!(format.read(seed), "seed {number} of {}", format.name());
        }
    }
}

#[test]
fn no_mutation_of_any_format_panics() {
    mutations(0..300);
}

#[test]
#[ignore = "takes minutes: just soak"]
fn no_mutation_of_ten_thousand_of_any_format_panics() {
    mutations(0..10_000);
}
