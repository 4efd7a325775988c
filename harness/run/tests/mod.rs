//! The scheduler behind a mock executor: order, failures and resumption, in milliseconds.

mod reportable;

use super::{Abandoned, Executor, JobOutput, Progress, ScheduleError, Scheduler, Tally, Upstream};
use crate::train::AtChance;
use nt_records::{Ledger, Measure, Measured, Status};
use nt_scenario::mock::TestScenario;
use nt_scenario::{DataFacts, Facts, Job, LabelKind, Metric, Plan, Role, Scenario};
use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

fn scenario() -> String {
    TestScenario::new("mock")
        .synthetic("shapes", 40, 40)
        .source(
            "near",
            r#"
data = "shapes"
classes = ["arrow", "heart"]
similarity = "similar"
train_per_class = 10
steps = 5
learning_rate = 0.01
"#,
        )
        .target("shapes", "data = \"shapes\"\nclasses = [\"star\", \"ring\"]\nvalidation_fraction = 0.25")
        .size("small", "train_per_class = 8\nsteps = 5")
        .treatment("frozen", "copied = [3, 7]\nfrozen = \"copied\"")
        .tuned("learning_rates = [0.001, 0.01, 0.1]\nextend = 0")
        .text()
}

/// What a mock computes with.
const NUMERICS: &str = "mock";

fn planned() -> (Scenario, Plan) {
    let scenario = Scenario::parse(&scenario(), "mock.toml").unwrap_or_else(|faults| panic!("{faults}"));
    let classes: Vec<String> = ["star", "ring", "arrow", "heart"].map(str::to_owned).into();
    let facts = DataFacts {
        train_per_class: vec![40; 4],
        test_per_class: vec![40; 4],
        classes,
        standardisation: nt_scenario::Standardisation::IMAGENET,
        digest: [1; 32],
        labels: LabelKind::OneClass,
    };
    let facts = Facts::of_data([("shapes".to_owned(), Ok(facts))]);
    let plan = Plan::new(&scenario, &facts, NUMERICS).unwrap();
    (scenario, plan)
}

/// Notes the order of jobs, and answers with a closed form: validation is best at rate .01.
#[derive(Default)]
struct Mock {
    order: Mutex<Vec<String>>,
    fails: Option<&'static str>,
    gives_out: Option<&'static str>,
    panics: Option<&'static str>,
    learns_nothing: Option<&'static str>,
    interrupt_after: Option<usize>,
    interrupt: AtomicBool,
}

impl Executor for Mock {
    fn execute(&self, job: &Job, upstream: &dyn Upstream) -> Result<JobOutput, Abandoned> {
        for &need in &job.needs {
            assert!(upstream.record(need).is_some(), "{} ran before what it needs", job.name);
        }
        let fails = self.fails.is_some_and(|part| job.name.contains(part));
        let learns_nothing = self.learns_nothing.is_some_and(|part| job.name.contains(part));
        if learns_nothing && !fails && upstream.at_chance(job) == AtChance::Ends {
            // Meanwhile another of its group may learn.
            std::thread::sleep(std::time::Duration::from_millis(20));
            return Err(Abandoned::AtChance("still at chance".to_owned()));
        }
        // Before the lock, so that no other worker meets it poisoned and tells of that instead.
        assert!(self.panics.is_none_or(|part| !job.name.contains(part)), "a fault of its own");
        let mut order = self.order.lock().unwrap();
        if self.interrupt_after == Some(order.len()) {
            self.interrupt.store(true, Ordering::Relaxed);
            return Err(Abandoned::Stopped);
        }
        if self.gives_out.is_some_and(|part| job.name.contains(part)) {
            return Err(Abandoned::Environment("it is a mock".to_owned()));
        }
        order.push(job.name.clone());
        if fails {
            return Ok(JobOutput::ended(Status::Diverged { reason: "it is a mock".to_owned() }));
        }
        let mut output = JobOutput::ended(Status::Done);
        output.metrics.push(Measured::new(Measure::Test(Metric::Top1), 0.5, 80));
        output.artifacts.network = (job.role == Role::Source).then(|| job.name.clone().into_bytes());
        Ok(output)
    }
}

fn try_run(mock: &Mock, ledger: &mut Ledger, jobs: usize) -> Result<Tally, ScheduleError> {
    let (scenario, plan) = planned();
    let all: BTreeSet<usize> = (0..plan.jobs.len()).collect();
    let scheduler = Scheduler {
        scenario: &scenario,
        plan: &plan,
        jobs,
        threads: 1,
        at_chance: AtChance::Ends,
        interrupt: &mock.interrupt,
        numerics: NUMERICS,
    };
    scheduler.run(&all, ledger, mock, &Progress::quiet())
}

fn run(mock: &Mock, ledger: &mut Ledger, jobs: usize) -> Tally {
    try_run(mock, ledger, jobs).unwrap()
}

