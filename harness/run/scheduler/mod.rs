//! Which job runs next, on which thread, and how its output is recorded.

mod error;
mod groups;
mod withheld;

use super::{Abandoned, Artifacts, Executor, JobOutput, Progress, Upstream, UpstreamError};
use crate::train::AtChance;
use nt_records::curve::write_curve;
use nt_records::faults::Fault;
use nt_records::pictures::Filters;
use nt_records::record::RECORD_VERSION;
use nt_records::{FileRef, Ledger, LedgerError, RunRecord, Setting, Status};
use nt_scenario::{Job, JobId, Method, Plan, Role, Scenario, Work};
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

pub use error::ScheduleError;

use groups::Groups;

/// How a run went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Jobs run now.
    pub ran: usize,
    /// Jobs that were recorded before.
    pub kept: usize,
    /// Sources and judged runs that diverged or failed. A rate that diverges in tuning does not count: finding it is
    /// the purpose of tuning.
    pub unwell: usize,
    /// Jobs that were not run because a source, or scratch, learned nothing; that job among them.
    pub withheld: usize,
    /// What learned nothing, a sentence each, by the first job concerned.
    pub told: BTreeMap<usize, String>,
    /// Whether the user stopped it.
    pub interrupted: bool,
}

/// Runs the jobs of a plan that a ledger lacks, several at a time, each as soon as what it needs is recorded.
pub struct Scheduler<'a> {
    /// The scenario, for the names in records.
    pub scenario: &'a Scenario,
    /// The plan.
    pub plan: &'a Plan,
    /// Jobs at a time.
    pub jobs: usize,
    /// Threads inside a job.
    pub threads: usize,
    /// What becomes of a source or of scratch that learns nothing.
    pub at_chance: AtChance,
    /// Set when the user wants to stop.
    pub interrupt: &'a AtomicBool,
    /// Arithmetic of the results.
    pub numerics: &'a str,
}

struct State<'a> {
    ledger: &'a mut Ledger,
    /// Jobs whose needs are recorded, each with its turn.
    ready: BTreeSet<(bool, usize)>,
    running: BTreeSet<usize>,
    /// For each job, how much of what it waits for is not there yet.
    missing: Vec<usize>,
    /// Jobs that are neither recorded nor withheld.
    left: BTreeSet<usize>,
    /// Jobs that were stopped since they learned nothing, and what they had come to.
    at_chance: BTreeMap<usize, String>,
    /// Trials that go on to their end whatever they learn, since their search has an answer.
    goes_on: BTreeSet<JobId>,
    /// Whether it was told what usually helps.
    has_told_helps: bool,
    tally: Tally,
    error: Option<ScheduleError>,
}

struct Shared<'a> {
    state: Mutex<State<'a>>,
    changed: Condvar,
    plan: &'a Plan,
    at_chance: AtChance,
}

impl<'a> Shared<'a> {
    fn lock(&self) -> MutexGuard<'_, State<'a>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Upstream for Shared<'_> {
    fn at_chance(&self, job: &Job) -> AtChance {
        if self.lock().goes_on.contains(&job.id) { AtChance::GoesOn } else { self.at_chance }
    }

    fn record(&self, job: usize) -> Option<RunRecord> {
        self.lock().ledger.get(self.plan.jobs[job].id).cloned()
    }

    fn file(&self, job: usize, folder: &str) -> Result<Vec<u8>, UpstreamError> {
        let (file, dir) = {
            let state = self.lock();
            let record = state.ledger.get(self.plan.jobs[job].id).ok_or(UpstreamError::NotRecorded)?;
            let file = record.file_in(folder).ok_or_else(|| UpstreamError::NoFile { folder: folder.to_owned() })?;
            (file.clone(), state.ledger.dir().to_path_buf())
        };
        file.read(&dir).map_err(|problem| UpstreamError::File { path: file.path, problem })
    }
}

