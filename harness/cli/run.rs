//! `nt run`.

use super::Failure;
use super::device::Device;
use super::log::StudyLog;
use super::report::Extras;
use super::scenario_file::ScenarioFile;
use crate::run::{OpenStudy, Progress, RunOptions, StudyError, Tally};
use crate::terminal::tell;
use crate::train::{AtChance, Backend, Cpu, available, bytes_of_training};
use nt_disk::{FileError, shell_word};
use nt_records::ledger::{LedgerError, Shard};
use nt_records::number::thousands;
use nt_scenario::Scenario;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

#[derive(clap::Args)]
pub(super) struct Run {
    #[command(flatten)]
    scenario: ScenarioFile,
    /// Where results go. A run into the same folder resumes it [default: reports/<study name>].
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    machine: Machine,
    #[command(flatten)]
    cache: CacheDir,
    #[command(flatten)]
    extras: Extras,
    /// Run one part of the jobs: part I of N, counted from 0. The parts may run at the same time, here or on machines
    /// that share the folder. When all have ended, the same command without --shard draws the report.
    #[arg(long, value_name = "I/N", value_parser = parse_shard, default_value = "0/1", hide_default_value = true)]
    shard: Shard,
    /// Keep this, too: the networks of judged runs, each as large as its parameters. Runs that lack it run again, with the same
    /// record. `nt export` reads them.
    #[arg(long, value_name = "WHAT", value_parser = ["networks"])]
    keep: Option<String>,
    /// Train every source and scratch to its end, even if it learns nothing in a tenth of its steps.
    #[arg(long)]
    keep_going: bool,
    /// Where networks are trained: cpu, cuda, cuda:N, or several GPUs as cuda:0,cuda:1.
    #[arg(long, default_value_t = Device::Cpu)]
    device: Device,
}

fn parse_shard(text: &str) -> Result<Shard, String> {
    if text == "0/1" {
        return Ok(Shard::WHOLE);
    }
    let numbers = text.split_once('/').and_then(|(index, count)| Some((index.parse().ok()?, count.parse().ok()?)));
    let (index, count) = numbers.ok_or("write a part as I/N, such as 0/4")?;
    Shard::new(index, count).map_err(|error| error.to_string())
}

/// How much of the machine is used. None of it changes a result.
#[derive(clap::Args)]
pub(super) struct Machine {
    /// Jobs at a time [default: cores / threads; on a GPU 2 or 8, or as many as fit into its memory].
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    jobs: Option<u16>,
    /// Threads inside a job [default: cores / jobs, 1 if neither is given].
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// Memory in bytes for what jobs share (images, networks, activations of frozen layers).
    #[arg(long, value_name = "BYTES", default_value = "2GiB", value_parser = bytes)]
    cache_bytes: usize,
}

impl Machine {
    /// Opens the device for the number of jobs asked for. If none is asked for, starts from the default and halves it
    /// until the jobs fit into a GPU's memory.
    ///
    /// # Errors
    /// What is missing, and what to do.
    pub(super) fn open(&self, device: &Device, scenario: &Scenario) -> Result<(RunOptions, Arc<dyn Backend>), Failure> {
        let mut options = self.options(device, scenario);
        loop {
            let backend = device.open(scenario, options.jobs)?;
            let (shape, batch) = (scenario.model.shape(2), scenario.training.settings.batch);
            if let (Device::Cpu, Some(jobs)) = (device, self.jobs) {
                tell_of_memory(scenario, jobs.into());
            }
            let is_open = self.jobs.is_some() || options.jobs <= device.count();
            if is_open || backend.check(&shape, batch, 0).is_ok() {
                return Ok((options, backend));
            }
            options.jobs = (options.jobs / 2).max(device.count());
        }
    }

    /// On GPUs one thread drives each job, and the number of jobs side by side depends on the size of the networks.
    fn options(&self, device: &Device, scenario: &Scenario) -> RunOptions {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        if let Device::Cuda(numbers) = device {
            let jobs = self.jobs.map_or_else(|| numbers.len() * jobs_a_gpu(scenario).min(cores), usize::from);
            let threads = self.threads.map_or(1, usize::from);
            return RunOptions {
                jobs,
                threads,
                cache_bytes: self.cache_bytes,
                at_chance: AtChance::Ends,
                keep_networks: false,
            };
        }
        let (jobs, threads) = match (self.jobs.map(usize::from), self.threads.map(usize::from)) {
            (Some(jobs), Some(threads)) => (jobs, threads),
            (Some(jobs), None) => (jobs, (cores / jobs).max(1)),
            (None, Some(threads)) => (jobs_in_memory(scenario, (cores / threads).max(1)), threads),
            (None, None) => {
                let jobs = jobs_in_memory(scenario, cores);
                (jobs, (cores / jobs).max(1))
            }
        };
        RunOptions { jobs, threads, cache_bytes: self.cache_bytes, at_chance: AtChance::Ends, keep_networks: false }
    }
}

