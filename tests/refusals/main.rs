//! What becomes of a study when the disk refuses, when the process is killed, and when many write into one folder.
//!
//! The program is the one that users run. A library in C that is loaded before it counts what it asks of the disk, and lets one call
//! fail. A few calls are tried in every test run, all of them by `just soak`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a helper of tests fails as a test does")]

#[path = "../support/mod.rs"]
mod support;

mod kills;
mod least;
mod many_writers;
mod no_locks;
mod shim;

use least::Least;
use shim::Shim;
use support::{assert_exit, said};

/// Errors of Linux: I/O error, permission, too many files, no room, read-only, quota.
const ERRORS: [i32; 6] = [5, 13, 24, 28, 30, 122];

/// The one of them that is the user's to mend where it concerns pictures.
const NOT_ALLOWED: i32 = 13;

/// Every call that may fail fails once, each with its own error, in half of the rounds for good: the run then ends as it should, or
/// with 3 (with 2, if it is a picture that may not be read); and the same command without the fault gives the same bits.
fn every_refusal(step: usize) {
    let Some(shim) = Shim::build() else { return };
    let least = Least::new();
    let (number, digest) = {
        let (counted, number) = shim.count(&mut least.run_command("whole"), &least.watched("whole"));
        assert_exit(&counted, 0);
        (number, least.digest("whole"))
    };
    assert!(number > 400, "only {number} calls are seen");
    let mut refused = 0;
    for call in (1..=number).skip(step / 2).step_by(step) {
        let (error, lasting) = (ERRORS[call % ERRORS.len()], call / ERRORS.len() % 2 == 1);
        let out = format!("refused-{call}");
        least.empty_the_cache();
        let faulty = shim.refuse(&mut least.run_command(&out), &least.watched(&out), call, error, lasting);
        let at = format!("call {call}, error {error}, lasting {lasting}: {}", said(&faulty));
        match faulty.status.code() {
            Some(0) => assert_eq!(least.digest(&out), digest, "{at}"),
            Some(3) => {
                refused += 1;
                assert!(said(&faulty).contains("error: "), "{at}");
            }
            // What may not be read is the user's to mend, and told before anything is run.
            Some(2) => assert!(error == NOT_ALLOWED && said(&faulty).contains("nothing was run"), "{at}"),
            code => panic!("ended with {code:?}; {at}"),
        }
        let resumed = least.run_command(&out).output().unwrap();
        assert!(resumed.status.success(), "{at}\nthen: {}", said(&resumed));
        assert_eq!(least.digest(&out), digest, "{at}");
        let checked = least.workplace.nt(&["check", &out]).output().unwrap();
        assert!(checked.status.success(), "{at}\nthen: {}", said(&checked));
        assert_eq!(least.unfinished(&out), [""; 0], "{at}");
        std::fs::remove_dir_all(least.workplace.path(&out)).unwrap();
    }
    println!(
        "{number} calls, every {step}th refused: {refused} runs ended with 3, each was resumed to the same digest"
    );
    assert!(refused > 0);
}

#[test]
fn a_call_that_the_disk_refuses_costs_nothing_but_the_run() {
    every_refusal(23);
}

#[test]
#[ignore = "takes minutes: just soak"]
fn every_call_that_the_disk_refuses_costs_nothing_but_the_run() {
    every_refusal(1);
}