#[test]
fn every_job_runs_once_after_what_it_needs() {
    let folder = tempfile::tempdir().unwrap();
    for jobs in [1, 4] {
        let (mock, mut ledger) = (Mock::default(), Ledger::open(&folder.path().join(jobs.to_string())).unwrap());
        let tally = run(&mock, &mut ledger, jobs);
        let order = mock.order.into_inner().unwrap();
        assert_eq!(tally.ran, order.len());
        assert_eq!(order.iter().collect::<BTreeSet<_>>().len(), planned().1.jobs.len());
    }
}

#[test]
fn a_second_run_finds_everything_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(folder.path()).unwrap();
    let first = run(&Mock::default(), &mut ledger, 2);
    let again = Mock::default();
    let second = run(&again, &mut ledger, 2);
    assert_eq!((second.ran, second.kept), (0, first.ran));
    assert!(again.order.into_inner().unwrap().is_empty());
}

#[test]
fn what_fails_is_recorded_and_the_others_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(folder.path()).unwrap();
    let mock = Mock { fails: Some("(7,7)"), ..Mock::default() };
    let tally = run(&mock, &mut ledger, 2);
    let failed = |role: Role| {
        let records = ledger.records().iter();
        records.filter(|record| record.role == role && record.status != Status::Done).count()
    };
    assert_eq!(tally.ran, planned().1.jobs.len());
    assert!(failed(Role::Tuning) > 0);
    assert_eq!(tally.unwell, failed(Role::Final), "a trial that fails is a finding of tuning");
}

#[test]
fn an_interrupted_run_goes_on_where_it_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(folder.path()).unwrap();
    let mock = Mock { interrupt_after: Some(4), ..Mock::default() };
    let tally = run(&mock, &mut ledger, 1);
    assert_eq!((tally.ran, tally.interrupted), (4, true));
    let rest = run(&Mock::default(), &mut ledger, 1);
    assert_eq!((rest.kept, rest.ran + 4, rest.interrupted), (4, planned().1.jobs.len(), false));
}

#[test]
fn a_device_that_gives_out_ends_the_run_and_is_no_result_of_the_job() {
    let folder = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(folder.path()).unwrap();
    let mock = Mock { gives_out: Some("(7,7)"), ..Mock::default() };
    let ended = try_run(&mock, &mut ledger, 2);
    assert!(matches!(ended, Err(ScheduleError::Environment { reason, .. }) if reason == "it is a mock"));
    assert!(ledger.records().iter().all(|record| record.status == Status::Done));
    let recorded = ledger.records().len();
    assert!(recorded < planned().1.jobs.len());
    let rest = run(&Mock::default(), &mut ledger, 2);
    assert_eq!((rest.kept, rest.unwell), (recorded, 0), "the same command runs the rest");
}

#[test]
fn a_job_that_panics_ends_the_run_with_a_word_and_leaves_no_worker_waiting() {
    let dir = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(dir.path()).unwrap();
    let mock = Mock { panics: Some("near"), ..Mock::default() };
    let error = try_run(&mock, &mut ledger, 4).unwrap_err();
    assert!(matches!(&error, ScheduleError::Panicked { .. }), "{error}");
    assert!(error.to_string().contains("a fault of its own") && error.to_string().contains("report it"), "{error}");
    // What is recorded stays, and the rest runs.
    let tally = run(&Mock::default(), &mut ledger, 4);
    assert_eq!(tally.ran + tally.kept, planned().1.jobs.len());
}

#[test]
fn what_depends_on_a_source_that_learns_nothing_is_not_run_until_asked_for() {
    let (_, plan) = planned();
    let is_of_near = |job: &&Job| job.name.contains("near");
    let of_near = plan.jobs.iter().filter(is_of_near).count();
    for jobs in [1, 3] {
        let folder = tempfile::tempdir().unwrap();
        let mut ledger = Ledger::open(folder.path()).unwrap();
        let mock = Mock { learns_nothing: Some("source/near/"), ..Mock::default() };
        for ran in [plan.jobs.len() - of_near, 0] {
            let tally = run(&mock, &mut ledger, jobs);
            assert_eq!((tally.withheld, tally.ran, tally.interrupted), (of_near, ran, false), "again and again");
            assert!(tally.told.values().next().unwrap().starts_with("source/near/"));
        }
        let rest = run(&Mock::default(), &mut ledger, jobs);
        assert_eq!((rest.ran, rest.withheld), (of_near, 0));
    }
}

#[test]
fn one_replicate_that_learns_nothing_is_a_result() {
    for (jobs, unlucky) in [(1, "source/near/r0"), (3, "source/near/r0"), (1, "scratch/r1"), (3, "scratch/r1")] {
        let folder = tempfile::tempdir().unwrap();
        let mut ledger = Ledger::open(folder.path()).unwrap();
        let mock = Mock { learns_nothing: Some(unlucky), ..Mock::default() };
        let tally = run(&mock, &mut ledger, jobs);
        assert_eq!((tally.withheld, tally.ran), (0, planned().1.jobs.len()));
    }
}

