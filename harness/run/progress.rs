//! How far a run has come: a bar on a terminal, plain lines elsewhere.

use crate::terminal::tell;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use nt_records::number::counted;
use nt_scenario::Job;
use std::io::IsTerminal;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How often a line is written where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// Work is counted in millions of multiply–accumulates, so that the time left follows the work and not the jobs.
const UNIT: f64 = 1e6;

enum Sink {
    Quiet,
    Bar(ProgressBar),
    Lines,
}

/// Shows how far a run has come.
pub struct Progress {
    sink: Sink,
    state: Mutex<State>,
}

struct State {
    began: Instant,
    last_line: Instant,
    jobs_done: usize,
    jobs: usize,
    work_done: f64,
    work: f64,
}

impl Progress {
    /// A bar on standard error if that is a terminal, else a line every ten seconds.
    pub fn on_stderr() -> Self {
        let sink = if std::io::stderr().is_terminal() {
            Sink::Bar(ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(5)))
        } else {
            Sink::Lines
        };
        Self::new(sink)
    }

    /// Shows nothing.
    pub fn quiet() -> Self {
        Self::new(Sink::Quiet)
    }

    fn new(sink: Sink) -> Self {
        let now = Instant::now();
        let state = State { began: now, last_line: now, jobs_done: 0, jobs: 0, work_done: 0.0, work: 0.0 };
        Self { sink, state: Mutex::new(state) }
    }

    pub(super) fn begin(&self, jobs: usize, kept: usize, work: f64) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        *state = State { began: now, last_line: now, jobs_done: 0, jobs, work_done: 0.0, work };
        let already = if kept > 0 { format!(" ({kept} more are already recorded)") } else { String::new() };
        match &self.sink {
            Sink::Quiet => {}
            Sink::Lines => tell(format!("{} to run{already}", counted(jobs, "job"))),
            Sink::Bar(bar) => {
                let template = "{wide_bar} {msg}  {elapsed} elapsed, {eta} left";
                if let Ok(style) = ProgressStyle::with_template(template) {
                    bar.set_style(style);
                }
                bar.set_length((work / UNIT) as u64);
                bar.set_message(format!("0 of {jobs} jobs{already}"));
                bar.enable_steady_tick(Duration::from_millis(500));
            }
        }
    }

    pub(super) fn job_done(&self, job: &Job) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.jobs_done += 1;
        state.work_done += job.multiply_accumulates;
        let seconds = state.began.elapsed().as_secs_f64();
        let rate = state.jobs_done as f64 / seconds.max(1e-9);
        match &self.sink {
            Sink::Quiet => {}
            Sink::Bar(bar) => {
                bar.set_position((state.work_done / UNIT) as u64);
                bar.set_message(format!("{} of {} jobs, {rate:.1} a second", state.jobs_done, state.jobs));
            }
            Sink::Lines if state.last_line.elapsed() >= LINE_EVERY => {
                state.last_line = Instant::now();
                let left = (state.work - state.work_done) * seconds / state.work_done.max(1.0);
                tell(format!(
                    "{} of {} jobs, {rate:.1} a second, about {left:.0} s left; last: {}",
                    state.jobs_done, state.jobs, job.name
                ));
            }
            Sink::Lines => {}
        }
    }

    /// Tells something at once, above the bar where there is one.
    pub(super) fn tell(&self, text: &str) {
        match &self.sink {
            Sink::Quiet => {}
            Sink::Bar(bar) => bar.suspend(|| tell(text)),
            Sink::Lines => tell(text),
        }
    }

    /// These jobs will not be run.
    pub(super) fn withhold<'j>(&self, jobs: impl Iterator<Item = &'j Job>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        for job in jobs {
            state.jobs -= 1;
            state.work -= job.multiply_accumulates;
        }
        if let Sink::Bar(bar) = &self.sink {
            bar.set_length((state.work / UNIT) as u64);
        }
    }

    pub(super) fn end(&self) {
        if let Sink::Bar(bar) = &self.sink {
            bar.finish_and_clear();
        }
    }
}
