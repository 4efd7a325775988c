//! A study: its scenario, plan and data, and the folder it writes.

mod error;

use super::kept;
use super::{Progress, Registry, Scheduler, Store, Tally, TrainingExecutor, pictures};
use crate::audit;
use crate::train::{AtChance, Backend, TrainError};
use nt_analysis::analyse;
use nt_analysis::preregistration;
use nt_disk::write_listed;
use nt_records::audit::AUDIT_FILE;
use nt_records::file::FileProblem;
use nt_records::ledger::Shard;
use nt_records::manifest::{DataFact, Host, MANIFEST_VERSION, ManifestError};
use nt_records::names::{REGISTRATION_FILE, RESOLVED_FILE};
use nt_records::read_records;
use nt_records::registration::{self, Registered};
use nt_records::{Audit, Ledger, LedgerWarning, Manifest, RunRecord};
use nt_scenario::{DataFacts, Diagnostic, Faults, Job, JobId, Known, Plan, ReplicateGroup, Scenario};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

pub use error::StudyError;

/// How a study is run. None of it changes a result that is recorded.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// Jobs at a time.
    pub jobs: usize,
    /// Threads inside a job.
    pub threads: usize,
    /// Memory in bytes for what jobs share.
    pub cache_bytes: usize,
    /// What becomes of a source or of scratch that learns nothing.
    pub at_chance: AtChance,
    /// Whether the networks of judged runs are kept.
    pub keep_networks: bool,
}

/// A scenario with its data opened and its jobs planned.
pub struct OpenStudy {
    /// The scenario.
    pub scenario: Scenario,
    /// Its jobs.
    pub plan: Plan,
    /// Backend, precision and version of the arithmetic.
    numerics: String,
    /// What networks are computed with.
    backend: Arc<dyn Backend>,
    registry: Registry,
    facts: BTreeMap<String, DataFacts>,
}

impl OpenStudy {
    /// Opens the data of a scenario (decoding images that no cache holds) and plans its jobs. Relative paths start from
    /// `base`.
    ///
    /// # Errors
    /// [`StudyError::Faults`] with every fault, if the data do not contain what the scenario asks for.
    pub fn open(
        scenario: Scenario,
        base: &Path,
        cache_dir: &Path,
        backend: Arc<dyn Backend>,
    ) -> Result<Self, StudyError> {
        let (registry, facts) = Registry::open(&scenario, base, cache_dir)?;
        let faults: Vec<Diagnostic> = scenario.check_data(&facts);
        if !faults.is_empty() {
            return Err(Faults(faults).into());
        }
        // Targets and sources differ in their last layer only, and that is not a convolution.
        let numerics = backend.numerics(&scenario.model.shape(2));
        let plan = Plan::new(&scenario, &facts, &numerics)?;
        for (classes, batch, images) in sizes(&plan) {
            backend.check(&scenario.model.shape(classes), batch, images).map_err(|error| match error {
                #[cfg(feature = "cuda")]
                TrainError::Cuda(_) | TrainError::AveragePool { .. } => StudyError::Device(error),
                #[cfg(feature = "cuda")]
                TrainError::DoesNotFit(_) | TrainError::ImagesDoNotFit(_) => StudyError::TooLarge(error),
                TrainError::Memory { .. }
                | TrainError::Interrupted
                | TrainError::AtChance { .. }
                | TrainError::Labels(_)
                | TrainError::Geometry(_)
                | TrainError::Dropout(_)
                | TrainError::Outputs(_) => StudyError::TooLarge(error),
            })?;
        }
        let facts = facts.data.into_iter().filter_map(|(name, facts)| Some((name, facts.ok()?))).collect();
        Ok(Self { scenario, plan, numerics, backend, registry, facts })
    }

    /// What the data leave out, and why.
    pub fn warnings(&self) -> impl Iterator<Item = String> {
        self.registry.warnings()
    }