#[test]
fn what_is_compared_with_scratch_that_learns_nothing_is_not_run() {
    for jobs in [1, 3] {
        let folder = tempfile::tempdir().unwrap();
        let mut ledger = Ledger::open(folder.path()).unwrap();
        let mock = Mock { learns_nothing: Some("shapes/small/scratch/r"), ..Mock::default() };
        let tally = run(&mock, &mut ledger, jobs);
        assert!(ledger.records().iter().all(|record| record.role != Role::Final), "whatever ran beside it");
        assert_eq!(tally.ran + tally.withheld, planned().1.jobs.len());
        assert!(ledger.records().iter().any(|record| record.role == Role::Source), "sources are not compared with it");
    }
}

#[test]
fn a_search_in_which_nothing_learns_is_told_before_any_of_it_is_run_to_its_end() {
    for jobs in [1, 3] {
        let folder = tempfile::tempdir().unwrap();
        let mut ledger = Ledger::open(folder.path()).unwrap();
        let mock = Mock { learns_nothing: Some("shapes/small/scratch/"), ..Mock::default() };
        let tally = run(&mock, &mut ledger, jobs);
        assert!(tally.withheld > 0);
        assert_eq!(tally.ran + tally.withheld, planned().1.jobs.len());
        assert!(ledger.records().iter().all(|record| !record.name.contains("scratch")));
    }
}

#[test]
fn a_trial_that_learns_nothing_goes_on_where_another_rate_learns() {
    for jobs in [1, 3] {
        let folder = tempfile::tempdir().unwrap();
        let mut ledger = Ledger::open(folder.path()).unwrap();
        let mock = Mock { learns_nothing: Some("shapes/small/scratch/s0/lr0.001"), ..Mock::default() };
        let tally = run(&mock, &mut ledger, jobs);
        assert_eq!((tally.withheld, tally.ran), (0, planned().1.jobs.len()));
        let trial = ledger.records().iter().find(|record| record.name.contains("scratch/s0/lr0.001")).unwrap();
        assert_eq!(trial.status, Status::Done, "its score counts in the choice");
    }
}

#[test]
fn a_search_in_which_some_rates_diverge_and_the_rest_learn_nothing_is_withheld() {
    let folder = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(folder.path()).unwrap();
    let mock = Mock {
        learns_nothing: Some("shapes/small/scratch/"),
        fails: Some("shapes/small/scratch/t0/lr0.1"),
        ..Mock::default()
    };
    let tally = run(&mock, &mut ledger, 1);
    assert!(tally.withheld > 0);
    assert!(ledger.records().iter().all(|record| record.role != Role::Final || record.size.is_none()));
}

#[test]
fn a_job_whose_file_is_damaged_runs_again_without_those_that_need_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(folder.path()).unwrap();
    run(&Mock::default(), &mut ledger, 2);
    drop(ledger);
    let (_, plan) = planned();
    let source = plan.jobs.iter().find(|job| job.role == Role::Source).unwrap();
    assert!(plan.jobs.iter().any(|job| job.needs.contains(&0)), "others need it");
    let network = folder.path().join(format!("networks/{}.safetensors", source.id));
    let sound = std::fs::read(&network).unwrap();
    let flipped: Vec<u8> = sound.iter().enumerate().map(|(at, byte)| byte ^ u8::from(at == 3)).collect();
    for damaged in [Some(&flipped[..]), Some(&sound[1..]), None] {
        match damaged {
            Some(bytes) => std::fs::write(&network, bytes).unwrap(),
            None => std::fs::remove_file(&network).unwrap(),
        }
        let mut ledger = Ledger::open(folder.path()).unwrap();
        let warnings = ledger.warnings();
        assert!(warnings.len() == 1 && warnings[0].to_string().contains(&source.id.to_string()), "{warnings:?}");
        let mock = Mock::default();
        assert_eq!(run(&mock, &mut ledger, 2).kept, plan.jobs.len() - 1);
        assert_eq!(mock.order.into_inner().unwrap(), std::slice::from_ref(&source.name));
        assert_eq!(std::fs::read(&network).unwrap(), sound);
    }
}

/// A worker that finds nothing to do while another frees what waits must not take the study for stalled.
#[test]
fn a_healthy_study_is_never_taken_for_stalled() {
    for round in 0..60 {
        let folder = tempfile::tempdir().unwrap();
        let mut ledger = Ledger::open(folder.path()).unwrap();
        let tally = run(&Mock::default(), &mut ledger, 2 + round % 7);
        assert_eq!(tally.ran, planned().1.jobs.len());
    }
}