impl Scheduler<'_> {
    /// Runs those of the chosen jobs (indices into the plan, with all that they need) that the ledger lacks.
    ///
    /// # Errors
    /// [`ScheduleError`] if a record cannot be written. What is recorded stays, and the same command resumes from it.
    pub fn run(
        &self,
        chosen: &BTreeSet<usize>,
        ledger: &mut Ledger,
        executor: &dyn Executor,
        progress: &Progress,
    ) -> Result<Tally, ScheduleError> {
        let done = self.recorded(chosen, ledger)?;
        let mut missing = vec![0; self.plan.jobs.len()];
        let mut ready = BTreeSet::new();
        for &job in chosen.difference(&done) {
            missing[job] = self.plan.jobs[job].needs.iter().filter(|need| !done.contains(need)).count();
            if missing[job] == 0 {
                ready.insert(self.turn(job));
            }
        }
        let left: BTreeSet<usize> = chosen.difference(&done).copied().collect();
        let dependents = self.dependents(chosen.difference(&done));
        let tally = Tally { kept: done.len(), ..Tally::default() };
        progress.begin(left.len(), done.len(), self.cost(chosen, &done));
        let groups = match self.at_chance {
            AtChance::Ends => Groups::of(self.plan),
            AtChance::GoesOn => Groups::default(),
        };
        let mut state = State {
            ledger,
            ready,
            running: BTreeSet::new(),
            missing,
            left,
            at_chance: BTreeMap::new(),
            goes_on: BTreeSet::new(),
            has_told_helps: false,
            tally,
            error: None,
        };
        self.settle_all(&mut state, &groups);
        let shared =
            Shared { state: Mutex::new(state), changed: Condvar::new(), plan: self.plan, at_chance: self.at_chance };
        let pools = (0..self.jobs.max(1))
            .map(|_| rayon::ThreadPoolBuilder::new().num_threads(self.threads).build())
            .collect::<Result<Vec<_>, _>>()
            .map_err(|source| ScheduleError::Threads { jobs: self.jobs, threads: self.threads, source })?;
        std::thread::scope(|scope| {
            for (at, pool) in pools.iter().enumerate() {
                let work = || pool.install(|| self.work(&shared, (&dependents, &groups), executor, progress));
                match std::thread::Builder::new().spawn_scoped(scope, work) {
                    Ok(_) => {}
                    Err(source) if at == 0 => {
                        shared.lock().error = Some(ScheduleError::Workers { jobs: self.jobs, source });
                        break;
                    }
                    Err(error) => {
                        tracing::warn!(
                            "only {at} of {} jobs run at a time: no more threads are to be had ({error})",
                            self.jobs
                        );
                        break;
                    }
                }
            }
        });
        progress.end();
        let state = shared.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        if let Some(error) = state.error {
            return Err(error);
        }
        let unwell = |&&job: &&usize| {
            let record = state.ledger.get(self.plan.jobs[job].id);
            record.is_some_and(|record| record.status != Status::Done && record.role != Role::Tuning)
        };
        Ok(Tally {
            unwell: chosen.iter().filter(unwell).count(),
            interrupted: self.interrupt.load(Ordering::Relaxed) && !state.left.is_empty(),
            ..state.tally
        })
    }

    /// The chosen jobs that are recorded for good. A job that failed runs again, unless something that it needs is recorded and did
    /// not train: otherwise it failed of what has passed, as older versions recorded it.
    fn recorded(&self, chosen: &BTreeSet<usize>, ledger: &Ledger) -> Result<BTreeSet<usize>, LedgerError> {
        let mut recorded = BTreeSet::new();
        // A job comes after all that it needs.
        for &index in chosen {
            let job = &self.plan.jobs[index];
            let Some(record) = ledger.get(job.id) else { continue };
            let did_not_train = |need: &usize| {
                let record = ledger.get(self.plan.jobs[*need].id).filter(|_| recorded.contains(need));
                record.is_some_and(|record| matches!(record.status, Status::Diverged { .. } | Status::Failed { .. }))
            };
            let has_failed = matches!(record.status, Status::Failed { .. });
            if (!has_failed || job.needs.iter().any(did_not_train)) && ledger.contains(job.id)? {
                recorded.insert(index);
            }
        }
        Ok(recorded)
    }

    /// For each job, the jobs of `waiting` that need it.
    fn dependents<'j>(&self, waiting: impl Iterator<Item = &'j usize>) -> Vec<Vec<usize>> {
        let mut dependents = vec![Vec::new(); self.plan.jobs.len()];
        for &job in waiting {
            for &need in &self.plan.jobs[job].needs {
                dependents[need].push(job);
            }
        }
        dependents
    }

    fn cost(&self, chosen: &BTreeSet<usize>, done: &BTreeSet<usize>) -> f64 {
        chosen.difference(done).map(|&job| self.plan.jobs[job].multiply_accumulates).sum()
    }

    /// A job's turn among those that are ready. Before all others, in the order of the plan, come one network of every source
    /// and of scratch, so that a study in which one of them learns nothing is told so before hours of the rest are run.
    fn turn(&self, job: usize) -> (bool, usize) {
        let Job { replicate, work, .. } = &self.plan.jobs[job];
        let tells = replicate.index == 0 && work.target().is_none_or(|task| task.treatment.is_scratch());
        (!tells, job)
    }

    /// One worker: takes the first ready job of the plan, runs it, records it, until none is left.
    fn work(
        &self,
        shared: &Shared<'_>,
        (dependents, groups): (&[Vec<usize>], &Groups),
        executor: &dyn Executor,
        progress: &Progress,
    ) {
        loop {
            let mut state = shared.lock();
            let index = loop {
                if state.error.is_some() || state.left.is_empty() || self.interrupt.load(Ordering::Relaxed) {
                    shared.changed.notify_all();
                    return;
                }
                match state.ready.pop_first() {
                    Some((_, index)) => break index,
                    None if state.running.is_empty() => {
                        let left = state.left.len();
                        state.error = Some(ScheduleError::Stalled { left });
                    }
                    None => {
                        // Wakes now and then, to notice an interrupt while other workers are busy.
                        let wait = std::time::Duration::from_millis(200);
                        state = shared.changed.wait_timeout(state, wait).unwrap_or_else(PoisonError::into_inner).0;
                    }
                }
            };
            state.running.insert(index);
            drop(state);
            let job = &self.plan.jobs[index];
            let began = Instant::now();
            let executed = catch_unwind(AssertUnwindSafe(|| executor.execute(job, shared)));
            let executed = executed.unwrap_or_else(|panic| {
                let message = panic.downcast_ref::<String>().map(String::as_str);
                let message = message.or(panic.downcast_ref::<&str>().copied()).unwrap_or("it does not say why");
                let mut state = shared.lock();
                state
                    .error
                    .get_or_insert(ScheduleError::Panicked { name: job.name.clone(), message: message.to_owned() });
                Err(Abandoned::Stopped)
            });
            let output = match executed {
                Ok(output) => output,
                Err(Abandoned::AtChance(what)) => {
                    let mut state = shared.lock();
                    state.running.remove(&index);
                    self.stopped_at_chance(&mut state, (index, what), (dependents, groups), progress);
                    shared.changed.notify_all();
                    continue;
                }
                Err(why) => {
                    if let Abandoned::Environment(reason) = why {
                        let mut state = shared.lock();
                        note(&state, job, &reason);
                        state.error.get_or_insert(ScheduleError::Environment { name: job.name.clone(), reason });
                    }
                    shared.changed.notify_all();
                    return;
                }
            };
            let recorded = self.record(shared, index, &output, began.elapsed().as_secs_f64());
            progress.job_done(job);
            let mut state = shared.lock();
            state.running.remove(&index);
            match recorded {
                Ok(()) => {
                    state.tally.ran += 1;
                    state.left.remove(&index);
                    dependents[index].iter().for_each(|&dependent| self.comes_closer(&mut state, dependent));
                    if let Some(group) = groups.of_job(index) {
                        self.settle(&mut state, group, (dependents, groups), progress);
                    }
                }
                Err(error) => {
                    note(&state, job, &error.to_string());
                    state.error.get_or_insert(error);
                }
            }
            shared.changed.notify_all();
        }
    }

    /// One of the things that a job waits for is there.
    fn comes_closer(&self, state: &mut State<'_>, job: usize) {
        state.missing[job] = state.missing[job].saturating_sub(1);
        if state.missing[job] == 0 && state.left.contains(&job) {
            state.ready.insert(self.turn(job));
        }
    }

    /// Writes what a job yields. Files are written and synced first. Only then comes the record that refers to them.
    fn record(
        &self,
        shared: &Shared<'_>,
        index: usize,
        output: &JobOutput,
        wall_seconds: f64,
    ) -> Result<(), ScheduleError> {
        let job = &self.plan.jobs[index];
        let dir = {
            let state = shared.lock();
            state.ledger.check_place()?;
            state.ledger.dir().to_path_buf()
        };
        let files = write_artifacts(&dir, job.id, &output.artifacts)?;
        let record = self.run_record(job, output, files, wall_seconds);
        tracing::info!(job = %job.id, name = %job.name, status = record.status.word(), wall_seconds, "job ended");
        Ok(shared.lock().ledger.append(record)?)
    }

    fn run_record(&self, job: &Job, output: &JobOutput, files: Vec<FileRef>, wall_seconds: f64) -> RunRecord {
        let (source, target, size, treatment, method, name, budget) = match &job.work {
            Work::TrainSource(task) => (Some(task.source), None, None, None, Method::Training, "pretraining", 1.0),
            Work::TrainTarget(task) => {
                let target = &self.scenario.targets[task.target];
                let size = target.sizes[task.size].name.clone();
                let name: &str = &task.treatment_name;
                let target = Some(target.name.clone());
                (task.source, target, Some(size), Some(task.treatment), task.method, name, task.budget)
            }
        };
        let source = source.map(|source| &self.scenario.sources[source]);
        RunRecord {
            schema_version: RECORD_VERSION,
            job: job.id,
            name: job.name.clone(),
            study: self.scenario.study.name.clone(),
            role: job.role,
            source: source.map(|source| source.name.clone()),
            similarity: source.map(|source| source.similarity.clone()),
            target,
            size,
            treatment: name.to_owned(),
            copied: treatment.map_or(0, |treatment| treatment.copied()),
            frozen: treatment.map_or(0, |treatment| treatment.frozen()),
            method,
            replicate: job.replicate.index,
            run: job.replicate.run,
            budget,
            learning_rate: output.setting.and_then(Setting::learning_rate),
            l2: output.setting.and_then(Setting::l2),
            setting_on_edge: output.setting_on_edge,
            numerics: self.numerics.to_owned(),
            status: output.status.clone(),
            metrics: output.metrics.clone(),
            files,
            test_openings: output.test_openings,
            wall_seconds,
        }
    }
}

