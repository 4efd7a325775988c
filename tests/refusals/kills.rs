//! Kills without warning, at random moments of a run and of the writing of its report.

use crate::least::Least;
use crate::support::said;
use nt_kernels::philox::Stream;
use std::process::Stdio;
use std::time::{Duration, Instant};

/// Kills so many runs, and so many reports.
fn kills(runs: usize, reports: usize) {
    let least = Least::new();
    let began = Instant::now();
    assert!(least.run_command("whole").output().unwrap().status.success());
    let (of_a_run, digest) = (began.elapsed(), least.digest("whole"));
    let mut moments = Stream::named(1, "kills", "", 0).cursor();
    let mut moment = |of: Duration| of.mul_f64(f64::from(moments.below(1000)) / 1000.0);
    let mut killed = 0;
    let mut study = 0;
    while killed < runs {
        let out = format!("killed-{study}");
        study += 1;
        least.empty_the_cache();
        // Several kills a study, so that what a killed run left is met by another that is killed.
        for _ in 0..4 {
            let mut child = least.run_command(&out).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            std::thread::sleep(moment(of_a_run));
            let _ = child.kill();
            killed += usize::from(!child.wait().unwrap().success());
        }
        sound_after(&least, &out, &digest);
    }
    let began = Instant::now();
    assert!(least.workplace.nt(&["report", "whole"]).output().unwrap().status.success());
    let of_a_report = began.elapsed();
    for _ in 0..reports {
        let mut child =
            least.workplace.nt(&["report", "whole"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(moment(of_a_report));
        let _ = child.kill();
        let _ = child.wait();
    }
    sound_after(&least, "whole", &digest);
    println!("{killed} runs and {reports} reports were killed in {study} studies; every digest is the same");
}

/// The same command ends well, with the same digest, and leaves nothing behind.
fn sound_after(least: &Least, out: &str, digest: &str) {
    let resumed = least.run_command(out).output().unwrap();
    assert!(resumed.status.success(), "{}", said(&resumed));
    assert_eq!(least.digest(out), digest);
    let checked = least.workplace.nt(&["check", out]).output().unwrap();
    assert!(checked.status.success(), "{}", said(&checked));
    assert_eq!(least.unfinished(out), [""; 0]);
}

#[test]
fn a_kill_at_any_moment_loses_nothing() {
    kills(20, 10);
}

#[test]
#[ignore = "takes minutes: just soak"]
fn a_thousand_kills_lose_nothing() {
    kills(800, 200);
}
