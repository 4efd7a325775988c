//! Which job runs next, on which thread, and how its output is recorded.

use super::{Abandoned, Artifacts, Executor, JobOutput, Progress, Upstream, UpstreamError};
use nt_records::curve::{CurveError, write_curve};
use nt_records::pictures::PicturesError;
use nt_records::predictions::PredictionsError;
use nt_records::record::RECORD_VERSION;
use nt_records::{FileRef, Ledger, LedgerError, RunRecord, Setting, Status};
use nt_scenario::{Initialiser, Job, JobId, Method, Named, Plan, Role, Scenario, Warmup, Work};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// Why a run ended before its last job.
#[derive(Debug, thiserror::Error)]
pub enum ScheduleError {
    /// A record or a file of a job could not be written.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// A file of predictions could not be written.
    #[error(transparent)]
    Predictions(#[from] PredictionsError),
    /// A training curve could not be written.
    #[error(transparent)]
    Curve(#[from] CurveError),
    /// A picture for the report could not be written.
    #[error(transparent)]
    Pictures(#[from] PicturesError),
    /// The device failed.
    #[error("{reason}\n  what is recorded stays; run the same command to resume")]
    Device {
        /// Why.
        reason: String,
    },
    /// The threads of a job could not be started.
    #[error("cannot start {threads} threads a job: ask for fewer with --threads")]
    Threads {
        /// Threads a job.
        threads: usize,
        /// Why.
        source: rayon::ThreadPoolBuildError,
    },
}

/// How a run went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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
    /// Set when the user wants to stop.
    pub interrupt: &'a AtomicBool,
    /// Arithmetic of the results.
    pub numerics: &'a str,
}

struct State<'a> {
    ledger: &'a mut Ledger,
    ready: BTreeSet<usize>,
    running: BTreeSet<usize>,
    missing: Vec<usize>,
    /// Jobs that are neither recorded nor withheld.
    left: BTreeSet<usize>,
    tally: Tally,
    error: Option<ScheduleError>,
}

struct Shared<'a> {
    state: Mutex<State<'a>>,
    changed: Condvar,
    plan: &'a Plan,
}

