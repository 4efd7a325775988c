//! Networks of judged runs, which are kept on request. No result depends on them, and no record names them.

use nt_scenario::{Job, JobId, Method, Plan, Role};
use std::path::Path;

/// Where the network of a judged run is kept, below the study's folder.
pub fn path(job: JobId) -> String {
    format!("artifacts/network-{job}.safetensors")
}

/// Whether a job's network can be kept: that of a target that was trained, or copied as it is. A probe has none of its own.
pub(super) fn can_be_kept(job: &Job) -> bool {
    let is_judged = match job.role {
        Role::Final | Role::Reference | Role::Ladder | Role::Control => true,
        Role::Source | Role::Tuning => false,
    };
    is_judged && job.work.target().is_some_and(|task| task.method == Method::Training)
}

/// The jobs whose networks are not there: they run again, and give the same record.
pub(super) fn missing<'a>(plan: &'a Plan, dir: &'a Path) -> impl Iterator<Item = JobId> + use<'a> {
    let can = plan.jobs.iter().filter(|job| can_be_kept(job));
    can.map(|job| job.id).filter(|&job| !dir.join(path(job)).is_file())
}