    /// What the study set out to do, as its analysis needs it.
    pub fn declared(&self) -> nt_analysis::Study {
        let known = self.facts.iter().map(|(name, facts)| (name.as_str(), Known::of_facts(facts))).collect();
        nt_analysis::Study::from_scenario(&self.scenario).on_data(&self.scenario, &known)
    }

    /// Number of classes of a target.
    pub fn num_classes(&self, target: usize) -> usize {
        let target = &self.scenario.targets[target];
        let all = || self.facts.get(&target.data).map_or(0, |facts| facts.classes.len());
        target.classes.as_ref().map_or_else(all, Vec::len)
    }

    /// Number of test images of a target.
    pub fn num_test_images(&self, target: usize) -> usize {
        let target = &self.scenario.targets[target];
        let Some(facts) = self.facts.get(&target.data) else { return 0 };
        let classes = target.classes.as_ref().unwrap_or(&facts.classes);
        let counts = classes.iter().filter_map(|class| facts.test_per_class.get(facts.class(class)?));
        counts.map(|count| (*count).min(target.test_per_class.unwrap_or(usize::MAX))).sum()
    }

    /// Audits the data: overlap of training and test images, and how far sources lie from targets.
    ///
    /// # Errors
    /// [`StudyError::Audit`] where an image cannot be read.
    pub fn audit(&self) -> Result<Audit, StudyError> {
        Ok(audit::audit(&self.scenario, &self.registry)?)
    }

    /// Opens the study's folder for writing.
    ///
    /// # Errors
    /// [`StudyError::Ledger`] with the holder if another process writes there.
    pub fn open_ledger(&self, dir: &Path, shard: Shard) -> Result<Ledger, StudyError> {
        Ok(Ledger::open_shard(dir, shard)?)
    }

    /// These jobs and all that they need.
    pub fn with_needs(&self, chosen: impl IntoIterator<Item = usize>) -> BTreeSet<usize> {
        let mut needed: BTreeSet<usize> = chosen.into_iter().collect();
        // A job comes after all that it needs, so one pass from the end also finds the needs of needs.
        for job in (0..self.plan.jobs.len()).rev() {
            if needed.contains(&job) {
                needed.extend(&self.plan.jobs[job].needs);
            }
        }
        needed
    }

    /// Refuses a folder whose study means what another version of a scenario does.
    ///
    /// # Errors
    /// [`StudyError::OtherMeaning`].
    pub fn check_meaning(&self, dir: &Path) -> Result<(), StudyError> {
        let Ok(resolved) = nt_disk::read_to_string(&dir.join(RESOLVED_FILE)) else { return Ok(()) };
        let Ok(kept) = Scenario::parse_kept(&resolved, RESOLVED_FILE, &resolved) else { return Ok(()) };
        match (kept.meaning().number(), self.scenario.meaning().number()) {
            (kept, given) if kept != given => Err(StudyError::OtherMeaning { dir: dir.to_owned(), kept, given }),
            _ => Ok(()),
        }
    }