/// Tells if so many jobs at a time would take more memory than is free.
fn tell_of_memory(scenario: &Scenario, jobs: usize) {
    let fit = jobs_in_memory(scenario, jobs);
    if fit < jobs {
        let needed = bytes_of_training(&scenario.model.shape(2), scenario.training.settings.batch) * jobs as f64 / 1e9;
        let free = available().map_or(0.0, |bytes| bytes as f64 / 1e9);
        tell(format!(
            "{jobs} jobs at a time take about {needed:.1} GB of memory, and {free:.1} GB are free: --jobs {fit} fits"
        ));
    }
}

/// Tells if the images of a study would take more memory than is free.
pub(super) fn tell_of_data(study: &OpenStudy, jobs: usize) {
    let (Some(data), Some(free)) = (study.memory_of_data(jobs), available()) else { return };
    let gigabytes = |bytes: f64| bytes / 1e9;
    let free = free as f64;
    if data.judging > free {
        tell(format!(
            "judging the {} test images of {} takes about {:.1} GB of memory, and {:.1} GB are free: give fewer with `test_per_class`",
            thousands(data.test_images as u64),
            data.target,
            gigabytes(data.judging),
            gigabytes(free)
        ));
    }
    if data.training > free {
        tell(format!(
            "the {} images of the largest training take about {:.1} GB of memory, {jobs} jobs at a time, and {:.1} GB are free: give \
             fewer images, or fewer --jobs",
            thousands(data.train_images as u64),
            gigabytes(data.training),
            gigabytes(free)
        ));
    }
}

/// The number of jobs side by side, so many at most, whose trainings fit into the memory that is free.
fn jobs_in_memory(scenario: &Scenario, most: usize) -> usize {
    let a_job = bytes_of_training(&scenario.model.shape(2), scenario.training.settings.batch);
    let fit = available().map_or(most, |bytes| (bytes as f64 / a_job) as usize);
    fit.clamp(1, most.max(1))
}

/// The number of jobs side by side on a GPU. A large network fills it, and a second job keeps it busy while the first
/// is prepared or judged. Of small networks it runs several.
fn jobs_a_gpu(scenario: &Scenario) -> usize {
    /// Multiply–accumulates above which a step keeps a large GPU busy for longer than its kernels take to start.
    const FILLS: u64 = 20_000_000_000;
    let a_step = scenario.model.shape(10).training_multiply_accumulates(0, false);
    if a_step * scenario.training.settings.batch as u64 > FILLS { 2 } else { 8 }
}

/// A number of bytes: 2000000000, 2GB or 2GiB.
fn bytes(text: &str) -> Result<usize, String> {
    let refused = || "give a whole number of bytes, such as 2000000000, 2GB or 2GiB".to_owned();
    let digits = text.len() - text.trim_start_matches(|letter: char| letter.is_ascii_digit()).len();
    let count: usize = text[..digits].parse().map_err(|_| refused())?;
    let unit: usize = match text[digits..].trim() {
        "" | "B" => 1,
        "kB" | "KB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return Err(refused()),
    };
    count.checked_mul(unit).ok_or_else(refused)
}

/// Where decoded images are kept.
#[derive(clap::Args)]
pub(super) struct CacheDir {
    /// Where decoded images are kept between runs [default: the folder nt in the user's cache folder].
    #[arg(long, value_name = "DIR")]
    cache_dir: Option<PathBuf>,
}

impl CacheDir {
    pub(super) fn path(&self) -> PathBuf {
        let below = |variable: &str, rest: &str| {
            let folder = std::env::var_os(variable).filter(|folder| !folder.is_empty())?;
            Some(PathBuf::from(folder).join(rest))
        };
        self.cache_dir
            .clone()
            .or_else(|| below("XDG_CACHE_HOME", "nt"))
            .or_else(|| below("HOME", ".cache/nt"))
            .unwrap_or_else(|| std::env::temp_dir().join("nt-cache"))
    }
}

/// Reads a scenario, opens its data and plans it as the CPU would run it.
pub(super) fn open_study(scenario: &ScenarioFile, cache: &CacheDir) -> Result<OpenStudy, Failure> {
    OpenStudy::open(scenario.read()?, scenario.base(), &cache.path(), Arc::new(Cpu)).map_err(|error| failure(&error))
}

