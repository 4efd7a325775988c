//! The plan of a scenario: its jobs, each after those that it needs, and the cells that they fill.

mod context;
mod cost;
mod search;
mod sources;
mod summary;
mod targets;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use crate::choice::SearchOf;
use crate::count::thousands;
use crate::diagnostic::{Faults, Severity};
use crate::facts::Facts;
use crate::job::{Job, Role, TargetTask};
use crate::job_id::JobId;
use crate::method::Method;
use crate::recipe::Recipe;
use crate::scenario::Scenario;
use crate::train_images::PerClass;
use crate::treatment::{Treatment, TreatmentError};

use context::Context;

pub use cost::Cost;

/// Version of a plan's JSON.
pub const PLAN_SCHEMA_VERSION: u32 = 1;

/// Jobs, each after those that it needs, and the cells that they fill.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Plan {
    /// Version of its JSON.
    pub schema_version: u32,
    /// The study's name.
    pub study: String,
    /// Backend, precision and version that the jobs' identities hold for.
    pub numerics: String,
    /// Digest of every dataset, in hexadecimal, by its name.
    pub data_digests: BTreeMap<String, String>,
    /// Number of study replicates.
    pub replicates: u32,
    /// Number of replicates of the tuning's own; 0 where settings are fixed, or every replicate searches for itself.
    pub tuning_replicates: u32,
    /// Every job: sources, then for each target and size its arms, tuning before final.
    pub jobs: Vec<Job>,
    /// Every cell: for each target and size scratch, then treatments in the file's order.
    pub cells: Vec<Cell>,
}

/// Target × size × source × treatment.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Cell {
    /// Index in [`Scenario::targets`].
    pub target: usize,
    /// Index in [`Target::sizes`](crate::Target::sizes).
    pub size: usize,
    /// Index in [`Scenario::sources`]; none for scratch.
    pub source: Option<usize>,
    /// The lattice point.
    pub treatment: Treatment,
    /// How what is not frozen is made.
    pub method: Method,
    /// Name of the treatment it is part of; `scratch` for scratch.
    pub treatment_name: Arc<str>,
    /// The scenario's line it comes from.
    pub line: usize,
    /// Indices of the jobs that give its scores, by replicate.
    pub final_jobs: Vec<usize>,
    /// Indices of further runs of scratch, by replicate, whose mean with those above is the reference; none of a treatment.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reference_jobs: Vec<usize>,
}

/// Why a scenario cannot be planned.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PlanError {
    /// The scenario and its data do not fit.
    #[error("{faults}")]
    Data {
        /// Every fault.
        faults: Faults,
    },
    /// A treatment asks for a point that does not exist between its source and target.
    #[error("treatment {treatment:?} of source {source_name:?} on target {target:?} is impossible: {cause}")]
    Treatment {
        /// The treatment's name.
        treatment: String,
        /// The source's name.
        source_name: String,
        /// The target's name.
        target: String,
        /// The rule that is broken, and what to choose.
        #[source]
        cause: TreatmentError,
    },
    /// A training is longer than its random streams.
    #[error(
        "{job} would take {steps} steps, but a training has random numbers for only {most}: give fewer steps, epochs or examples, or \
         where they are given in epochs or examples a larger training.batch",
        most = Recipe::MOST_STEPS
    )]
    TooLong {
        /// Name of the job.
        job: String,
        /// Its steps.
        steps: u64,
    },
    /// There are more jobs than can be planned.
    #[error(
        "it would have more than {} jobs, which is the most: choose fewer replicates, a smaller grid, or fewer targets, sizes, sources or \
         treatments", thousands(Plan::MOST_JOBS as u64)
    )]
    TooManyJobs,
    /// A training has no image of a class.
    #[error(
        "line {line} of the scenario: {job} would train without an image of a class, since all that it draws of it are validation images; \
         draw more of each class, or lower its validation_fraction (a source without one of its own has its target's)"
    )]
    NothingToTrainOn {
        /// Name of the job.
        job: String,
        /// The scenario's line that it comes from.
        line: usize,
    },
    /// Two judged jobs would be one replicate of one cell, which no report can show.
    #[error(
        "{first} and {second} would be the same replicate of one cell: this is a fault of nt, please report it with the scenario"
    )]
    OneCell {
        /// A job.
        first: String,
        /// Another.
        second: String,
    },
    /// A file of weights has no facts.
    #[error("nothing is known of the weights of source {name:?}: look at every file of the scenario before planning")]
    NoWeights {
        /// The source's name.
        name: String,
    },
    /// A dataset has no facts.
    #[error("nothing is known of dataset {name:?}: look at every dataset of the scenario before planning")]
    NoFacts {
        /// Its name.
        name: String,
    },
}

impl Plan {
    /// Jobs of a plan at most: it takes half a gigabyte and five seconds then.
    pub const MOST_JOBS: usize = 1_000_000;