    /// Runs the jobs of a shard (and what they need) that the ledger lacks, and writes a manifest of what the folder
    /// holds.
    ///
    /// A study with looks runs look by look, and ends at the first look that leaves no verdict open. A shard of it
    /// cannot see the other shards' records, so it runs to the last look.
    ///
    /// # Errors
    /// [`StudyError`] if the folder cannot be written. What is recorded stays.
    pub fn run(
        &self,
        ledger: &mut Ledger,
        shard: Shard,
        options: &RunOptions,
        progress: &Progress,
        interrupt: &AtomicBool,
    ) -> Result<Tally, StudyError> {
        let dir = ledger.dir().to_path_buf();
        self.check_meaning(&dir)?;
        let before = kept_manifest(&dir)?;
        for (job, path) in pictures::damaged(&self.scenario, &self.plan, before.as_ref(), &dir) {
            tracing::warn!("{path} is damaged, or missing: the job that makes it runs again");
            ledger.forget(job);
        }
        if options.keep_networks {
            for job in kept::missing(&self.plan, ledger) {
                ledger.forget(job);
            }
        }
        // The other shards' files are theirs while they run.
        if shard.is_whole() {
            ledger.take_out(&self.doubted(ledger, before.as_ref()))?;
        }
        let mut manifest = self.manifest(ledger, before, options)?;
        registration::register(&dir, &manifest.preregistration)?;
        write_listed(&dir.join("scenario.toml"), self.scenario.text().as_bytes())?;
        write_listed(&dir.join(RESOLVED_FILE), self.scenario.to_toml().as_bytes())?;
        manifest.summarise(|job| ledger.get(job));
        manifest.list_files(&dir, &GIVEN, &[])?;
        manifest.write(&dir)?;
        for (path, png) in pictures::contact_sheets(&self.scenario, &self.registry, &dir)? {
            write_listed(&path, &png)?;
        }
        let began = std::time::Instant::now();
        remove_damaged_audit(&dir, &manifest);
        if audit::keep(&self.scenario, &self.registry, &dir)? {
            tracing::info!(seconds = began.elapsed().as_secs_f64(), "data audited");
        }
        // Before the first job, so that a change of these files is noticed from here on.
        manifest.list_files(&dir, &[&GIVEN[..], &[AUDIT_FILE]].concat(), &["artifacts"])?;
        manifest.write(&dir)?;
        ledger.check_place()?;
        let tally = if shard.is_whole() {
            self.run_looks(ledger, options, progress, interrupt)
        } else {
            let owned = (0..self.plan.jobs.len()).filter(|&job| shard.owns(self.plan.jobs[job].id));
            // A shard cannot see whether the replicates of other shards learn, so it trains all of its own to their end.
            let options = RunOptions { at_chance: AtChance::GoesOn, ..options.clone() };
            self.run_jobs(&self.with_needs(owned), ledger, &options, progress, interrupt)
        };
        ledger.check_place()?;
        manifest.summarise(|job| ledger.get(job));
        if let Ok(Tally { interrupted: false, told, .. }) = &tally {
            manifest.withheld = told.values().cloned().collect();
            // A shard does not see what others record meanwhile.
            manifest.has_ended = shard.is_whole();
        }
        manifest.list_files(&dir, &[&GIVEN[..], &[AUDIT_FILE]].concat(), &["artifacts"])?;
        if !manifest.stripped.is_empty() {
            // Those of jobs that are planned no more, too, whose files nothing makes again.
            manifest.forget_stripped(&read_records(&dir)?.0, &dir);
        }
        manifest.write(&dir)?;
        tally
    }

    /// Jobs whose records nothing tells to be right: two differ, a file has other contents, or the manifest knows another. What the job
    /// makes again then stands alone. And those that are planned no more and have lost a file, since nothing makes that again.
    fn doubted(&self, ledger: &Ledger, before: Option<&Manifest>) -> BTreeSet<JobId> {
        let planned: BTreeSet<JobId> = self.plan.jobs.iter().map(|job| job.id).collect();
        let is_stripped = |path: &str| before.is_some_and(|before| before.has_stripped(path));
        let of_warning = |warning: &LedgerWarning| match warning {
            LedgerWarning::Conflict { job, .. } => Some(*job),
            LedgerWarning::File { job, path, problem: FileProblem::Missing, .. } => {
                (!planned.contains(job) && !is_stripped(path)).then_some(*job)
            }
            LedgerWarning::File { job, .. } => Some(*job),
            LedgerWarning::TornTail { .. } | LedgerWarning::Damaged { .. } => None,
        };
        let altered = before.map(|before| before.altered(|job| ledger.get(job))).unwrap_or_default();
        for planned in &altered {
            tracing::warn!("the record of {} is another than manifest.json knows: its job runs again", planned.name);
        }
        ledger.warnings().iter().filter_map(of_warning).chain(altered.iter().map(|planned| planned.job)).collect()
    }

