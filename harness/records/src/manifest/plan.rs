//! The jobs that a manifest lists, and how many of them are done.

use nt_scenario::{JobId, Role};
use serde::{Deserialize, Serialize};

use crate::record::{RunRecord, Status};

/// A job of the plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedJob {
    /// Hash of its meaning.
    pub job: JobId,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// The scenario's line it comes from.
    pub line: usize,
    /// Multiply–accumulates of its training and evaluation, including the forward passes of frozen layers; 0 if an
    /// older program planned it.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub multiply_accumulates: u64,
    /// The beginning of its record's digest, hex; empty if it is not recorded, or could not be run.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub record: String,
}

impl PlannedJob {
    /// Hexadecimal digits of a record's digest that are kept.
    const DIGITS: usize = 16;

    /// What is kept of a record's digest.
    pub(super) fn told_of(record: &RunRecord) -> String {
        match record.status {
            Status::Failed { .. } => String::new(),
            Status::Done | Status::Unneeded | Status::Diverged { .. } => {
                record.digest().chars().take(Self::DIGITS).collect()
            }
        }
    }

    /// Whether a record is another than the one that was there when the manifest was written.
    pub fn differs_from(&self, record: &RunRecord) -> bool {
        !self.record.is_empty() && self.record != Self::told_of(record)
    }
}

/// How much of a plan is done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Completeness {
    /// Jobs planned.
    pub planned: u64,
    /// Of them, ran to their end.
    pub done: u64,
    /// Of them, diverged.
    pub diverged: u64,
    /// Of them, failed.
    pub failed: u64,
    /// Of them, not needed: trials beyond an edge of a grid on which the best value did not lie.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub unneeded: u64,
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl Completeness {
    /// Jobs that have no record yet.
    pub fn missing(&self) -> u64 {
        self.planned.saturating_sub(self.recorded())
    }

    /// Jobs that have a record.
    pub fn recorded(&self) -> u64 {
        [self.done, self.diverged, self.failed, self.unneeded].iter().fold(0, |sum, &count| sum.saturating_add(count))
    }

    /// Counts the records of the jobs planned.
    pub fn count<'a>(
        plan: impl IntoIterator<Item = JobId>,
        record_of: impl Fn(JobId) -> Option<&'a RunRecord>,
    ) -> Self {
        let mut counts = Completeness::default();
        for job in plan {
            counts.planned += 1;
            match record_of(job).map(|record| &record.status) {
                Some(Status::Done) => counts.done += 1,
                Some(Status::Diverged { .. }) => counts.diverged += 1,
                Some(Status::Failed { .. }) => counts.failed += 1,
                Some(Status::Unneeded) => counts.unneeded += 1,
                None => {}
            }
        }
        counts
    }
}
