//! Networks of judged runs, which are kept on request. No result depends on them.

use nt_records::{Ledger, Status};
use nt_scenario::{Job, JobId, Method, Plan, Role};

/// Whether a job's network can be kept: that of a target that was trained, or copied as it is. A probe has none of its own.
pub(super) fn can_be_kept(job: &Job) -> bool {
    let is_judged = match job.role {
        Role::Final | Role::Reference | Role::Ladder | Role::Control => true,
        Role::Source | Role::Tuning => false,
    };
    is_judged && job.work.target().is_some_and(|task| task.method == Method::Training)
}

/// The recorded jobs whose networks were not kept: they run again, and give the same record.
pub(super) fn missing(plan: &Plan, ledger: &Ledger) -> Vec<JobId> {
    let lacks = |job: &&Job| {
        let record = ledger.get(job.id).filter(|record| record.status == Status::Done);
        can_be_kept(job) && record.is_some_and(|record| record.file_in("networks").is_none())
    };
    plan.jobs.iter().filter(lacks).map(|job| job.id).collect()
}