/// Whose fault a study's error is: the input's or the system's.
pub(super) fn failure(error: &StudyError) -> Failure {
    match error {
        StudyError::Faults(_)
        | StudyError::Plan(_)
        | StudyError::TooLarge(_)
        | StudyError::OtherMeaning { .. }
        | StudyError::Ledger(LedgerError::Foreign { .. }) => Failure::input(error),
        StudyError::Data(_)
        | StudyError::Audit(_)
        | StudyError::Device(_)
        | StudyError::Ledger(_)
        | StudyError::Schedule(_)
        | StudyError::Manifest(_)
        | StudyError::File(_)
        | StudyError::Analysis(_)
        | StudyError::Picture { .. } => Failure::system(error),
    }
}

/// Within it, whoever is asked to stop has written down how far the study is.
const GRACE: Duration = Duration::from_secs(10);

/// A flag that Ctrl-C sets, and after ten seconds the end. A second Ctrl-C ends the process at once; nothing that is recorded is lost.
pub(super) fn interrupt_flag() -> Arc<AtomicBool> {
    let flag = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&flag);
    let handler = ctrlc::set_handler(move || {
        if seen.swap(true, Ordering::SeqCst) {
            std::process::exit(130);
        }
        tell("\nstopping within ten seconds; press Ctrl-C again to stop at once");
        // What draws or reads many images does not look up meanwhile. Nothing that is recorded is lost by an end at any moment.
        let end = || {
            std::thread::sleep(GRACE);
            std::process::exit(130);
        };
        // Where the system has no thread left, the run ends when it next looks up, or at a second Ctrl-C.
        drop(std::thread::Builder::new().spawn(end));
    });
    if let Err(error) = handler {
        tracing::warn!(%error, "cannot handle Ctrl-C: it will end the process at once; nothing recorded is lost");
    }
    flag
}

impl Run {
    pub(super) fn execute(&self, verbose: u8) -> Result<(), Failure> {
        self.device.hand_over()?;
        let log = StudyLog::start(verbose);
        let scenario = self.scenario.read()?;
        let (mut options, backend) = self.machine.open(&self.device, &scenario)?;
        options.keep_networks = self.keep.is_some();
        if self.keep_going {
            options.at_chance = AtChance::GoesOn;
        }
        let study = OpenStudy::open(scenario, self.scenario.base(), &self.cache.path(), backend);
        let study = study.map_err(|error| failure(&error))?;
        tell_of_data(&study, options.jobs);
        let dir = self.out.clone().unwrap_or_else(|| Path::new("reports").join(&study.scenario.study.name));
        let mut ledger = study.open_ledger(&dir, self.shard).map_err(|error| failure(&error))?;
        log.keep_in(&dir).map_err(|error| Failure::system(&FileError::at("write", dir.join("log.jsonl"))(error)))?;
        for warning in study.warnings() {
            tracing::warn!("{warning}");
        }
        for warning in ledger.warnings() {
            tracing::warn!("{warning}");
        }
        let interrupt = interrupt_flag();
        tracing::info!(study = study.scenario.study.name, ?options, jobs = study.plan.jobs.len(), "run begins");
        let tally = study
            .run(&mut ledger, self.shard, &options, &Progress::on_stderr(), &interrupt)
            .map_err(|e| failure(&e))?;
        // The records' memory is free for the report, and nobody else writes before that is drawn.
        let lock = ledger.into_lock();
        tracing::info!(?tally, "run ends");
        if tally.interrupted {
            let done = tally.ran + tally.kept;
            return Err(Failure::Interrupted(format!(
                "stopped with {done} of {} jobs recorded in {}; run the same command to resume",
                study.plan.jobs.len(),
                dir.display()
            )));
        }
        lock.check_place(&dir).map_err(|error| Failure::system(&error))?;
        if self.shard.is_whole() {
            let drawn = super::report::write_and_tell(&dir, &self.extras);
            lock.check_place(&dir).map_err(|error| Failure::system(&error))?;
            drawn?;
        }
        conclude(&tally, study.plan.jobs.len(), &dir)
    }
}

fn conclude(tally: &Tally, num_planned: usize, dir: &Path) -> Result<(), Failure> {
    let mut faults = Vec::new();
    if tally.withheld > 0 {
        faults.push(format!(
            "{} of {num_planned} jobs were not run, since a source or scratch learned nothing; change its training, or run the \
             same command with --keep-going",
            tally.withheld
        ));
    }
    if tally.unwell > 0 {
        faults.push(format!(
            "{} of {} jobs diverged or failed; {} says which, and `nt explain JOB --dir {}` why; a smaller learning rate helps as a rule",
            tally.unwell,
            tally.ran + tally.kept,
            dir.join("runs.csv").display(),
            shell_word(dir)
        ));
    }
    if faults.is_empty() { Ok(()) } else { Err(Failure::Incomplete(faults.join("\n"))) }
}