    /// Runs everything, look by look, until one leaves no verdict open.
    fn run_looks(
        &self,
        ledger: &mut Ledger,
        options: &RunOptions,
        progress: &Progress,
        interrupt: &AtomicBool,
    ) -> Result<Tally, StudyError> {
        let Some((last, earlier)) = self.scenario.study.looks.as_ref().and_then(|looks| looks.split_last()) else {
            return self.run_jobs(&self.with_needs(0..self.plan.jobs.len()), ledger, options, progress, interrupt);
        };
        let mut ran = 0;
        for &look in earlier {
            let tally = self.run_jobs(&self.jobs_up_to(look), ledger, options, progress, interrupt)?;
            ran += tally.ran;
            if tally.interrupted || self.is_settled_at(look, ledger)? {
                tracing::info!(look, interrupted = tally.interrupted, "the run ends at this look");
                return Ok(Tally { ran, kept: tally.kept + tally.ran - ran, ..tally });
            }
        }
        let tally = self.run_jobs(&self.jobs_up_to(*last), ledger, options, progress, interrupt)?;
        ran += tally.ran;
        Ok(Tally { ran, kept: tally.kept + tally.ran - ran, ..tally })
    }

    /// The jobs of a study's first replicates, with all that they need.
    pub(super) fn jobs_up_to(&self, replicates: u32) -> BTreeSet<usize> {
        let is_seen = |job: &Job| job.replicate.group == ReplicateGroup::Tuning || job.replicate.index < replicates;
        self.with_needs((0..self.plan.jobs.len()).filter(|&job| is_seen(&self.plan.jobs[job])))
    }

    /// Whether, after this number of replicates, no verdict is open that more replicates could decide.
    fn is_settled_at(&self, look: u32, ledger: &Ledger) -> Result<bool, StudyError> {
        let study = self.declared();
        let records: Vec<RunRecord> = self.plan.jobs.iter().filter_map(|job| ledger.get(job.id).cloned()).collect();
        let analysis = analyse(ledger.dir(), &study, &records)?;
        Ok(analysis.look.is_some_and(|taken| taken.replicates == look && taken.is_settled))
    }

    /// Runs those of these jobs that the ledger lacks. The jobs include all that they need.
    ///
    /// # Errors
    /// As [`OpenStudy::run`].
    pub fn run_jobs(
        &self,
        chosen: &BTreeSet<usize>,
        ledger: &mut Ledger,
        options: &RunOptions,
        progress: &Progress,
        interrupt: &AtomicBool,
    ) -> Result<Tally, StudyError> {
        let store = Store::new(options.cache_bytes);
        let executor = TrainingExecutor {
            scenario: &self.scenario,
            registry: &self.registry,
            backend: &*self.backend,
            store: &store,
            interrupt,
            keep_networks: options.keep_networks,
        };
        let scheduler = Scheduler {
            scenario: &self.scenario,
            plan: &self.plan,
            jobs: options.jobs,
            threads: options.threads,
            at_chance: options.at_chance,
            interrupt,
            numerics: &self.numerics,
        };
        Ok(scheduler.run(chosen, ledger, &executor, progress)?)
    }