impl<'a> Shared<'a> {
    fn lock(&self) -> MutexGuard<'_, State<'a>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Upstream for Shared<'_> {
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
        let done: BTreeSet<usize> =
            chosen.iter().copied().filter(|&job| ledger.contains(self.plan.jobs[job].id)).collect();
        let mut missing = vec![0; self.plan.jobs.len()];
        let mut ready = BTreeSet::new();
        for &job in chosen.difference(&done) {
            missing[job] = self.plan.jobs[job].needs.iter().filter(|need| !done.contains(need)).count();
            if missing[job] == 0 {
                ready.insert(job);
            }
        }
        let left: BTreeSet<usize> = chosen.difference(&done).copied().collect();
        let dependents = self.dependents(chosen.difference(&done));
        let tally = Tally { kept: done.len(), ..Tally::default() };
        progress.begin(left.len(), done.len(), self.cost(chosen, &done));
        let state = State { ledger, ready, running: BTreeSet::new(), missing, left, tally, error: None };
        let shared = Shared { state: Mutex::new(state), changed: Condvar::new(), plan: self.plan };
        let pools = (0..self.jobs.max(1))
            .map(|_| rayon::ThreadPoolBuilder::new().num_threads(self.threads).build())
            .collect::<Result<Vec<_>, _>>()
            .map_err(|source| ScheduleError::Threads { threads: self.threads, source })?;
        std::thread::scope(|scope| {
            for pool in &pools {
                scope.spawn(|| pool.install(|| self.work(&shared, &dependents, executor, progress)));
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

    /// One worker: takes the first ready job of the plan, runs it, records it, until none is left.
    fn work(&self, shared: &Shared<'_>, dependents: &[Vec<usize>], executor: &dyn Executor, progress: &Progress) {
        loop {
            let mut state = shared.lock();
            let index = loop {
                if state.error.is_some() || state.left.is_empty() || self.interrupt.load(Ordering::Relaxed) {
                    shared.changed.notify_all();
                    return;
                }
                match state.ready.pop_first() {
                    Some(index) => break index,
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
            let output = match executor.execute(job, shared) {
                Ok(output) => output,
                Err(Abandoned::AtChance(what)) => {
                    self.withhold(shared, index, &what, dependents, progress);
                    continue;
                }
                Err(why) => {
                    if let Abandoned::Device(reason) = why {
                        shared.lock().error.get_or_insert(ScheduleError::Device { reason });
                    }
                    shared.changed.notify_all();
                    return;
                }
            };
            self.record(shared, index, output, began.elapsed().as_secs_f64(), dependents);
            progress.job_done(job);
        }
    }

    /// Withholds a job that learns nothing, and what depends on it: jobs that need it, and beside scratch every job of the
    /// same target and size, since scratch is what they are compared with. Says so at once.
    fn withhold(&self, shared: &Shared<'_>, index: usize, what: &str, dependents: &[Vec<usize>], progress: &Progress) {
        let mut state = shared.lock();
        state.running.remove(&index);
        let mut withheld = BTreeSet::from([index]);
        if let Work::TrainTarget(scratch) = &self.plan.jobs[index].work {
            let is_compared = |&&job: &&usize| match &self.plan.jobs[job].work {
                Work::TrainTarget(task) => (task.target, task.size) == (scratch.target, scratch.size),
                Work::TrainSource(_) => false,
            };
            withheld.extend(state.left.iter().filter(is_compared));
        }
        let mut unseen: Vec<usize> = withheld.iter().copied().collect();
        while let Some(job) = unseen.pop() {
            unseen.extend(dependents[job].iter().filter(|&&dependent| withheld.insert(dependent)));
        }
        // What runs already will be recorded.
        let withheld: BTreeSet<usize> = withheld.difference(&state.running).copied().collect();
        let withheld: BTreeSet<usize> = withheld.intersection(&state.left).copied().collect();
        for job in &withheld {
            state.left.remove(job);
            state.ready.remove(job);
        }
        state.tally.withheld += withheld.len();
        let job = &self.plan.jobs[index];
        tracing::warn!(job = %job.id, name = %job.name, what, withheld = withheld.len(), "job learns nothing");
        progress.withhold(withheld.iter().map(|&job| &self.plan.jobs[job]));
        progress.tell(&told(self.scenario, job, what, withheld.len() - 1));
        shared.changed.notify_all();
    }

    fn record(
        &self,
        shared: &Shared<'_>,
        index: usize,
        output: JobOutput,
        wall_seconds: f64,
        dependents: &[Vec<usize>],
    ) {
        let job = &self.plan.jobs[index];
        let dir = shared.lock().ledger.dir().to_path_buf();
        // Files are written and synced first. Only then comes the record that refers to them.
        let recorded = write_artifacts(&dir, job.id, &output.artifacts).and_then(|files| {
            let record = self.run_record(job, &output, files, wall_seconds);
            tracing::info!(job = %job.id, name = %job.name, status = record.status.word(), wall_seconds, "job ended");
            Ok(shared.lock().ledger.append(record)?)
        });
        let mut state = shared.lock();
        state.running.remove(&index);
        match recorded {
            Ok(()) => {
                state.tally.ran += 1;
                state.left.remove(&index);
                for &dependent in &dependents[index] {
                    state.missing[dependent] = state.missing[dependent].saturating_sub(1);
                    if state.missing[dependent] == 0 && state.left.contains(&dependent) {
                        state.ready.insert(dependent);
                    }
                }
            }
            Err(error) => state.error = Some(error),
        }
        shared.changed.notify_all();
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

/// What is told of a job that learns nothing, with what usually helps.
fn told(scenario: &Scenario, job: &Job, what: &str, others: usize) -> String {
    let recipe = job.work.recipe();
    let settings = &recipe.settings;
    let mut helps = Vec::new();
    if settings.warmup == Warmup::Off && settings.clip_norm.is_none() {
        let named = if scenario.model.input < 128 { Named::AlexNet64 } else { Named::AlexNet224 };
        helps.push(format!("recipe = {:?} (a warm-up and a limit on the gradient's norm)", named.word()));
    }
    if scenario.model.initialiser != Initialiser::HeNormal {
        helps.push("initialiser = \"he-normal\"".to_owned());
    }
    if recipe.dropout > 0.0 {
        helps.push("dropout = 0.0".to_owned());
    }
    helps.push("a smaller or a larger learning rate".to_owned());
    let others = match others {
        0 => String::new(),
        1 => ", and one job that depends on it is not run".to_owned(),
        others => format!(", and {others} jobs that depend on it are not run"),
    };
    format!(
        "{} is {what}. It is stopped{others}.\n  what usually helps: {}; see scenarios/recipes.md\n  to train it to its end all \
         the same: --keep-going",
        job.name,
        helps.join(", ")
    )
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
    }
    Ok(files)
}