/// Notes in the study's folder why a job could not be run.
fn note(state: &State<'_>, job: &Job, reason: &str) {
    tracing::info!(job = %job.id, name = %job.name, reason, "job could not be run");
    if state.ledger.check_place().is_err() {
        return;
    }
    // The disk may be what failed.
    let _ = Fault::now(job.id, &job.name, reason.to_owned()).add(state.ledger.dir());
}

fn write_artifacts(dir: &Path, job: JobId, artifacts: &Artifacts) -> Result<Vec<FileRef>, ScheduleError> {
    let mut files = Vec::new();
    if let Some(predictions) = &artifacts.predictions {
        files.push(predictions.write(dir, job)?);
    }
    if !artifacts.curve.is_empty() {
        files.push(write_curve(dir, job, &artifacts.curve)?);
    }
    if let Some(network) = &artifacts.network {
        files.push(FileRef::write(dir, format!("networks/{job}.safetensors"), network).map_err(LedgerError::from)?);
    }
    if let Some((target, thumbnails)) = &artifacts.pictures.thumbnails {
        thumbnails.write(dir, target)?;
    }
    if let Some(filters) = &artifacts.pictures.filters {
        filters.write(dir, job)?;
        let path = Filters::path(job);
        files.extend(nt_disk::written(&dir.join(&path)).map(|written| FileRef::of_written(path, written)));
    }
    Ok(files)
}