    /// The manifest of a run into a folder. It keeps what was pre-registered before the first job, whatever the scenario says now, and
    /// what was withheld until a run has come to its end.
    fn manifest(
        &self,
        ledger: &Ledger,
        before: Option<Manifest>,
        options: &RunOptions,
    ) -> Result<Manifest, StudyError> {
        let dir = ledger.dir();
        let of_manifest = before.as_ref().map(|before| before.preregistration.as_str());
        let (registered, told) = registration::registered(dir, of_manifest, !ledger.records().is_empty())?;
        for words in told {
            tracing::warn!("{}: {words}", dir.display());
        }
        let fact = |name: &String, facts| DataFact::of(facts, self.registry.remarks_on(name).to_vec());
        let data = self.facts.iter().map(|(name, facts)| (name.clone(), fact(name, facts)));
        let parameters = self.scenario.targets.iter().enumerate().map(|(index, target)| {
            let shape = self.scenario.model.shape(self.num_classes(index));
            (target.name.clone(), shape.num_parameters() as u64)
        });
        Ok(Manifest {
            schema_version: MANIFEST_VERSION,
            study: self.scenario.study.name.clone(),
            versions: versions(),
            numerics: self.numerics.clone(),
            host: host(options, self.backend.device()),
            seed: self.scenario.study.seed,
            data: data.collect(),
            parameters: parameters.collect(),
            preregistration: match registered {
                Registered::As(before) => before,
                Registered::Nothing => preregistration(&self.declared()),
                Registered::Lost => registration::LOST.to_owned(),
            },
            plan: Manifest::plan_of(&self.plan.jobs),
            completeness: Default::default(),
            withheld: before.as_ref().map_or_else(Vec::new, |before| before.withheld.clone()),
            test_openings: 0,
            result_digest: String::new(),
            has_ended: false,
            drawn_of: before.as_ref().map_or_else(String::new, |before| before.drawn_of.clone()),
            // What was left out on purpose is listed again when it is written again.
            files: before.as_ref().map_or_else(Vec::new, |before| {
                before.files.iter().filter(|file| !before.has_stripped(&file.path)).cloned().collect()
            }),
            stripped: before.map_or_else(Vec::new, |before| before.stripped),
        })
    }
}

/// Removes an audit that is not as it was written, so that it is made again. Where that is refused, `nt check` goes on telling of it.
fn remove_damaged_audit(dir: &Path, manifest: &Manifest) {
    let listed = manifest.files.iter().find(|file| file.path == AUDIT_FILE);
    if listed.is_some_and(|file| file.compare(dir).is_err_and(|problem| problem.is_lasting())) {
        tracing::warn!("{AUDIT_FILE} is damaged, or missing: it is made again");
        let _ = std::fs::remove_file(dir.join(AUDIT_FILE));
    }
}

/// The manifest that an earlier run left. One that is damaged is told, and made again.
fn kept_manifest(dir: &Path) -> Result<Option<Manifest>, ManifestError> {
    match Manifest::read(dir) {
        Err(error @ (ManifestError::Parse { .. } | ManifestError::Changed { .. })) => {
            tracing::warn!("{error}");
            Ok(None)
        }
        read => read,
    }
}

/// What a run writes before its first job.
const GIVEN: [&str; 3] = [REGISTRATION_FILE, "scenario.toml", RESOLVED_FILE];

/// For each kind of training in a plan: the numbers of classes, of images a batch and of images.
fn sizes(plan: &Plan) -> BTreeSet<(usize, usize, usize)> {
    let work = plan.jobs.iter().map(|job| &job.work);
    work.map(|work| (work.num_classes(), work.recipe().settings.batch, work.num_train_images())).collect()
}

/// Versions of nt and of the crates that results depend on, as locked when nt was built.
fn versions() -> BTreeMap<String, String> {
    const LOCKED: &str = include_str!("../../../Cargo.lock");
    const DECISIVE: [&str; 6] = ["candle-core", "image", "libjpeg-turbo-rs", "libm", "rayon", "safetensors"];
    let locked = |name: &str| {
        let (_, entry) = LOCKED.split_once(&format!("name = \"{name}\"\nversion = \""))?;
        Some((name.to_owned(), entry.split_once('"')?.0.to_owned()))
    };
    let own = ("nt".to_owned(), env!("CARGO_PKG_VERSION").to_owned());
    DECISIVE.into_iter().filter_map(locked).chain([own]).collect()
}

fn host(options: &RunOptions, device: String) -> Host {
    Host {
        system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        device,
        cores: std::thread::available_parallelism().map_or(1, usize::from),
        jobs: options.jobs,
        threads: options.threads,
    }
}