    /// The plan of a scenario on its data.
    ///
    /// `numerics` names backend, precision and version, such as `cpu-f32-1`: it is part of every job's identity, so
    /// that results of different arithmetic never mix.
    ///
    /// # Errors
    /// [`PlanError::Data`] with the faults of [`Scenario::check_data`]; [`PlanError::TooLong`].
    pub fn new(scenario: &Scenario, facts: &Facts, numerics: &str) -> Result<Self, PlanError> {
        let mut faults = scenario.check_data(facts);
        faults.retain(|fault| fault.severity == Severity::Error);
        if !faults.is_empty() {
            return Err(PlanError::Data { faults: Faults(faults) });
        }
        if jobs_of_an_arm(scenario) > Self::MOST_JOBS as u64 {
            return Err(PlanError::TooManyJobs);
        }
        let context = Context::new(scenario, facts, numerics)?;
        let mut plan = Self {
            schema_version: PLAN_SCHEMA_VERSION,
            study: scenario.study.name.clone(),
            numerics: numerics.to_owned(),
            data_digests: context.digests(),
            replicates: scenario.study.replicates,
            tuning_replicates: scenario.tuning.as_ref().map_or(0, |tuning| tuning.replicates),
            jobs: Vec::new(),
            cells: Vec::new(),
        };
        let sources = sources::plan(&context, &mut plan)?;
        targets::plan(&context, &sources, &mut plan)?;
        if let Some(job) = plan.jobs.iter().find(|job| job.work.recipe().steps > Recipe::MOST_STEPS) {
            return Err(PlanError::TooLong { job: job.name.clone(), steps: job.work.recipe().steps });
        }
        plan.check_images()?;
        plan.check_cells()?;
        Ok(plan)
    }

    /// Refuses to go on with more jobs than can be planned.
    fn check_size(&self) -> Result<(), PlanError> {
        if self.jobs.len() > Self::MOST_JOBS { Err(PlanError::TooManyJobs) } else { Ok(()) }
    }

    /// What a training needs: an image of every class that is not held out for validation. Sources that follow a target, or have a
    /// fraction of their own, show only here what they are left with.
    fn check_images(&self) -> Result<(), PlanError> {
        let is_without = |job: &&Job| {
            let (train, validation) = job.work.images_per_class();
            let is_lost = |label: usize| validation.of(label) >= train.of(label);
            let classes = if let (PerClass::Equal(_), PerClass::Equal(_)) = (train, validation) {
                1
            } else {
                job.work.num_classes()
            };
            job.work.recipe().steps > 0 && (0..classes).any(is_lost)
        };
        match self.jobs.iter().find(is_without) {
            None => Ok(()),
            Some(job) => Err(PlanError::NothingToTrainOn { job: job.name.clone(), line: job.line }),
        }
    }

    /// What a report needs of a plan: that no two judged jobs are one replicate of one cell.
    fn check_cells(&self) -> Result<(), PlanError> {
        let mut judged: BTreeMap<_, &Job> = BTreeMap::new();
        for job in self.jobs.iter().filter(|job| !matches!(job.role, Role::Tuning | Role::Source)) {
            let Some(task) = job.work.target() else { continue };
            let TargetTask { target, size, source, treatment, method, budget, .. } = task;
            let point = (target, size, source, treatment.copied(), treatment.frozen(), method, budget.to_bits());
            if let Some(first) = judged.insert((point, job.replicate.index, job.replicate.run), job) {
                return Err(PlanError::OneCell { first: first.name.clone(), second: job.name.clone() });
            }
        }
        Ok(())
    }

    /// The index of a job.
    pub fn find(&self, id: JobId) -> Option<usize> {
        self.jobs.iter().position(|job| job.id == id)
    }

    /// The jobs of a role with their indices, in plan order.
    pub fn jobs_of(&self, role: Role) -> impl Iterator<Item = (usize, &Job)> {
        self.jobs.iter().enumerate().filter(move |(_, job)| job.role == role)
    }

    /// The cell of scratch that a cell is compared with.
    pub fn scratch_of(&self, cell: &Cell) -> Option<&Cell> {
        self.cells.iter().find(|other| {
            other.treatment.is_scratch()
                && other.source.is_none()
                && (other.target, other.size) == (cell.target, cell.size)
        })
    }

    /// The plan as JSON, for machines.
    ///
    /// # Errors
    /// [`serde_json::Error`] if a number is not finite, which no checked scenario has.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(self)
    }
}

/// Jobs that an arm has at most: those that are judged, and those that try a setting.
fn jobs_of_an_arm(scenario: &Scenario) -> u64 {
    let replicates = u64::from(scenario.study.replicates);
    let judged = replicates * u64::from(scenario.study.reference_runs.max(1));
    let tried = scenario.tuning.as_ref().map_or(0, |tuning| {
        let values = tuning.learning_rates.len() as u64 + 2 * u64::from(tuning.extend);
        values
            * match tuning.search {
                SearchOf::EachReplicate => replicates,
                SearchOf::Once => u64::from(tuning.replicates),
            }
    });
    judged + tried
}
